"""Transcripts as the aligners and tasks see them."""

import re
import unicodedata

APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u02bc\u2018`\u00b4", "'"))


def normalise_text(text: str) -> str:
    """Lower-case a transcript and strip punctuation except apostrophes inside words (``don't``).

    Hyphens and slashes separate words. Digits stay as they are: how they are spoken is not written, so the
    aligner reports them as words without a pronunciation.
    """
    text = unicodedata.normalize("NFKC", text.translate(APOSTROPHES)).lower()
    tokens = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text)
    return " ".join(tokens)
