"""Stores that are about to be made anew are set aside: the new extraction carries over what it can."""

import shutil
from pathlib import Path

FOLDER = ".before"


def digest_of(store: Path) -> Path:
    """Return the file beside a store that holds its digest."""
    return store.with_name(f"{store.name.removesuffix('.zarr')}.digest.json")


def set_aside_of(store: Path) -> Path:
    """Return where a store is set aside."""
    return store.parent / FOLDER / store.name


def set_aside(store: Path) -> None:
    """Move a finished store, with its digest, to where its next extraction finds it.

    A store without a digest is not finished, or its user wants it made anew: it stays where it is. What was
    set aside earlier is replaced. Killed in between, there is a store without a digest, which nobody takes.
    """
    digest = digest_of(store)
    if not (store.is_dir() and digest.is_file()):
        return
    forget(store)
    aside = set_aside_of(store)
    aside.parent.mkdir(exist_ok=True)
    store.replace(aside)
    digest.replace(digest_of(aside))


def forget(store: Path) -> None:
    """Remove what was set aside of a store."""
    aside = set_aside_of(store)
    digest_of(aside).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)


def candidates(store: Path) -> list[Path]:
    """Return the stores from which an extraction may carry over: that set aside, then those beside it."""
    beside = sorted(path for path in store.parent.glob("*.zarr") if path != store)
    return [set_aside_of(store), *beside]
