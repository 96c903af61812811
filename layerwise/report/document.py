"""The report: one content, typeset as PDF (typst) and as a self-contained HTML page (jinja2)."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import typst

from layerwise.errors import ReportError
from layerwise.files import write_aside, write_text
from layerwise.report import findings
from layerwise.report.facts import RunFacts, analysis_title, task_title
from layerwise.report.methods import PROTOCOLS, corpus_text, method_text, references
from layerwise.report.names import inter_name
from layerwise.report.results import Results
from layerwise.report.second_alignment import SecondAlignment, comparison_table, comparison_text
from layerwise.report.typeset import Table, agreement_table, analysis_table, in_order, task_table

Content = dict[str, Any]


def read_captions(folder: Path) -> dict[str, str]:
    """Read figure captions from ``{stem}.rst`` files: plain text, the same as in `snakemake --report`."""
    return {
        path.stem: " ".join(path.read_text(encoding="utf-8").split()) for path in sorted(folder.glob("*.rst"))
    }


def report_content(
    results: Results, facts: RunFacts, captions: Mapping[str, str], second: SecondAlignment | None = None
) -> Content:
    """Put the report together as plain JSON data for the templates; sections without results are left out.

    ``captions`` maps figure stems to captions (`read_captions`); ``second`` is an alignment that the run's
    was compared with. Text is plain: the templates escape it.
    """
    shown = [_section("Corpus", corpus_text(facts), figures=["corpus", "alignment"], captions=captions)]
    if second:
        shown.append(
            _section(
                "Agreement of two alignments",
                [comparison_text(second, facts.aligner, facts.corpus.utterances)],
                tables=[comparison_table(second)],
            )
        )
    for analysis in results.analyses:
        first = analysis == results.analyses[0]
        shown.append(
            _section(
                analysis_title(analysis),
                bullets=findings.analysis_findings(results, facts, analysis),
                tables=[analysis_table(results, facts, analysis)],
                figures=["layers"] if first else [],
                captions=captions,
                see=[] if first else ["layers"],
            )
        )
    if results.analyses:
        objectives = findings.objective_findings(results, facts)
        title = "Does the objective shape the curves?"
        shown.append(_section(title, bullets=objectives, see=["layers"]))
    for a, b in results.pairs:
        stem = inter_name(a, b)
        shown.append(
            _section(
                f"{a} against {b}",
                bullets=findings.inter_findings(results, facts, (a, b)),
                figures=[stem],
                captions={stem: captions.get("inter", "")},
            )
        )
    for task in results.task_names:
        stems = ["tasks", "single-vs-weighted", "weights"]
        first = task == results.task_names[0]
        shown.append(
            _section(
                task_title(task),
                bullets=findings.task_findings(results, facts, task),
                tables=[task_table(results, facts, task)],
                figures=stems if first else [],
                captions=captions,
                see=[] if first else stems,
            )
        )
    if results.analyses and results.task_names:
        sentences = findings.agreement_findings(results, facts)
        stems = ["agreement", "cca-vs-task"]
        title = "Do layer analyses predict tasks?"
        shown.append(_section(title, bullets=sentences, figures=stems, captions=captions))
    return {
        "title": "Which layer knows what?",
        "subtitle": f"Layer-wise analysis of speech models, run {facts.run}",
        "abstract": findings.abstract(results, facts),
        "models": asdict(_model_table(facts)),
        "protocol": PROTOCOLS[facts.protocol],
        "run": [
            ["Protocol", facts.protocol],
            ["Seed", str(facts.seed)],
            ["Sample sets", str(facts.samples)],
            ["Trials per set", str(facts.trials)],
            ["Aligner", facts.aligner],
        ],
        "method": method_text(results, facts),
        "sections": shown,
        "limits": findings.limits(facts),
        "references": references(results),
        "appendix": [asdict(table) for table in _appendix(results, facts)],
        "cite": _cite(facts),
    }


def _section(
    title: str,
    paragraphs: Sequence[str] = (),
    bullets: Sequence[str] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[str] = (),
    captions: Mapping[str, str] | None = None,
    see: Sequence[str] = (),
) -> Content:
    """One section; ``figures`` stand in it, ``see`` names more figures that its text refers to."""
    return {
        "title": title,
        "see": [*see, *figures],
        "paragraphs": list(paragraphs),
        "bullets": list(bullets),
        "tables": [asdict(table) for table in tables],
        "figures": _figures(figures, captions or {}),
    }


def _figures(stems: Sequence[str], captions: Mapping[str, str]) -> list[dict[str, str]]:
    missing = [stem for stem in stems if stem not in captions]
    if missing:
        raise ReportError(f"no caption for figure {', '.join(missing)}: add report/{missing[0]}.rst")
    return [{"stem": stem, "caption": captions[stem]} for stem in stems]


def _model_table(facts: RunFacts) -> Table:
    rows = []
    for model in facts.models:
        size = f"{model.parameters / 1e6:.1f} M" if model.parameters else "\N{EN DASH}"
        what = {"random": f"random twin of {model.twin_of or model.source}", "baseline": "baseline"}
        objective = what.get(model.kind, model.objective)
        rows.append((model.name, model.source, objective, model.supervision, size))
    caption = (
        "Models of the run. A random twin has the architecture of its model and untrained weights; "
        "weakly supervised models learned from transcripts and are not self-supervised."
    )
    return Table(caption, ("Model", "Source", "Objective", "Supervision", "Parameters"), tuple(rows))


def _appendix(results: Results, facts: RunFacts) -> list[Table]:
    tables = []
    if not results.agreement.empty:
        tables.append(agreement_table(results, facts))
    if results.omissions:
        order = [model.name for model in in_order(facts, {item.model for item in results.omissions})]
        gaps = sorted(results.omissions, key=lambda gap: (order.index(gap.model), gap.task, gap.analysis))
        rows = tuple((facts.model(gap.model).label, gap.task, gap.analysis, gap.reason) for gap in gaps)
        caption = f"Rank correlations that are undefined ({len(rows)}), and why."
        tables.append(Table(caption, ("Model", "Task", "Analysis", "Reason"), rows))
    if facts.exclusions:
        lost = tuple((item.item, item.stage, item.reason) for item in facts.exclusions)
        tables.append(Table(f"Exclusions ({len(lost)}).", ("Item", "Stage", "Reason"), lost))
    if facts.digests:
        caption = (
            "Lineage: SHA-256 of the artifacts behind this report (records: lineage/ in the run's folder)."
        )
        tables.append(Table(caption, ("Artifact", "SHA-256"), tuple(facts.digests.items())))
    if facts.versions:
        tables.append(Table("Software.", ("Package", "Version"), tuple(facts.versions.items())))
    return tables


def _cite(facts: RunFacts) -> str:
    version = facts.versions.get("layerwise", "")
    return (
        f"Cite this software as layerwise {version} (CITATION.cff) with the digests of the appendix, the "
        "method as Pasad et al. (2023), and each model and corpus by its own publication and licence."
    )


def write_pdf(content: Content, template: Path, figures: Mapping[str, Path], target: Path) -> None:
    """Typeset the report with a typst template; equal inputs give equal bytes.

    ``figures`` maps stems to PDF files. Only the fonts in typst are used and nothing is fetched. Raises
    `ReportError` with typst's message if the template does not compile.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(template, folder / "report.typ")
        (folder / "content.json").write_text(json.dumps(content), encoding="utf-8")
        for stem in _used(content):
            shutil.copyfile(_figure(figures, stem), folder / f"{stem}.pdf")
        try:
            pdf = typst.compile(folder / "report.typ", root=folder, ignore_system_fonts=True)
        except typst.TypstError as error:
            raise ReportError(f"{template}: typst cannot make the report: {error}") from error
    with write_aside(target) as partial:
        partial.write_bytes(pdf)


def write_html(content: Content, template: Path, figures: Mapping[str, Path], target: Path) -> None:
    """Render the report as one HTML file with the figures inside; ``figures`` maps stems to PNG files."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    images = {
        stem: base64.b64encode(_figure(figures, stem).read_bytes()).decode("ascii") for stem in _used(content)
    }
    try:
        page = environment.from_string(template.read_text(encoding="utf-8"))
        text = page.render(**content, images=images)
    except jinja2.TemplateError as error:
        raise ReportError(f"{template}: cannot render the report: {error}") from error
    write_text(text, target)


def _used(content: Content) -> list[str]:
    return [figure["stem"] for section in content["sections"] for figure in section["figures"]]


def _figure(figures: Mapping[str, Path], stem: str) -> Path:
    if stem not in figures or not figures[stem].is_file():
        raise ReportError(f"figure {stem} is missing ({figures.get(stem, 'not given')}): make it first")
    return figures[stem]
