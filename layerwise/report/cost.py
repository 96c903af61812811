"""What the stages of a run cost, from the benchmark files that Snakemake writes beside its jobs."""

from pathlib import Path

import pandas as pd

from layerwise.errors import ReportError

ORDER = (
    *("manifest", "align", "textgrids", "samples", "selection", "feasibility", "extract", "cca", "inter"),
    *("measures", "downstream", "tables", "figures"),
)
COLUMNS = ["stage", "jobs", "wall", "cpu", "memory"]


def cost_of(folder: Path) -> pd.DataFrame:
    """Sum the benchmarks below a folder by stage, in the order of the workflow.

    Returns a row per stage: jobs, seconds of wall clock and of CPU, and the largest resident memory in MB of
    a job; none where nothing was measured, and no CPU for jobs too short for it. Times differ between runs,
    so no table of a run holds them.

    Raises `ReportError` for a file that is no benchmark.
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        try:
            last = pd.read_csv(path, sep="\t", na_values=["-"]).iloc[-1]
            numbers = [float(last[name]) for name in ("s", "cpu_time", "max_rss")]
        except (KeyError, ValueError, IndexError, OSError) as error:
            raise ReportError(f"{path}: not a benchmark of Snakemake ({error}); delete it") from error
        stage = path.relative_to(folder).parts[0].removesuffix(".tsv")
        if stage == "report":  # what an earlier one took; this one is not written yet
            continue
        rows.append((stage, 1, *numbers))
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    made = pd.DataFrame(rows, columns=COLUMNS).groupby("stage", sort=True)
    table = made.agg({"jobs": "sum", "wall": "sum", "cpu": "sum", "memory": "max"}).reset_index()
    place = table["stage"].map(lambda stage: ORDER.index(stage) if stage in ORDER else len(ORDER))
    return table.assign(place=place).sort_values(["place", "stage"], ignore_index=True)[COLUMNS]
