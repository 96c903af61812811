"""The report: one content, typeset as PDF (typst) and as a self-contained HTML page (jinja2)."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import typst
from markupsafe import Markup

from layerwise.errors import ReportError
from layerwise.files import write_aside, write_text
from layerwise.report import findings
from layerwise.report.answers import answers, scope
from layerwise.report.appendix import appendix, appendix_note, cost_table
from layerwise.report.citations import Reference
from layerwise.report.corpora import corpus_cautions, corpus_tables, corpus_text
from layerwise.report.facts import RunFacts
from layerwise.report.gallery import gallery
from layerwise.report.glossary import glossary
from layerwise.report.lettering import find_fonts, isolated, mapped, strings
from layerwise.report.methods import PROTOCOLS, method_text, what
from layerwise.report.names import COLUMN
from layerwise.report.page.pictures import picture
from layerwise.report.results import results
from layerwise.report.run_tables import RunTables
from layerwise.report.second_alignment import SecondAlignment, comparison_table, comparison_text
from layerwise.report.sections import Content, captioned, section
from layerwise.report.typeset import DASH, Table


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
    cost: pd.DataFrame | None = None,
) -> Content:
    """Put the report together as plain JSON data for the templates; sections without results are left out.

    ``captions`` maps figure stems to captions (`read_captions`); ``second`` is an alignment that the run's
    was compared with; ``made`` says when, from which commit and by which command the tables were made;
    ``references`` are those of `citations.cited`; ``cost`` is that of `cost.cost_of`. Text is plain: the
    templates escape it. Words that run from right to left are isolated (Unicode's FSI and PDI). The first
    section on data says which letters no font has.
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
    shown = results(tables, facts, captions)
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
        "gallery": captioned(gallery(tables, facts), captions),
        "limits": findings.limits(facts),
        "glossary": glossary(tables, facts),
        "references": [reference.text for reference in references],
        "appendix": [asdict(table) for table in appendix(tables, facts)],
        "appendix_note": appendix_note(tables, facts),
        "cost": asdict(cost_table(cost)) if cost is not None and len(cost) else None,
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


def _cite(facts: RunFacts) -> str:
    version = facts.versions.get("layerwise", "")
    return (
        f"Cite this software as layerwise {version} (CITATION.cff) with the digests of the appendix, the "
        "method as Pasad et al. (2023), and each model and corpus by its own publication and licence."
    )


def write_pdf(content: Content, template: Path, figures: Mapping[str, Path], target: Path) -> None:
    """Typeset the report with a typst template; equal inputs give equal bytes.

    ``figures`` maps stems to PDF files; one that is there for a column of a page as well (``column/{stem}``)
    can stand beside its text. Nothing is fetched. Fonts are those in typst, and for letters that
    they lack those that `find_fonts` finds; what no font has is set as code points. Raises `ReportError` with
    typst's message if the template does not compile.
    """
    letters = find_fonts(strings(content))
    stems = [*content["figures"], *(it["stem"] for it in content.get("gallery", ()))]
    narrow = [stem for stem in stems if f"{COLUMN}/{stem}" in figures]
    content = {**mapped(content, letters.shown), "fonts": letters.families, "narrow": narrow}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(template, folder / "report.typ")
        (folder / "content.json").write_text(json.dumps(content), encoding="utf-8")
        for stem in stems:
            shutil.copyfile(_figure(figures, stem), folder / f"{stem}.pdf")
        for stem in narrow:
            shutil.copyfile(_figure(figures, f"{COLUMN}/{stem}"), folder / f"{stem}-column.pdf")
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


def write_html(
    content: Content,
    template: Path,
    figures: Mapping[str, Path],
    target: Path,
    page: Mapping[str, Any] | None = None,
) -> None:
    """Render the report as one HTML file with the figures inside; ``figures`` maps stems to PNG files.

    ``page`` is what can be explored (`layerwise.report.page.page.page_parts`); without it, the page is still.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    images = {stem: picture(_figure(figures, stem)) for stem in content["figures"]}
    style = template.parent / "page/page.css"
    try:
        text = environment.from_string(template.read_text(encoding="utf-8")).render(
            **content,
            images=images,
            page=page,
            style=Markup(style.read_text(encoding="utf-8")) if style.is_file() else "",
        )
    except jinja2.TemplateError as error:
        raise ReportError(f"{template}: cannot render the report: {error}") from error
    write_text(text, target)


def _figure(figures: Mapping[str, Path], stem: str) -> Path:
    if stem not in figures or not figures[stem].is_file():
        raise ReportError(f"figure {stem} is missing ({figures.get(stem, 'not given')}): make it first")
    return figures[stem]
