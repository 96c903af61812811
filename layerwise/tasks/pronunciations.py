"""Phones of texts: the user's lexicon, the English dictionary of PocketSphinx, possessives, and guesses."""

from pathlib import Path

from layerwise.align.dictionary import known_pronunciations
from layerwise.align.g2p import guess_pronunciations
from layerwise.align.lexicon import read_lexicon
from layerwise.errors import AlignmentError


def first_pronunciations(
    words: set[str], lexicon: Path | None, *, guess: bool
) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """Return the first pronunciation of each word that has one, as SUPERB takes it, and which are guessed.

    Raises AlignmentError for a bad lexicon.
    """
    known = known_pronunciations(words, read_lexicon(lexicon) if lexicon else {})
    guessed = {}
    if guess and words - known.keys():
        try:
            guessed = guess_pronunciations(words - known.keys())
        except AlignmentError:  # the package is not installed: such utterances are excluded by name
            guessed = {}
    first = {word: tuple(phones[0].split()) for word, phones in {**known, **guessed}.items()}
    return first, set(guessed)
