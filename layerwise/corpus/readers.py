"""Reading a corpus by the name of its layout."""

from pathlib import Path
from typing import Any

from layerwise.corpus.entries import Entry
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import ReaderSpec


def read_corpus(path: Path | str, reader: str = "table", **options: Any) -> list[Entry]:
    """Return the utterances of a corpus as it lists them.

    ``reader`` is the name of a layout (`layerwise.specs.readers`), ``options`` are its own
    (`layerwise.options.readers`). Raises ConfigError for an unknown one and CorpusError for a corpus that
    cannot be read.
    """
    entries: list[Entry] = load_object(registry().find(ReaderSpec, reader).code)(Path(path), **options)
    return entries
