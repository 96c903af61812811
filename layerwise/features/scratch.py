"""Feature stores on the disk of the node: copied there once by a job that reads them in random order."""

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
from pathlib import Path

from layerwise.errors import StoreError

SCRATCH = "LAYERWISE_SCRATCH"  # a folder on a local disk; its name may hold variables of the job
PREFIX = "layerwise-scratch-"
ROOM = 1.05  # free space that a copy wants, of its own size

log = logging.getLogger(__name__)


def near(store: Path | str) -> Path:
    """Return a copy of a store in the folder that ``LAYERWISE_SCRATCH`` names; without one, the store itself.

    The copy is this process's own and is removed at its end; what killed processes left is removed by the
    next one. Where there is no room, the store itself is read, and the log says so.

    Raises:
        StoreError: the folder does not exist or cannot be written, or the store changed while it was copied.
    """
    store = Path(store)
    named = os.path.expandvars(os.environ.get(SCRATCH, ""))
    if not named:
        return store
    size = _size(store)
    try:
        remove_left_over(Path(named))
        if shutil.disk_usage(named).free < ROOM * size:
            log.warning("%s: no room for %s (%.1f GB), which is read where it is", named, store, size / 1e9)
            return store
        place = _place(Path(named))
        shutil.copytree(store, place / store.name)
    except (OSError, shutil.Error) as error:
        raise StoreError(
            f"{store}: cannot be copied to {SCRATCH}={named}: {error}; name a writable folder on a disk of "
            "the node, or unset it"
        ) from error
    if _size(place / store.name) != size:
        raise StoreError(f"{store}: changed while it was copied to {named}; run again")
    log.info("%s: %.2f GB, read from %s", store, size / 1e9, named)
    return place / store.name


def remove_left_over(scratch: Path) -> None:
    """Remove copies whose process has ended: nobody holds their lock any more."""
    for place in scratch.glob(f"{PREFIX}*"):
        try:
            with (place / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
        except OSError:  # in use, or another user's
            continue


def _place(scratch: Path) -> Path:
    """A folder of this process alone, with a lock on it (local disks have locks) while the process lives."""
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch))
    lock = (place / "new").open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (place / "new").rename(place / "lock")  # never there without being held

    def remove() -> None:
        lock.close()
        shutil.rmtree(place, ignore_errors=True)

    atexit.register(remove)
    return place


def _size(store: Path) -> int:
    return sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
