"""What MFA says of its own alignments, ``alignment_analysis.csv``; standard library only."""

import csv
import io
import math
from dataclasses import dataclass

NAME = "alignment_analysis.csv"


@dataclass(frozen=True)
class Analysis:
    """Mean log-likelihoods of a frame, NaN where MFA left the cell empty.

    ``overall`` is that of all frames, empty where MFA's last pass found no path: if an earlier pass did, its
    alignment is exported all the same. ``speech`` is the mean over phones of that of their frames, empty also
    where no phone is known or none of them occurs twice in the corpus.
    """

    overall: float
    speech: float


def read_analysis(table: bytes) -> dict[str, Analysis]:
    """Rows of MFA's table by the name of the file; one without an alignment may have a row, too."""
    rows = csv.DictReader(io.StringIO(table.decode("utf-8", errors="replace")))
    return {
        row.get("file") or "": Analysis(
            _number(row, "overall_log_likelihood"), _number(row, "speech_log_likelihood")
        )
        for row in rows
    }


def aligned(name: str, analysis: dict[str, Analysis] | None) -> bool:
    """Whether MFA's last pass aligned a file that it exported; without a table there is no telling."""
    return analysis is None or (name in analysis and not math.isnan(analysis[name].overall))


def _number(row: dict[str, str], column: str) -> float:
    try:
        return float(row.get(column) or "nan")
    except ValueError:
        return math.nan
