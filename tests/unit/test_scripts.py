"""Words of every script on their way: transcript, manifest, MFA's .lab, TextGrid, import."""

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from textgrid_files import long_text

from layerwise import contracts
from layerwise.align.intervals import Outcome
from layerwise.align.mfa_corpus import pack_corpus
from layerwise.align.textgrid import align
from layerwise.align.textgrid_writer import write_textgrids
from layerwise.contracts.corpus import MANIFEST
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.text import normalise_text

STEP = 0.1  # seconds that a word lasts
SECONDS = 8.0


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "u.wav"
    soundfile.write(path, np.sin(np.arange(SECONDS * 16_000)) / 10, 16_000)
    return path


def intervals_of(words: Sequence[str], phone: str) -> pd.DataFrame:
    """Every word lasts STEP and has one phone."""
    rows = [
        ("u", tier, number * STEP, (number + 1) * STEP, label, number)
        for number, word in enumerate(words)
        for tier, label in (("word", word), ("phone", phone))
    ]
    return pd.DataFrame(rows, columns=["utt_id", "tier", "start", "end", "label", "word_index"])


def words_of(outcome: Outcome) -> list[str]:
    return [interval.label for interval in outcome.intervals if interval.tier == "word"]


@settings(max_examples=150)
@given(st.text(max_size=60), st.sampled_from(["a", "ʈ͡ʂʰ", "ã", "ɑ˞", "1", "ˈoː", "क्ष"]))
def test_any_text_is_the_same_words_in_manifest_lab_and_textgrid(audio: Path, text: str, phone: str) -> None:
    words = normalise_text(text).split()
    entry = Entry("u", "s", None, audio, text)
    if not words:
        return
    manifest, _, _ = build_manifest([entry], seed=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contracts.write(MANIFEST, manifest, folder / "manifest.parquet")
        manifest = contracts.read(MANIFEST, folder / "manifest.parquet")
        assert manifest["text"].iloc[0].split(" ") == words
        pack_corpus(manifest, [folder / "mfa.zip"])
        with zipfile.ZipFile(folder / "mfa.zip") as packed:
            assert packed.read("s/u.lab").decode().split() == words
        write_textgrids(manifest, intervals_of(words, phone), folder / "grids")
        (outcome,) = align(manifest, path=str(folder / "grids"), phone_set="keep")
    assert outcome.status == "aligned" and words_of(outcome) == words
    assert {interval.label for interval in outcome.intervals if interval.tier == "phone"} == {phone}


@pytest.mark.parametrize(
    ("text", "labels", "status", "note"),
    [
        ("สวัสดีครับ", ["สวัสดี", "ครับ"], "aligned", "divided otherwise"),
        ("今日は良い天気です", ["今日", "は", "いい", "天気", "です"], "aligned", "differ"),
        ("今日は良い天気です", ["東京", "に", "行く"], "dropped", "not those of the transcript"),
        ("in nineteen ninety nine", ["in", "1999"], "aligned", ""),
        ("in nineteen ninety nine", ["on", "205"], "dropped", "not those of the transcript"),
        ("शब्द और शब्द", ["शब्द", "और", "शब्द"], "aligned", ""),
        ("goin' with 'em", ["goin'", "with", "'em"], "aligned", ""),
    ],
)
def test_textgrids_are_of_the_transcript_however_its_words_are_divided(
    text: str, labels: list[str], status: str, note: str, audio: Path, tmp_path: Path
) -> None:
    manifest, _, _ = build_manifest([Entry("u", "s", None, audio, text)], seed=0)
    tiers = {
        tier: [(place * STEP, (place + 1) * STEP, label) for place, label in enumerate(names)]
        + [(len(names) * STEP, SECONDS, "")]
        for tier, names in (("words", labels), ("phones", ["a"] * len(labels)))
    }
    (tmp_path / "u.TextGrid").write_text(long_text(tiers, SECONDS), encoding="utf-8")
    (outcome,) = align(manifest, path=str(tmp_path), phone_set="keep")
    assert outcome.status == status and note in outcome.reason, outcome
    assert bool(outcome.reason) == bool(note)
    if status == "aligned":
        assert words_of(outcome) == labels
