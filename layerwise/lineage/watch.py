"""Whether code, inputs and artifacts are what a result is said to be made from."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from layerwise.errors import LineageError
from layerwise.files import sha256_file
from layerwise.lineage.code import code_digest, code_files, forget_parsed
from layerwise.lineage.content import digest
from layerwise.lineage.index import ContentIndex

SHOWN = 3


class Code:
    """The code of a job while it runs: its script, its plug-ins, and what they import."""

    def __init__(self, script: Path, plugins: Sequence[str], root: Path) -> None:
        """Take the digest of the code as it is now (`code_digest`)."""
        self._what = (script, tuple(plugins), root)
        self._files = code_files(*self._what)
        self._bytes = self._read()
        self.digest = code_digest(*self._what)

    def check(self, planned: str, when: str) -> None:
        """Raise LineageError unless the code is that with which the job was planned, comments aside."""
        now = self._read()
        if now != self._bytes:
            forget_parsed()
            self._files = code_files(*self._what)
            self._bytes, self.digest = now, code_digest(*self._what)
        if self.digest != planned:
            raise LineageError(
                f"{self._what[0].name} or code that it imports was edited {when}: the result would be of "
                "neither version, and none is kept; run again"
            )

    def _read(self) -> dict[str, str]:
        return {name: sha256_file(path) for name, path in self._files.items()}


def check_contents(
    index: ContentIndex, planned: Mapping[str, str], inputs: Mapping[str, Sequence[str]], when: str
) -> None:
    """Raise LineageError, naming the files, unless inputs hold what they held when the job was planned.

    ``planned`` has the digest of all files of a role that a user brings, empty where there are none.
    """
    for role, wanted in planned.items():
        if wanted and index.digest_of(inputs[role]) != wanted:
            files = sorted(inputs[role])
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            raise LineageError(
                f"{role} ({', '.join(files[:SHOWN])}{more}): the content was changed {when}; no result is "
                "kept: run again"
            )


def check_products(inputs: Iterable[str], records: Path) -> None:
    """Raise LineageError for an input that is not as the rule that made it wrote it: edited, or damaged.

    ``records`` is the folder of provenance records. Inputs without a record, and folders, are not looked at.
    """
    files = [path for path in inputs if Path(path).is_file()]
    made = recorded_artifacts(records) if files else {}
    for path in files:
        if path in made and digest(path) not in made[path]:
            raise LineageError(
                f"{path}: changed since rule `{'` or `'.join(sorted(set(made[path].values())))}` wrote it; "
                "delete it and run again to have it made anew"
            )


def recorded_artifacts(records: Path) -> dict[str, dict[str, str]]:
    """Return, of each artifact in a folder of records, the rule that wrote it by the digest it then had."""
    made: dict[str, dict[str, str]] = defaultdict(dict)
    for record in sorted(records.glob("*.json")):
        content = read_record(record)
        for path, written in content.get("artifacts", {}).items():
            made[path][written] = content["rule"]
    return made


def read_record(record: Path) -> dict[str, Any]:
    """Return a provenance record; an empty one for a file that is none, which `unlike_records` names."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


class Difference(NamedTuple):
    """An artifact or input that is not as it was recorded."""

    path: str
    what: str


def unlike_records(records: Path) -> list[Difference]:
    """Compare all that the records of a run name, artifacts and inputs, with what is on the disk.

    Every file is read, whatever its size and time. Feature stores have digests of their own
    (`layerwise.features.digest.verify`).
    """
    found = [
        Difference(record.as_posix(), "cannot be read as a record")
        for record in sorted(records.glob("*.json"))
        if not read_record(record)
    ]
    made = recorded_artifacts(records)
    for path, written in sorted(made.items()):
        rules = "` or `".join(sorted(set(written.values())))
        if not Path(path).exists():
            found.append(Difference(path, f"is missing; rule `{rules}` made it"))
        elif digest(path) not in written:
            found.append(Difference(path, f"differs from what rule `{rules}` wrote"))
    for path, (read, rule) in sorted(_recorded_inputs(records).items()):
        if path not in made and Path(path).exists() and digest(path) != read:
            found.append(Difference(path, f"differs from what rule `{rule}` read"))
    return found


def _recorded_inputs(records: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for record in sorted(records.glob("*.json")):
        content = read_record(record)
        for files in content.get("inputs", {}).values():
            for path, read in files.items():
                found[path] = (read, content["rule"])
    return found
