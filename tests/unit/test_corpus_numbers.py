"""Digits in texts: kept, or read as English reads them."""

import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.numbers import spell_numbers
from layerwise.corpus.text import normalise_text
from layerwise.options.numbers import Numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("in 1999, 1905 and 1900", "in nineteen ninety nine nineteen oh five and nineteen hundred"),
        ("2005 or 2010", "two thousand and five or twenty ten"),
        ("1,999 of 1,234,567", "one thousand nine hundred and ninety nine of one million two hundred and "
         "thirty four thousand five hundred and sixty seven"),
        ("the 1990s, the '90s", "the nineteen nineties the nineties"),
        ("3.5 3.50 .25 0.05", "three point five three point five zero point two five zero point zero five"),
        ("21st, 2nd and 112th", "twenty first second and one hundred and twelfth"),
        ("$5, $1, $5.50, $0.99 and $3.5 million", "five dollars one dollar five dollars and fifty cents "
         "ninety nine cents and three point five million dollars"),
        ("£3m, 5 € or ₹2", "three million pounds five euros or two rupees"),
        ("50% of 2.5 %", "fifty percent of two point five percent"),
        ("3:30, 3:05, 3:00, 15:00", "three thirty three oh five three o'clock fifteen hundred"),
        ("at 10:05am or 3:00 pm", "at ten oh five am or three pm"),
        ("1/2, 3/4, 2/3 of 1½", "one half three quarters two thirds of one and one half"),
        ("9/11 and 24/7", "nine eleven and twenty four seven"),
        ("-5 or 20°C, 5-10, 5–10", "minus five or twenty degrees celsius five ten five to ten"),
        ("007 and mp3, #5", "zero zero seven and mp three number five"),
        ("call 911 [noise 2]", "call nine hundred and eleven"),
        ("１２ ２１st", "twelve twenty first"),
        ("no number", "no number"),
        ("२ और ٣", "२ और ٣"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_english(text: str, words: str, tmp_path: Path) -> None:
    assert manifest_of(text, "english", tmp_path)[0] == words


def test_digits_stay_unless_asked_and_what_is_read_is_listed(tmp_path: Path) -> None:
    assert manifest_of("Call 911!", "keep", tmp_path) == ("call 911", [])
    assert manifest_of("Call 911!", "english", tmp_path)[1] == [
        "numbers read in English: call nine hundred and eleven"
    ]
    assert manifest_of("Call!", "english", tmp_path)[1] == []


def manifest_of(text: str, numbers: Numbers, folder: Path) -> tuple[str, list[str]]:
    """Text of the manifest, and the warnings about it."""
    path = folder / "u.wav"
    soundfile.write(path, np.sin(np.arange(16_000)) / 10, 16_000)
    manifest, _, warnings = build_manifest([Entry("u", "s", None, path, text)], seed=0, numbers=numbers)
    assert isinstance(warnings, pd.DataFrame)
    return manifest["text"].iloc[0], [w for w in warnings["warning"] if not w.startswith("no words")]


@given(st.text(alphabet=string.digits + " .,:/%$€-–'’stndrhamk½#°", max_size=40))
def test_no_digit_is_left_and_none_is_lost(text: str) -> None:
    read = spell_numbers(text)
    assert not any(digit in string.digits for digit in read)
    assert spell_numbers(read).split() == read.split()
    if any(digit in string.digits for digit in text):
        assert normalise_text(read)
