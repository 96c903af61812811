"""What Snakemake plans to make anew, and why, in the terms of the records: keys, code, content, files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerwise.lineage.index import MISSING, ContentIndex
from layerwise.lineage.watch import read_record

PLAN = "LAYERWISE_PLAN"  # the file that a dry run writes its plan to
SHOWN = 3
LONGEST = 60  # characters of a value
ABSENT = "(none)"


@dataclass(frozen=True)
class Planned:
    """A job of a dry run.

    Attributes:
        rule: name of the rule.
        wildcards: values of its wildcards.
        output: the files that it makes, its record among them.
        input: what it reads, by role.
        params: what it is planned with.
        runs: whether Snakemake would run it.
        reason: what Snakemake found, by kind: missing, incomplete, updated, followed, inputs, params,
            unknown, said.
    """

    rule: str
    wildcards: Mapping[str, str]
    output: tuple[str, ...]
    input: Mapping[str, list[str]]
    params: Mapping[str, Any]
    runs: bool
    reason: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Values of the wildcards, or nothing."""
        return ", ".join(self.wildcards.values())

    def record(self, base: Path) -> dict[str, Any]:
        """Return the record of the finished job; an empty one if there is none. ``base`` holds results/."""
        paths = (path for path in self.output if Path(path).parent.name == "lineage")
        return next((read_record(base / path) for path in paths), {})


def read_plan(path: Path) -> list[Planned]:
    """Return the jobs that a dry run wrote down."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Planned(**line | {"output": tuple(line["output"])}) for line in lines]


def causes(job: Planned, base: Path, index: ContentIndex) -> list[str]:
    """Return why a job runs, beside following from others: one line each.

    ``base`` is the folder that paths count from.
    """
    reason, record = job.reason, job.record(base)
    found = []
    if reason["missing"]:
        found.append(f"missing: {_few(reason['missing'])}")
    if reason["incomplete"]:
        found.append(f"begun and not finished: {_few(reason['incomplete'])}")
    if reason["updated"]:
        found.append(f"changed since the result was made: {_few(reason['updated'])}")
    if reason["inputs"]:
        found += _other_inputs(job, record)
    # Snakemake does not look at params of a job that follows from another; here they are told all the same.
    told = list(_other_params(job, record, base, index))
    if reason["params"] and not told:
        told = [f"params: {_short(' '.join(map(str, reason['params'])))}"]
    found += told
    if not found and not reason["followed"]:
        found.append(reason["said"] or "asked for by another job")
    return found


def differing_params(job: Planned, record: Mapping[str, Any]) -> list[str]:
    """Return the names of params that are not as the record has them."""
    before, now = record.get("params", {}), job.params
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _other_params(job: Planned, record: Mapping[str, Any], base: Path, index: ContentIndex) -> Iterator[str]:
    """What differs between the params of the record and those of the plan."""
    before, now = record.get("params", {}), job.params
    for name in differing_params(job, record) if before else ():
        if name == "code":
            yield f"code: {now.get('script', 'its script')} or what it imports was edited"
        elif name == "environment":
            yield "lock: the environment's lock file is another one"
        elif name == "contents":
            yield from _other_contents(before.get(name) or {}, job, record, base, index)
        else:
            yield from _other_values(name, before.get(name), now.get(name))


def _other_contents(
    before: Mapping[str, str], job: Planned, record: Mapping[str, Any], base: Path, index: ContentIndex
) -> Iterator[str]:
    now = job.params.get("contents") or {}
    for role in sorted({*before, *now}):
        if before.get(role) == now.get(role):
            continue
        read = record["inputs"].get(role, {})
        files = {*read, *job.input.get(role, [])}
        other = sorted(file for file in files if index.digest(base / file) != read.get(file, MISSING))
        yield f"content: {role}: {_few(other) or 'files'} changed"


def _other_inputs(job: Planned, record: Mapping[str, Any]) -> list[str]:
    read = {file for files in record.get("inputs", {}).values() for file in files}
    now = {file for role, files in job.input.items() if role != "replanned" for file in files}
    stores = {file for file in now if file.endswith(".zarr")}  # no part of records
    more, less = sorted(now - read - stores), sorted(read - now)
    told = [
        f"{what}: {_few(files)}" for what, files in (("new input", more), ("no more read", less)) if files
    ]
    return told or ["it reads other files than before"]


def _other_values(name: str, before: Any, now: Any) -> Iterator[str]:
    """Keys whose values differ, with both values."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            if before.get(key, ABSENT) != now.get(key, ABSENT):
                yield from _other_values(f"{name}.{key}", before.get(key, ABSENT), now.get(key, ABSENT))
    elif _both_lists_of_named(before, now):
        yield from _other_values(name, _by_name(before), _by_name(now))
    else:
        yield f"config: {name}: {_short(before)} -> {_short(now)}"


def _both_lists_of_named(*values: Any) -> bool:
    return all(
        isinstance(value, list) and value and all(isinstance(each, dict) and "name" in each for each in value)
        for value in values
    )


def _by_name(values: list[dict[str, Any]]) -> dict[str, Any]:
    return {value["name"]: value for value in values}


def _few(files: list[str]) -> str:
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return f"{', '.join(files[:SHOWN])}{more}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
