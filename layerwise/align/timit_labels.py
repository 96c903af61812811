"""Hand labels of TIMIT: ``.phn`` and ``.wrd`` files with first sample, last sample and label a line."""

from pathlib import Path

from layerwise.align.praat_text import short_text
from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import AlignmentError

PHONES, WORDS = ".phn", ".wrd"
SUFFIXES = (PHONES, WORDS)
# Words of TIMIT share the phones at their edges, and overlap by as much.
OVERLAP = 0.15


def as_textgrid(files: list[Path]) -> bytes:
    """Return the label files of an utterance, or phones alone, as a TextGrid.

    Raises AlignmentError for one that is broken, and for words without phones.
    """
    by_suffix = {path.suffix.lower(): path for path in files}
    if PHONES not in by_suffix:
        raise AlignmentError(f"no {PHONES.upper()} file beside {files[0]}")
    named = {"words": WORDS, "phones": PHONES}
    tiers = {name: _labels(by_suffix[suffix]) for name, suffix in named.items() if suffix in by_suffix}
    end = max(entries[-1][1] for entries in tiers.values())
    for entries in tiers.values():
        if entries[-1][1] < end:
            entries.append((entries[-1][1], end, ""))
    return short_text(tiers, end).encode()


def _labels(path: Path) -> list[tuple[float, float, str]]:
    found = []
    for number, line in enumerate(path.read_text(encoding="latin-1").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            first, last, label = line.split()
            found.append((int(first) / SAMPLE_RATE, int(last) / SAMPLE_RATE, label))
        except ValueError as error:
            raise AlignmentError(f"{path}, line {number}: not first sample, last sample, label") from error
    if not found:
        raise AlignmentError(f"{path}: no labels")
    return found
