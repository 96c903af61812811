"""Digests of files and folders."""

import hashlib
from pathlib import Path

from layerwise.errors import StoreError
from layerwise.files import sha256_file


def digest(path: Path | str) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder that are not hidden.

    Raises:
        StoreError: nothing is there.
    """
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    if not path.is_dir():
        raise StoreError(f"{path}: missing; rerun the rule that makes it")
    whole = hashlib.sha256()
    files = (item for item in path.rglob("*") if item.is_file() and not item.name.startswith("."))
    for file in sorted(files):
        whole.update(f"{file.relative_to(path).as_posix()} {sha256_file(file)}\n".encode())
    return whole.hexdigest()
