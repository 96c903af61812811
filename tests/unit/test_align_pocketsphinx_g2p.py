"""Pronunciations of words that no dictionary has."""

import importlib.util
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from layerwise.align import g2p
from layerwise.align.g2p import guess_pronunciations
from layerwise.align.intervals import PHONES
from layerwise.align.lexicon import possessives, read_lexicon
from layerwise.errors import AlignmentError


def distance(a: list[str], b: list[str]) -> int:
    """Levenshtein distance."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    table[:, 0], table[0] = range(len(a) + 1), range(len(b) + 1)
    for i, j in product(range(1, len(a) + 1), range(1, len(b) + 1)):
        replaced = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
        table[i, j] = min(replaced, table[i - 1, j] + 1, table[i, j - 1] + 1)
    return int(table[-1, -1])


def test_guesses_are_near_the_pronunciations_of_the_embedded_lexicon(repository: Path) -> None:
    lexicon = read_lexicon(repository / "resources" / "prompts" / "lexicon.txt")
    guesses = {word: phones.split() for word, (phones,) in guess_pronunciations(lexicon).items()}
    assert guesses.keys() == lexicon.keys()
    assert all(set(phones) <= set(PHONES) for phones in guesses.values())
    errors, total = 0, 0
    for word, pronunciations in lexicon.items():
        nearest = min((right.split() for right in pronunciations), key=lambda r: distance(guesses[word], r))
        errors += distance(guesses[word], nearest)
        total += len(nearest)
    assert errors / total < 0.15


def test_only_latin_letters_are_guessed() -> None:
    assert guess_pronunciations(["911", "q2", "привет", "'"]) == {}
    accented, plain = (guess_pronunciations([word])[word] for word in ("blüté", "blute"))
    assert accented == plain


def test_step_equals_the_gated_recurrent_unit_of_torch() -> None:
    weights = g2p._weights()
    cell = torch.nn.GRUCell(256, 256)
    parts = {"weight_ih": "enc_w_ih", "weight_hh": "enc_w_hh", "bias_ih": "enc_b_ih", "bias_hh": "enc_b_hh"}
    cell.load_state_dict({name: torch.from_numpy(weights[part]) for name, part in parts.items()})
    state = np.linspace(-1, 1, 256, dtype=np.float32)
    with torch.no_grad():
        expected = cell(torch.from_numpy(weights["enc_emb"][[7]]), torch.from_numpy(state[None]))
    np.testing.assert_allclose(g2p._gru(weights, "enc", 7, state), expected[0].numpy(), atol=1e-6)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    g2p._weights.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert guess_pronunciations([]) == {}
    with pytest.raises(AlignmentError, match=r"g2p-en: `pip install --no-deps g2p-en`"):
        guess_pronunciations(["backtick"])


def test_possessives_follow_the_sound_before_them() -> None:
    lexicon = {
        "dream": ["D R IY M"],
        "church": ["CH ER CH"],
        "smith": ["S M IH TH"],
        "dog": ["D AO G", "D AA G"],
    }
    found = possessives(["dream's", "church's", "smith's", "dog's", "cat's", "dream"], lexicon)
    assert found == {
        "dream's": ["D R IY M Z"],
        "church's": ["CH ER CH IH Z"],
        "smith's": ["S M IH TH S"],
        "dog's": ["D AO G Z", "D AA G Z"],
    }
