"""Data sets of Hugging Face: saved folders, Parquet of the hub, audiofolders. All made with pyarrow alone."""

import io
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from layerwise.corpus.audio import read_audio
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.readers import read_corpus
from layerwise.errors import AudioError, CorpusError
from layerwise.specs.readers import READERS

SPEC = next(spec for spec in READERS if spec.name == "hugging-face")
NOTES = {
    "info": {
        "features": {
            "audio": {"sampling_rate": 16000, "_type": "Audio"},
            "intent": {"names": ["lights on", "lights off"], "_type": "ClassLabel"},
        }
    }
}


def waveform(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.1, 0.1, 8000).astype(np.float32)


def sound(seed: int, form: str = "FLAC") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, waveform(seed), 16_000, format=form)
    return stream.getvalue()


def table(seeds: Sequence[int], **columns: Any) -> pa.Table:
    audio = [{"bytes": sound(seed), "path": f"clip{seed}.flac"} for seed in seeds]
    made = {
        "audio": pa.array(audio, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "sentence": [f"words of clip {'ab'[seed % 2]}" for seed in seeds],
        "client_id": [f"s{seed % 3}" for seed in seeds],
        "intent": pa.array([seed % 2 for seed in seeds], pa.int64()),
        "parts": [["a", "b"]] * len(seeds),
        "rate": [1.5] * len(seeds),
    }
    made = {name: values for name, values in (made | columns).items() if values is not None}
    return pa.table(made).replace_schema_metadata({"huggingface": json.dumps(NOTES)})


def write_parquet(path: Path, content: pa.Table, rows: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content, path, row_group_size=rows)
    return path


def write_saved(folder: Path, content: pa.Table, shards: int = 1) -> Path:
    """As `save_to_disk` of datasets 5.2 writes a split (checked against it)."""
    folder.mkdir(parents=True)
    names = [f"data-{shard:05d}-of-{shards:05d}.arrow" for shard in range(shards)]
    for shard, name in enumerate(names):
        part = content.slice(shard * len(content) // shards, len(content) // shards)
        with pa.ipc.new_stream(str(folder / name), part.schema) as writer:
            writer.write_table(part, max_chunksize=2)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text(json.dumps(NOTES["info"]))
    return folder


def check(entries: list[Entry], splits: Mapping[str, str | None]) -> None:
    """Every clip with its own audio, text, speaker, labels and split."""
    assert {entry.utt_id: entry.split for entry in entries} == splits
    for entry in entries:
        seed = int(entry.utt_id.removeprefix("clip"))
        assert (read_audio(entry.audio_path) == soundfile.read(io.BytesIO(sound(seed)))[0]).all()
        assert entry.text == f"words of clip {'ab'[seed % 2]}" and entry.speaker == f"s{seed % 3}"
        assert entry.labels == {"intent": ("lights on", "lights off")[seed % 2], "rate": "1.5"}
    manifest, excluded, warnings = build_manifest(entries, seed=0)
    assert len(manifest) == len(entries) and excluded.empty and warnings.empty
    assert manifest["sha256"].nunique() == len(manifest)


def test_a_saved_dictionary_of_splits(tmp_path: Path) -> None:
    for name, seeds in (("train", range(4)), ("validation", range(4, 6)), ("test", range(6, 8))):
        write_saved(tmp_path / "saved" / name, table(seeds))
    path = tmp_path / "saved"
    (path / "dataset_dict.json").write_text('{"splits": ["train", "validation", "test"]}')
    splits = dict.fromkeys(("clip0", "clip1", "clip2", "clip3"), "train")
    splits |= dict.fromkeys(("clip4", "clip5"), "dev") | dict.fromkeys(("clip6", "clip7"), "test")
    check(read_corpus(path, "hugging-face"), splits)
    assert len(SPEC.files_of(path)) == 3 * 3 + 1
    only = {"train": ["train"], "test": ["validation"]}
    entries = read_corpus(path, "hugging-face", **only)
    assert {entry.split for entry in entries} == {"train", "test"} and len(entries) == 6
    assert len(SPEC.files_of(path, **only)) == 2 * 3 + 1


def test_a_saved_split_by_itself_has_its_splits_drawn(tmp_path: Path) -> None:
    path = write_saved(tmp_path / "one", table(range(6)), shards=2)
    check(read_corpus(path, "hugging-face"), {f"clip{seed}": None for seed in range(6)})
    assert len(SPEC.files_of(path)) == 4


@pytest.mark.parametrize(
    "layout",
    [
        (
            "data/train-00000-of-00002.parquet",
            "data/train-00001-of-00002.parquet",
            "data/validation-0-of-1.parquet",
        ),
        (
            "train-0-of-2-0123456789abcdef.parquet",
            "train-1-of-2-fedcba9876543210.parquet",
            "dev-0-of-1-00.parquet",
        ),
        ("train/0000.parquet", "train/0001.parquet", "validation/0000.parquet"),
        ("train.clean.100/0.parquet", "train.other/0.parquet", "validation.clean/0.parquet"),
        ("en/partial-train/0.parquet", "en/partial-train/1.parquet", "en/eval.parquet"),
    ],
)
def test_parquet_files_of_the_hub(tmp_path: Path, layout: Sequence[str]) -> None:
    for number, name in enumerate(layout):
        write_parquet(tmp_path / name, table(range(3 * number, 3 * number + 3)))
    held_out = "test" if "eval" in layout[2] else "dev"
    splits = {f"clip{seed}": "train" if seed < 6 else held_out for seed in range(9)}
    check(read_corpus(tmp_path, "hugging-face"), splits)
    assert len(SPEC.files_of(tmp_path)) == 3
    one = tmp_path / layout[0]
    check(read_corpus(one, "hugging-face"), {f"clip{seed}": None for seed in range(3)})
    assert SPEC.files_of(one) == [one]


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        (
            ["en/train.parquet", "fr/train.parquet"],
            {},
            r"several configurations \('en', 'fr'\); name the folder",
        ),
        (["train.parquet", "other.parquet"], {}, r"splits 'other' are not known .* `hugging_face\.train`"),
        (["train.parquet"], {"dev": ["val"]}, r"no split 'val' \(`hugging_face\.dev`\); there is 'train'"),
        ([], {}, "neither a data set that `save_to_disk` wrote, nor Parquet"),
        (["train.parquet"], {"text": "words"}, r"train\.parquet: no column 'words' \(`hugging_face\.text`\)"),
        (["train.parquet"], {"audio": "sound"}, r"no column 'sound' \(`hugging_face\.audio`\)"),
        (["train.parquet"], {"id": "number"}, r"no column 'number' \(`hugging_face\.id`\)"),
    ],
)
def test_what_cannot_be_known_is_asked_for(
    tmp_path: Path, files: Sequence[str], options: dict[str, Any], message: str
) -> None:
    for name in files:
        write_parquet(tmp_path / name, table([1, 2]))
    with pytest.raises(CorpusError, match=message):
        read_corpus(tmp_path, "hugging-face", **options)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["a", "b"]}, r"columns 'text', 'sentence' may all be the text; .* `hugging_face\.text`"),
        ({"speaker": ["a", "b"]}, r"columns 'speaker', 'client_id' may all be the speaker"),
        ({"sentence": None}, r"no column of texts is known among client_id, intent, rate; name it"),
        ({"audio": ["a.wav", "b.wav"]}, None),
        ({"audio": [{"array": [0.1], "path": "a", "sampling_rate": 1}] * 2}, "holds decoded samples"),
        ({"other": [{"bytes": b"", "path": ""}] * 2}, r"several columns of audio \(audio, other\)"),
        ({"audio": None}, r"no column of audio"),
    ],
)
def test_columns_that_may_be_several_or_none(
    tmp_path: Path, columns: dict[str, Any], message: str | None
) -> None:
    path = write_parquet(tmp_path / "train.parquet", table([1, 2], **columns))
    if message is None:  # known for audio by the notes of `datasets`
        assert [entry.utt_id for entry in read_corpus(path, "hugging-face")] == ["a", "b"]
        return
    with pytest.raises(CorpusError, match=rf"train\.parquet: .*{message}"):
        read_corpus(path, "hugging-face")


def test_columns_by_name(tmp_path: Path) -> None:
    columns = {"text": ["x y", None], "number": [7, 8], "reader_id": [None, 4], "client_id": None}
    path = write_parquet(tmp_path / "train.parquet", table([1, 2], **columns))
    one, two = read_corpus(path, "hugging-face", text="text", id="number")
    assert (one.utt_id, one.text, one.speaker) == ("7", "x y", "")
    assert (two.utt_id, two.text, two.speaker) == ("8", "", "4")
    assert one.labels["sentence"] == "words of clip b" and "number" not in one.labels


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"id": ["b-1", "b-2"]}, ["b-1", "b-2"]),
        ({"id": [3, 3]}, ["clip1", "clip2"]),  # of sentences that several people read
        ({"id": ["a/1", "a/2"]}, ["clip1", "clip2"]),
        ({"audio": [{"bytes": sound(1), "path": None}] * 2}, ["train-000000", "train-000001"]),
    ],
)
def test_ids_are_one_for_each_utterance(tmp_path: Path, columns: dict[str, Any], names: list[str]) -> None:
    write_parquet(tmp_path / "train-00000-of-00001.parquet", table([1, 2], **columns))
    assert [entry.utt_id for entry in read_corpus(tmp_path, "hugging-face")] == names


def test_without_speakers_there_is_a_warning(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", table(range(4), client_id=None))
    manifest, _, warnings = build_manifest(read_corpus(path, "hugging-face"), seed=0)
    assert set(manifest["speaker"]) == {""} and set(manifest["split"]) == {"train", "dev", "test"}
    assert set(warnings["warning"].str.split(":").str[0]) == {"no speaker"} and len(warnings) == 4


def test_each_damaged_cell_is_an_exclusion(tmp_path: Path) -> None:
    (tmp_path / "beside.flac").write_bytes(sound(9))
    cells = [
        {"bytes": sound(0), "path": "good.flac"},
        {"bytes": sound(1)[:2000], "path": "cut.flac"},
        {"bytes": b"RIFF junk", "path": "junk.wav"},
        {"bytes": b"", "path": "void.wav"},
        {"bytes": None, "path": "away.wav"},
        {"bytes": None, "path": None},
        None,
        {"bytes": None, "path": "beside.flac"},
        {"bytes": sound(8), "path": "video.m4a"},
    ]
    count = len(cells)
    path = write_parquet(
        tmp_path / "train.parquet", table(range(count), audio=cells, id=[f"u{n}" for n in range(count)])
    )
    manifest, excluded, _ = build_manifest(read_corpus(path, "hugging-face"), seed=0, workers=4)
    assert manifest["utt_id"].tolist() == ["u0", "u7"]
    reasons = excluded.set_index("utt_id")["reason"]
    for utt_id, reason in {
        "u1": "truncated",
        "u2": "not audio",
        "u3": "empty file",
        "u4": "no bytes, and its file 'away.wav' is not there",
        "u5": "neither bytes nor a path",
        "u6": "neither bytes nor a path",
        "u8": "MPEG-4 audio is not read",
    }.items():
        assert reason in reasons[utt_id], reasons[utt_id]
    assert excluded["audio_path"].tolist()[0] == f"{path}/audio/1"


def test_a_damaged_row_group_costs_its_rows(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", table(range(6)), rows=2)
    group = pq.ParquetFile(path).metadata.row_group(1)
    columns = [group.column(number) for number in range(group.num_columns)]
    (sounds,) = (column for column in columns if column.path_in_schema == "audio.bytes")
    place = sounds.dictionary_page_offset or sounds.data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 40] = bytes(40)
    path.write_bytes(content)
    manifest, excluded, _ = build_manifest(read_corpus(path, "hugging-face"), seed=0)
    assert manifest["utt_id"].tolist() == ["clip0", "clip1", "clip4", "clip5"]
    assert excluded["reason"].str.contains("damaged table").all()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def point(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


@pytest.mark.parametrize(("spoil", "message"), [(truncate, "truncated, or no"), (point, "git lfs pull")])
@pytest.mark.parametrize("saved", [True, False])
def test_a_damaged_table_is_named(
    tmp_path: Path, spoil: Callable[[Path], None], message: str, saved: bool
) -> None:
    if saved:
        path = write_saved(tmp_path / "saved", table(range(4)))
        file = path / "data-00000-of-00001.arrow"
    else:
        path = file = write_parquet(tmp_path / "train.parquet", table(range(4)))
    spoil(file)
    with pytest.raises(CorpusError, match=rf"{file.name}: .*{message}"):
        read_corpus(path, "hugging-face")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("state.json", "{", "not JSON"),
        ("state.json", "[]", "not what `save_to_disk` writes"),
        ("state.json", "{}", "no list of `_data_files`"),
        ("state.json", '{"_data_files": [{"filename": "x.arrow"}]}', r"x\.arrow: no such file"),
        ("state.json", '{"_data_files": [], "_indices_data_files": [1]}', "chosen by an index file"),
    ],
)
def test_a_broken_description_of_a_saved_split(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write_saved(tmp_path / "saved", table([1]))
    (path / name).write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_corpus(path, "hugging-face")


def test_a_missing_or_replaced_table_is_seen(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", table([1, 2]))
    (first, _) = read_corpus(path, "hugging-face")
    assert read_audio(first.audio_path)[0] == pytest.approx(waveform(1)[0], abs=1e-4)
    write_parquet(path, table([5, 6, 7]))
    assert read_audio(first.audio_path)[0] == pytest.approx(waveform(5)[0], abs=1e-4)
    with pytest.raises(AudioError, match=r"train\.parquet/audio/9: damaged table"):
        read_audio(path / "audio" / "9")
    path.unlink()
    with pytest.raises(AudioError, match=r"train\.parquet/audio/0: missing"):
        read_audio(first.audio_path)


def write_folder(path: Path, kind: str, rows: Sequence[dict[str, Any]]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path / "metadata.parquet")
    elif kind == "jsonl":
        (path / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
        (path / "metadata.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("above", [True, False])
def test_an_audiofolder(tmp_path: Path, kind: str, above: bool) -> None:
    rows: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
    for seed in range(4):
        split = "train" if seed < 3 else "test"
        file = tmp_path / split / f"{seed}.flac"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(sound(seed))
        name = f"{split}/{seed}.flac" if above else f"{seed}.flac"
        rows[split].append({"file_name": name, "transcription": f"one, {seed} two", "mood": "ab"[seed % 2]})
    (tmp_path / "train" / "unlisted.flac").write_bytes(sound(8))
    rows["test"].append(rows["test"][0] | {"file_name": rows["test"][0]["file_name"].replace("3", "gone")})
    if above:
        write_folder(tmp_path, kind, [*rows["train"], *rows["test"]])
    else:
        for split, own in rows.items():
            write_folder(tmp_path / split, kind, own)
    entries = {entry.utt_id: entry for entry in read_corpus(tmp_path, "hugging-face")}
    assert {name: entry.split for name, entry in entries.items() if name != "gone"} == {
        **dict.fromkeys(("0", "1", "2"), "train"),
        **{"3": "test", "unlisted": "train"},
    }
    assert entries["1"].text == "one, 1 two" and entries["1"].labels == {"mood": "b"}
    manifest, excluded, _ = build_manifest(entries.values(), seed=0)
    assert manifest["utt_id"].tolist() == ["0", "1", "2", "3"]
    reasons = excluded.set_index("utt_id")["reason"]
    assert reasons["unlisted"] == f"no row of metadata.{kind} names it" and "missing" in reasons["gone"]
    assert len(SPEC.files_of(tmp_path)) == 5 + (1 if above else 2)
    assert len(SPEC.files_of(tmp_path, test=["test"])) == 1 + (1 if above else 2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "metadata.csv",
            "file,text\na.wav,b\n",
            r"metadata\.csv: no row or no column 'file_name'; there are file",
        ),
        ("metadata.csv", "file_name,text\na.wav\n", r"metadata\.csv, line 2: 1 fields, the header has 2"),
        ("metadata.csv", "file_name,text\n,b\n", r"metadata\.csv, row 1: no file_name"),
        ("metadata.csv", "", r"metadata\.csv: no row"),
        ("metadata.jsonl", '{"file_name": "a"}\n{', r"metadata\.jsonl, line 2: not a JSON object"),
        ("metadata.jsonl", "[1]\n", r"metadata\.jsonl, line 1: not a JSON object"),
        ("metadata.parquet", "PAR1", r"metadata\.parquet: truncated"),
    ],
)
def test_broken_metadata_of_an_audiofolder(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_corpus(tmp_path, "hugging-face")


def test_the_header_of_a_wav_in_a_table_is_not_trusted(tmp_path: Path) -> None:
    content = bytearray(sound(1, "WAV"))
    content[40:44] = struct.pack("<I", 1 << 30)
    path = write_parquet(
        tmp_path / "a.parquet", table([1], audio=[{"bytes": bytes(content), "path": "x.wav"}])
    )
    _, excluded, _ = build_manifest([*read_corpus(path, "hugging-face"), *whole(tmp_path)], seed=0)
    assert "truncated" in excluded["reason"].tolist()[0]


def whole(folder: Path) -> list[Entry]:
    return read_corpus(write_parquet(folder / "b.parquet", table([2])), "hugging-face")
