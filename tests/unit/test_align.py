"""Interval tables, lexicon, corpus-wide accounting and TextGrids: everything but a real aligner."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from praatio import textgrid

from layerwise.align.corpus import align_corpus
from layerwise.align.intervals import (
    COLUMNS,
    PHONES,
    Interval,
    Outcome,
    check_intervals,
    find_fault,
    interval_table,
    quality_table,
)
from layerwise.align.lexicon import dictionary_lines, pronounce, read_lexicon
from layerwise.align.run import align_with
from layerwise.align.textgrid_writer import write_textgrids
from layerwise.corpus.text import normalise_text
from layerwise.errors import AlignmentError, ConfigError

NO = (
    Interval("word", 0.1, 0.3, "no", 0),
    Interval("phone", 0.1, 0.2, "N", 0),
    Interval("phone", 0.2, 0.3, "OW", 0),
)


def manifest(*utt_ids: str, seconds: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "utt_id": utt_ids,
            "audio_path": [f"{utt_id}.wav" for utt_id in utt_ids],
            "samples": round(seconds * 16_000),
            "sample_rate": 16_000,
            "text": "no",
        }
    )


def test_there_are_39_phones() -> None:
    assert len(PHONES) == len(set(PHONES)) == 39


def test_tables_are_sorted_and_complete() -> None:
    outcomes = [Outcome("b", "aligned", "", -1.5, NO), Outcome("a", "failed", "no path")]
    intervals, quality = interval_table(outcomes), quality_table(outcomes)
    assert list(intervals.columns) == list(COLUMNS)
    assert intervals[["tier", "label"]].to_numpy().tolist() == [
        ["phone", "N"],
        ["phone", "OW"],
        ["word", "no"],
    ]
    assert quality["utt_id"].tolist() == ["a", "b"]
    assert list(quality.loc[1, ["status", "reason", "score", "words", "phones"]]) == [
        "aligned",
        "",
        -1.5,
        1,
        2,
    ]
    assert math.isnan(quality["score"][0])
    assert interval_table([]).dtypes.equals(intervals.dtypes) or interval_table([]).empty


def test_good_intervals_have_no_fault() -> None:
    assert find_fault(NO, 0.3) == ""
    assert find_fault((), 0.3) == ""


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ((NO[0], NO[1], NO[2]._replace(end=0.2)), "phone 'OW' .* is empty"),
        ((NO[0], NO[1]._replace(start=-0.1), NO[2]), "phone 'N' .* not inside the 0.400 s"),
        ((NO[0]._replace(end=0.5), NO[1], NO[2]), "word 'no' .* not inside"),
        ((NO[0], NO[1]._replace(end=0.25), NO[2]), "phone 'N' .* overlaps phone 'OW'"),
        ((NO[0], NO[1], NO[2]._replace(label="OW1")), "phone 'OW1' .* not one of the 39"),
        ((NO[0], NO[1], NO[2]._replace(end=0.35)), "phone 'OW' .* outside its word"),
        ((NO[0], NO[1], NO[2]._replace(word_index=1)), "phone 'OW' .* outside its word"),
        ((NO[0],), "word 'no' .* has no phones"),
    ],
)
def test_faults_are_named(changed: tuple[Interval, ...], fault: str) -> None:
    with pytest.raises(AlignmentError, match=f"^u: {fault}"):
        check_intervals(interval_table([Outcome("u", "aligned", intervals=changed)]), {"u": 0.4})


def test_interval_of_an_unknown_utterance() -> None:
    with pytest.raises(AlignmentError, match="u: aligned but not in the manifest"):
        check_intervals(interval_table([Outcome("u", "aligned", intervals=NO)]), {})


def test_lexicon_forms(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_text(
        "# comment\n\nIAX\tAY1 AE2 K S\niax(2) IY K S\niax AY AE K S\nça S AA\n", encoding="utf-8"
    )
    lexicon = read_lexicon(path)
    assert lexicon == {"iax": ["AY AE K S", "IY K S"], "ça": ["S AA"]}
    assert list(dictionary_lines(lexicon)) == ["iax AY AE K S\n", "iax(2) IY K S\n", "ça S AA\n"]


@pytest.mark.parametrize(
    ("line", "message"), [("word W ER X", "line 2: unknown phone 'X'"), ("word", "line 2: no phones")]
)
def test_bad_lexicon_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "l.txt").write_text(f"yes Y EH S\n{line}\n")
    with pytest.raises(AlignmentError, match=message):
        read_lexicon(tmp_path / "l.txt")
    with pytest.raises(AlignmentError, match=r"nope\.txt: cannot read"):
        read_lexicon(tmp_path / "nope.txt")


def test_pronunciations_of_all_lexicons() -> None:
    found = pronounce(["no", "yes", "qqzz"], {"no": ["N AA"]}, {"no": ["N OW", "N AA"], "yes": ["Y EH S"]})
    assert found == {"no": ["N AA", "N OW"], "yes": ["Y EH S"]}


@pytest.fixture
def fake_aligner(monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """An aligner that gives the outcomes that a test puts into the dictionary."""
    outcomes: dict[str, Outcome] = {}
    monkeypatch.setitem(globals(), "OUTCOMES", outcomes)
    return outcomes


def fake_align(
    manifest: pd.DataFrame, *, lexicon: Path | None = None, workers: int = 1, **options: Any
) -> Iterator[Outcome]:
    yield from globals()["OUTCOMES"].values()
    if options:
        yield Outcome("b", "failed", options["reason"])


def test_what_became_of_each_is_written_before_losses_end_the_run(
    fake_aligner: dict[str, Outcome], tmp_path: Path
) -> None:
    losses = tmp_path / "logs" / "align.quality.csv"
    fake_aligner["a"] = Outcome("a", "aligned", "", -1.0, NO)
    with pytest.raises(AlignmentError, match=r"1 x no path.*all of them: .*logs/align\.quality\.csv"):
        align_corpus(
            manifest("a", "b"),
            fake_align,
            name="fake",
            max_unaligned=0.4,
            losses=losses,
            options={"reason": "no path"},
        )
    quality = pd.read_csv(losses, keep_default_na=False).set_index("utt_id")
    assert quality.status.to_dict() == {"a": "aligned", "b": "failed"} and quality.reason["b"] == "no path"
    align_corpus(manifest("a", "b"), fake_align, name="fake", losses=losses, options={"reason": "no path"})
    assert not losses.exists()


def test_every_utterance_is_accounted_for(fake_aligner: dict[str, Outcome]) -> None:
    fake_aligner["a"] = Outcome("a", "aligned", "", -1.0, NO)
    intervals, quality = align_corpus(manifest("a", "b"), fake_align, name="fake")
    assert set(intervals["utt_id"]) == {"a"}
    assert list(quality.loc[1, ["utt_id", "status", "reason"]]) == [
        "b",
        "failed",
        "absent from the aligner's output",
    ]


def test_an_aligner_gets_its_own_options(fake_aligner: dict[str, Outcome]) -> None:
    fake_aligner["a"] = Outcome("a", "aligned", "", -1.0, NO)
    _, quality = align_corpus(manifest("a", "b"), fake_align, name="fake", options={"reason": "as asked"})
    assert quality["reason"].tolist() == ["", "as asked"]


def test_loss_limit_counts_reasons(fake_aligner: dict[str, Outcome]) -> None:
    for utt_id, reason in (("a", ""), ("b", "no path"), ("c", "no path"), ("d", "empty text")):
        fake_aligner[utt_id] = (
            Outcome(utt_id, "failed", reason) if reason else Outcome("a", "aligned", "", -1, NO)
        )
    everyone = manifest("a", "b", "c", "d")
    assert len(align_corpus(everyone, fake_align, name="fake", max_unaligned=0.75)[1]) == 4
    with pytest.raises(AlignmentError, match=r"3 of 4 .*2 x no path; 1 x empty text\. First: b"):
        align_corpus(everyone, fake_align, name="fake", max_unaligned=0.7)


def test_nothing_aligned_is_an_error_at_any_limit(fake_aligner: dict[str, Outcome]) -> None:
    with pytest.raises(AlignmentError, match="1 of 1"):
        align_corpus(manifest("a"), fake_align, name="fake", max_unaligned=1.0)


def test_aligner_that_breaks_the_contract(fake_aligner: dict[str, Outcome]) -> None:
    fake_aligner["a"] = Outcome("a", "aligned", "", -1.0, NO)
    with pytest.raises(AlignmentError, match=r"a: word .no. .* not inside the 0\.200 s"):
        align_corpus(manifest("a", seconds=0.2), fake_align, name="fake")


def test_unknown_aligner() -> None:
    with pytest.raises(ConfigError, match=r"unknown name .mfaa.; .*known aligners: .*pocketsphinx"):
        align_with(manifest("a"), "mfaa")


def test_textgrids_are_what_praat_reads(tmp_path: Path) -> None:
    table = interval_table([Outcome("é 1", "aligned", intervals=NO)])
    folder = tmp_path / "grids"
    folder.mkdir()
    (folder / "stale.TextGrid").write_text("old")
    assert write_textgrids(manifest("b", "é 1"), table, folder) == 1
    assert [path.name for path in folder.iterdir()] == ["é 1.TextGrid"]
    grid = textgrid.openTextgrid(str(folder / "é 1.TextGrid"), includeEmptyIntervals=True)
    assert grid.tierNames == ("words", "phones")
    assert [tuple(entry) for entry in grid.getTier("words").entries] == [
        (0, 0.1, ""),
        (0.1, 0.3, "no"),
        (0.3, 0.5, ""),
    ]
    assert [entry.label for entry in grid.getTier("phones").entries] == ["", "N", "OW", ""]
    before = (folder / "é 1.TextGrid").read_bytes()
    write_textgrids(manifest("b", "é 1"), table.iloc[::-1], folder)
    assert (folder / "é 1.TextGrid").read_bytes() == before


def test_words_of_a_lexicon_are_spelled_as_transcripts_are(tmp_path):
    (tmp_path / "l.txt").write_text(
        "Cafe\u0301 K AE F EY\n\u0130stanbul IH S T\n\u0958(2) K\n", encoding="utf-8"
    )
    words = read_lexicon(tmp_path / "l.txt")
    assert set(words) == {normalise_text(word) for word in ("caf\u00e9", "\u0130stanbul", "\u0958")}
