"""Where a run that is named on the command line lies."""

from pathlib import Path

from layerwise.errors import ReportError


def run_folder(run: str, holds: str, advice: str) -> Path:
    """Return the folder of a run by its name, or itself. Raises ReportError if neither ``holds`` that file."""
    places = [Path("results") / run, Path(run)]
    for place in places:
        if (place / holds).exists():
            return place
    raise ReportError(
        f"no run {run!r}: neither {' nor '.join(map(str, places))} holds {holds}; {advice}, or name the run's "
        "folder"
    )
