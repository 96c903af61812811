"""Corpora for the fuzz run: small good ones in every layout, one of their files damaged."""

import io
import json
import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from benchmarks.spoiling import BINARY, TEXT, spoiled
from layerwise.corpus.audio import read_audio
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.readers import read_corpus

RATE, SECONDS = 16_000, 0.6
SOUNDS = {
    **{f"{name}.wav": ("WAV", name) for name in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "GSM610", "IMA_ADPCM")},
    **{
        "a.flac": ("FLAC", None),
        "a.ogg": ("OGG", "VORBIS"),
        "a.opus": ("OGG", "OPUS"),
        "a.mp3": ("MP3", None),
    },
    **{
        "a.aiff": ("AIFF", "PCM_16"),
        "a.sph": ("NIST", "PCM_16"),
        "a.wav": ("WAVEX", None),
        "b.wav": ("W64", None),
    },
    **{"a.au": ("AU", None), "a.caf": ("CAF", None), "c.wav": ("RF64", None)},
}

# What must be named if it fails, and what is run: it returns fine, excluded or named.
Trial = tuple[Sequence[str], Callable[[], str]]

TABLE = [
    ("utt_id", "audio_path", "speaker", "split", "text", "mood"),
    ("u", "a.wav", "ann", "train", "she had", "glad"),
    ("v", "b.wav", "ben", "", 'a "word"', "sad"),
]
COMMANDS = "path,speakerId,transcription,action,object,location\nwavs/a.wav,s1,She had.,on,lights,none\n"
SENTENCE = {"slurp_id": 1, "sentence": "she had", "scenario": "a", "action": "b", "intent": "c"}
SENTENCE |= {"recordings": [{"file": "x-headset.flac"}]}
READERS = {"1": {"recordings": {"x-headset.flac": {"usrid": "FE-1"}}}}
CLIPS = "client_id\tpath\tsentence\tage\nc1\ta.mp3\tShe had.\t20\nc2\tb.mp3\tA word.\t\n"
# Texts by reader and file, and where there is audio.
LAYOUTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "folder": (
        {"ann/a.txt": "she had", "ann/b.lab": "a word"},
        {"ann/a.wav": "PCM_16.wav", "ann/b.wav": "PCM_16.wav"},
    ),
    "librispeech": ({"1/2/1-2.trans.txt": "1-2-0 SHE HAD\n1-2-1 A WORD\n"}, {"1/2/1-2-0.flac": "a.flac"}),
    "libritts": ({"1/2/1_2_0.normalized.txt": "She had."}, {"1/2/1_2_0.wav": "PCM_16.wav"}),
    "vctk": (
        {"txt/p225/p225_001.txt": "She had.", "speaker-info.txt": "ID AGE SEX ACCENT\n225 23 F English\n"},
        {"wav48/p225/p225_001_mic1.flac": "a.flac"},
    ),
    "timit": ({"train/dr1/fcjf0/sa1.txt": "0 9600 She had.\n"}, {"train/dr1/fcjf0/sa1.wav": "a.sph"}),
    "common-voice": (
        {"validated.tsv": CLIPS, "train.tsv": CLIPS},
        {"clips/a.mp3": "a.mp3", "clips/b.mp3": "a.mp3"},
    ),
    "fluent-speech-commands": (
        {
            f"data/{name}_data.csv": COMMANDS.replace("a.wav", f"{name}.wav")
            for name in ("train", "valid", "test")
        },
        {f"wavs/{name}.wav": "PCM_16.wav" for name in ("train", "valid", "test")},
    ),
    "slurp": (
        {
            **{
                f"dataset/slurp/{name}.jsonl": json.dumps(SENTENCE | {"slurp_id": number}) + "\n"
                for number, name in enumerate(("train", "devel", "test"))
            },
            "dataset/slurp/metadata.json": json.dumps(READERS),
        },
        {"audio/slurp_real/x-headset.flac": "a.flac"},
    ),
}


@cache
def sound(name: str) -> bytes:
    """A good file of 0.6 s."""
    form, subtype = SOUNDS[name]
    rate = 8000 if subtype == "GSM610" else RATE
    stream = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(SECONDS * rate))
    soundfile.write(stream, noise, rate, format=form, subtype=subtype)
    return stream.getvalue()


def examine(folder: Path, bad: Sequence[Entry]) -> str:
    """Put utterances into a manifest beside a good one, which must pass, and read what is kept."""
    good = folder / "good.wav"
    good.write_bytes(sound("PCM_16.wav"))
    manifest, excluded, _ = build_manifest([Entry("good", "s", "train", good, "she had"), *bad], seed=0)
    kept, lost = set(manifest["utt_id"]), set(excluded["utt_id"])
    if "good" not in kept or kept | lost != {"good", *(entry.utt_id for entry in bad)}:
        raise AssertionError(f"kept {kept}, excluded {lost}")
    for path in manifest["audio_path"]:
        if not np.isfinite(read_audio(path)).all():
            raise AssertionError(f"{path}: not finite")
    return "excluded" if lost else "fine"


def draw_corpus(rng: random.Random, folder: Path) -> Trial:
    """Return a corpus with a damaged table or text."""
    path = folder / "corpus"
    reader = rng.choice([*LAYOUTS, "table", "table"])
    if reader == "table":
        path.mkdir()
        victim = path = path / f"t.{rng.choice(('tsv', 'csv', 'parquet'))}"
        header, *rows = TABLE
        frame = pd.DataFrame(rows, columns=list(header))
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
        for name in ("a.wav", "b.wav"):
            path.with_name(name).write_bytes(sound("PCM_16.wav"))
    else:
        texts, sounds = LAYOUTS[reader]
        for name, text in texts.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        for name, kind in sounds.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(sound(kind))
        victim = path / rng.choice(list(texts))
    victim.write_bytes(spoiled(rng, victim.read_bytes(), BINARY if victim.suffix == ".parquet" else TEXT))
    return [victim.name, str(path.parent if path.is_file() else path)], lambda: examine(
        folder, read_corpus(path, reader)
    )


def draw_dataset(rng: random.Random, folder: Path) -> Trial:
    """Return a damaged data set in one of Hugging Face's layouts."""
    names = rng.sample(list(SOUNDS), 3)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    sounds = pa.array([{"bytes": sound(name), "path": name} for name in names], kind)
    table = pa.table(
        {"audio": sounds, "text": ["she had"] * 3, "speaker_id": [1, 2, 3], "id": ["u", "v", "w"]}
    )
    layout = rng.choice(("parquet", "arrow", "csv", "jsonl"))
    path = folder / "data"
    path.mkdir()
    if layout == "parquet":
        victim = path / "train-00000-of-00001.parquet"
        pq.write_table(table, victim, row_group_size=2)
    elif layout == "arrow":
        victim = path / "data-00000-of-00001.arrow"
        with pa.ipc.new_stream(str(victim), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
        state = path / "state.json"
        state.write_text(json.dumps({"_data_files": [{"filename": victim.name}]}))
        victim = state if rng.random() < 0.2 else victim
    else:
        rows = [{"file_name": f"{number}-{name}", "text": "she had"} for number, name in enumerate(names)]
        for row, name in zip(rows, names, strict=True):
            (path / row["file_name"]).write_bytes(sound(name))
        victim = path / f"metadata.{layout}"
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        victim.write_text("\n".join(lines if layout == "csv" else map(json.dumps, rows)) + "\n")
    victim.write_bytes(
        spoiled(rng, victim.read_bytes(), BINARY if victim.suffix in (".parquet", ".arrow") else TEXT)
    )

    def run() -> str:
        entries = read_corpus(path, "hugging-face")
        return examine(folder, entries)

    return [victim.name, path.name, *(f"{name!r}" for name in "uvw")], run
