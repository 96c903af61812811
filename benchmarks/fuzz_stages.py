"""The stages that read what users have: good inputs of each kind, their damage, and what is run on them."""

import contextlib
import io
import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.fuzz_config import draw_config, draw_config_file
from benchmarks.fuzz_corpora import RATE, SECONDS, SOUNDS, Trial, draw_corpus, draw_dataset, examine, sound
from benchmarks.spoiling import BINARY, JSON_VALUES, TEXT, spoiled
from layerwise import contracts
from layerwise.align import librispeech, textgrid
from layerwise.align.corpus import align_corpus
from layerwise.align.lexicon import read_lexicon
from layerwise.align.praat_text import short_text
from layerwise.analyses.vector_tables import read_vectors
from layerwise.contracts.corpus import EXCLUDED
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import read_manifest
from layerwise.files import write_parquet
from layerwise.models import load_model

MODELS = Path(__file__).parents[1] / "resources" / "models"
WORDS = [(0.0, 0.1, ""), (0.1, 0.4, "she"), (0.4, 0.5, "had"), (0.5, 0.6, "")]
PHONES = [
    *((0.0, 0.1, ""), (0.1, 0.25, "SH"), (0.25, 0.4, "IY1"), (0.4, 0.43, "HH"), (0.43, 0.46, "AE1")),
    *((0.46, 0.5, "D"), (0.5, 0.6, "sil")),
]


@dataclass(frozen=True)
class Stage:
    """A stage: its name, how an input is drawn into a folder, and its share of the tries."""

    name: str
    draw: Callable[[random.Random, Path], Trial]
    share: float = 1.0


def draw_audio(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged audio file."""
    name = rng.choice(list(SOUNDS))
    content = spoiled(rng, sound(name), BINARY)
    if rng.random() < 0.1:  # the end of one file after the start of another
        other = sound(rng.choice(list(SOUNDS)))
        content = content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other)) :]
    path = folder / name
    path.write_bytes(content)
    return [name], lambda: examine(folder, [Entry("u", "s", "train", path, "she had")])


def _grid(form: str) -> bytes:
    tiers = {"words": WORDS, "phones": PHONES}
    if form == "json":
        written = {
            name: {"type": "interval", "entries": [entry for entry in entries if entry[2]]}
            for name, entries in tiers.items()
        }
        return json.dumps({"start": 0, "end": SECONDS, "tiers": written}, indent=1).encode()
    short = short_text(tiers, SECONDS)
    if form == "short":
        return short.encode()
    if form == "long":
        return _long_text(tiers).encode()
    lines = [
        '"Praat chronological TextGrid text file"',
        f"0 {SECONDS} ! Time domain.",
        "2 ! Number of tiers.",
    ]
    lines += [f'"IntervalTier" "{name}" 0 {SECONDS}' for name in tiers]
    entries = sorted((entry, number) for number, tier in enumerate(tiers.values(), 1) for entry in tier)
    lines += [f'{number} {start} {end}\n"{label}"' for (start, end, label), number in entries]
    return "\n".join(lines).encode()


def _long_text(tiers: dict[str, list[tuple[float, float, str]]]) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {SECONDS} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, entries) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += [
            "        xmin = 0 ",
            f"        xmax = {SECONDS} ",
            f"        intervals: size = {len(entries)} ",
        ]
        for place, (start, end, label) in enumerate(entries, start=1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start} ",
                f"            xmax = {end} ",
            ]
            lines += [f'            text = "{label}" ']
    return "\n".join(lines) + "\n"


def _align(folder: Path, aligner: Any, **options: Any) -> str:
    """Align a damaged utterance beside a good one, which must pass."""
    manifest = pd.DataFrame(
        {"utt_id": ["good", "u"], "speaker": "s", "text": "she had", "samples": 9600, "sample_rate": RATE}
    )
    with contextlib.redirect_stderr(io.StringIO()):
        _, quality = align_corpus(manifest, aligner, name="fuzz", options=options)
    status = dict(zip(quality["utt_id"], quality["status"], strict=True))
    if status["good"] != "aligned" or set(status) != {"good", "u"}:
        raise AssertionError(f"{folder}: {quality.to_dict('records')}")
    return "fine" if status["u"] == "aligned" else "excluded"


def draw_textgrid(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged TextGrid."""
    form = rng.choice(("long", "short", "json", "chronological"))
    (folder / "good.TextGrid").write_bytes(_grid("long"))
    (folder / f"u.{'json' if form == 'json' else 'TextGrid'}").write_bytes(spoiled(rng, _grid(form), TEXT))
    return ["u"], lambda: _align(folder, textgrid.align, path=str(folder))


def draw_labels(rng: random.Random, folder: Path) -> Trial:
    """Return damaged label files of TIMIT."""
    good = {
        ".PHN": b"0 1600 h#\n1600 4000 sh\n4000 6400 iy\n6400 8000 ih\n8000 9600 h#\n",
        ".WRD": b"1600 6400 she\n6400 8000 had\n",
    }
    for suffix, content in good.items():
        (folder / f"good{suffix}").write_bytes(content)
        (folder / f"u{suffix}").write_bytes(spoiled(rng, content, TEXT) if rng.random() < 0.6 else content)
    return ["u"], lambda: _align(folder, textgrid.align, path=str(folder))


def draw_archive(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged archive of alignments; nothing in it need be readable."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("good", "u"):
            archive.writestr(f"LibriSpeech/{name}.TextGrid", _grid("long"))
    path = folder / "alignments.zip"
    path.write_bytes(spoiled(rng, stream.getvalue(), BINARY))
    return [path.name, "good", "u"], lambda: _archive(path)


def _archive(path: Path) -> str:
    try:
        return _align(path, librispeech.align, path=str(path))
    except AssertionError:
        return "excluded"


def draw_vectors(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged table of vectors."""
    rows = [
        (word, f"{number / 7:.3f}", f"{-number / 3:.4f}")
        for number, word in enumerate(["she", "had", "a", "b", "c"])
    ]
    contents = {
        "glove.txt": "".join(f"{' '.join(row)}\n" for row in rows),
        "word2vec.txt": "5 2\n" + "".join(f"{' '.join(row)}\n" for row in rows),
        "qvec.txt": "".join(f"{word}\t{{'noun': {one}, 'verb': {two}}}\n" for word, one, two in rows),
        "v.csv": "word,x,y\n" + "".join(f"{','.join(row)}\n" for row in rows),
        "v.tsv": "word\tx\ty\n" + "".join("\t".join(row) + "\n" for row in rows),
    }
    name = rng.choice([*contents, "v.parquet"])
    path = folder / name
    if name == "v.parquet":
        frame = pd.DataFrame(rows, columns=["word", "x", "y"]).astype({"x": float, "y": float})
        write_parquet(frame, path)
        path.write_bytes(spoiled(rng, path.read_bytes(), BINARY))
    else:
        path.write_bytes(spoiled(rng, contents[name].encode(), TEXT))

    def run() -> str:
        found = read_vectors(path, ["she", "had"])
        if not np.isfinite(found.to_numpy()).all():
            raise AssertionError("not finite")
        return "fine"

    return [name], run


def draw_lexicon(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged lexicon."""
    path = folder / "lexicon.txt"
    path.write_bytes(spoiled(rng, b"# own words\nshe SH IY1\nhad HH AE1 D\nhad(2)\tHH AH0 D\n", TEXT))
    return [path.name], lambda: _fine(read_lexicon(path))


def _fine(_: object) -> str:
    return "fine"


def draw_artifact(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged table that one stage writes and another reads."""
    excluded = pd.DataFrame({"utt_id": ["a", "b"], "audio_path": "x.wav", "reason": "empty file"})
    row = {"utt_id": ["a", "b"], "speaker": "s", "split": "train", "audio_path": "x.wav", "samples": 9600}
    manifest = pd.DataFrame(row | {"sample_rate": RATE, "text": "she had", "sha256": "0"})
    path = folder / rng.choice(("manifest.parquet", "excluded.csv"))
    if path.suffix == ".csv":
        contracts.write(EXCLUDED, excluded, path)
        path.write_bytes(spoiled(rng, path.read_bytes(), TEXT))
        return [path.name], lambda: _fine(contracts.read(EXCLUDED, path))
    write_parquet(manifest, path)
    path.write_bytes(spoiled(rng, path.read_bytes(), BINARY))
    return [path.name], lambda: _fine(read_manifest(path))


def draw_checkpoint(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged checkpoint folder."""
    source = rng.choice(("hubert-tiny", "wav2vec2-tiny"))
    model = folder / "model"
    model.mkdir()
    for file in (MODELS / source).iterdir():
        if file.suffix in (".json", ".safetensors"):
            shutil.copy(file, model / file.name)
    victim = model / rng.choice(
        ("config.json", "config.json", "preprocessor_config.json", "model.safetensors")
    )
    content = victim.read_bytes()
    if rng.random() < 0.08:
        victim.unlink()
    elif victim.suffix == ".json" and rng.random() < 0.7:
        values = json.loads(content)
        for _ in range(rng.choice((1, 1, 2))):
            values[rng.choice(list(values))] = rng.choice(JSON_VALUES)
        victim.write_text(json.dumps(values))
    elif victim.suffix == ".json":
        victim.write_bytes(spoiled(rng, content, TEXT))
    else:
        victim.write_bytes(_spoiled_weights(rng, content))

    def run() -> str:
        noise = np.random.default_rng(0).uniform(-0.1, 0.1, 8000).astype(np.float32)
        load_model(str(model), device="cpu").encode([noise])
        return "fine"

    return [str(model)], run


def _spoiled_weights(rng: random.Random, content: bytes) -> bytes:
    """Damage the header of safetensors (its size, its JSON) or lose the end."""
    (size,) = struct.unpack("<Q", content[:8])
    header, tensors = content[8 : 8 + size], content[8 + size :]
    way = rng.randrange(4)
    if way == 0:
        return spoiled(rng, content[:8], BINARY) + header + tensors
    if way == 1:
        return content[: rng.randrange(len(content))]
    header = spoiled(rng, header, TEXT)
    return struct.pack("<Q", len(header) if way == 2 else size) + header + tensors


_STAGES = (
    Stage("audio", draw_audio, 2.0),
    Stage("textgrid", draw_textgrid, 2.0),
    Stage("timit-labels", draw_labels, 0.5),
    Stage("alignment-archive", draw_archive, 0.25),
    Stage("vectors", draw_vectors),
    Stage("lexicon", draw_lexicon, 0.25),
    Stage("artifacts", draw_artifact, 0.5),
    Stage("corpora", draw_corpus),
    Stage("hugging-face", draw_dataset),
    Stage("config-value", draw_config, 2.0),
    Stage("config-file", draw_config_file, 0.5),
    Stage("checkpoint", draw_checkpoint, 0.5),
)
STAGES = {stage.name: stage for stage in _STAGES}
