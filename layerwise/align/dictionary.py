"""The English dictionary in PocketSphinx's wheel (CMU's), beside the lexicon."""

from pathlib import Path

import pocketsphinx

from layerwise.align.lexicon import Lexicon, possessives, pronounce
from layerwise.corpus.text import spellings


def known_pronunciations(words: set[str], own: Lexicon) -> Lexicon:
    """Pronunciations of words in the user's lexicon and the dictionary, possessives from their base words.

    Words are also looked up without the apostrophes at their edges. Those without pronunciation are absent.
    """
    words = {form for word in words for form in spellings(word)}
    builtin = _builtin(words | {word.removesuffix("'s") for word in words})
    known = pronounce(words, own, builtin)
    return {**possessives(words - known.keys(), own, builtin), **known}


def _builtin(words: set[str]) -> Lexicon:
    lexicon: Lexicon = {}
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            name, _, phones = line.strip().partition(" ")
            word = name.partition("(")[0]
            if word in words:
                lexicon.setdefault(word, []).append(phones)
    return lexicon


def in_dictionary(word: str, known: Lexicon) -> str:
    """Return the word, without apostrophes at its edges unless the dictionary has it with them."""
    forms = spellings(word)
    return next((form for form in forms if form in known), forms[-1])
