"""The report: one content, typeset as PDF (typst) and as a self-contained HTML page (jinja2)."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import jinja2
import pandas as pd
import typst

from layerwise.errors import ReportError
from layerwise.files import write_aside, write_text
from layerwise.report import cautions, curve_findings, findings, measure_findings, task_findings
from layerwise.report.answers import CHOICE, CURVES, OBJECTIVE, answers, scope
from layerwise.report.citations import Reference
from layerwise.report.corpora import corpus_cautions, corpus_tables, corpus_text
from layerwise.report.facts import RunFacts
from layerwise.report.glossary import glossary
from layerwise.report.lettering import find_fonts, isolated, mapped, strings
from layerwise.report.methods import PROTOCOLS, method_text, what
from layerwise.report.names import inter_name
from layerwise.report.run_tables import RunTables
from layerwise.report.second_alignment import SecondAlignment, comparison_table, comparison_text
from layerwise.report.sections import Content, captioned, section
from layerwise.report.typeset import DASH, Table, analysis_table, traits_table
from layerwise.report.typeset_measures import published_table, ranks_table, side_by_side_tables
from layerwise.report.typeset_tasks import agreement_table, choice_table, head_table, task_table


def read_captions(folder: Path) -> dict[str, str]:
    """Read figure captions from ``{stem}.rst`` files: plain text, the same as in `snakemake --report`."""
    return {
        path.stem: " ".join(path.read_text(encoding="utf-8").split()) for path in sorted(folder.glob("*.rst"))
    }


def report_content(
    tables: RunTables,
    facts: RunFacts,
    captions: Mapping[str, str],
    second: SecondAlignment | None = None,
    made: Mapping[str, str] | None = None,
    references: Sequence[Reference] = (),
) -> Content:
    """Put the report together as plain JSON data for the templates; sections without results are left out.

    ``captions`` maps figure stems to captions (`read_captions`); ``second`` is an alignment that the run's
    was compared with; ``made`` says when, from which commit and by which command the tables were made;
    ``references`` are those of `citations.cited`. Text is plain: the templates escape it.
    Words that run from right to left are isolated (Unicode's FSI and PDI). The first section on data says
    which letters no font has.
    """
    data = [
        section(
            "corpus",
            "Corpora" if facts.corpora else "Corpus",
            corpus_text(tables, facts),
            bullets=corpus_cautions(tables, facts),
            tables=corpus_tables(tables, facts),
            figures=["corpus", "alignment"],
            captions=captions,
        )
    ]
    if second:
        data.append(
            section(
                "alignments",
                "Agreement of two alignments",
                [comparison_text(second, facts.aligner, facts.corpus.utterances)],
                tables=[comparison_table(second)],
            )
        )
    shown = []
    for analysis in tables.planned:
        first = analysis == tables.planned[0]
        shown.append(
            section(
                CURVES if first else analysis,
                facts.analysis(analysis).title,
                bullets=curve_findings.analysis_findings(tables, facts, analysis),
                tables=[analysis_table(tables, facts, analysis)],
                figures=["layers"] if first else [],
                captions=captions,
                see=[] if first else ["layers"],
            )
        )
    if tables.analyses:
        objectives = curve_findings.objective_findings(tables, facts)
        title = "Does the objective shape the curves?"
        shown.append(section(OBJECTIVE, title, bullets=objectives, see=["layers"]))
    if tables.planned:
        shown.append(
            section(
                "rest",
                "What the scores rest on",
                bullets=cautions.cautions(tables, facts) if tables.analyses else [],
                figures=["learning"],
                captions=captions,
            )
        )
    if facts.measures:
        ranks = [] if tables.measure_agreement.empty else [ranks_table(tables, facts)]
        bullets = measure_findings.measure_findings(tables, facts)
        title = "Other yardsticks"
        shown.append(section("measures", title, [], bullets, ranks, ["measures"], captions))
    if not tables.published.empty:
        bullets = measure_findings.published_findings(tables)
        beside = [published_table(tables, facts)]
        shown.append(section("published", "Beside published values", bullets=bullets, tables=beside))
    for a, b in tables.pairs:
        stem = inter_name(a, b)
        shown.append(
            section(
                stem,
                f"{a} against {b}",
                bullets=findings.inter_findings(tables, facts, (a, b)),
                figures=[stem],
                captions={stem: captions.get("inter", "")},
            )
        )
    for task in tables.tasks:
        stems = ["tasks", "single-vs-weighted", "weights"]
        first = task == tables.tasks[0]
        shown.append(
            section(
                task,
                facts.task(task).title,
                bullets=task_findings.task_findings(tables, facts, task),
                tables=[task_table(tables, facts, task)],
                figures=stems if first else [],
                captions=captions,
                see=[] if first else stems,
            )
        )
    if tables.tasks:
        sentences = task_findings.choice_findings(tables, facts)
        title = "What does a choice of layer cost?"
        shown.append(section(CHOICE, title, bullets=sentences, figures=["choice"], captions=captions))
    if (tables.planned or facts.measures) and tables.tasks:
        sentences = task_findings.agreement_findings(tables, facts)
        stems = ["agreement", *(["cca-vs-task"] if tables.planned else [])]
        title = "Do layer analyses predict tasks?"
        shown.append(section("agreement", title, bullets=sentences, figures=stems, captions=captions))
    content: Content = {
        "title": "Which layer knows what?",
        "subtitle": f"Layer-wise analysis of speech models, run {facts.run}",
        "made": dict(made or {}),
        "answers": [asdict(answer) for answer in answers(tables, facts)],
        "overview": captioned(["answers"], captions)[0],
        "scope": scope(tables, facts),
        "abstract": findings.abstract(tables, facts),
        "models": asdict(_model_table(facts)),
        "protocol": PROTOCOLS[facts.protocol],
        "run": [
            ["Protocol", facts.protocol],
            ["Seed", str(facts.seed)],
            ["Sample sets", str(facts.samples)],
            ["Trials per set", str(facts.trials)],
            ["Aligner", facts.aligner],
        ],
        "method": [asdict(paragraph) for paragraph in method_text(tables, facts)],
        "sections": shown,
        "data": data,
        "figures": ["answers", *(it["stem"] for part in (*shown, *data) for it in part["figures"])],
        "limits": findings.limits(facts),
        "glossary": glossary(tables, facts),
        "references": [reference.text for reference in references],
        "appendix": [asdict(table) for table in _appendix(tables, facts)],
        "cite": _cite(facts),
    }
    if caution := find_fonts([*strings(content), *tables.segments["label"]]).caution:
        data[0]["bullets"].append(caution)
    return {part: mapped(texts, isolated) for part, texts in content.items()}


def _model_table(facts: RunFacts) -> Table:
    rows = []
    for model in facts.models:
        size = f"{model.parameters / 1e6:.1f} M" if model.parameters else DASH
        rows.append((model.name, model.source, what(model), model.supervision, size))
    caption = (
        "Models of the run. A random twin has the architecture of its model and untrained weights; "
        "weakly supervised models learned from transcripts and are not self-supervised."
    )
    return Table(caption, ("Model", "Source", "Objective", "Supervision", "Parameters"), tuple(rows))


def _appendix(run: RunTables, facts: RunFacts) -> list[Table]:
    tables = [traits_table(run, facts)] if run.analyses else []
    tables += side_by_side_tables(run, facts) if facts.measures else []
    if (run.layer_summary["excluded"] > 0).any():
        tables.append(cautions.excluded_table(run, facts))
    if not run.influential.empty:
        tables.append(cautions.flagged_table(run, facts))
    tables += [
        made(run, facts)
        for made, source in (
            (choice_table, run.choice),
            (agreement_table, run.agreement),
            (head_table, run.head_agreement),
        )
        if not source.empty
    ]
    if not run.omissions.empty:
        order = {model.name: place for place, model in enumerate(facts.models)}
        gaps = run.omissions.assign(
            place=run.omissions["model"].map(order),
            task=run.omissions["task"].replace("", DASH),
            model=[facts.model(name).label for name in run.omissions["model"]],
        ).sort_values(["place", "task", "analysis"], kind="stable")
        rows = _cells(gaps, ["model", "task", "analysis", "reason"])
        caption = (
            f"Rank correlations that are undefined and analyses that cannot be run ({len(rows)}), and why."
        )
        tables.append(Table(caption, ("Model", "Task", "Analysis", "Reason"), rows))
    if not run.exclusions.empty:
        lost = _cells(run.exclusions, ["item", "stage", "reason"])
        tables.append(Table(f"Exclusions ({len(lost)}).", ("Item", "Stage", "Reason"), lost))
    if facts.digests:
        caption = (
            "Lineage: SHA-256 of the artifacts behind this report (records: lineage/ in the run's folder). "
            "What it was written from was as these records say; `layerwise verify` reads all again, feature "
            "stores and inputs too."
        )
        tables.append(Table(caption, ("Artifact", "SHA-256"), tuple(facts.digests.items())))
    if facts.versions:
        tables.append(Table("Software.", ("Package", "Version"), tuple(facts.versions.items())))
    return tables


def _cells(table: pd.DataFrame, columns: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(str, row)) for row in table[columns].itertuples(index=False))


def _cite(facts: RunFacts) -> str:
    version = facts.versions.get("layerwise", "")
    return (
        f"Cite this software as layerwise {version} (CITATION.cff) with the digests of the appendix, the "
        "method as Pasad et al. (2023), and each model and corpus by its own publication and licence."
    )


def write_pdf(content: Content, template: Path, figures: Mapping[str, Path], target: Path) -> None:
    """Typeset the report with a typst template; equal inputs give equal bytes.

    ``figures`` maps stems to PDF files. Nothing is fetched. Fonts are those in typst, and for letters that
    they lack those that `find_fonts` finds; what no font has is set as code points. Raises `ReportError` with
    typst's message if the template does not compile.
    """
    letters = find_fonts(strings(content))
    content = {**mapped(content, letters.shown), "fonts": letters.families}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(template, folder / "report.typ")
        (folder / "content.json").write_text(json.dumps(content), encoding="utf-8")
        for stem in content["figures"]:
            shutil.copyfile(_figure(figures, stem), folder / f"{stem}.pdf")
        (folder / "fonts").mkdir()
        for number, font in enumerate(letters.fonts):
            shutil.copyfile(font.path, folder / "fonts" / f"{number}{font.path.suffix}")
        try:
            pdf = typst.compile(
                folder / "report.typ", root=folder, font_paths=[folder / "fonts"], ignore_system_fonts=True
            )
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
        stem: base64.b64encode(_figure(figures, stem).read_bytes()).decode("ascii")
        for stem in content["figures"]
    }
    try:
        page = environment.from_string(template.read_text(encoding="utf-8"))
        text = page.render(**content, images=images)
    except jinja2.TemplateError as error:
        raise ReportError(f"{template}: cannot render the report: {error}") from error
    write_text(text, target)


def _figure(figures: Mapping[str, Path], stem: str) -> Path:
    if stem not in figures or not figures[stem].is_file():
        raise ReportError(f"figure {stem} is missing ({figures.get(stem, 'not given')}): make it first")
    return figures[stem]
