"""Stores that hold part of what an extraction wants: found, linked, verified."""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from layerwise.errors import StoreError
from layerwise.features.digest import verify
from layerwise.features.held import Held, fits
from layerwise.features.plan import PlannedUtterance
from layerwise.features.store import StoreHeader
from layerwise.files import write_json
from layerwise.jobs.stores import digest_of

log = logging.getLogger(__name__)

METADATA = "zarr.json"  # what Zarr edits in place is copied, all else linked
NOTE = ".carried.json"


@dataclass(frozen=True)
class Carried:
    """What an extraction took from another store: its path, overall digest, and how many utterances."""

    store: str
    digest: str
    utterances: int


def gather(
    utterances: Iterable[PlannedUtterance], header: StoreHeader, candidates: Sequence[Path], folder: Path
) -> None:
    """Link into ``folder`` the candidates that hold whole utterances of these, each store verified.

    A store counts if all that its values depend on is as in ``header``, its digest is beside it, and every
    file is as the digest says. What is given is for good: the original may be removed meanwhile.
    """
    left = [utterance for utterance in utterances if utterance.sha256]
    for number, path in enumerate(candidates):
        if not left or not digest_of(path).is_file() or not path.is_dir():
            continue
        target = folder / f"{number}.zarr"
        try:
            if not fits(path, header):
                continue
            held = Held(path)
            found = {utterance.utt_id for utterance in left if held.place(utterance)}
            if not found:
                continue
            given = _linked(path, target)
        except (OSError, StoreError) as error:
            log.warning("%s: nothing is carried over from it (%s)", path, error)
            shutil.rmtree(target, ignore_errors=True)
            continue
        write_json(asdict(Carried(path.as_posix(), given, len(found))), folder / f"{number}{NOTE}")
        left = [utterance for utterance in left if utterance.utt_id not in found]


def gathered(folder: Path) -> list[tuple[Held, Carried]]:
    """Return the stores that `gather` linked, in its order, and what is taken of each."""
    numbers = sorted(int(note.name.removesuffix(NOTE)) for note in folder.glob(f"*{NOTE}"))
    return [
        (Held(folder / f"{number}.zarr"), Carried(**json.loads((folder / f"{number}{NOTE}").read_text())))
        for number in numbers
    ]


def link_file(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no hard links, copy it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)


def link_store(store: Path, target: Path) -> None:
    """Give all files of a store a second name below ``target``, which must not exist yet."""
    for file in sorted(store.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            path = target / file.relative_to(store)
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.name == METADATA:
                shutil.copyfile(file, path)
            else:
                link_file(file, path)


def _linked(store: Path, target: Path) -> str:
    """Link a store with its digest and verify it; return the digest. Raises StoreError for a damaged one."""
    link_store(store, target)
    shutil.copyfile(digest_of(store), digest_of(target))
    if problems := verify(target, digest_of(target)):
        raise StoreError(problems[0])
    return str(json.loads(digest_of(target).read_text(encoding="utf-8"))["digest"])
