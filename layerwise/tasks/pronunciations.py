"""Phones of texts: the user's lexicon, the English dictionary of PocketSphinx, possessives, and guesses."""

from pathlib import Path

from layerwise.align.dictionary import in_dictionary, known_pronunciations
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
    forms = {word: in_dictionary(word, known) for word in words}
    unknown = set(forms.values()) - known.keys()
    guessed = {}
    if guess and unknown:
        try:
            guessed = guess_pronunciations(unknown)
        except AlignmentError:  # the package is not installed: such utterances are excluded by name
            guessed = {}
    found = {**known, **guessed}
    first = {word: tuple(found[form][0].split()) for word, form in forms.items() if form in found}
    return first, {word for word, form in forms.items() if form in guessed}
