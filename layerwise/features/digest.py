"""The content digest of a store: one hash per file, one over all, and what differs from them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import zarr

from layerwise.errors import StoreError
from layerwise.files import sha256_file, write_json


def write_digest(store: Path | str, path: Path | str) -> str:
    """Write the digest of a finished store as JSON and return the overall digest.

    ``files`` holds the SHA-256 of each metadata and shard file by its path in the store, ``digest`` the
    SHA-256 over all of them. Equal stores give equal digests. Raises StoreError if the store is missing.
    """
    store = Path(store)
    if not store.is_dir():
        raise StoreError(f"{store}: no such feature store; extract the features")
    files = {name: sha256_file(store / name) for name in _files(store)}
    digest = _overall(files)
    write_json({"digest": digest, "files": files}, path)
    return digest


def verify(store: Path | str, path: Path | str) -> list[str]:
    """Hash a store again and return one line per array file that differs, is missing or is unexpected.

    Of a shard that differs, the line names the chunks that do not match their own checksum.
    """
    store, path = Path(store), Path(path)
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        files: dict[str, str] = recorded["files"]
        digest = recorded["digest"]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: no readable digest ({error}); extract the features again") from error
    problems = [] if digest == _overall(files) else [f"{path}: its digest does not match its own file list"]
    present = _files(store) if store.is_dir() else []
    for name in sorted({*files, *present}):
        where = f"{store}: {_describe(name)}"
        if name not in present:
            problems.append(f"{where} is missing")
        elif name not in files:
            problems.append(f"{where} is not in the digest")
        elif sha256_file(store / name) != files[name]:
            problems.append(f"{where} differs from its digest{_damage(store, name)}")
    return problems


def _files(store: Path) -> list[str]:
    """Files of a store by their path in it; hidden ones are no part of it (Snakemake leaves a time stamp)."""
    files = (path for path in store.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(path.relative_to(store).as_posix() for path in files)


def _overall(files: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _describe(name: str) -> str:
    """Name the array and its shard: ``frames/T3/c/0/0`` is shard c/0/0 of array frames/T3."""
    array, slash, shard = name.partition("/c/")
    return f"array {array}, shard file c/{shard}" if slash else f"metadata file {name}"


def _damage(store: Path, name: str) -> str:
    """Name the chunks of a shard that cannot be read, counted within the shard, and their rows."""
    array_name, slash, file = name.partition("/c/")
    if not slash or file.count("/") != 1:
        return ""
    try:
        array: zarr.Array[Any] = zarr.open_array(store / array_name, mode="r")
    except (OSError, ValueError, KeyError):
        return ""
    chunk, shard = array.chunks[0], (array.shards or array.chunks)[0]
    start = int(file.partition("/")[0]) * shard
    damaged = []
    for first in range(start, min(start + shard, array.shape[0]), chunk):
        try:
            array[first : first + chunk]
        except (OSError, ValueError, RuntimeError):
            last = min(first + chunk, array.shape[0]) - 1
            damaged.append(f"chunk {(first - start) // chunk} (rows {first} to {last})")
    if not damaged:
        return ", though each of its chunks matches its own checksum: it was written by another extraction"
    return ": " + ", ".join(damaged)
