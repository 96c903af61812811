"""The parts of the page that can be explored: data, programs and looks, all inside the file."""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from layerwise.layers import layer_index
from layerwise.options.style import StyleOptions
from layerwise.report.facts import RunFacts
from layerwise.report.page.curves import all_curves
from layerwise.report.page.downloads import (
    Job,
    Taken,
    digest_of,
    drawn_from,
    fitting,
    latex_figure,
    latex_of,
    tables_of,
)
from layerwise.report.page.models import drawn_models
from layerwise.report.page.overview import overview
from layerwise.report.page.packing import packed, script_json, squeezed
from layerwise.report.page.pictures import data_url
from layerwise.report.page.problems import problems
from layerwise.report.run_tables import RunTables

# In the order in which they are run: later ones use earlier ones.
SCRIPTS = ("data", "files", "plots", "curves", "layer", "labels", "alignment", "overview", "start")
LOADER = "unpack"  # run first: brings the others and the data, which are compressed
LIBRARY = "plotly-cartesian.min.js"
# Each score of each trial, and how long each utterance is, would double the page: they stay in tables/.
MOST = 2_050_000  # bytes of data and of files to take that a page holds, compressed
EXACT = 800_000  # bytes of data, compressed, up to which numbers keep all digits
FEWER = 9  # significant digits above that: digits do not compress
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
    def loader(self) -> str:
        """The program that unpacks the others."""
        return (self.folder / f"{LOADER}.js").read_text(encoding="utf-8")

    @property
    def style(self) -> str:
        """The style sheet."""
        return (self.folder / "page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class FigureFiles:
    """Files of figures by stem, LaTeX tables by name, and the jobs that drew figures.

    Job ``""`` drew those that have none of their own; ``tables`` made the tables.
    """

    pdf: Mapping[str, Path]
    svg: Mapping[str, Path]
    latex: Mapping[str, Path]
    jobs: Mapping[str, Job]


def page_parts(
    tables: RunTables,
    facts: RunFacts,
    captions: Mapping[str, str],
    files: FigureFiles,
    style: StyleOptions,
    assets: Assets,
    worst: Sequence[Mapping[str, Any]] = (),
    texts: Mapping[str, str] | None = None,
    more: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> dict[str, Any]:
    """Put together what the template needs beside the content of the report.

    ``captions`` are those of the figures of the document by stem, ``more`` the figures that only the page has
    (`more.more_figures`). ``data`` holds the tables and what is drawn of them, ``svg`` the figures as SVG,
    both compressed; numbers have all digits, in large runs ``digits`` significant ones. ``policy`` is a
    content security policy that allows these scripts alone and no request at all; ``worst`` are the worst
    alignments (`alignment.worst_utterances`), ``texts`` what a paper can take along, by the name of its file.
    """
    more = more or {}
    captions = {**captions, **{it["stem"]: it["caption"] for part in more.values() for it in part}}
    svg = {f"{stem}.svg": files.svg[stem] for stem in captions if stem in files.svg}
    pdf = {f"{stem}.pdf": files.pdf[stem] for stem in captions if stem in files.pdf}
    ready = {
        **{name: squeezed(path.read_text(encoding="utf-8")) for name, path in svg.items()},
        **{name: data_url(path.read_bytes(), "application/pdf") for name, path in pdf.items()},
    }
    held = [name for name, table in vars(tables).items() if name not in LEFT_OUT and len(table)]
    data, digits = _packed_data(tables, held, _drawn(tables, facts, style, files.jobs))
    seen = [f"{it['stem']}.svg" for part in more.values() for it in part]  # drawn from these
    kept = _kept(ready, seen, MOST - len(data))
    taken = {
        stem: asdict(_taken(stem, caption, tables, facts, files, {name: ready[name] for name in kept}))
        for stem, caption in captions.items()
    }
    for under in taken.values():
        under["tables"] = [name for name in under["tables"] if name in held]
    scripts = [assets.loader, *assets.scripts]
    return {
        "data": data,
        "digits": digits,
        "svg": script_json({name: ready[name] for name in svg if name in kept}),
        "loader": assets.loader,
        "scripts": [squeezed(script) for script in assets.scripts],
        "names": [model.name for model in facts.models],
        "policy": content_policy(scripts),
        "figures": taken,
        "more": dict(more),
        "overview": asdict(overview(tables, facts)),
        "worst": list(worst),
        "texts": dict(texts or {}),
        "scored": "score" in tables.utterances and bool(tables.utterances["score"].notna().any()),
        "problems": [asdict(kind) for kind in problems(tables)],
    }


def _kept(ready: Mapping[str, str], first: Collection[str], most: int) -> set[str]:
    """Names of the files that the page holds in so many bytes: some before others, small before large."""
    sizes = {name: len(content) for name, content in ready.items()}
    kept = fitting({name: size for name, size in sizes.items() if name in first}, most)
    left = most - sum(sizes[name] for name in kept)
    return kept | fitting({name: size for name, size in sizes.items() if name not in first}, left)


def _packed_data(tables: RunTables, held: Sequence[str], drawn: Mapping[str, Any]) -> tuple[str, int | None]:
    """Data of the page as packed text, and how many significant digits its numbers have (None: all)."""

    def text(digits: int | None) -> str:
        rows = {name: packed(getattr(tables, name), digits) for name in held}
        return squeezed(script_json({**drawn, "digits": digits, "tables": rows}))

    exact = text(None)
    return (exact, None) if len(exact) <= EXACT else (text(FEWER), FEWER)


def _drawn(
    tables: RunTables, facts: RunFacts, style: StyleOptions, jobs: Mapping[str, Job]
) -> dict[str, Any]:
    """What programs draw, but for the tables themselves."""
    made = jobs.get("tables")
    drew = jobs.get("")
    return {
        "run": facts.run,
        "models": drawn_models(facts, style),
        "curves": all_curves(tables, facts),
        "tasks": [asdict(facts.task(name)) for name in tables.tasks],
        "analyses": [asdict(facts.analysis(name)) for name in tables.analyses],
        "layers": _layers(tables),
        "job": asdict(made) if made else None,
        "digests": {name: digest_of(name, drew) for name in vars(tables)} if drew else {},
    }


def _taken(
    stem: str,
    caption: str,
    tables: RunTables,
    facts: RunFacts,
    files: FigureFiles,
    ready: Mapping[str, str],
) -> Taken:
    """What stands under a figure; ``ready`` are the files that the page holds, by name."""
    svg, pdf = f"{stem}.svg", f"{stem}.pdf"
    names = tables_of(stem, tables, facts)
    job = files.jobs.get(stem, files.jobs.get(""))
    figure = data_url(latex_figure(stem, caption).encode(), "text/x-tex")
    return Taken(
        tables=names,
        pdf=ready.get(pdf, ""),
        svg=svg if svg in ready else "",
        elsewhere=[
            name
            for name, found in ((svg, files.svg), (pdf, files.pdf))
            if stem in found and name not in ready
        ],
        latex={f"{stem}.figure.tex": figure, **latex_of(stem, tables, files.latex)},
        job=drawn_from(job, names) if job else None,
    )


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
