"""Where a run that is named on the command line lies."""

from pathlib import Path

from layerwise.errors import ReportError


def run_folder(run: str, holds: str, advice: str) -> Path:
    """Return the folder of a run, given by its name or as it is.

    Raises ReportError, with advice, if neither place ``holds`` a file or folder of that name.
    """
    places = [Path("results") / run, Path(run)]
    for place in places:
        if (place / holds).exists():
            return place
    raise ReportError(
        f"no run {run!r}: there is neither {places[0] / holds} nor {places[1] / holds}; {advice}, or name "
        "the run's folder"
    )
