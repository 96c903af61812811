"""How the configs of runs differ: read from their lineage records, key by key."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from layerwise.lineage.watch import read_record
from layerwise.report.compare.runs import ComparedRun

# Plumbing; the analyses are said in full by the jobs that run them.
NOT_CONFIG = ("script", "plugin", "plugins", "contents", "others", "disk_gb", "analyses")
ITSELF = "facts.run"  # the run's own name
HEAD = ["kind", "key", "rules", "of"]
KINDS = ["config", "code", "environment"]
ABSENT = "(none)"
SHOWN = 12  # characters of a digest


class Key(NamedTuple):
    """A param of a rule."""

    kind: str
    name: str
    rule: str


def config_differences(runs: Sequence[ComparedRun]) -> pd.DataFrame:
    """Return what differs between runs: columns kind, key, rules, of, and one for each run by its label.

    kind is ``config``, ``code`` or ``environment`` (first characters of their digests); ``rules`` are those
    whose jobs were given the key with these values, joined by blanks. Jobs that all runs have are compared;
    ``of`` names the job where those of one rule were given different values in some run, and is empty
    elsewhere. Where runs have no job of a rule in common (models have other names), the values of all its
    jobs are compared. A run that lacks a key has ``(none)``.
    """
    read = [_recorded(run.folder / "lineage") for run in runs]
    rules: dict[tuple[int, str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for key in sorted({key for values in read for key in values}):
        found = [values.get(key, {}) for values in read]
        jobs = sorted(set.intersection(*(set(values) for values in found)))
        common = [{job: values[job] for job in jobs} for values in found] if jobs else found
        uneven = bool(jobs) and any(len(set(values.values())) > 1 for values in common)
        for job in jobs if uneven else [""]:
            cells = [values[job] if job else _all(values) for values in common]
            # What a run says of a model, analysis or task that another one lacks is no difference of its own.
            told = [cell for cell in cells if cell != ABSENT] if "[" in key.name else cells
            if len(set(told)) > 1:
                rules[(KINDS.index(key.kind), key.name, job, tuple(cells))].append(key.rule)
    rows = [
        (KINDS[kind], name, " ".join(made), job, *cells)
        for (kind, name, job, cells), made in sorted(rules.items())
    ]
    return pd.DataFrame(rows, columns=[*HEAD, *(run.label for run in runs)], dtype=str)


def _all(values: Mapping[str, str]) -> str:
    return " | ".join(sorted(set(values.values()))) or ABSENT


def recorded(run: ComparedRun) -> bool:
    """Whether a run has lineage records, which its config is read from."""
    return any((run.folder / "lineage").glob("*.json"))


def _recorded(records: Path) -> dict[Key, dict[str, str]]:
    """Values of each key by job."""
    found: dict[Key, dict[str, str]] = defaultdict(dict)
    for path in sorted(records.glob("*.json")):
        record, job = read_record(path), path.name.removesuffix(".json")
        rule = str(record.get("rule", ""))
        for name, value in record.get("params", {}).items():
            if name in ("code", "environment"):
                found[Key(name, name, rule)][job] = str(value)[:SHOWN]
            elif name not in NOT_CONFIG:
                for key, text in _flat(name, value):
                    if key != ITSELF:
                        found[Key("config", key, rule)][job] = text
    return dict(found)


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Leaves of nested values; entries of a list that have names are told by them."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(f"{key}.{name}", part)
    elif _has_names(value):
        yield key, ", ".join(part["name"] for part in value)
        for part in value:
            yield from _flat(f"{key}[{part['name']}]", {k: v for k, v in part.items() if k != "name"})
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _has_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_named(part) for part in value)


def _is_named(part: Any) -> bool:
    return isinstance(part, dict) and "name" in part
