"""What a reader may take from under each figure: its files, its tables and how it was made."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from layerwise.report.facts import RunFacts
from layerwise.report.latex import latex
from layerwise.report.names import inter_name, measure_name
from layerwise.report.page.pictures import data_url
from layerwise.report.run_tables import RunTables

OVERVIEW = ("layer_summary", "curve_contrasts", "choice", "single_weighted")
TABLES_OF = {
    "answers": OVERVIEW,
    "corpus": ("utterances", "segments"),
    "alignment": ("utterances",),
    "alignment-quality": ("utterances",),
    "heat": ("layer_summary", "peaks"),
    "depth": ("layer_summary",),
    "measures-vs-measures": ("measure_agreement",),
    "weights-vs-task": ("weights", "downstream_summary"),
    "layers": ("layer_summary", "peaks"),
    "learning": ("learning",),
    "measures": ("measures",),
    "tasks": ("downstream_summary", "task_peaks"),
    "single-vs-weighted": ("single_weighted",),
    "weights": ("weights",),
    "choice": ("choice",),
    "label-errors": ("label_errors",),
    "confusions": ("confusions",),
    "training": ("training",),
    "cca-vs-task": ("layer_summary", "downstream_summary"),
    "agreement": ("agreement",),
}


@dataclass(frozen=True)
class Job:
    """The job that wrote a file, as its record says (`layerwise.lineage.records.provenance`).

    ``inputs`` maps paths to SHA-256; ``commit``, ``command``, ``ended`` and ``seconds`` are circumstances,
    which are not the same in a run that is done again.
    """

    rule: str
    script: str
    code: str
    inputs: Mapping[str, str]
    commit: str = ""
    command: str = ""
    ended: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Taken:
    """What stands under one figure: files by their ending, names of tables, the job behind it.

    ``elsewhere`` are files that are too large for the page: they are in the run's folder of figures.
    ``latex`` are files by name as ``data:`` URLs: the figure in its environment, and its tables.
    """

    tables: Sequence[str]
    pdf: str = ""
    svg: str = ""
    elsewhere: Sequence[str] = ()
    latex: Mapping[str, str] = field(default_factory=dict)
    job: Job | None = None


def fitting(sizes: Mapping[str, int], most: int) -> set[str]:
    """Names of the smallest files that together have at most so many bytes."""
    kept, total = set(), 0
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        total += sizes[name]
        if total > most:
            break
        kept.add(name)
    return kept


def tables_of(stem: str, tables: RunTables, facts: RunFacts) -> list[str]:
    """Names of the tables behind a figure."""
    if stem in TABLES_OF:
        names: Sequence[str] = TABLES_OF[stem]
    elif stem in {inter_name(*pair) for pair in tables.pairs}:
        names = ("inter_scores",)
    elif stem in {measure_name(measure.name) for measure in facts.measures}:
        names = ("measures",)
    elif stem in tables.analyses:
        names = ("layer_summary", "peaks")
    else:
        names = ()
    return list(names)


def digest_of(table: str, job: Job) -> str:
    """SHA-256 of a table by its name, as a job that read it says; empty if it did not."""
    return next((sha for path, sha in job.inputs.items() if PurePosixPath(path).stem == table), "")


def drawn_from(job: Job, tables: Collection[str]) -> Job:
    """The job with those inputs alone that a figure draws: its tables, or all if none is named."""
    own = {path: sha for path, sha in job.inputs.items() if PurePosixPath(path).stem in tables}
    return replace(job, inputs=own or job.inputs)


def latex_figure(stem: str, caption: str) -> str:
    """A figure as LaTeX sets it: ``{stem}.pdf``, as wide as the column, with its caption and a label."""
    lines = (
        *(r"\begin{figure}", r"  \centering", rf"  \includegraphics[width=\linewidth]{{{stem}.pdf}}"),
        *(rf"  \caption{{{latex(caption)}}}", rf"  \label{{fig:{stem}}}", r"\end{figure}", ""),
    )
    return "\n".join(lines)


def latex_of(stem: str, tables: RunTables, written: Mapping[str, Path]) -> dict[str, str]:
    """LaTeX tables behind a figure, by file name, as ``data:`` URLs; ``written`` maps names to files."""
    names = {
        "layers": tables.analyses,
        "tasks": tables.tasks,
        "single-vs-weighted": tables.tasks,
        "choice": ["choice"],
        "agreement": ["agreement"],
    }.get(stem, [stem])
    return {
        f"{name}.tex": data_url(written[name].read_bytes(), "text/x-tex") for name in names if name in written
    }


def read_job(record: Path) -> Job | None:
    """Read who wrote a file from its record and the record of the run beside it; None without a record."""
    if not record.is_file():
        return None
    told = json.loads(record.read_text(encoding="utf-8"))
    params: Mapping[str, Any] = told["params"]
    inputs = {path: sha for role in told["inputs"].values() for path, sha in role.items()}
    run = record.parent / "runs" / record.name
    around = json.loads(run.read_text(encoding="utf-8")) if run.is_file() else {}
    return Job(
        rule=told["rule"],
        script=f"scripts/{params.get('script', '')}",
        code=params.get("code", ""),
        inputs=inputs,
        **(_circumstances(around) if around else {}),
    )


def _circumstances(told: Mapping[str, Any]) -> dict[str, Any]:
    started, ended = (datetime.fromisoformat(told[name]) for name in ("started", "ended"))
    changed = " with changes" if told["git"]["dirty"] else ""
    commit = told["git"]["commit"]
    return {
        "commit": f"{commit}{changed}" if commit else "",
        "command": told["command"],
        "ended": told["ended"],
        "seconds": (ended - started).total_seconds(),
    }
