"""Files as people have them: any number of Praat, any broken files among good ones, any damage at all."""

import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textgrid_files import GRID, long_text, manifest, short_text

from benchmarks.fuzz import fuzz
from benchmarks.fuzz_stages import STAGES
from layerwise.align.importing import import_alignments
from layerwise.align.praat_text import parse
from layerwise.align.run import align_with
from layerwise.align.textgrid_reader import PHONE_TIERS, WORD_TIERS
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.errors import AlignmentError, CorpusError

# The same for all tests: the folder is theirs, and each example writes all of its files.
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

times = st.lists(st.floats(0, 1.2), min_size=2, max_size=6, unique=True).map(sorted)
# Praat writes 17 digits, programs for it any number of them, with or without an exponent.
written = st.sampled_from(
    [repr, "{:.17g}".format, "{:.15g}".format, "{:e}".format, "{:.20E}".format, "{:+.3f}".format]
)


@given(times, written, st.sampled_from([long_text, short_text]))
def test_any_number_that_praat_writes_is_read(edges, write, form):
    entries = [(write(start), write(end), "a") for start, end in pairwise(edges)]
    end, (tier,) = parse(form({"words": entries}, end=write(edges[-1])))
    assert end == float(write(edges[-1]))
    assert tier.entries == [(float(start), float(last), label) for start, last, label in entries]


@given(st.floats(0, 1e-6), written)
def test_a_time_that_is_nearly_0_is_0(tiny, write):
    tiers = {name: [(write(tiny), *entries[0][1:]), *entries[1:]] for name, entries in GRID.items()}
    (found,) = import_alignments(
        manifest("u"),
        lambda _: long_text(tiers).encode(),
        word_tiers=WORD_TIERS,
        phone_tiers=PHONE_TIERS,
        phone_set_name="arpabet",
    )
    assert (found.status, found.reason, len(found.intervals)) == ("aligned", "", 7)


def sound(form: str = "WAV", seconds: float = 0.5, subtype: str = "PCM_16", level: float = 0.1) -> bytes:
    stream = io.BytesIO()
    noise = level * np.random.default_rng(0).uniform(-1, 1, round(16_000 * seconds))
    soundfile.write(stream, noise, 16_000, format=form, subtype=subtype)
    return stream.getvalue()


BROKEN_AUDIO: dict[str, Callable[[], bytes | None]] = {
    "missing": lambda: None,
    "empty file": lambda: b"",
    "not audio": lambda: b"RIFF, but no more",
    "git-lfs": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
    "truncated": lambda: sound()[:-4000],
    "truncated or damaged": lambda: sound("FLAC")[:-4000],
    "too short": lambda: sound(seconds=0.02),
    "where full scale is 1": lambda: sound(subtype="FLOAT", level=9000),
    "NaN": lambda: sound(subtype="FLOAT", level=np.nan),
}


@quick
@given(st.lists(st.sampled_from([None, *BROKEN_AUDIO]), min_size=1, max_size=7), st.integers(1, 3))
def test_good_audio_passes_and_each_broken_file_is_named_once(tmp_path, faults, workers):
    entries = []
    for number, fault in enumerate(faults):
        path = tmp_path / f"{number}.wav"
        path.unlink(missing_ok=True)
        content = BROKEN_AUDIO[fault]() if fault else sound()
        if content is not None:
            path.write_bytes(content)
        entries.append(Entry(f"u{number}", "s", None, path, "a word"))
    broken = {f"u{number}": fault for number, fault in enumerate(faults) if fault}
    if len(broken) == len(faults):
        with pytest.raises(CorpusError, match="no usable utterance"):
            build_manifest(entries, seed=0, workers=workers)
        return
    kept, excluded, _ = build_manifest(entries, seed=0, workers=workers)
    assert set(kept["utt_id"]) == {entry.utt_id for entry in entries} - broken.keys()
    assert excluded["utt_id"].tolist() == sorted(broken)
    for utt_id, reason in zip(excluded["utt_id"], excluded["reason"], strict=True):
        assert broken[utt_id] in reason


def changed(tier: str, entry: tuple[float, float, str]) -> str:
    return long_text({**GRID, tier: [entry, *GRID[tier][1:]]})


BROKEN_GRIDS: dict[str, Callable[[], str | None]] = {
    "no TextGrid of this name": lambda: None,
    "no TextGrid: neither": lambda: "words",
    "broken TextGrid": lambda: long_text(GRID)[:400],
    "cut off": lambda: long_text({**GRID, "words": GRID["words"][:2]}),
    "no phone tier": lambda: long_text({"words": GRID["words"]}),
    "not of this audio": lambda: long_text(GRID, end=9.0),
    "overlaps": lambda: changed("words", (0.0, 0.4, "she")),
    "not those of the transcript": lambda: long_text(GRID).replace("she", "no").replace("had", "one"),
}


@quick
@given(st.lists(st.sampled_from([None, *BROKEN_GRIDS]), min_size=1, max_size=7))
def test_good_textgrids_pass_and_each_broken_one_is_named_once(tmp_path, faults):
    ids = [f"u{number}" for number in range(len(faults))]
    for utt_id, fault in zip(ids, faults, strict=True):
        path = tmp_path / f"{utt_id}.TextGrid"
        path.unlink(missing_ok=True)
        content = BROKEN_GRIDS[fault]() if fault else long_text(GRID)
        if content is not None:
            path.write_text(content)
    options = {"path": str(tmp_path), "phone_set": "arpabet"}
    corpus = manifest(*ids)
    if None not in faults:
        with pytest.raises(AlignmentError, match=f"{len(ids)} of {len(ids)} utterances .* First: u0"):
            align_with(corpus, "textgrid", options=options)
        return
    intervals, quality = align_with(corpus, "textgrid", options=options)
    assert quality["utt_id"].tolist() == ids
    for utt_id, status, reason, fault in zip(
        *(quality[name] for name in ("utt_id", "status", "reason")), faults, strict=True
    ):
        assert (status == "aligned") == (fault is None) == (utt_id in set(intervals["utt_id"]))
        assert fault is None or fault in reason


@pytest.mark.parametrize("name", STAGES)
def test_no_damage_leaves_a_stage_without_a_name(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A small version of benchmarks/fuzz.py."""
    tally = fuzz(STAGES[name], 4 if name == "checkpoint" else 40, seed=0)
    assert not tally.failures, tally.failures[0]
    assert tally.outcomes.total() - tally.outcomes["fine"] > 0


def test_a_stage_that_names_nothing_or_loses_a_good_utterance_is_found(tmp_path: Path) -> None:
    def draw(rng, folder):
        def run() -> str:
            if rng.random() < 0.5:
                raise CorpusError("something is wrong")
            raise ValueError("nobody knows where")

        return ["u.wav"], run

    stage = type(STAGES["audio"])("bad", draw)
    assert fuzz(stage, 12, seed=0).outcomes == {"failed": 12}
