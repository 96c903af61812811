"""Reading real output of MFA 3.4.3, and packing a corpus for it."""

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from layerwise.align.mfa import align
from layerwise.align.mfa_corpus import (
    assign_shards,
    file_name,
    original_name,
    pack_corpus,
)
from layerwise.align.run import align_with
from layerwise.errors import AlignmentError

DATA = Path(__file__).parents[1] / "data" / "mfa"
TEXTS = {
    "allison_conf-adminmenu-menu8": "press one to list users currently in the conference two to kick all "
    "non administrator users three to mute or umute all non administrator users four to record this "
    "conference or eight to exit this menu and return to the conference",
    "allison_dictate-pause": "pause",
    "allison_digits-oh": "oh",
    "allison_letters-ascii94": "caret",
    "allison_spy-sip": "sip",
    "allison_vm-saved": "saved",
}


def real_manifest() -> pd.DataFrame:
    ends = {name: json.loads((DATA / f"json/{name}.json").read_text())["end"] for name in TEXTS}
    return pd.DataFrame(
        [(name, "allison", "", round(ends[name] * 16_000), 16_000, text) for name, text in TEXTS.items()],
        columns=["utt_id", "speaker", "audio_path", "samples", "sample_rate", "text"],
    )


def archive(path: Path, kind: str, names: Iterable[str] = TEXTS) -> Path:
    """Pack real output as a shard's job does."""
    with zipfile.ZipFile(path, "w") as packed:
        for file in (DATA / kind).iterdir():
            if file.stem not in (*names, "alignment_analysis"):
                continue
            speaker = "" if file.suffix == ".csv" else "allison/"
            packed.write(file, f"1/{speaker}{file.name}")
    return path


def test_real_json(tmp_path: Path) -> None:
    options = {"archives": [archive(tmp_path / "0.zip", "json")]}
    intervals, quality = align_with(real_manifest(), "mfa", options=options)
    rows = quality.set_index("utt_id")
    assert list(rows.loc["allison_vm-saved", ["status", "reason", "words", "phones"]]) == [
        *("aligned", "", 1, 4),
    ]
    assert rows.loc["allison_vm-saved", "score"] == pytest.approx(-49.7584, abs=1e-4)
    assert list(rows.loc["allison_letters-ascii94", ["status", "reason"]]) == [
        "failed",
        "no word with phones; left out, without phones: 'caret'",
    ]
    saved = intervals[intervals.utt_id == "allison_vm-saved"]
    assert saved.label.tolist() == ["S", "EY", "V", "D", "saved"]


def test_unknown_word_is_left_out_and_listed(tmp_path: Path) -> None:
    options = {"archives": [archive(tmp_path / "0.zip", "json")]}
    intervals, quality = align_with(real_manifest(), "mfa", options=options)
    assert list(quality.loc[0, ["status", "reason"]]) == [
        "aligned",
        "left out, without phones: 'umute'",
    ]
    words = TEXTS[quality.utt_id[0]].split()
    rows = intervals[intervals.utt_id == quality.utt_id[0]]
    found = rows[rows.tier == "word"].set_index("word_index").label.to_dict()
    assert found == {place: word for place, word in enumerate(words) if word != "umute"}
    assert set(rows[rows.tier == "phone"].word_index) == set(found)


def test_files_that_mfa_left_out_are_noticed(tmp_path: Path) -> None:
    options = {"archives": [archive(tmp_path / "0.zip", "textgrid")]}
    quality = align_with(real_manifest(), "mfa", options=options)[1].set_index("utt_id")
    absent = quality[quality.status == "failed"]
    assert list(absent.index) == ["allison_conf-adminmenu-menu8", "allison_letters-ascii94"]
    assert set(absent.reason) == {
        "no alignment found by MFA, nor with wider beams; check audio and transcript"
    }
    assert (quality.drop(absent.index).status == "aligned").all()


def test_json_and_textgrid_agree(tmp_path: Path) -> None:
    names = ["allison_dictate-pause", "allison_digits-oh", "allison_spy-sip", "allison_vm-saved"]
    manifest = real_manifest().set_index("utt_id").loc[names].reset_index()
    first, second = (
        list(align(manifest, archives=[archive(tmp_path / f"{kind}.zip", kind, names)]))
        for kind in ("json", "textgrid")
    )
    assert [outcome.intervals for outcome in first] == [outcome.intervals for outcome in second]
    assert {outcome.status for outcome in first} == {"aligned"}


def test_damaged_output_fails_its_utterance_alone(tmp_path: Path) -> None:
    path = archive(tmp_path / "0.zip", "json", ["allison_vm-saved"])
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("1/allison/allison_spy-sip.json", '{"start": 0, "end": 0.67')
    quality = align_with(real_manifest(), "mfa", options={"archives": [path]})[1].set_index("utt_id")
    assert quality.status["allison_vm-saved"] == "aligned"
    assert quality.status["allison_spy-sip"] == "failed" and "TextGrid" in quality.reason["allison_spy-sip"]


GERMAN = "\u0281 o\u02d0 t \u0259 b \u028a x ts a j n n"


def german(folder: Path, labels: str) -> tuple[pd.DataFrame, Path]:
    """One utterance of one word whose phones have these labels, 0.1 s each."""
    phones = labels.split()
    entries = [[0.1 * place, 0.1 * (place + 1), label] for place, label in enumerate(phones)]
    end = 0.1 * len(phones)
    tiers = {"words": [[0.0, end, "wort"]], "phones": entries}
    grid = {
        "start": 0,
        "end": end,
        "tiers": {k: {"type": "interval", "entries": v} for k, v in tiers.items()},
    }
    with zipfile.ZipFile(folder / "0.zip", "w") as packed:
        packed.writestr("1/s/u.json", json.dumps(grid))
    columns = ["utt_id", "speaker", "audio_path", "samples", "sample_rate", "text"]
    return pd.DataFrame(
        [("u", "s", "", round(16_000 * end), 16_000, "wort")], columns=columns
    ), folder / "0.zip"


def test_phones_of_another_language_are_not_mapped_on_english(tmp_path: Path) -> None:
    manifest, packed = german(tmp_path, GERMAN)
    with pytest.raises(AlignmentError, match=r"mfa-ipa lacks '\u0281', 'x', 'ts'.*`phone_set: keep`"):
        align_with(manifest, "mfa", options={"archives": [packed]})
    intervals, _ = align_with(manifest, "mfa", options={"archives": [packed], "phone_set": "keep"})
    assert intervals[intervals.tier == "phone"].label.tolist() == GERMAN.split()
    with pytest.raises(AlignmentError, match=r"1 of 1 utterances .*is unknown in mfa-ipa"):
        align_with(manifest, "mfa", options={"archives": [packed], "phone_set": "mfa-ipa"})


def test_phones_may_have_a_table_of_their_own(tmp_path: Path) -> None:
    manifest, packed = german(tmp_path, "\u0281 o\u02d0 t")
    table = tmp_path / "german.tsv"
    table.write_text("\u0281\tr\no\u02d0\to\nt\tt\n", encoding="utf-8")
    options = {"archives": [packed], "phone_table": str(table)}
    intervals, _ = align_with(manifest, "mfa", options=options)
    assert intervals[intervals.tier == "phone"].label.tolist() == ["r", "o", "t"]


def test_a_text_without_spaces_may_be_divided_by_mfa(tmp_path: Path) -> None:
    manifest, packed = german(tmp_path, "a b")
    words = [[0.0, 0.1, "\u6211"], [0.1, 0.2, "\u662f"]]
    tiers = {"words": words, "phones": [[0.0, 0.1, "a"], [0.1, 0.2, "b"]]}
    grid = {
        "start": 0,
        "end": 0.2,
        "tiers": {k: {"type": "interval", "entries": v} for k, v in tiers.items()},
    }
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1/s/u.json", json.dumps(grid))
    options = {"archives": [packed], "phone_set": "keep"}
    _, quality = align_with(manifest.assign(text="\u6211\u662f"), "mfa", options=options)
    assert list(quality.loc[0, ["status", "reason", "words"]]) == [
        *("aligned", "words are divided otherwise than in the transcript", 2),
    ]


def test_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "3.zip").write_bytes(b"no archive")
    with pytest.raises(AlignmentError, match=r"3\.zip: no output of MFA"):
        list(align(real_manifest(), archives=[tmp_path / "3.zip"]))
    with pytest.raises(AlignmentError, match="run the workflow"):
        list(align(real_manifest()))


def test_output_of_another_corpus_is_refused(tmp_path: Path) -> None:
    manifest = real_manifest().iloc[:2]
    with pytest.raises(AlignmentError, match=r"allison_\S+: aligned by MFA but not in the manifest"):
        list(align(manifest, archives=[archive(tmp_path / "0.zip", "json")]))


def corpus(folder: Path, rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    """A corpus of noise: utt_id, speaker, text, seconds."""
    table = []
    noise = np.random.default_rng(1)
    for number, (utt_id, speaker, text, seconds) in enumerate(rows):
        path = folder / f"{number}.flac"
        soundfile.write(path, 0.1 * noise.standard_normal(round(8000 * seconds)), 8000)
        table.append((utt_id, speaker, path.as_posix(), round(8000 * seconds), 8000, text))
    columns = ["utt_id", "speaker", "audio_path", "samples", "sample_rate", "text"]
    return pd.DataFrame(table, columns=columns)


def test_packed_corpus_is_what_mfa_reads(tmp_path: Path) -> None:
    table = corpus(
        tmp_path, [("a.1", "ann/é", "Don't, stop!", 0.5), ("b 2", "..", "no", 0.3), ("c", "..", "no", 0.2)]
    )
    dropped = pack_corpus(table, [tmp_path / "0.zip"]).dropped
    assert dropped.empty
    with zipfile.ZipFile(tmp_path / "0.zip") as packed:
        names = packed.namelist()
        assert sorted(names) == [
            *("%2E%2E/b%202.lab", "%2E%2E/b%202.wav", "%2E%2E/c.lab", "%2E%2E/c.wav"),
            *("ann%2F%C3%A9/a%2E1.lab", "ann%2F%C3%A9/a%2E1.wav"),
        ]
        assert packed.read("ann%2F%C3%A9/a%2E1.lab") == b"don't stop\n"
        with soundfile.SoundFile(io.BytesIO(packed.read("%2E%2E/c.wav"))) as sound:
            assert (sound.samplerate, sound.channels, sound.subtype, sound.frames) == (
                16_000,
                1,
                "PCM_16",
                3200,
            )
    before = (tmp_path / "0.zip").read_bytes()
    pack_corpus(table.iloc[::-1], [tmp_path / "0.zip"])
    assert (tmp_path / "0.zip").read_bytes() == before


def test_bad_utterances_are_left_out_with_the_reason(tmp_path: Path) -> None:
    table = corpus(tmp_path, [(name, "s", "no", 0.2) for name in ("empty", "gone", "long", "marks", "ok")])
    table.loc[0, "text"], table.loc[3, "text"] = "", "?!"
    table.loc[2, "samples"] = 30 * 60 * 8000
    Path(table.audio_path[1]).unlink()
    dropped = pack_corpus(table, [tmp_path / "0.zip"]).dropped
    assert dropped.utt_id.tolist() == ["empty", "gone", "long", "marks"]
    for reason, part in zip(
        dropped.reason, ["empty text", "no such file", "1800 s long", "empty"], strict=True
    ):
        assert part in reason
    dropped.to_csv(tmp_path / "dropped.csv", index=False)
    with zipfile.ZipFile(tmp_path / "1.zip", "w"):
        pass
    outcomes = {
        outcome.utt_id: outcome.status
        for outcome in align(table, archives=[tmp_path / "1.zip"], dropped=tmp_path / "dropped.csv")
    }
    assert outcomes == {**dict.fromkeys(dropped.utt_id, "dropped"), "ok": "failed"}


@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(1, 1000)), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_shards_keep_speakers_together_and_are_balanced(rows: list[tuple[str, int]], shards: int) -> None:
    table = pd.DataFrame(rows, columns=["speaker", "samples"]).assign(sample_rate=100)
    assigned = assign_shards(table, shards)
    assert assigned.between(0, shards - 1).all()
    assert (assigned.groupby(table.speaker).nunique() == 1).all()
    loads = table.samples.groupby(assigned).sum().reindex(range(shards), fill_value=0)
    longest = table.samples.groupby(table.speaker).sum().max()
    assert loads.max() <= loads.min() + longest
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(assign_shards(shuffled, shards).sort_index(), assigned)


@given(st.text())
def test_file_names_are_safe_and_come_back(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    safe = file_name(name)
    assert original_name(safe) == name
    assert safe and safe.isascii() and not set(safe) & set("/\\. '\"")
