"""The folder in which a store grows until it is whole, and the journal from which a killed job resumes."""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from layerwise.errors import StoreError

log = logging.getLogger(__name__)

LOCK = "lock"


class PartialStore:
    """A store in the making and its journal: the key of the extraction and how far it has come.

    ``samples`` holds the length of each finished utterance in stored order, in samples at 16 kHz as
    encoded; what every array holds follows from it. Of the block after those, ``done`` are the positions of
    utterances that are finished too, and ``budget`` the padded samples of a batch by then (None: as planned).
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.spool = folder / "spool"
        self.sources = folder / "sources"  # stores that rows are carried over from
        self.links = folder / "links.json"
        self.key = key
        self.samples: list[int] = []
        self.done: list[int] = []
        self.budget: int | None = None
        self._journal = folder / "journal.json"

    def resume(self) -> bool:
        """Read the journal; return False if there is none or it is of another extraction."""
        try:
            journal = json.loads(self._journal.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if journal["key"] != self.key or "done" not in journal:
            log.info("%s: of another model, corpus, config or code; starting anew", self.folder)
            return False
        self.samples, self.done, self.budget = journal["samples"], journal["done"], journal["budget"]
        return True

    def commit(self, samples: Sequence[int], budget: int | None = None) -> None:
        """Note durably that a block of utterances of these lengths is finished too."""
        self._note([*self.samples, *samples], [], budget)

    def commit_part(self, done: Sequence[int], budget: int | None) -> None:
        """Note durably which utterances of the block after the finished ones are finished."""
        self._note(self.samples, sorted(done), budget)

    def _note(self, samples: list[int], done: list[int], budget: int | None) -> None:
        aside = self._journal.with_suffix(".aside")
        with aside.open("w", encoding="utf-8") as stream:
            json.dump({"key": self.key, "samples": samples, "done": done, "budget": budget}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(self._journal)
        self.samples, self.done, self.budget = samples, done, budget

    def clear(self) -> None:
        """Remove everything but the lock."""
        self.samples, self.done, self.budget = [], [], None
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()


@contextmanager
def partial_store(target: Path, key: str, create: Callable[["PartialStore"], None]) -> Iterator[PartialStore]:
    """Yield the store in the making at ``.NAME.partial`` beside ``target``; rename it when the block ends.

    ``key`` stands for all that determines the store. A folder that a killed or failed job of the same key
    left is gone on with; any other is emptied, and ``create(partial)`` makes what it starts from. After an
    error the folder stays if an utterance is finished. Raises StoreError if another process works on it.
    """
    folder = target.with_name(f".{target.name}.partial")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        partial = PartialStore(folder, key)
        done = False
        try:
            if not partial.resume():
                partial.clear()
                create(partial)
                partial.commit([])
            yield partial
            if target.is_dir():
                shutil.rmtree(target)
            partial.store.replace(target)
            done = True
        finally:
            if done or not (partial.samples or partial.done):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: the job of a killed Snakemake may still run when the next one starts."""
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"{folder}: another process is extracting into it; wait for it or end it, then run again"
            ) from error
        except OSError as error:
            log.warning("%s: this file system has no locks (%s); start one job at a time", folder, error)
        yield
