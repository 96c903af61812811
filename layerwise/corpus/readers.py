"""Reading a corpus by the name of its layout."""

from pathlib import Path

from layerwise.corpus.entries import Entry
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import ReaderSpec


def read_corpus(path: Path | str, reader: str = "table") -> list[Entry]:
    """Return the utterances of a corpus as it lists them.

    ``reader`` is the name of a layout (`layerwise.specs.readers`). Raises ConfigError for an unknown one and
    CorpusError for a corpus that cannot be read.
    """
    entries: list[Entry] = load_object(registry().find(ReaderSpec, reader).code)(Path(path))
    return entries
