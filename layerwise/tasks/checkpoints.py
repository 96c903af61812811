"""A training's state on disk, so that a killed job goes on where it was."""

import logging
import pickle
import time
from pathlib import Path
from typing import Any

import torch

from layerwise.files import write_aside

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


class Checkpoint:
    """One file, written whole or not at all, at most every ``every`` seconds; gone when the work is done.

    Args:
        path: the file; None: nothing is kept.
        key: digest of all that determines the result. A file of another key is no checkpoint of it.
    """

    def __init__(self, path: Path | None, key: str, every: float = EVERY_SECONDS) -> None:
        self.path, self.key, self.every = path, key, every
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the state that was saved last, or None."""
        if self.path is None or not self.path.exists():
            return None
        try:
            content: dict[str, Any] = torch.load(self.path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            log.warning("%s: damaged, so training starts anew (%s)", self.path, error)
            return None
        if content.get("key") != self.key:
            log.info("%s: of another training; this one starts anew", self.path)
            return None
        return content

    def save(self, state: dict[str, Any]) -> None:
        """Save a state if the last one is old enough."""
        if self.path is not None and time.monotonic() - self._saved >= self.every:
            with write_aside(self.path) as partial:
                torch.save({"key": self.key, **state}, partial)
            self._saved = time.monotonic()

    def remove(self) -> None:
        """Remove the file: the training has ended."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
