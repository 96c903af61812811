"""Layouts of public corpora, as small made-up folders."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from layerwise.corpus.common_voice import common_voice_files, read_common_voice
from layerwise.corpus.entries import Entry
from layerwise.corpus.hugging_face import read_hugging_face
from layerwise.corpus.librispeech import read_librispeech
from layerwise.corpus.libritts import libritts_files, read_libritts
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.timit import read_timit, timit_files
from layerwise.corpus.vctk import read_vctk, vctk_files
from layerwise.errors import CorpusError


def speak(path: Path, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, 8000), 16_000, **options)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def by_id(entries: list[Entry]) -> dict[str, Entry]:
    found = {entry.utt_id: entry for entry in entries}
    assert len(found) == len(entries)
    return found


@pytest.mark.parametrize("upper", [True, False])
def test_timit_in_upper_and_lower_case(tmp_path: Path, upper: bool) -> None:
    def name(text: str) -> str:
        return text.upper() if upper else text

    for stem in ("train/dr1/fcjf0/sa1", "test/dr8/fmld0/sx12", "test/dr8/mabc0/si7"):
        audio = speak(tmp_path / name(f"{stem}.wav"), format="NIST")
        write(audio.with_suffix(name(".txt")), "0 8000 She had your dark suit.\n")
        write(audio.with_suffix(name(".phn")), "0 8000 h#\n")
    write(tmp_path / name("readme.doc"), "about")
    speak(tmp_path / name("train/dr2/mabc1/sa2.wav"), format="NIST")
    found = by_id(read_timit(tmp_path))
    assert {utt_id: entry.split for utt_id, entry in found.items()} == {
        "fcjf0-sa1": "train",
        "fmld0-sx12": "test",
        "mabc0-si7": "dev",
        "mabc1-sa2": "train",
    }
    assert found["fcjf0-sa1"].labels == {"dialect": "dr1", "sex": "f", "sentence": "sa"}
    manifest, excluded, _ = build_manifest(found.values(), seed=0)
    assert set(manifest["text"]) == {"she had your dark suit"} and set(manifest["samples"]) == {8000}
    assert excluded["utt_id"].tolist() == ["mabc1-sa2"] and "no transcript" in excluded["reason"][0]
    assert len(list(timit_files(tmp_path))) == 3 * 3 + 1


def test_libritts_reads_the_normalised_text(tmp_path: Path) -> None:
    for subset in ("train-clean-100", "dev-other"):
        audio = speak(tmp_path / subset / "84" / "12" / f"84_12_{subset[:3]}_0.wav")
        write(audio.with_suffix(".normalized.txt"), "Mister Smith paid five pounds.")
        write(audio.with_suffix(".original.txt"), "Mr. Smith paid £5.")
    speak(tmp_path / "dev-other/84/12/alone.wav")
    found = by_id(read_libritts(tmp_path))
    assert {entry.split for entry in found.values()} == {"train", "dev"}
    assert found["84_12_tra_0"].speaker == "84" and found["84_12_tra_0"].text.startswith("Mister")
    assert found["alone"].fault.startswith("no transcript")
    assert {entry.split for entry in read_libritts(tmp_path / "dev-other")} == {None}
    assert len(list(libritts_files(tmp_path))) == 5


def test_vctk_has_texts_in_a_parallel_folder_and_two_microphones(tmp_path: Path) -> None:
    for microphone in ("mic1", "mic2"):
        speak(tmp_path / f"wav48_silence_trimmed/p225/p225_001_{microphone}.flac")
    write(tmp_path / "txt/p225/p225_001.txt", "Please call Stella.")
    write(tmp_path / "speaker-info.txt", "ID  AGE  GENDER  ACCENTS\np225  23  F    English    Southern\n")
    speak(tmp_path / "wav48_silence_trimmed/p315/p315_001_mic1.flac")
    found = by_id(read_vctk(tmp_path))
    assert found["p225_001"].audio_path.name == "p225_001_mic1.flac"
    assert found["p225_001"].labels == {"age": "23", "sex": "F", "accent": "English"}
    assert found["p225_001"].speaker == "p225" and "no txt/p315/p315_001.txt" in found["p315_001"].fault
    assert by_id(read_vctk(tmp_path, "mic2")).keys() == {"p225_001"}
    assert {path.name for path in vctk_files(tmp_path)} == {
        *("speaker-info.txt", "p225_001.txt", "p225_001_mic1.flac", "p315_001_mic1.flac")
    }


COMMON_VOICE = "client_id\tpath\tsentence\tage\tgender\tlocale\n"


def test_common_voice_takes_the_splits_of_the_release(tmp_path: Path) -> None:
    rows = [f'c{number}\tcv_{number}.mp3\tHe said "go" {number}.\ttwenties\t\ten\n' for number in range(4)]
    write(tmp_path / "validated.tsv", COMMON_VOICE + "".join(rows))
    for number, split in enumerate(("train", "dev", "test")):
        write(tmp_path / f"{split}.tsv", COMMON_VOICE + rows[number])
        speak(tmp_path / f"clips/cv_{number}.mp3", format="MP3")
    found = by_id(read_common_voice(tmp_path))
    assert [found[f"cv_{number}"].split for number in range(4)] == ["train", "dev", "test", None]
    assert found["cv_1"].speaker == "c1" and found["cv_1"].text == 'He said "go" 1.'
    assert found["cv_1"].labels == {"age": "twenties", "gender": "", "locale": "en"}
    assert found["cv_3"].fault.startswith("in none of")
    assert len(list(common_voice_files(tmp_path))) == 4 + 3
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").unlink()
    assert {entry.fault for entry in read_common_voice(tmp_path)} == {""}


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_line_feeds_end_lines(tmp_path: Path, odd: str) -> None:
    """Texts of the web hold other separators of lines, which str.splitlines takes for ends too."""
    write(tmp_path / "validated.tsv", f"{COMMON_VOICE}c\ta.mp3\tone{odd}two\t\t\ten\r\n")
    assert [entry.text for entry in read_common_voice(tmp_path)] == [f"one{odd}two"]
    audio = speak(tmp_path / "libri/1/2/1-2-0.flac")
    write(audio.parent / "1-2.trans.txt", f"1-2-0 ONE{odd}TWO\n")
    assert [entry.text for entry in read_librispeech(tmp_path / "libri")] == [f"one{odd}two"]
    write(tmp_path / "folder/train/metadata.csv", f"file_name,text\na.mp3,one{odd}two\n")
    row = json.dumps({"file_name": "b.mp3", "text": f"one{odd}two"}, ensure_ascii=False)
    write(tmp_path / "folder/test/metadata.jsonl", f"{row}\n")
    entries = read_hugging_face(tmp_path / "folder")
    assert [entry.text for entry in entries] == [f"one{odd}two"] * 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "validated.tsv: no such file"),
        ("path\tsentence\na\tb\n", "line 2: needs path, client_id and sentence"),
        (COMMON_VOICE + "c\ta.mp3\thi\n", "line 2: has not as many fields"),
    ],
)
def test_a_bad_common_voice_table_is_named(tmp_path: Path, table: str | None, message: str) -> None:
    if table:
        write(tmp_path / "validated.tsv", table)
    with pytest.raises(CorpusError, match=message):
        read_common_voice(tmp_path)
