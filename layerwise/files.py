"""Files: found one way everywhere, and written aside and renamed into place, whole or not at all."""

import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


BLOCK_BYTES = 1 << 20
LFS_POINTER = b"version https://git-lfs"


@contextmanager
def write_aside(target: Path | str) -> Iterator[Path]:
    """Yield a path beside ``target``; rename it to ``target`` when the block ends without an error.

    The path may become a file or a folder. An existing target is replaced only by a finished one. What a
    killed writer of the same target left behind is removed: a target has one writer at a time.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.aside-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.aside-", dir=target.parent))
    try:
        partial = aside / target.name
        yield partial
        if target.is_dir():
            shutil.rmtree(target)
        partial.replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_csv(frame: "pd.DataFrame", target: Path | str) -> None:
    """Write a table as CSV with Unix line ends and full float precision."""
    with write_aside(target) as partial:
        frame.to_csv(partial, index=False, lineterminator="\n")


def write_parquet(frame: "pd.DataFrame", target: Path | str) -> None:
    """Write a table as Parquet; equal tables give equal bytes."""
    with write_aside(target) as partial:
        frame.to_parquet(partial, index=False, compression="zstd")


def write_json(content: object, target: Path | str) -> None:
    """Write indented JSON with sorted keys."""
    write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", target)


def write_text(text: str, target: Path | str) -> None:
    """Write UTF-8 text."""
    with write_aside(target) as partial:
        partial.write_text(text, encoding="utf-8")


def sha256_file(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def is_lfs_pointer(source: bytes | Path) -> bool:
    """Whether a file, or its content, is a pointer that git leaves where git-lfs has not fetched the file."""
    if isinstance(source, bytes):
        return source.startswith(LFS_POINTER)
    with source.open("rb") as stream:
        return stream.read(len(LFS_POINTER)) == LFS_POINTER


def files_below(folder: Path | str, suffixes: Collection[str] | None = None) -> list[Path]:
    """Return all files below a folder, or those with one of the suffixes (in any case), sorted.

    Links to files and folders are followed, a folder that is inside itself by a link once; a link that leads
    nowhere is among the files, for whoever reads it to name it. Hidden files and folders (``._u.wav`` of
    macOS) are passed over.
    """
    found: list[Path] = []
    _collect(Path(folder), (), found)
    return sorted(path for path in found if suffixes is None or path.suffix.lower() in suffixes)


def _collect(folder: Path, inside: tuple[tuple[int, int], ...], found: list[Path]) -> None:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in inside:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                _collect(folder / entry.name, (*inside, here), found)
            elif entry.is_file() or entry.is_symlink():
                found.append(folder / entry.name)
