"""The records of a run as one graph: what an artifact was made from, down to what users brought."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerwise.errors import LineageError
from layerwise.lineage.watch import read_record

PLUMBING = ("script", "plugins", "code", "environment", "contents", "others")


@dataclass(frozen=True)
class Step:
    """The job that made an artifact.

    Attributes:
        artifact: the file that was asked for, or that a later step reads.
        record: file name of its record.
        rule: name of the rule.
        code: SHA-256 of the code that ran.
        environment: SHA-256 of the lock file of its environment.
        options: its part of the config.
        inputs: digests of what it read, by role and path.
    """

    artifact: str
    record: str
    rule: str
    code: str
    environment: str
    options: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, str]]


def steps_to(artifact: str, records: Path, concerns: Callable[[str], bool] = lambda path: True) -> list[Step]:
    """Return the jobs that led to an artifact, each once: its own first, then those before it.

    Inputs of which ``concerns(path)`` is false are left out, with what led to them. Raises LineageError: no
    record in the folder ``records`` names the artifact.
    """
    made = _makers(records)
    if artifact not in made:
        raise LineageError(f"{artifact}: no record in {records} says how it was made")
    steps: list[Step] = []
    seen: set[int] = set()
    queue = [artifact]
    while queue:
        path = queue.pop(0)
        record = made.get(path)
        if record is None or id(record) in seen:
            continue
        seen.add(id(record))
        step = _step(path, record, concerns)
        steps.append(step)
        queue += [name for files in step.inputs.values() for name in files]
    return steps


def brought(steps: list[Step], records: Path) -> dict[str, str]:
    """Return the digests of the files that no rule made, by path: audio, weights, texts of users."""
    made = _makers(records)
    return {
        path: digest
        for step in steps
        for files in step.inputs.values()
        for path, digest in sorted(files.items())
        if path not in made
    }


def _makers(records: Path) -> dict[str, dict[str, Any]]:
    contents = [read_record(path) | {"record": path.name} for path in sorted(records.glob("*.json"))]
    return {path: content for content in contents for path in content.get("artifacts", {})}


def _step(artifact: str, record: Mapping[str, Any], concerns: Callable[[str], bool]) -> Step:
    params = record["params"]
    return Step(
        artifact,
        record["record"],
        record["rule"],
        params.get("code", ""),
        params.get("environment", ""),
        {name: value for name, value in params.items() if name not in PLUMBING},
        {
            role: {path: digest for path, digest in files.items() if concerns(path)}
            for role, files in record["inputs"].items()
        },
    )
