"""The parts of the page that can be explored: data, programs and looks, all inside the file."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from layerwise.layers import layer_index
from layerwise.options.style import StyleOptions
from layerwise.report.facts import RunFacts
from layerwise.report.page.curves import all_curves
from layerwise.report.page.downloads import Job, Taken, fitting, latex_of, squeezed, tables_of
from layerwise.report.page.models import drawn_models
from layerwise.report.page.overview import overview
from layerwise.report.page.packing import packed, script_json
from layerwise.report.page.pictures import data_url
from layerwise.report.page.problems import problems
from layerwise.report.run_tables import RunTables

# In the order in which they are run: later ones use earlier ones.
SCRIPTS = ("data", "files", "curves", "layer", "overview", "start")
LIBRARY = "plotly-cartesian.min.js"
# Each score of each trial, and how long each utterance is, would double the page: they stay in tables/.
LEFT_OUT = {"layer_scores", "downstream", "side_by_side"}


@dataclass(frozen=True)
class Assets:
    """Programs and looks of the page: the folder ``report/page`` and the library in ``report/vendor``."""

    folder: Path
    library: Path

    @classmethod
    def below(cls, report: Path) -> "Assets":
        """Those in a folder ``report``."""
        return cls(report / "page", report / "vendor" / LIBRARY)

    @property
    def scripts(self) -> list[str]:
        """The programs, in the order in which they are run."""
        own = [self.folder / f"{name}.js" for name in SCRIPTS]
        return [path.read_text(encoding="utf-8") for path in (self.library, *own)]

    @property
    def style(self) -> str:
        """The style sheet."""
        return (self.folder / "page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class FigureFiles:
    """Files of figures by stem, LaTeX tables by name, and the jobs that drew figures (``""``: all others)."""

    pdf: Mapping[str, Path]
    svg: Mapping[str, Path]
    latex: Mapping[str, Path]
    jobs: Mapping[str, Job]


def page_parts(
    tables: RunTables,
    facts: RunFacts,
    stems: Sequence[str],
    files: FigureFiles,
    style: StyleOptions,
    assets: Assets,
    worst: Sequence[Mapping[str, Any]] = (),
    texts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Put together what the template needs beside the content of the report.

    ``stems`` are the figures shown. ``data`` holds the tables in full precision and what is drawn of them,
    ``svg`` the figures as SVG, compressed; ``policy`` is a content security policy that allows these scripts
    alone and no request at all; ``worst`` are the worst alignments (`alignment.worst_utterances`),
    ``texts`` what a paper can take along, by the name of its file.
    """
    held = {
        name: packed(table) for name, table in vars(tables).items() if name not in LEFT_OUT and len(table)
    }
    data = {
        "run": facts.run,
        "smallest_effect": facts.smallest_effect,
        "models": drawn_models(facts, style),
        "curves": all_curves(tables, facts),
        "tasks": [asdict(facts.task(name)) for name in tables.tasks],
        "analyses": [asdict(facts.analysis(name)) for name in tables.analyses],
        "layers": _layers(tables),
        "tables": held,
    }
    scripts = assets.scripts
    svg = {f"{stem}.svg": squeezed(files.svg[stem]) for stem in stems if stem in files.svg}
    pdf = {
        f"{stem}.pdf": data_url(files.pdf[stem].read_bytes(), "application/pdf")
        for stem in stems
        if stem in files.pdf
    }
    kept = fitting({name: len(content) for name, content in {**svg, **pdf}.items()})

    def taken(stem: str) -> Taken:
        names = (f"{stem}.svg", f"{stem}.pdf")
        return Taken(
            tables=[name for name in tables_of(stem, tables, facts) if name in held],
            pdf=pdf.get(names[1], "") if names[1] in kept else "",
            svg=names[0] if names[0] in kept else "",
            elsewhere=[name for name in names if name in {*svg, *pdf} - kept],
            latex=latex_of(stem, tables, files.latex),
            job=files.jobs.get(stem, files.jobs.get("")),
        )

    return {
        "data": script_json(data),
        "svg": script_json({name: content for name, content in svg.items() if name in kept}),
        "scripts": scripts,
        "names": [model.name for model in facts.models],
        "policy": content_policy(scripts),
        "figures": {stem: asdict(taken(stem)) for stem in stems},
        "overview": asdict(overview(tables, facts)),
        "worst": list(worst),
        "texts": dict(texts or {}),
        "scored": "score" in tables.utterances and bool(tables.utterances["score"].notna().any()),
        "problems": [asdict(kind) for kind in problems(tables)],
        "held": sorted(held),
    }


def content_policy(scripts: Sequence[str]) -> str:
    """A content security policy: nothing is fetched, and only these scripts run."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; media-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _layers(tables: RunTables) -> dict[str, dict[str, float]]:
    """Place of each layer of each model, by the names in all tables."""
    found: dict[str, set[str]] = {}
    for table in (tables.layer_summary, tables.measures, tables.downstream_summary, tables.weights):
        for model, layer in table[["model", "layer"]].drop_duplicates().itertuples(index=False):
            if layer != "all":
                found.setdefault(str(model), set()).add(str(layer))
    return {
        model: dict(sorted(((name, layer_index(name, names)) for name in names), key=lambda item: item[1]))
        for model, names in found.items()
    }
