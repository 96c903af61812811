"""A finished run as an RO-Crate: Provenance Run Crate 0.5, https://www.researchobject.org/workflow-run-crate.

All is taken from the records: each job is an action with its inputs, results, keys of the config, times and
licences. Leo et al. 2024, "Recording provenance of workflow runs with RO-Crate", PLOS ONE 19(9): e0309210.
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model.entity import Entity

from layerwise.errors import LineageError
from layerwise.lineage.crate_entities import Entities, name_by_content
from layerwise.lineage.graph import PLUMBING
from layerwise.lineage.watch import read_record, recorded_artifacts

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
MOST_LISTED = 100  # files of one role of a job; more are one entity, and listed in the job's record
SNAKEMAKE = "https://snakemake.github.io"
# Roles of inputs by the key of the config that their licence belongs to.
LICENSED = {"corpus": "files", "corpora": "files", "models": "model", "vectors": "file"}


@dataclass(frozen=True)
class Wish:
    """What a crate shall hold.

    Attributes:
        results: the results themselves, not their digests and sizes alone.
        inputs: the files that users brought too; their licences must allow that.
        licence: of the crate.
    """

    results: bool = False
    inputs: bool = False
    licence: str = ""


class RunCrate:
    """The crate of a run."""

    def __init__(self, run: Path, base: Path, code: Path, wish: Wish) -> None:
        """``run`` is results/NAME below ``base``; ``code`` holds Snakefile and scripts.

        Raises LineageError where there is no record, or a result is not as it was recorded.
        """
        self._run, self._base, self._code, self._wish = run, base, code, wish
        records = sorted((base / run / "lineage").glob("*.json"))
        self._jobs = [(path.stem, read_record(path), _circumstances(path)) for path in records]
        if not self._jobs:
            raise LineageError(f"{run}: no job has left a record there; run it first")
        self._made = recorded_artifacts(base / run / "lineage")
        self._in = Entities(base, self._made)
        commits = sorted({ran["git"]["commit"] for *_, ran in self._jobs if ran} - {""})
        self._version = ", ".join(commits) or "unknown commit"
        self._fill()

    @property
    def cautions(self) -> list[str]:
        """What it could not hold as wished."""
        return self._in.cautions

    def write(self, target: Path) -> None:
        """Write a folder, or a file that ends in ``.zip``."""
        if target.suffix == ".zip":
            self._in.crate.write_zip(target)
        else:
            self._in.crate.write(target)

    def _fill(self) -> None:
        started = [ran["started"] for *_, ran in self._jobs if ran]
        ended = [ran["ended"] for *_, ran in self._jobs if ran]
        root = self._in.crate.root_dataset
        root["name"] = f"Layer-wise analysis of speech models: run {self._run.name}"
        root["description"] = (
            f"{len(self._jobs)} jobs, each with what it read, what it wrote, keys of the config and "
            "circumstances. Files that are not in the crate stand by the digest of their content (RFC 6920)."
        )
        root["datePublished"] = max(ended, default="")[:10] or "1970-01-01"
        root["license"] = self._in.licence(self._wish.licence or "no licence of these results was stated")
        root["conformsTo"] = [self._profile(uri, title) for uri, title in PROFILES.items()]
        workflow = self._workflow()
        self._in.crate.root_dataset["mainEntity"] = workflow
        actions = [self._job(*job) for job in self._jobs]
        run = self._in.context(
            "#run",
            "CreateAction",
            name=f"Run {self._run.name}",
            instrument=workflow,
            object=self._brought() + self._configs(),
            result=self._unique(self._results(record) for _, record, _ in self._jobs),
            actionStatus="http://schema.org/CompletedActionStatus",
            description="; ".join(sorted({ran["command"] for *_, ran in self._jobs if ran})),
        )
        if started:
            run["startTime"], run["endTime"] = min(started), max(ended)
        self._steps(workflow, run, actions)
        root["mentions"] = [run, *actions]
        records = self._in.crate.add_dataset(self._base / self._run / "lineage", f"{self._run}/lineage")
        records["description"] = "Records of all jobs, as they were written."

    def _profile(self, uri: str, title: str) -> Entity:
        return self._in.context(uri, "CreativeWork", name=title, version=uri.rpartition("/")[2])

    def _workflow(self) -> Entity:
        language = self._in.context(
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            "ComputerLanguage",
            name="Snakemake",
            identifier={"@id": SNAKEMAKE},
            url={"@id": SNAKEMAKE},
        )
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        workflow = self._in.copied("Snakefile", kinds, "layerwise", self._code)
        workflow["programmingLanguage"] = language
        workflow["version"] = self._version
        return workflow

    def _job(self, stem: str, record: Mapping[str, Any], ran: Mapping[str, Any]) -> Entity:
        licences = {LICENSED[key.partition(".")[0]]: text for key, text in ran.get("licences", {}).items()}
        inputs = [
            self._inputs(stem, role, files, licences.get(role, ""))
            for role, files in record["inputs"].items()
            if files
        ]
        action = self._in.context(
            f"#job/{quote(stem)}",
            "CreateAction",
            name=f"{record['rule']}: {stem}",
            instrument=self._tool(record),
            object=self._unique([*inputs, self._keys(record["params"])]),
            result=self._results(record),
            actionStatus="http://schema.org/CompletedActionStatus",
        )
        if ran:
            action["startTime"], action["endTime"] = ran["started"], ran["ended"]
            action["description"] = _told(ran)
            action["resourceUsage"] = self._in.context(
                f"#job/{quote(stem)}/memory",
                "PropertyValue",
                name="peak memory",
                propertyID="https://www.wikidata.org/wiki/Q5830",
                value=str(ran["peak_mb"]),
                unitCode="https://qudt.org/vocab/unit/MegaBYTE",
            )
        return action

    def _tool(self, record: Mapping[str, Any]) -> Entity:
        """The script of a job, copied: it is small."""
        script = f"scripts/{record['params']['script']}"
        tool = self._in.copied(script, ["File", "SoftwareSourceCode"], f"rule {record['rule']}", self._code)
        tool["version"] = self._version
        tool["programmingLanguage"] = self._in.context(
            "https://www.python.org", "ComputerLanguage", name="Python", version=record["versions"]["python"]
        )
        return tool

    def _keys(self, params: Mapping[str, Any]) -> list[Entity]:
        """Keys of the config, and digests of code and lock, as values; equal ones of jobs are one."""
        told = {key: value for key, value in params.items() if key not in PLUMBING}
        told |= {f"SHA-256 of {key}": params[key] for key in ("code", "environment") if key in params}
        found = []
        for key, value in sorted(told.items()):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
            number = hashlib.sha256(f"{key} {text}".encode()).hexdigest()[:12]
            found.append(self._in.context(f"#key/{number}", "PropertyValue", name=key, value=text))
        return found

    def _steps(self, workflow: Entity, run: Entity, actions: list[Entity]) -> None:
        """Rules are steps; the engine's action organises what controls the action of each job."""
        steps: dict[str, Entity] = {}
        controls, tools = [], []
        for (stem, record, _), action in zip(self._jobs, actions, strict=True):
            rule, tool = record["rule"], action["instrument"]
            if rule not in steps:
                step = f"#step/{rule}"
                steps[rule] = self._in.context(step, "HowToStep", name=rule, position=str(len(steps) + 1))
                steps[rule]["workExample"] = tool
                tools.append(tool)
            control = self._in.context(f"#control/{quote(stem)}", "ControlAction", name=f"orchestrate {stem}")
            control["instrument"], control["object"] = steps[rule], action
            controls.append(control)
        workflow["step"], workflow["hasPart"] = list(steps.values()), self._unique([tools])
        engine = self._in.context(
            f"{SNAKEMAKE}/#engine",
            "SoftwareApplication",
            name="Snakemake",
            url={"@id": SNAKEMAKE},
            softwareVersion=importlib.metadata.version("snakemake"),
        )
        organize = self._in.context("#organize", "OrganizeAction", name="Snakemake", instrument=engine)
        organize["object"], organize["result"] = controls, run

    def _brought(self) -> list[Entity]:
        """What users brought, of all jobs."""
        roles = [
            self._inputs(
                stem, role, {path: read for path, read in files.items() if path not in self._made}, ""
            )
            for stem, record, _ in self._jobs
            for role, files in record["inputs"].items()
        ]
        return self._unique(roles)

    def _inputs(
        self, stem: str, role: str, files: Mapping[str, str], licence: str = "", made: bool = True
    ) -> list[Entity]:
        brought = {path: read for path, read in files.items() if path not in self._made}
        if len(brought) > MOST_LISTED and not self._wish.inputs:
            lines = "\n".join(f"{read} {path}" for path, read in sorted(brought.items()))
            whole = hashlib.sha256(lines.encode()).hexdigest()
            entity = self._in.data(
                name_by_content(whole, role), "Dataset", name=f"{role}: {len(brought)} files"
            )
            entity["description"] = (
                f"Listed with their digests in the record {self._run}/lineage/{stem}.json."
            )
            found = [entity]
        else:
            found = [self._in.file(path, read, self._wish.inputs) for path, read in sorted(brought.items())]
        for entity in found:
            if licence:
                entity["license"] = self._in.licence(licence)
        products = {path: read for path, read in files.items() if made and path in self._made}
        return found + [
            self._in.file(path, read, self._wish.results) for path, read in sorted(products.items())
        ]

    def _results(self, record: Mapping[str, Any]) -> list[Entity]:
        return [self._in.file(path, read, self._wish.results) for path, read in record["artifacts"].items()]

    def _configs(self) -> list[Entity]:
        """Config files that the run was started with, where they still are."""
        told = [ran["config_files"].split() for *_, ran in self._jobs if ran]
        names = sorted({name for names in told for name in names if (self._code / name).is_file()})
        return [self._in.copied(name, ["File"], "config of the run", self._code) for name in names]

    @staticmethod
    def _unique(groups: Iterable[list[Entity]]) -> list[Entity]:
        return list({entity.id: entity for group in groups for entity in group}.values())


def _circumstances(record: Path) -> dict[str, Any]:
    return read_record(record.parent / "runs" / record.name)


def _told(ran: Mapping[str, Any]) -> str:
    """Circumstances in a sentence."""
    state = ran["git"]
    edited = " with edits" if state["dirty"] else ""
    facts = {
        "threads": ran["threads"],
        "device": ran["device"],
        **ran["host"],
        "Slurm job": ran["slurm_job"],
        "commit": f"{state['commit']}{edited}" if state["commit"] else "",
    }
    return "; ".join(f"{name} {value}" for name, value in facts.items() if value)
