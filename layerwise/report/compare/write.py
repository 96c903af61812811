"""A comparison of runs on the disk: tables, figures, and one document as PDF and HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

import layerwise
from layerwise.errors import ReportError
from layerwise.files import sha256_file, write_csv
from layerwise.report.citations import cited
from layerwise.report.compare import findings
from layerwise.report.compare.configs import config_differences, recorded
from layerwise.report.compare.differences import curve_differences, peak_differences, spread
from layerwise.report.compare.figures import Kind, difference_figures, training_figures, training_points
from layerwise.report.compare.measures import measure_differences
from layerwise.report.compare.runs import ComparedRun, Series
from layerwise.report.compare.tasks import task_differences
from layerwise.report.document import write_html, write_pdf
from layerwise.report.figures.style import save_figure
from layerwise.report.lettering import isolated, mapped
from layerwise.report.run_tables import of
from layerwise.report.sections import Content
from layerwise.report.typeset import Table

TEMPLATES = Path(layerwise.__file__).resolve().parents[1] / "report"
TRAINING = ["analysis", "series", "run", "model", "step", "layer", "score", "low", "high", "tie"]
METHOD = (
    "Numbers are those of the tables of the runs. A difference is that of the second run minus the first, "
    "layer by layer, between models of one name (or checkpoints of one model). Where both runs have units "
    "(speakers, utterances or labels) of the same utterances, what each unit contributes to the errors of "
    "the two scores is subtracted unit by unit before the size of the error is taken (paired); units in one "
    "run only count as they are (partly paired). Elsewhere the variances of both scores are added, and t has "
    "the degrees of freedom of the side with fewer units (not paired); the reason is given. Intervals hold "
    "95%. p is corrected for all models and layers of a pair of runs and an analysis or task (Holm)."
)
TASK_METHOD = (
    "Results of tasks are compared on test, in the metric that decides, by random exchange of the results of "
    "the test units that both runs have, with the variance between trainings added."
)
LIMITS = (
    "Runs may differ in several keys at once: a difference is then not the effect of any one of them.",
    "A difference that is not paired is known less well than a paired one; that it is not distinguishable "
    "does not make two runs the same.",
    "Intervals cover new units of the corpora with the models as they are. What else a new seed changes "
    "shows in the scatter over runs, if there are three or more.",
)


@dataclass(frozen=True)
class Comparison:
    """Tables of a comparison; `differences`, `tasks` and `configs` say what is in each."""

    runs: tuple[ComparedRun, ...]
    series: tuple[Series, ...]
    configs: pd.DataFrame
    curve_differences: pd.DataFrame
    peak_differences: pd.DataFrame
    task_differences: pd.DataFrame
    measure_differences: pd.DataFrame
    spread: pd.DataFrame
    training: pd.DataFrame
    unmatched: pd.DataFrame

    @property
    def kinds(self) -> Iterator[tuple[Kind, pd.DataFrame]]:
        """Analyses, then tasks, with their differences."""
        facts, tables = self.runs[0].facts, (self.curve_differences, self.task_differences)
        for name in sorted(set(tables[0]["analysis"])):
            analysis = facts.analysis(name)
            kind = Kind(name, analysis.short, analysis.measure)
            yield kind, of(tables[0], analysis=name)
        for name in sorted(set(tables[1]["task"])):
            task = facts.task(name)
            kind = Kind(name, task.title, task.metric.title)
            yield kind, of(tables[1], task=name)


def compare(runs: Sequence[ComparedRun], series: Sequence[Series]) -> Comparison:
    """Compute all tables. Raises `ReportError` where runs have no layer of an analysis or task in common."""
    curves, tasks, measures = curve_differences(series), task_differences(series), measure_differences(series)
    if curves.empty and tasks.empty and measures.empty:
        names = ", ".join(entry.name for entry in series)
        raise ReportError(
            f"runs {', '.join(run.label for run in runs)}: no analysis, task or measure has layers in common "
            f"(models {names}); compare runs with the same analyses"
        )
    return Comparison(
        tuple(runs),
        tuple(series),
        config_differences(runs),
        curves,
        peak_differences(series),
        tasks,
        measures,
        spread(series),
        _training(runs, series),
        unmatched(runs, series),
    )


def _training(runs: Sequence[ComparedRun], series: Sequence[Series]) -> pd.DataFrame:
    analyses = sorted({name for run in runs for name in run.tables.analyses})
    found = [
        training_points(entry, name).assign(analysis=name, series=entry.name)
        for name in analyses
        for entry in series
    ]
    return pd.concat(found, ignore_index=True)[TRAINING] if found else pd.DataFrame(columns=TRAINING)


def unmatched(runs: Sequence[ComparedRun], series: Sequence[Series]) -> pd.DataFrame:
    """List what only some runs have and is therefore not compared: columns what, name, run."""
    used = {(side.run.label, side.model) for entry in series for side in entry.sides}
    rows = []
    for run in runs:
        rows += [
            ("model", model.name, run.label)
            for model in run.facts.models
            if (run.label, model.name) not in used
        ]
        for what, mine, others in (
            ("analysis", run.tables.analyses, [other.tables.analyses for other in runs]),
            ("task", run.tables.tasks, [other.tables.tasks for other in runs]),
        ):
            rows += [(what, name, run.label) for name in mine if any(name not in there for there in others)]
    for entry in series:
        layers = [_layers(side.run, side.model) for side in entry.sides]
        common = set.intersection(*map(set, layers))
        for side, mine in zip(entry.sides, layers, strict=True):
            lost = [layer for layer in mine if layer not in common]
            rows += [(f"layer of {side.model}", layer, side.run.label) for layer in lost]
    return pd.DataFrame(rows, columns=["what", "name", "run"], dtype=str)


def _layers(run: ComparedRun, model: str) -> list[str]:
    table = of(run.tables.layer_summary, model=model).sort_values("layer_index")
    return list(map(str, table["layer"].drop_duplicates()))


def draw(comparison: Comparison) -> dict[str, Figure]:
    """Draw all figures, by stem."""
    drawn: dict[str, Figure] = {}
    for kind, table in comparison.kinds:
        for place, figure in enumerate(difference_figures(kind, comparison.series, table)):
            drawn[f"difference-{kind.name}" + (f"-{place + 1}" if place else "")] = figure
        for place, (_, figure) in enumerate(training_figures(kind, comparison.series)):
            drawn[f"training-{kind.name}" + (f"-{place + 1}" if place else "")] = figure
    return drawn


def content(comparison: Comparison, stems: Sequence[str]) -> Content:
    """Put the document together for the templates of the report; ``stems`` are the figures that there are."""
    runs, labels = comparison.runs, [run.label for run in comparison.runs]
    sections = [_config_section(comparison)] if len(runs) > 1 else []
    for kind, table in comparison.kinds:
        sections.append(_section(comparison, kind, table, stems))
    for name, table in comparison.measure_differences.groupby("measure", sort=True):
        title = runs[0].facts.measure(str(name)).title
        sections.append(_plain(title, tables=[findings.measure_table(table, title)]))
    if len(comparison.spread):
        scatter = [findings.spread_table(comparison.spread)]
        sections.append(_plain("How scores scatter over the runs", tables=scatter))
    made: Content = {
        "title": "Runs side by side",
        "subtitle": f"Layer-wise analysis of speech models: {', '.join(labels)}",
        "made": {},
        "answers": [],
        "abstract": [findings.abstract(runs, comparison.curve_differences, comparison.configs)],
        "models": asdict(findings.runs_table(runs)),
        "protocol": f"All differences are taken from {runs[0].label}, the first run."
        if len(runs) > 1
        else f"All checkpoints are in run {runs[0].label}; differences are taken from the first one.",
        "run": [[run.label, run.folder.as_posix()] for run in runs],
        "method": [
            {"text": text, "kind": "text"}
            for text in [METHOD, *([TASK_METHOD] if len(comparison.task_differences) else [])]
        ],
        "sections": sections,
        "data": [],
        "glossary": [],
        "figures": [it["stem"] for section in sections for it in section["figures"]],
        "limits": list(LIMITS),
        "references": [
            reference.text for reference in cited(TEMPLATES / "references.bib", runs[0].tables, runs[0].facts)
        ],
        "appendix": [asdict(table) for table in _appendix(comparison)],
        "appendix_note": "",
        "cost": None,
        "cite": (
            f"Cite this software as layerwise {runs[0].facts.versions.get('layerwise', '')} (CITATION.cff) "
            "with the digests of the appendix, and each run with what its own report asks for."
        ),
    }
    return {part: mapped(texts, isolated) for part, texts in made.items()}


def _plain(
    title: str,
    paragraphs: Sequence[str] = (),
    bullets: Sequence[str] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[tuple[str, str]] = (),
) -> Content:
    return {
        "anchor": title.replace(" ", "-"),
        "title": title,
        "see": [stem for stem, _ in figures],
        "paragraphs": list(paragraphs),
        "bullets": list(bullets),
        "tables": [asdict(table) for table in tables],
        "figures": [{"stem": stem, "caption": caption} for stem, caption in figures],
    }


def _config_section(comparison: Comparison) -> Content:
    runs, keys = comparison.runs, comparison.configs
    lacking = [run.label for run in runs if not recorded(run)]
    texts = []
    if lacking:
        texts.append(
            f"No lineage records lie beside the tables of {', '.join(lacking)}: the config is not known."
        )
    if keys.empty and not lacking:
        texts.append("The configs, the code and the environments of the runs are the same.")
    table = findings.config_table(keys, [run.label for run in runs])
    return _plain("What differs between the runs", texts, tables=[table])


def _section(comparison: Comparison, kind: Kind, table: pd.DataFrame, stems: Sequence[str]) -> Content:
    of_task = kind.name in set(comparison.task_differences["task"])
    if of_task:
        tables = [findings.task_table(table, kind.title)]
    else:
        peaks = of(comparison.peak_differences, analysis=kind.name)
        tables = [findings.curve_table(table, peaks, kind.title)]
        if len(of(comparison.training, analysis=kind.name)):
            tables.append(findings.training_table(comparison.series, kind.name, kind.title))
    captions = {
        "difference": f"{kind.title}: curves, and differences from the first, "
        "with 95% intervals. Filled markers of differences: layers that differ (Holm, 5%).",
        "training": f"{kind.title} along training: score of the best block layer with 95% interval, and "
        "which layer it is, with its tie set.",
    }
    figures = [
        (stem, caption)
        for stem in stems
        for what, caption in captions.items()
        if stem == f"{what}-{kind.name}" or stem.rpartition("-")[0] == f"{what}-{kind.name}"
    ]
    bullets = findings.difference_sentences(table, kind.title, comparison.runs)
    return _plain(kind.title, bullets=bullets, tables=tables, figures=figures)


def _appendix(comparison: Comparison) -> list[Table]:
    tables = []
    if len(comparison.unmatched):
        rows = tuple(tuple(map(str, row)) for row in comparison.unmatched.itertuples(index=False))
        tables.append(Table("Not compared: what only some runs have.", ("What", "Name", "Run"), rows))
    rows = tuple(
        (run.label, f"tables/{name}.csv", sha256_file(run.folder / "tables" / f"{name}.csv"))
        for run in comparison.runs
        for name in ("layer_summary", "downstream_summary")
    )
    tables.append(Table("Tables that were compared, with their SHA-256.", ("Run", "Table", "SHA-256"), rows))
    return tables


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Write tables, figures, compare.pdf and compare.html into a folder; equal runs give equal bytes."""
    written = []
    for name in (
        *("configs", "curve_differences", "peak_differences", "task_differences"),
        "measure_differences",
        *("spread", "training", "unmatched"),
    ):
        written.append(folder / "tables" / f"{name}.csv")
        write_csv(getattr(comparison, name), written[-1])
    drawn = draw(comparison)
    saved = {stem: save_figure(figure, folder / "figures" / stem) for stem, figure in drawn.items()}
    text = content(comparison, list(drawn))
    pdf, page = folder / "compare.pdf", folder / "compare.html"
    write_pdf(text, TEMPLATES / "template.typ", {stem: files[0] for stem, files in saved.items()}, pdf)
    write_html(text, TEMPLATES / "report.html.j2", {stem: files[1] for stem, files in saved.items()}, page)
    return [pdf, page, *written, *(path for files in saved.values() for path in files)]
