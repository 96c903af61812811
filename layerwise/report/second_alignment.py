"""The alignment of a run beside a second one, in words and as a table."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from layerwise.report.typeset import DASH, Table, number

TOLERANCES_MS = (10, 20, 50)


@dataclass(frozen=True)
class SecondAlignment:
    """A second alignment: the folder it came from, and the table `align.agreement.agreement` of the two."""

    path: str
    agreement: pd.DataFrame


def comparison_text(comparison: SecondAlignment, aligner: str, utterances: int) -> str:
    """Say what was compared; ``utterances`` is the number of utterances of the corpus."""
    rows: dict[Any, Any] = {
        (row.tier, row.group, row.boundary): row for row in comparison.agreement.itertuples()
    }
    words, phones = rows["word", "all", "start"], rows["phone", "all", "both"]
    return (
        f"The alignment of this run ({aligner}) was compared with that of {comparison.path} in "
        f"{max(words.utterances, phones.utterances)} of the corpus's {utterances} utterances, those with the "
        f"same words (without words: phones) in both: {words.compared} of {words.boundaries} words, and "
        f"{phones.compared} of {phones.boundaries} phone boundaries, those of words with the same phones in "
        "both."
    )


def comparison_table(comparison: SecondAlignment) -> Table:
    """One row for words, for phones and for each class of phones, starts and ends taken together."""
    table = comparison.agreement[comparison.agreement["boundary"] == "both"]
    rows = []
    for _, row in table.iterrows():
        name = f"{row['tier']}s" if row["group"] == "all" else str(row["group"])
        shares = [_number(100 * row[f"within_{tolerance}ms"]) for tolerance in TOLERANCES_MS]
        counts = (str(row["boundaries"]), str(row["compared"]))
        rows.append((name, *counts, _number(row["bias_ms"]), _number(row["median_ms"]), *shares))
    caption = (
        "Boundaries of the second alignment against those of the run: how many there are in the run and how "
        "many were compared, median signed difference (positive: the second is later), median absolute "
        "difference, and percentage of differences of at most 10, 20 and 50 ms."
    )
    limits = (f"\N{LESS-THAN OR EQUAL TO} {tolerance} ms (%)" for tolerance in TOLERANCES_MS)
    header = ("Boundaries of", "All", "Compared", "Signed (ms)", "Absolute (ms)", *limits)
    return Table(caption, header, tuple(rows))


def _number(value: float) -> str:
    return DASH if math.isnan(value) else number(value, 1)
