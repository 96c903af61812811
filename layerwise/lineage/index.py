"""What files hold, without reading them again at each start."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from layerwise.files import sha256_file, write_text

SETTLED_NS = 2_000_000_000  # a file changed in the last two seconds may change again within one tick
MISSING = "missing"
BATCH = 256  # files that one thread looks at in a row


class ContentIndex:
    """The SHA-256 of files by path, kept while a file's size, times and inode stay as they were.

    Times count to the nanosecond, that of the last change of the inode too: so an older file moved or copied
    into place is read again, whatever its time and size, and so is one whose time was set back. An index that
    cannot be read is an empty one.
    """

    def __init__(self, path: Path | str) -> None:
        """``path`` is the file that keeps the digests, read when the first is asked for."""
        self._path = Path(path)
        self._kept: dict[str, str] | None = None
        self._changed = False

    def digest(self, file: Path | str) -> str:
        """Return the SHA-256 of a file; it is read if the index does not know it as it is now.

        A file that is not there, as before its download, is ``missing``.
        """
        name = os.fspath(file)
        before = _signature(name)
        if before is None:
            return MISSING
        kept = self._known().get(name)
        if kept is not None and kept.startswith(before):
            return kept[len(before) :]
        found = sha256_file(name)
        if _signature(name) == before and _settled(before):
            self._known()[name] = before + found
            self._changed = True
        return found

    def digest_of(self, files: Iterable[str]) -> str:
        """Return one SHA-256 over the names and contents of files; no files: an empty string."""
        names = sorted(set(files))
        if not names:
            return ""
        self._known()
        whole = hashlib.sha256()
        starts = range(0, len(names), BATCH)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            batches = pool.map(self._lines, (names[start : start + BATCH] for start in starts))
            for number, lines in enumerate(batches):
                whole.update(("\n" * (number > 0) + lines).encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def save(self) -> None:
        """Write what has been learnt. A disk that is full or read-only costs time at the next start only."""
        if self._changed:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_text(json.dumps(self._kept), self._path)
                self._changed = False

    def _lines(self, names: Sequence[str]) -> str:
        return "\n".join(f"{self.digest(name)} {name}" for name in names)

    def _known(self) -> dict[str, str]:
        if self._kept is None:
            try:
                kept = json.loads(self._path.read_text(encoding="utf-8"))
                self._kept = {name: line for name, line in kept.items() if isinstance(line, str)}
            except (OSError, ValueError, AttributeError):
                self._kept = {}
        return self._kept


def _signature(name: str) -> str | None:
    """Size, times and inode of a file, each ended by a space; None where there is none."""
    try:
        status = os.stat(name)  # noqa: PTH116  Path takes twice the time of a corpus
    except FileNotFoundError:
        return None
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} "


def _settled(signature: str) -> bool:
    latest = max(map(int, signature.split()[1:3]))
    return time.time_ns() - latest > SETTLED_NS
