"""Import of TextGrids: every form gives the same intervals, every fault its reason."""

import codecs
import re
from typing import Any

import pytest
from textgrid_files import GRID, chronological_text, json_text, long_text, manifest, short_text

from layerwise.align.importing import DEFAULT_TOLERANCES, import_alignments
from layerwise.align.nesting import Tolerances
from layerwise.align.run import align_with
from layerwise.align.textgrid import align
from layerwise.align.textgrid_reader import PHONE_TIERS, WORD_TIERS, read_textgrid
from layerwise.align.textgrid_writer import write_textgrids
from layerwise.errors import AlignmentError

EXPECTED = [
    ("phone", 0.1, 0.3, "SH", 0),
    ("phone", 0.3, 0.5, "IY", 0),
    ("phone", 0.5, 0.6, "HH", 1),
    ("phone", 0.6, 0.8, "AE", 1),
    ("phone", 0.8, 1.0, "D", 1),
    ("word", 0.1, 0.5, "she", 0),
    ("word", 0.5, 1.0, "had", 1),
]


def outcome(content, phones="arpabet", tolerances=DEFAULT_TOLERANCES, **rest):
    """What becomes of an utterance "u" with this TextGrid."""
    content = content if isinstance(content, bytes) else content.encode()
    tiers = {"word_tiers": WORD_TIERS, "phone_tiers": PHONE_TIERS, "phone_set_name": phones}
    (found,) = import_alignments(manifest("u", **rest), lambda _: content, **tiers, tolerances=tolerances)
    return found


def changed(tier, place, entry):
    """The grid with one entry of a tier replaced (None: removed)."""
    entries = list(GRID[tier])
    entries[place : place + 1] = [entry] if entry else []
    return {**GRID, tier: entries}


def rows(found):
    return sorted(tuple(item) for item in found.intervals)


@pytest.mark.parametrize("form", [long_text, short_text, chronological_text, json_text])
def test_forms_give_the_same_intervals(form):
    found = outcome(form(GRID))
    assert (found.status, found.reason) == ("aligned", "")
    assert rows(found) == EXPECTED


@pytest.mark.parametrize("form", [long_text, short_text])
def test_the_last_line_may_lack_its_end(form):
    assert rows(outcome(form(GRID).rstrip("\n"))) == EXPECTED


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(mark, encoding, newline):
    grid = {**GRID, "words": [(0.0, 0.5, "café"), (0.5, 1.0, "had"), (1.0, 1.2, "")]}
    content = mark + long_text(grid).replace("\n", newline).encode(encoding)
    found = outcome(content, text="café had")
    assert (found.status, found.reason) == ("aligned", "1 hole(s) inside words")
    assert "café" in {item.label for item in found.intervals}


def test_latin_1_is_noted():
    grid = {**GRID, "words": [(0.0, 0.1, ""), (0.1, 0.5, "café"), *GRID["words"][2:]]}
    found = outcome(long_text(grid).encode("latin-1"), text="café had")
    assert (found.status, found.reason) == ("aligned", "read as Latin-1")
    assert "café" in {item.label for item in found.intervals}


@pytest.mark.parametrize(
    ("words", "phones"),
    [
        ("words", "phones"),
        ("word", "phone"),
        ("Words", "Phones"),
        ("mary - words", "mary - phones"),
        ("ORT-MAU", "MAU"),
        ("ORT", "MAU"),
        ("wrd", "phn"),
    ],
)
def test_tier_names_are_detected(words, phones):
    tiers = [("KAN-MAU", GRID["words"]), (phones, GRID["phones"]), (words, GRID["words"])]
    assert rows(outcome(long_text(tiers))) == EXPECTED


def test_of_several_speakers_the_utterance_s_own_is_taken():
    other = [(0.0, 1.2, "no")]
    tiers = [(f"john - {name}", other) for name in GRID]
    tiers += [(f"mary - {name}", entries) for name, entries in GRID.items()]
    assert rows(outcome(long_text(tiers))) == EXPECTED
    found = outcome(long_text(tiers), speaker="ann")
    assert found.status == "failed"
    assert "several word tiers, none of speaker 'ann'" in found.reason and "john - words" in found.reason


WORDS = GRID["words"]
FAULTS = {
    "empty file": (b"", "no TextGrid"),
    "other text": (b"hello", "no TextGrid"),
    "binary": (b"ooBinaryFile\x08TextGrid\0\0", "binary TextGrid"),
    "unknown encoding": (long_text(GRID).replace("she", "ch\u00e9").encode("mac-roman"), "unknown encoding"),
    "half a character": (codecs.BOM_UTF16_LE + long_text(GRID).encode("utf-16-le")[:-1], "not utf-16"),
    "header only": ('File type = "ooTextFile"\nObject class = "TextGrid"\n', "broken TextGrid"),
    "json of something else": ('{"a": 1}', "broken TextGrid"),
    "json list": ('[{"TextGrid": 1}]', "broken TextGrid"),
    "cut off long": (long_text(GRID)[:-120], "cut off|broken"),
    "cut off short": (short_text(GRID)[:-12], "tier 'phones': cut off"),
    "two tiers of one name": (
        long_text([*GRID.items(), ("words", GRID["words"])]),
        "two tiers are named 'words'",
    ),
    "no phones": (long_text({"words": WORDS}), "no phone tier .tiers: 'words'."),
    "no tier": (long_text({}), "broken|no word tier"),
    "empty tier": (long_text({**GRID, "phones": [(0.0, 1.2, "")]}), "'phones' has no labelled interval"),
    "reversed order": (
        long_text({**GRID, "words": [WORDS[0], WORDS[2], WORDS[1], WORDS[3]]}),
        r"word 'she' \(0.100-0.500 s\) overlaps 'had'",
    ),
    "overlap": (long_text(changed("words", 1, (0.1, 0.55, "she"))), "word 'had' .* overlaps 'she'"),
}  # fmt: skip


BAD_PHONES = {
    "reversed interval": (
        long_text(changed("phones", 1, (0.3, 0.1, "SH"))),
        r"phone 'SH' \(0.300-0.100 s\) does not end after its start",
    ),
    "no length": (long_text(changed("phones", 1, (0.1, 0.1, "SH"))), "does not end after its start"),
    "unknown phones": (long_text(changed("phones", 1, (0.1, 0.3, "ü"))), "'ü' .* is unknown in arpabet"),
    "phone astride": (
        json_text({**GRID, "phones": [(0.1, 0.3, "SH"), (0.3, 0.55, "IY"), (0.55, 1.0, "AE")]}),
        "phone 'IY' .* reaches out of its word 'she'",
    ),
    "word without phones": (
        json_text({"words": WORDS, "phones": GRID["phones"][:3]}),
        "word 'had' .* has no phones",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults_fail_the_utterance_with_the_reason(name):
    text, reason = FAULTS[name]
    found = outcome(text)
    assert found.status == "failed" and not found.intervals
    assert re.search(reason, found.reason), found.reason


@pytest.mark.parametrize("name", BAD_PHONES)
def test_a_bad_phone_costs_its_word(name):
    text, reason = BAD_PHONES[name]
    found = outcome(text)
    lost = "had" if name == "word without phones" else "she"
    assert found.status == "aligned" and "1 bad phone(s), left out with their words" in found.reason
    assert [row for row in rows(found) if row[4] == (lost == "she")] == [
        row for row in EXPECTED if row[4] == (lost == "she")
    ] or name == "phone astride"
    assert {row[3] for row in rows(found) if row[0] == "word"} == {"she", "had"} - {lost}
    assert re.search(reason, found.reason), found.reason


def test_a_phone_outside_any_word_is_noted_and_many_bad_phones_fail_the_utterance():
    found = outcome(long_text(changed("phones", 6, (1.0, 1.2, "AH0"))))
    assert rows(found) == EXPECTED and "'AH' (1.000-1.200 s) is outside any word" in found.reason
    phones = [(first, last, "ü") for first, last, _ in GRID["phones"]]
    found = outcome(long_text({**GRID, "phones": phones}))
    assert found.status == "failed" and "phone 'ü' (0.000-0.100 s) is unknown in arpabet" in found.reason


def test_each_tolerance_has_a_knob():
    overlapping = long_text(changed("words", 1, (0.1, 0.56, "she")))
    early = long_text({**GRID, "phones": [*GRID["phones"][:-1], (1.0, 1.1, "")]})
    astride = long_text({**GRID, "phones": [*GRID["phones"][:2], (0.3, 0.55, "IY"), *GRID["phones"][4:]]})
    for content, knob in ((overlapping, "overlap"), (early, "early_end"), (astride, "overshoot")):
        assert "bad phone" in outcome(content).reason or outcome(content).status == "failed"
        found = outcome(content, tolerances=Tolerances.of(0.02, **{knob: 0.12}))
        assert found.status == "aligned" and "bad phone" not in found.reason
        others = {"overlap": 0.12, "early_end": 0.12, "overshoot": 0.12} | {knob: 0.02}
        found = outcome(content, tolerances=Tolerances.of(0.02, **others))
        assert "bad phone" in found.reason or found.status == "failed"


ONLY_PHONES = [entry for entry in EXPECTED if entry[0] == "phone"]


@pytest.mark.parametrize("form", [long_text, short_text, chronological_text, json_text])
@pytest.mark.parametrize("name", ["phones", "MAU", "mary - phones"])
def test_a_phone_tier_alone_gives_phones_without_words(form, name):
    phones = [entry for entry in GRID["phones"] if entry[2] != "HH"]  # a pause
    found = outcome(form({name: phones}))
    assert (found.status, found.reason) == ("aligned", "no word tier: phones only")
    assert rows(found) == [entry for entry in ONLY_PHONES if entry[3] != "HH"]


def test_words_are_left_out_only_when_asked_or_absent(tmp_path):
    """Another interval tier might hold the words; the key says that it does not."""
    both = {"syllables": GRID["words"], "phones": GRID["phones"]}
    found = outcome(long_text(both))
    assert found.status == "failed" and "no word tier (tiers: 'syllables', 'phones')" in found.reason
    for grid in (both, GRID, {"phones": GRID["phones"]}):
        (tmp_path / "u.TextGrid").write_text(long_text(grid))
        intervals, quality = align_with(
            manifest("u"), "textgrid", options={"path": str(tmp_path), "word_tier": "none"}
        )
        assert quality[["status", "words", "phones"]].values.tolist() == [["aligned", 0, 5]]
        assert intervals["label"].tolist() == ["SH", "IY", "HH", "AE", "D"]
    with pytest.raises(AlignmentError, match="no word tier"):
        align_with(manifest("u"), "textgrid", options={"path": str(tmp_path), "word_tier": "ORT"})


@pytest.mark.parametrize(
    ("phones", "status", "reason"),
    [
        (changed("phones", 1, (0.1, 0.3, "Q9"))["phones"], "aligned", "1 bad phone(s) left out: phone 'Q9'"),
        (changed("phones", 6, (1.0, 1.6, "D"))["phones"], "aligned", "1 bad phone(s) left out"),
        (
            [(0.0, 0.4, "SH"), (0.4, 0.8, "Q9"), (0.8, 1.2, "Q8")],
            "failed",
            "phone 'Q9' (0.400-0.800 s) is unknown",
        ),
        ([(0.0, 1.2, "sil")], "failed", "no phones"),
    ],
)
def test_a_bad_phone_without_words_costs_itself(phones, status, reason):
    found = outcome(long_text({"phones": phones}))
    assert found.status == status and reason in found.reason


def test_phones_alone_come_back_from_the_textgrids_that_are_written(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "u.TextGrid").write_text(long_text({"phones": GRID["phones"]}))
    first, _ = align_with(manifest("u"), "textgrid", options={"path": str(tmp_path / "in")})
    write_textgrids(manifest("u"), first, tmp_path / "out")
    again, _ = align_with(manifest("u"), "textgrid", options={"path": str(tmp_path / "out")})
    assert again.equals(first)


@pytest.mark.parametrize("upper", [True, False])
def test_label_files_of_timit(tmp_path, upper):
    folder = tmp_path / "TRAIN" / "DR1" / ("FCJF0" if upper else "fcjf0")
    folder.mkdir(parents=True)
    name = "SA1" if upper else "sa1"
    phn, wrd = (".PHN", ".WRD") if upper else (".phn", ".wrd")
    # The words share the stop between them, and overlap by it.
    (folder / (name + phn)).write_text(
        "0 1600 h#\n1600 3200 sh\n3200 6400 iy\n6400 7200 dcl\n7200 8000 d\n8000 12000 ix\n12000 16000 h#\n"
    )
    (folder / (name + wrd)).write_text("1600 8000 sheed\n6400 12000 dih\n")
    corpus = manifest("fcjf0-sa1", text="sheed dih", seconds=1)
    intervals, quality = align_with(corpus, "textgrid", options={"path": str(tmp_path)})
    assert quality["status"].tolist() == ["aligned"]
    words = intervals[intervals["tier"] == "word"]
    assert words["label"].tolist() == ["sheed", "dih"] and words["end"].tolist() == [0.4, 0.75]
    assert intervals[intervals["tier"] == "phone"]["label"].tolist() == ["SH", "IY", "D", "IH"]
    (folder / (name + wrd)).write_text("1600 8000\n")
    with pytest.raises(AlignmentError, match="line 1: not first sample, last sample, label"):
        align_with(corpus, "textgrid", options={"path": str(tmp_path), "phone_set": "timit"})
    (folder / (name + wrd)).unlink()
    intervals, quality = align_with(corpus, "textgrid", options={"path": str(tmp_path)})
    assert quality["reason"].tolist() == ["no word tier: phones only"]
    assert intervals["label"].tolist() == ["SH", "IY", "D", "IH"]
    (folder / (name + wrd)).write_text("1600 8000 sheed\n")
    (folder / (name + phn)).unlink()
    with pytest.raises(AlignmentError, match=r"no \.PHN file beside"):
        align_with(corpus, "textgrid", options={"path": str(tmp_path), "phone_set": "timit"})


def test_past_the_end_of_the_audio():
    """Less than the tolerance is clipped and noted, more fails, far more is another audio."""
    found = outcome(long_text(GRID), seconds=0.99)
    assert found.status == "aligned"
    assert found.reason == (
        "the TextGrid lasts 1.200 s, the audio 0.990 s; 1 word(s) clipped to the audio; "
        "1 phone(s) clipped to the audio"
    )
    assert max(item.end for item in found.intervals) == 0.99
    found = outcome(long_text(GRID), seconds=0.97)
    assert found.status == "failed" and "is not inside the 0.970 s of audio" in found.reason
    for seconds in (0.6, 1.8):
        found = outcome(long_text(GRID), seconds=seconds)
        assert found.status == "failed" and "not of this audio" in found.reason
    found = outcome(long_text(GRID), seconds=1.5)
    assert found.status == "aligned" and found.reason == "the TextGrid lasts 1.200 s, the audio 1.500 s"


def test_small_overlaps_and_holes_are_mended_and_noted():
    found = outcome(long_text(changed("words", 1, (0.1, 0.51, "she"))))
    assert (found.status, found.reason) == ("aligned", "1 overlap(s) of words cut")
    assert rows(found) == EXPECTED
    found = outcome(long_text(changed("words", 2, (0.51, 1.0, "had"))))
    assert (found.status, found.reason) == ("aligned", "1 phone(s) clipped to their word")
    assert ("phone", 0.51, 0.6, "HH", 1) in rows(found)
    found = outcome(json_text(changed("phones", 4, None)))
    assert (found.status, found.reason) == ("aligned", "1 hole(s) inside words")


def test_words_that_the_aligner_could_not_pronounce_are_left_out_and_listed():
    phones = [(0.1, 0.5, "spn"), *GRID["phones"][3:]]
    found = outcome(json_text({"words": WORDS, "phones": phones}))
    assert (found.status, found.reason) == ("aligned", "left out, without phones: 'she'")
    assert {item.word_index for item in found.intervals} == {1}
    unknown = [(0.1, 0.5, "<unk>"), *WORDS[2:]]
    found = outcome(json_text({"words": unknown, "phones": phones}), text="had")
    assert (found.status, found.reason) == ("aligned", "left out as no words: '<unk>'")
    nothing = {"words": [(0.1, 0.5, "<unk>")], "phones": [(0.1, 0.5, "spn")]}
    found = outcome(json_text(nothing), text="")
    assert (found.status, found.reason) == ("failed", "no word with phones; left out as no words: '<unk>'")


def test_labels_are_normalised_like_transcripts():
    words = [(0.1, 0.5, "Don\u2019t,"), (0.5, 1.0, "HAD")]
    found = outcome(json_text({**GRID, "words": words}), text="don't had")
    assert (found.status, found.reason) == ("aligned", "")
    assert {item.label for item in found.intervals if item.tier == "word"} == {"don't", "had"}


def test_words_of_another_transcript_are_not_trusted():
    found = outcome(long_text(GRID), text="no way at all")
    assert found.status == "dropped" and "'she had', not 'no way at all'" in found.reason
    found = outcome(long_text(GRID), text="she had it")
    assert (found.status, found.reason) == ("aligned", "words differ from the transcript")
    assert outcome(long_text(GRID), text="").status == "aligned"


def test_timit_closures_are_part_of_their_stop():
    phones = [
        (0.0, 0.1, "h#"), (0.1, 0.2, "tcl"), (0.2, 0.3, "ch"), (0.3, 0.4, "ix"), (0.4, 0.5, "kcl"),
        (0.5, 0.6, "bcl"), (0.6, 0.7, "b"), (0.7, 0.8, "ax-h"), (0.8, 0.9, "tcl"), (0.9, 1.0, "q"),
        (1.0, 1.2, "h#"),
    ]  # fmt: skip
    found = outcome(long_text({**GRID, "phones": phones}), "timit")
    assert (found.status, found.reason) == ("aligned", "")
    assert [row for row in rows(found) if row[0] == "phone"] == [
        ("phone", 0.1, 0.3, "CH", 0), ("phone", 0.3, 0.4, "IH", 0), ("phone", 0.4, 0.5, "K", 0),
        ("phone", 0.5, 0.7, "B", 1), ("phone", 0.7, 0.8, "AH", 1), ("phone", 0.8, 1.0, "T", 1),
    ]  # fmt: skip


def test_phones_may_be_kept_as_they_are():
    phones = [(0.1, 0.5, "\u0282"), (0.5, 1.0, "y\u02d0")]
    found = outcome(json_text({**GRID, "phones": phones}), "keep")
    assert {item.label for item in found.intervals if item.tier == "phone"} == {"\u0282", "y\u02d0"}
    assert outcome(json_text({**GRID, "phones": phones}), "arpabet").status == "failed"


def test_a_corpus_is_matched_by_utterance_wherever_the_files_lie(tmp_path):
    (tmp_path / "speaker/deeper").mkdir(parents=True)
    (tmp_path / "speaker/a.TextGrid").write_text(long_text(GRID))
    (tmp_path / "speaker/deeper/b c.1-\u00e9.textgrid").write_text(short_text(GRID))
    (tmp_path / "c.json").write_text(json_text(GRID))
    (tmp_path / "twice.json").write_text(json_text(GRID))
    (tmp_path / "speaker/twice.TextGrid").write_text(long_text(GRID))
    (tmp_path / "unused.TextGrid").write_text("x")
    corpus = manifest("a", "b c.1-e\u0301", "c", "missing", "twice")
    intervals, quality = align_with(corpus, "textgrid", options={"path": str(tmp_path)})
    quality = quality.set_index("utt_id")
    assert quality["status"].to_dict() == {
        "a": "aligned", "b c.1-e\u0301": "aligned", "c": "aligned", "missing": "failed", "twice": "failed",
    }  # fmt: skip
    assert "no TextGrid of this name" in quality["reason"]["missing"]
    assert "several TextGrids" in quality["reason"]["twice"]
    assert len(intervals) == 3 * len(EXPECTED)


def test_kept_phones_pass_the_check_of_the_interval_table(tmp_path):
    phones = [(0.1, 0.5, "\u0282"), (0.5, 1.0, "y\u02d0")]
    (tmp_path / "a.json").write_text(json_text({**GRID, "phones": phones}))
    options = {"path": str(tmp_path), "phone_set": "keep"}
    intervals, _ = align_with(manifest("a"), "textgrid", options=options)
    assert set(intervals.loc[intervals["tier"] == "phone", "label"]) == {"\u0282", "y\u02d0"}


def test_named_tiers_and_a_missing_folder(tmp_path):
    tiers = [("canonical", GRID["words"]), ("segmented", GRID["phones"]), ("words", [(0.0, 1.2, "x")])]
    (tmp_path / "a.TextGrid").write_text(long_text(tiers))
    options: Any = {"path": str(tmp_path), "word_tier": "canonical", "phone_tier": "segmented"}
    (found,) = align(manifest("a"), **options)
    assert rows(found) == EXPECTED
    (found,) = align(manifest("a"), path=str(tmp_path), word_tier="Canonical", phone_set="arpabet")
    assert "no phone tier" in found.reason and "`alignment.textgrid.phone_tier`" in found.reason
    for path in (None, str(tmp_path / "nothing")):
        with pytest.raises(AlignmentError, match="no such folder"):
            list(align(manifest("a"), path=path))


def test_exported_textgrids_are_imported_unchanged(tmp_path):
    corpus = manifest("a", 'b "quoted"; \u00fc [1]')
    (tmp_path / "in").mkdir()
    for utt_id in corpus["utt_id"]:
        (tmp_path / "in" / f"{utt_id}.TextGrid").write_text(long_text(GRID))
    first, _ = align_with(corpus, "textgrid", options={"path": str(tmp_path / "in")})
    assert write_textgrids(corpus, first, tmp_path / "out") == 2
    again, _ = align_with(corpus, "textgrid", options={"path": str(tmp_path / "out")})
    assert first.equals(again)


def test_several_workers_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("layerwise.align.importing.FILES_PER_WORKER", 1)
    (tmp_path / "a.TextGrid").write_text(long_text(GRID))
    found = list(align(manifest("a", "b"), path=str(tmp_path), workers=2))
    assert [(item.utt_id, item.status) for item in found] == [("a", "aligned"), ("b", "failed")]


def test_single_precision_times_are_the_decimals_that_were_meant():
    grid = read_textgrid(json_text({"words": [(0.16, 27.07, "a")]}, end=30).encode())
    assert grid.tiers[0].entries == ((0.16, 27.07, "a"),)


SYNTAX = 'xmax = 3 "item [1]:" <exists> ! 1.5'


@pytest.mark.parametrize("form", [long_text, short_text, chronological_text])
def test_labels_that_look_like_syntax_and_odd_numbers_are_read(form):
    grid = {
        "notes": [(0.0, 1.4210854715202004e-14, SYNTAX), (1.4210854715202004e-14, 1.2, "two\nlines")],
        **GRID,
    }
    found = read_textgrid(form(grid).encode())
    assert [label for _, _, label in found.tiers[0].entries] == [SYNTAX, "two\nlines"]
    assert rows(outcome(form(grid))) == EXPECTED


@pytest.mark.parametrize(("end", "status"), [(1.195, "aligned"), (1.19999, "aligned"), (1.15, "failed")])
@pytest.mark.parametrize("form", [long_text, short_text])
def test_a_tier_may_end_early_by_the_tolerance(form, end, status):
    grid = {**GRID, "phones": [*GRID["phones"][:-1], (1.0, end, "")]}
    found = outcome(form(grid))
    assert found.status == status and "tier 'phones' stops" in found.reason
    unused = {**GRID, "notes": [(0.0, 0.2, "x")]}
    assert outcome(form(unused)).reason == ""


@pytest.mark.parametrize("label", ["silence", "sil", "sp", "PAU"])
def test_a_word_named_like_silence_is_one_where_phones_are(label):
    grid = {
        "words": [(0.0, 0.1, "sil"), (0.1, 0.5, label), (0.5, 1.0, "had"), (1.0, 1.2, "sp")],
        "phones": GRID["phones"],
    }
    found = outcome(long_text(grid), text=f"{label.lower()} had")
    assert [row[3] for row in rows(found) if row[0] == "word"] == [label.lower(), "had"]


def test_names_of_silence_in_the_phone_tier_are_known_in_any_spelling_or_named_by_the_config():
    grid = {**GRID, "phones": [(0.0, 0.1, "[SIL]"), *GRID["phones"][1:-1], (1.0, 1.2, "zzz")]}
    assert "phone 'zzz' (1.000-1.200 s) is unknown" in outcome(long_text(grid)).reason
    content = long_text(grid).encode()
    (found,) = import_alignments(
        manifest("u"),
        lambda _: content,
        word_tiers=WORD_TIERS,
        phone_tiers=PHONE_TIERS,
        phone_set_name="arpabet",
        silences=("ZZZ",),
    )
    assert rows(found) == EXPECTED


def test_words_are_spelled_as_the_transcript_has_them():
    grid = {**GRID, "words": [(0.0, 0.1, ""), (0.1, 0.5, "goin\u2019"), (0.5, 1.0, "'had"), (1.0, 1.2, "")]}
    found = outcome(long_text(grid), text="goin' had")
    assert [row[3] for row in rows(found) if row[0] == "word"] == ["goin'", "had"]
    assert found.reason == ""


def test_output_of_mfa_without_likelihood_is_no_alignment(tmp_path):
    corpus = manifest("a", "b", "c")
    (tmp_path / "mfa" / "s").mkdir(parents=True)
    for name in ("a", "b", "c"):
        (tmp_path / "mfa" / "s" / f"{name}.json").write_text(json_text(GRID))
    header = "file,begin,end,speaker,overall_log_likelihood,speech_log_likelihood\n"
    (tmp_path / "mfa" / "alignment_analysis.csv").write_text(f"{header}a,0,1,s,-50.1,\nb,0,1,s,,\n")
    quality = align_with(corpus, "textgrid", options={"path": str(tmp_path)})[1].set_index("utt_id")
    assert quality.status.to_dict() == {"a": "aligned", "b": "failed", "c": "aligned"}
    assert quality.reason["b"].startswith("MFA's last pass did not align it: no likelihood in ")
