"""Pronunciations of English words that no dictionary has, by the neural model of the g2p-en package.

Only the weights in its wheel are used (Park & Kim 2019, Apache-2.0; a GRU encoder and decoder trained on the
CMU Pronouncing Dictionary). Importing the package itself would download data for its text normaliser.
"""

import importlib.util
import unicodedata
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerwise.align.intervals import PHONES, VOWELS
from layerwise.align.lexicon import Lexicon
from layerwise.errors import AlignmentError

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# The model's output symbols are in alphabetical order; UW is there with and without a stress mark.

START, STOP = 2, 3
FIRST_LETTER, FIRST_PHONE = 3, 4
END_OF_WORD = 2
MAX_PHONES = 30

Weights = Mapping[str, NDArray[np.float32]]


def guess_pronunciations(words: Collection[str]) -> Lexicon:
    """One ARPAbet pronunciation without stress for each word written in Latin letters; others are absent.

    Accents and apostrophes are ignored. Raises AlignmentError if the package is not installed.
    """
    letters = {word: _letters(word) for word in sorted(words)}
    guessed = {word: _decode(_weights(), spelling) for word, spelling in letters.items() if spelling}
    return {word: [" ".join(phones)] for word, phones in guessed.items() if phones}


def _letters(word: str) -> str:
    """The word in a-z, or an empty string if it has other letters or digits."""
    decomposed = unicodedata.normalize("NFD", word.lower()).replace("'", "")
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return plain if set(plain) <= set(LETTERS) else ""


def _decode(weights: Weights, spelling: str) -> list[str]:
    """Greedy decoding of one word."""
    state = np.zeros(weights["enc_w_hh"].shape[1], dtype=np.float32)
    for symbol in [*(FIRST_LETTER + LETTERS.index(letter) for letter in spelling), END_OF_WORD]:
        state = _gru(weights, "enc", symbol, state)
    phones: list[str] = []
    symbol = START
    while len(phones) < MAX_PHONES:
        state = _gru(weights, "dec", symbol, state)
        symbol = int(np.argmax(weights["fc_w"] @ state + weights["fc_b"]))
        if symbol == STOP:
            break
        if symbol >= FIRST_PHONE:
            phones.append(_symbols()[symbol - FIRST_PHONE])
    return phones


def _gru(weights: Weights, side: str, symbol: int, state: NDArray[np.float32]) -> NDArray[np.float32]:
    """One step of a gated recurrent unit (Cho et al. 2014, reset after the product as in PyTorch)."""
    seen = weights[f"{side}_w_ih"] @ weights[f"{side}_emb"][symbol] + weights[f"{side}_b_ih"]
    kept = weights[f"{side}_w_hh"] @ state + weights[f"{side}_b_hh"]
    size = len(state)
    gates = 1 / (1 + np.exp(-(seen + kept)[: 2 * size]))
    reset, update = gates[:size], gates[size:]
    candidate = np.tanh(seen[2 * size :] + reset * kept[2 * size :])
    new: NDArray[np.float32] = (1 - update) * candidate + update * state
    return new


@cache
def _symbols() -> tuple[str, ...]:
    """Phone of each output symbol: three stresses for a vowel, UW also without one."""
    counts = {phone: 3 if phone in VOWELS else 1 for phone in PHONES} | {"UW": 4}
    return tuple(phone for phone in sorted(PHONES) for _ in range(counts[phone]))


@cache
def _weights() -> Weights:
    found = importlib.util.find_spec("g2p_en")
    if found is None or found.origin is None:
        raise AlignmentError(
            "`alignment.pocketsphinx.g2p` needs the package g2p-en: `pip install --no-deps g2p-en`; "
            "or set it to false and add the words to the lexicon"
        )
    with np.load(Path(found.origin).with_name("checkpoint20.npz")) as arrays:
        return dict(arrays)
