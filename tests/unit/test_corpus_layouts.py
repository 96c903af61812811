"""Readers of published corpora, with their splits, and the counts of splits."""

import json
from pathlib import Path

import pandas as pd
import pytest
from synthetic import COMMANDS, SENTENCES, write_fluent, write_slurp

from layerwise import contracts
from layerwise.contracts.corpus import SPLIT_COUNTS
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.readers import read_corpus
from layerwise.corpus.splits import split_counts
from layerwise.errors import CorpusError
from layerwise.specs.code import load_object
from layerwise.specs.readers import READERS

SPECS = {spec.name: spec for spec in READERS}


@pytest.fixture(scope="module")
def fluent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fluent(tmp_path_factory.mktemp("fluent") / "fsc", 60, 12, flite=False)


@pytest.fixture(scope="module")
def slurp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slurp(tmp_path_factory.mktemp("slurp") / "slurp", 5, flite=False)


def test_fluent_speech_commands(fluent: Path) -> None:
    entries = read_corpus(fluent, "fluent-speech-commands")
    assert len(entries) == 60
    table = pd.read_csv(fluent / "data/valid_data.csv").iloc[3]
    (found,) = (entry for entry in entries if entry.audio_path == fluent / table.path)
    labels = {slot: table[slot] for slot in ("action", "object", "location")}
    utt_id = f"{table.speakerId}-{Path(table.path).stem}"
    assert found == Entry(utt_id, table.speakerId, "dev", fluent / table.path, table.transcription, labels)
    slots = {tuple(entry.labels.values()) for entry in entries}
    assert slots <= {command[1:] for command in COMMANDS}
    manifest, excluded, _ = build_manifest(entries, seed=1)
    assert len(manifest) == 60 and excluded.empty
    assert manifest.groupby("speaker").split.nunique().max() == 1


def test_files_of_fluent_speech_commands_are_those_that_it_names(fluent: Path) -> None:
    (fluent / "wavs/notes.wav").touch()
    files = SPECS["fluent-speech-commands"].files_of(fluent)
    assert len(files) == 63 and fluent / "wavs/notes.wav" not in files


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: None, r"test_data\.csv: no such table; put Fluent"),
        (lambda text: text.replace("speakerId", "speaker"), r"test_data\.csv: no column speakerId"),
        (lambda text: text + "9,a.wav,s\n", r"test_data\.csv, line 12: not as many fields"),
    ],
)
def test_broken_tables_of_fluent_speech_commands(tmp_path: Path, change, message: str) -> None:
    folder = write_fluent(tmp_path / "fsc", 30, 3, flite=False)
    path = folder / "data/test_data.csv"
    text = change(path.read_text())
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_corpus(folder, "fluent-speech-commands")


def test_slurp(slurp: Path) -> None:
    entries = read_corpus(slurp, "slurp")
    assert len(entries) == 2 * 5 * len(SENTENCES)
    assert {entry.split for entry in entries} == {"train", "dev", "test"}
    first = json.loads((slurp / "dataset/slurp/test.jsonl").read_text().splitlines()[0])
    name = first["recordings"][1]["file"]
    (found,) = (entry for entry in entries if entry.audio_path.name == name)
    about = json.loads((slurp / "dataset/slurp/metadata.json").read_text())
    assert found == Entry(
        utt_id=f"{first['slurp_id']}-{Path(name).stem}",
        speaker=about[str(first["slurp_id"])]["recordings"][name]["usrid"],
        split="test",
        audio_path=slurp / "audio/slurp_real" / name,
        text=first["sentence"],
        labels={"scenario": first["scenario"], "action": first["action"], "intent": first["intent"]},
    )


@pytest.mark.parametrize("microphone", ["headset", "far-field"])
def test_one_microphone_of_slurp(slurp: Path, microphone: str) -> None:
    entries = read_corpus(slurp, "slurp", recordings=[microphone])
    assert len(entries) == 5 * len(SENTENCES)
    assert all(entry.utt_id.endswith("-headset") == (microphone == "headset") for entry in entries)
    files = SPECS["slurp"].files_of(slurp, recordings=[microphone], synthetic=False)
    assert {file for file in files if file.suffix == ".flac"} == {entry.audio_path for entry in entries}


def test_synthetic_sentences_of_slurp_are_for_training(tmp_path: Path) -> None:
    folder = write_slurp(tmp_path / "slurp", 3, flite=False)
    annotations = folder / "dataset/slurp"
    sentence = json.loads((annotations / "train.jsonl").read_text().splitlines()[0])
    sentence |= {"slurp_id": 90001, "recordings": [{"file": "synth-1.flac"}]}
    (annotations / "train_synthetic.jsonl").write_text(json.dumps(sentence))
    without = read_corpus(folder, "slurp")
    *rest, entry = read_corpus(folder, "slurp", synthetic=True)
    assert rest == without
    assert (entry.utt_id, entry.split, entry.speaker) == ("90001-synth-1", "train", "")
    assert entry.audio_path == folder / "audio/slurp_synth/synth-1.flac"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("devel.jsonl", None, r"devel\.jsonl: no such file; put SLURP"),
        ("devel.jsonl", '{"slurp_id": 1}\n', r"devel\.jsonl, line 1: not a sentence of SLURP \(KeyError"),
        ("devel.jsonl", "\n{\n", r"devel\.jsonl, line 2: not a sentence of SLURP \(JSONDecodeError"),
        ("metadata.json", "[]", r"metadata\.json: not SLURP's table of speakers"),
    ],
)
def test_broken_annotations_of_slurp(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    folder = write_slurp(tmp_path / "slurp", 3, flite=False)
    path = folder / "dataset/slurp" / name
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_corpus(folder, "slurp")


@pytest.fixture
def librispeech(tmp_path: Path) -> Path:
    for number, subset in enumerate(("train-clean-100", "train-other-500", "dev-clean", "test-clean")):
        chapter = tmp_path / subset / str(number) / "1"
        chapter.mkdir(parents=True)
        (chapter / f"{number}-1-0000.flac").touch()
        (chapter / f"{number}-1.trans.txt").write_text(f"{number}-1-0000 HELLO\n")
    return tmp_path


def test_subsets_of_librispeech_as_splits(librispeech: Path) -> None:
    options = {"train": ["train-clean-100", "dev-clean"], "test": ["test-clean"]}
    entries = read_corpus(librispeech, "librispeech", **options)
    assert {entry.utt_id: entry.split for entry in entries} == {
        "0-1-0000": "train",
        "2-1-0000": "train",
        "3-1-0000": "test",
    }
    assert [entry.text for entry in entries] == ["hello"] * 3
    files = SPECS["librispeech"].files_of(librispeech, **options, dev=[])
    assert len(files) == 6 and not any("train-other-500" in file.parts for file in files)
    assert len(read_corpus(librispeech, "librispeech")) == 4
    with pytest.raises(CorpusError, match="dev-other: no such folder"):
        read_corpus(librispeech, "librispeech", dev=["dev-other"])


@pytest.mark.parametrize(
    ("reader", "options", "expected"),
    [
        ("fluent-speech-commands", {}, {"train": 23_132, "dev": 3_118, "test": 3_793}),
        ("slurp", {"recordings": ["headset"]}, {}),
        ("slurp", {"synthetic": True}, {"train": 119_881, "dev": 8_690, "test": 13_078}),
        ("librispeech", {"train": ["train-clean-100"], "test": ["mine"]}, {"train": 28_539}),
        ("librispeech", {"dev": ["dev-clean", "dev-other"]}, {"dev": 5_567}),
    ],
)
def test_published_sizes(reader: str, options: dict[str, object], expected: dict[str, int]) -> None:
    assert load_object(SPECS[reader].published)(**options) == expected


def test_splits_are_counted_and_compared(fluent: Path, tmp_path: Path) -> None:
    entries = read_corpus(fluent, "fluent-speech-commands")
    manifest, _, _ = build_manifest(entries[1:], seed=1)
    counts = split_counts(manifest, entries, {"train": 40, "dev": 10, "test": 3_793})
    contracts.write(SPLIT_COUNTS, counts, tmp_path / "splits.csv")
    assert counts.set_index("split").utterances.to_dict() == {"train": 39, "dev": 10, "test": 10}
    assert counts.listed.tolist() == [40, 10, 10]
    assert counts.speakers.tolist() == [8, 2, 2] and not counts.shared_speakers.any()
    test = manifest[manifest.split == "test"]
    assert counts.seconds[2] == pytest.approx((test.samples / test.sample_rate).sum())
    assert counts.caution.tolist() == ["", "", "lists 10 utterances, the published corpus 3793"]


def test_speakers_of_two_splits_are_a_caution_where_the_corpus_divides(slurp: Path) -> None:
    entries = read_corpus(slurp, "slurp", recordings=["headset"])
    manifest, _, _ = build_manifest(entries, seed=1)
    counts = split_counts(manifest, entries, {})
    among = {split: set(rows.speaker) for split, rows in manifest.groupby("split")}
    shared = among["test"] & (among["train"] | among["dev"])
    expected = f"{len(shared)} of {len(among['test'])} speakers are in another split too"
    assert counts.caution[2] == expected and counts.shared_speakers[2] == len(shared)
    drawn = manifest.assign(split=["train", "test"] * (len(manifest) // 2))
    without = [Entry(entry.utt_id, "", None, entry.audio_path, "") for entry in entries]
    counts = split_counts(drawn, without, {"train": 7})
    assert counts.caution.tolist() == ["", "no utterance: tasks cannot be trained and tested on it", ""]
    assert counts.shared_speakers[2] > 0 and counts.listed.isna().all()
