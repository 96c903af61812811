"""Whether what tasks train on is stored or encoded live, given what the disk may hold."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any, Literal

from layerwise.errors import StoreError
from layerwise.files import write_json
from layerwise.options.extraction import FeatureMode

log = logging.getLogger(__name__)

Kind = Literal["frames", "means"]
KINDS: tuple[Kind, ...] = ("means", "frames")  # means first: they are small


@dataclass(frozen=True)
class Stored:
    """What a store holds for the tasks of its corpus.

    Attributes:
        frames: the frames of every utterance.
        means: the mean frame of every utterance.
        gigabytes: what either takes, or would take.
    """

    frames: bool
    means: bool
    gigabytes: Mapping[Kind, float]

    def mode(self, pooled: bool, asked: FeatureMode) -> Literal["stored", "live"]:
        """Say where a task finds its features, which is ``pooled`` or not and asks for some mode."""
        return "stored" if asked != "live" and (self.means if pooled else self.frames) else "live"


def choose_stored(
    wishes: Mapping[Kind, FeatureMode], sizes: Mapping[Kind, int], disk_gb: float | None
) -> Stored:
    """Decide what is stored, and log it.

    ``wishes`` say for frames and for means what the tasks that train on them ask for; a kind that no task
    wants is missing. ``sizes`` are bytes. What is asked to be ``stored`` is; ``auto`` is where it fits
    ``disk_gb`` (None: no limit) together with what is stored already.
    """
    chosen: dict[Kind, bool] = {}
    used, limit = 0.0, inf if disk_gb is None else disk_gb
    for kind in KINDS:
        wish, gigabytes = wishes.get(kind, "live"), sizes[kind] / 1e9
        chosen[kind] = wish == "stored" or (wish == "auto" and used + gigabytes <= limit)
        used += gigabytes * chosen[kind]
        if wish == "auto":
            what = f"{kind} of the tasks' utterances: {gigabytes:.3g} GB"
            if chosen[kind]:
                log.info("%s: stored (downstream.disk_gb: %g)", what, limit)
            else:
                log.info("%s: more than downstream.disk_gb: %g allows; tasks encode live", what, limit)
    return Stored(**chosen, gigabytes={kind: sizes[kind] / 1e9 for kind in KINDS})


def write_stored(stored: Stored, path: Path | str) -> None:
    """Write what is stored as JSON."""
    write_json(asdict(stored), path)


def read_stored(path: Path | str) -> Stored:
    """Read what `write_stored` wrote. Raises StoreError, naming the file, if it is missing or another."""
    try:
        content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return Stored(**content)
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path}: does not say what is stored ({error}); extract the features again"
        ) from error
