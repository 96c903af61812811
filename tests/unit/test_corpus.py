from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import COLUMNS, build_manifest, read_manifest
from layerwise.corpus.readers import read_corpus
from layerwise.corpus.text import normalise_text
from layerwise.errors import CorpusError
from layerwise.files import sha256_file, write_parquet

TABLE = "utt_id\taudio_path\tspeaker\tsplit\ttext\tscenario\n"


def write_wav(path: Path, seconds: float = 0.1, rate: int = 16_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * rate), 0.1), rate)
    return path


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    return Entry("a", "s", None, write_wav(tmp_path / "a.wav"), "yes")


def many(entry: Entry, speakers: int, each: int = 1) -> list[Entry]:
    return [
        replace(entry, utt_id=f"u{speaker:03d}-{number}", speaker=f"s{speaker}")
        for speaker in range(speakers)
        for number in range(each)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Press one, then 'star'.", "press one then star"),
        ("Don\u2019t  STOP\tnow!", "don't stop now"),
        ("follow-me / voice_mail", "follow me voice mail"),
        ("dial 911 now", "dial 911 now"),
        ("« Ça va ? »", "ça va"),
        ("... -- !", ""),
    ],
)
def test_text_is_lower_case_words(text: str, expected: str) -> None:
    assert normalise_text(text) == expected


@given(st.text(max_size=40))
def test_normalised_text_stays_as_it_is(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert once == " ".join(once.split())


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".parquet"])
def test_table_reader(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "my corpus ß"
    write_wav(folder / "audio" / "é 1.wav")
    rows = pd.DataFrame(
        {
            "utt_id": ["é 1", "b"],
            "audio_path": ["audio/é 1.wav", "audio/b.wav"],
            "speaker": ["s", "NA"],
            "split": ["train", ""],
            "text": ['say "null"', "null"],
            "scenario": ["digits", "letters"],
        }
    )
    path = folder / f"table{suffix}"
    if suffix == ".parquet":
        rows.to_parquet(path)
    else:
        rows.to_csv(path, sep="," if suffix == ".csv" else "\t", index=False, quotechar="'")
    if suffix == ".csv":
        rows.to_csv(path, index=False)
    first, second = read_corpus(path, "table")
    assert first == Entry("é 1", "s", "train", folder / "audio/é 1.wav", 'say "null"', {"scenario": "digits"})
    assert (second.speaker, second.split, second.text) == ("NA", None, "null")


def test_table_without_a_column(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("utt_id\taudio_path\tspeaker\na\ta.wav\ts\n")
    with pytest.raises(CorpusError, match=r"t\.tsv: .*text"):
        read_corpus(tmp_path / "t.tsv", "table")


def test_table_with_a_ragged_line(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(f"{TABLE}a\ta.wav\ts\ttrain\n")
    with pytest.raises(CorpusError, match=r"line 2: 4 fields, the header has 6"):
        read_corpus(tmp_path / "t.tsv", "table")


@pytest.mark.parametrize(("name", "content"), [("t.tsv", None), ("t.tsv", b"\xff\xfe\x80"), ("t.xlsx", b"")])
def test_unreadable_table(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=name):
        read_corpus(tmp_path / name, "table")


def test_folder_reader(tmp_path: Path) -> None:
    write_wav(tmp_path / "anna" / "one.wav")
    (tmp_path / "anna" / "one.lab").write_text("One.\n")
    write_wav(tmp_path / "ben" / "no.transcript.flac")
    (tmp_path / "ben" / "no audio.txt").write_text("lost")
    found = {entry.utt_id: entry for entry in read_corpus(tmp_path, "folder")}
    assert found["one"] == Entry("one", "anna", None, tmp_path / "anna/one.wav", "One.")
    assert found["no.transcript"].text == ""
    manifest, excluded, _ = build_manifest(found.values(), seed=0)
    assert manifest["utt_id"].tolist() == ["one"]
    assert dict(zip(excluded["utt_id"], excluded["reason"].str.split(":").str[0], strict=True)) == {
        "no audio": "missing",
        "no.transcript": "no transcript",
    }


def test_folder_with_one_name_twice(tmp_path: Path) -> None:
    for speaker, name in (("anna", "1"), ("ben", "1"), ("ben", "2")):
        write_wav(tmp_path / speaker / f"{name}.wav")
        (tmp_path / speaker / f"{name}.txt").write_text("one")
    found = {
        entry.utt_id: entry.audio_path.relative_to(tmp_path) for entry in read_corpus(tmp_path, "folder")
    }
    assert found == {"anna-1": Path("anna/1.wav"), "ben-1": Path("ben/1.wav"), "2": Path("ben/2.wav")}


def test_names_that_still_clash_are_named(tmp_path: Path) -> None:
    for name in ("x/anna/1.wav", "y/anna/1.wav"):
        write_wav(tmp_path / name)
    with pytest.raises(CorpusError, match=r"'anna-1' is used twice, for .*x/anna/1\.wav and .*y/anna/1\.wav"):
        build_manifest(read_corpus(tmp_path, "folder"), seed=0)


@pytest.mark.parametrize("reader", ["folder", "librispeech"])
def test_transcripts_in_another_encoding_are_named(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "1" / "2" / "1-2.trans.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes("1-2-3 déjà vu".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"1-2\.trans\.txt: the transcript is not UTF-8"):
        read_corpus(tmp_path, reader)


def test_librispeech_reader(tmp_path: Path) -> None:
    chapter = tmp_path / "dev-clean" / "84" / "121"
    write_wav(chapter / "84-121-0000.flac")
    (chapter / "84-121.trans.txt").write_text("84-121-0000 GO DO YOU HEAR\n84-121-0001 LOST\n")
    first, lost = read_corpus(tmp_path, "librispeech")
    assert first == Entry("84-121-0000", "84", "dev", chapter / "84-121-0000.flac", "go do you hear")
    assert lost.audio_path == chapter / "84-121-0001.flac"
    assert {entry.split for entry in read_corpus(tmp_path / "dev-clean", "librispeech")} == {None}


@pytest.mark.parametrize("reader", ["folder", "librispeech"])
def test_missing_folder(tmp_path: Path, reader: str) -> None:
    with pytest.raises(CorpusError, match="nowhere: no such folder"):
        read_corpus(tmp_path / "nowhere", reader)


def test_manifest_describes_files_as_stored(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "mit Leer ß.wav", 0.5, 8_000)
    entry = Entry("a", "s", "dev", path, "Yes!", {"scenario": "x"})
    manifest, excluded, _ = build_manifest([entry], seed=0)
    assert list(manifest.columns) == [*COLUMNS, "scenario"]
    expected = ["a", "s", "dev", path.as_posix(), 4000, 8000, "yes", sha256_file(path), "x"]
    assert manifest.iloc[0].tolist() == expected
    assert excluded.empty
    write_parquet(manifest, tmp_path / "m.parquet")
    pd.testing.assert_frame_equal(read_manifest(tmp_path / "m.parquet"), manifest, check_dtype=False)


def test_unusable_utterances_are_listed_with_reasons(tmp_path: Path, entry: Entry) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    bad = {
        "empty": replace(entry, text=" "),
        "long": replace(entry, audio_path=write_wav(tmp_path / "l.wav", 0.6)),
        "marks": replace(entry, text="?!"),
        "missing": replace(entry, audio_path=tmp_path / "nope.wav"),
        "renamed": replace(entry, audio_path=tmp_path / "text.wav"),
        "short": replace(entry, audio_path=write_wav(tmp_path / "s.wav", 0.05)),
    }
    entries = [entry, *(replace(item, utt_id=name) for name, item in bad.items())]
    manifest, excluded, _ = build_manifest(entries, seed=0, min_seconds=0.1, max_seconds=0.5)
    assert manifest["utt_id"].tolist() == ["a"]
    assert excluded["utt_id"].tolist() == sorted(bad)
    starts = ["empty text", "longer than 0.5 s", "no words in", "missing", "not audio", "shorter than 0.1 s"]
    for reason, start in zip(excluded["reason"], starts, strict=True):
        assert reason.startswith(start)


def test_nothing_left(entry: Entry) -> None:
    with pytest.raises(CorpusError, match=r"no usable utterance among 1: empty text \(1\)"):
        build_manifest([replace(entry, text="")], seed=0)
    with pytest.raises(CorpusError, match="the corpus is empty"):
        build_manifest([], seed=0)


def test_duplicate_ids_name_both_files(entry: Entry, tmp_path: Path) -> None:
    other = write_wav(tmp_path / "b.wav")
    with pytest.raises(CorpusError, match=r"a\.wav and .*b\.wav"):
        build_manifest([replace(entry, audio_path=other), entry], seed=0)


@pytest.mark.parametrize("utt_id", ["", "a/b", "..", " a", "a\\b"])
def test_ids_that_cannot_name_files(entry: Entry, utt_id: str) -> None:
    with pytest.raises(CorpusError, match="cannot name a file"):
        build_manifest([replace(entry, utt_id=utt_id)], seed=0)


def test_unknown_split_and_clashing_label(entry: Entry) -> None:
    with pytest.raises(CorpusError, match="unknown split 'valid'"):
        build_manifest([replace(entry, split="valid")], seed=0)
    with pytest.raises(CorpusError, match="label column 'samples'"):
        build_manifest([replace(entry, labels={"samples": "1"})], seed=0)


def test_order_and_workers_change_nothing(entry: Entry) -> None:
    entries = many(entry, 12, each=2)
    shuffled = Random(1).sample(entries, len(entries))
    first, _, _ = build_manifest(entries, seed=3)
    second, _, _ = build_manifest(shuffled, seed=3, workers=4)
    pd.testing.assert_frame_equal(first, second)
    assert first["utt_id"].is_monotonic_increasing


def test_missing_splits_keep_speakers_whole(entry: Entry) -> None:
    manifest, _, _ = build_manifest(many(entry, 20, each=2), seed=0)
    per_split = manifest.groupby("split")["speaker"].nunique()
    assert per_split.to_dict() == {"train": 16, "dev": 2, "test": 2}
    assert manifest.groupby("speaker")["split"].nunique().max() == 1
    other, _, _ = build_manifest(many(entry, 20, each=2), seed=1)
    assert not manifest["split"].equals(other["split"])


def test_few_speakers_are_split_by_utterance(entry: Entry) -> None:
    manifest, _, _ = build_manifest(many(entry, 2, each=15), seed=0)
    assert manifest["split"].value_counts().to_dict() == {"train": 24, "dev": 3, "test": 3}


def test_given_splits_stay(entry: Entry) -> None:
    entries = [replace(item, split="test") for item in many(entry, 5)]
    assert set(build_manifest(entries, seed=0)[0]["split"]) == {"test"}


def test_max_utterances_is_a_seeded_choice(entry: Entry) -> None:
    entries = many(entry, 30)
    some = [
        build_manifest(order, seed=5, max_utterances=7)[0]["utt_id"] for order in (entries, entries[::-1])
    ]
    assert len(some[0]) == 7
    assert some[0].equals(some[1])
    assert not some[0].equals(build_manifest(entries, seed=6, max_utterances=7)[0]["utt_id"])


def test_broken_manifests_are_refused(entry: Entry, tmp_path: Path) -> None:
    manifest, _, _ = build_manifest(many(entry, 2), seed=0)
    path = tmp_path / "m.parquet"
    with pytest.raises(CorpusError, match="cannot read"):
        read_manifest(path)
    for broken, message in (
        (manifest.drop(columns="sha256"), "no column sha256"),
        (pd.concat([manifest, manifest]), "listed twice"),
        (manifest.assign(split="x"), "unknown split 'x'"),
    ):
        write_parquet(broken, path)
        with pytest.raises(CorpusError, match=message):
            read_manifest(path)
