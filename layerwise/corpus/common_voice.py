"""Mozilla Common Voice (Ardila et al. 2020, arXiv 1912.06670): one language of a release."""

import csv
from collections.abc import Iterator
from pathlib import Path

from layerwise.contracts.columns import SPLITS
from layerwise.corpus.entries import Entry, read_text
from layerwise.errors import CorpusError

VALIDATED, CLIPS = "validated.tsv", "clips"
LABELS = ("age", "gender", "accents", "variant", "locale")


def read_common_voice(path: Path) -> list[Entry]:
    """Read a language's folder: ``validated.tsv`` and ``clips/``, splits from train, dev and test.tsv.

    Validated clips that are in no split have a fault: the release leaves them out so that sentences and
    speakers are in one split only. Without these tables no splits are given. Speakers are client ids. Labels
    are age, gender, accents, variant and locale, as far as the release has them. Raises CorpusError for a
    table that is missing or has no such columns.
    """
    split_of = {
        row["path"]: split
        for split in SPLITS
        if (path / f"{split}.tsv").is_file()
        for row in _rows(path / f"{split}.tsv")
    }
    entries = []
    for row in _rows(path / VALIDATED):
        split = split_of.get(row["path"])
        fault = "in none of train.tsv, dev.tsv and test.tsv" if split_of and split is None else ""
        entries.append(
            Entry(
                Path(row["path"]).stem,
                row["client_id"],
                split,
                path / CLIPS / row["path"],
                row["sentence"],
                {label: row[label] for label in LABELS if label in row},
                fault,
            )
        )
    return entries


def common_voice_files(path: Path) -> Iterator[Path]:
    """Yield the tables, and the clips that validated.tsv names, as far as they are there."""
    tables = [path / VALIDATED, *(path / f"{split}.tsv" for split in SPLITS)]
    yield from (table for table in tables if table.is_file())
    for row in _rows(path / VALIDATED):
        if (clip := path / CLIPS / row["path"]).is_file():
            yield clip


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        raise CorpusError(f"{table}: no such file; name the folder of one language of a release")
    # Sentences hold quotation marks as they are.
    rows = list(csv.DictReader(read_text(table).split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE))
    for number, row in enumerate(rows, start=2):
        if not row.get("path") or row.get("sentence") is None or row.get("client_id") is None:
            raise CorpusError(
                f"{table}, line {number}: needs path, client_id and sentence, as Common Voice has them"
            )
        if None in row or None in row.values():
            raise CorpusError(f"{table}, line {number}: has not as many fields as the header")
    return rows
