"""Write the report as PDF and as one HTML page."""

import json
from pathlib import Path
from typing import Any

from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import BOUNDARY_AGREEMENT
from layerwise.files import write_text
from layerwise.options.style import StyleOptions
from layerwise.report.captions import fitting
from layerwise.report.citations import bibtex, cited
from layerwise.report.cost import cost_of
from layerwise.report.document import read_captions, report_content, write_html, write_pdf
from layerwise.report.facts import RunFacts, read_facts
from layerwise.report.figures.looks import crowded
from layerwise.report.methods_file import methods_latex, methods_markdown
from layerwise.report.names import COLUMN
from layerwise.report.page.alignment import worst_utterances
from layerwise.report.page.downloads import read_job
from layerwise.report.page.more import more_figures
from layerwise.report.page.page import Assets, FigureFiles, page_parts
from layerwise.report.run_tables import RunTables, read_tables
from layerwise.report.second_alignment import SecondAlignment
from layerwise.report.sections import Content, captions_of


def by_stem(paths: list[str]) -> dict[str, Path]:
    """Paths by their name without suffix."""
    return {Path(path).stem: Path(path) for path in paths}


def circumstances_of(record: Path) -> dict[str, str]:
    """When, from which commit and by which command the tables were made, as far as that is known."""
    if not record.is_file():
        return {}
    told = json.loads(record.read_text(encoding="utf-8"))
    git = told["git"]
    changed = " with changes" if git["dirty"] else ""
    parts = {
        "date": told["ended"][:10],
        "commit": f"commit {git['commit'][:10]}{changed}" if git["commit"] else "",
        "command": told["command"],
    }
    return {name: text for name, text in parts.items() if text}


def page_of(
    content: Content, tables: RunTables, facts: RunFacts, written: dict[str, str], texts: dict[str, str]
) -> dict[str, Any]:
    """The parts of the page that can be explored, with the records of the jobs that drew its figures."""
    lineage = Path(snakemake.output.record).parent
    records = {"": "figures.json", "alignment": "figures.alignment.pdf.json", "tables": "tables.json"}
    jobs = {stem: told for stem, name in records.items() if (told := read_job(lineage / name))}
    column = [path for path in snakemake.input.latex if Path(path).parent.name == COLUMN]
    files = FigureFiles(by_stem(snakemake.input.pdf), by_stem(snakemake.input.svg), by_stem(column), jobs)
    assets = Assets.below(Path(snakemake.input.jinja[0]).parent)
    worst = worst_utterances(Path(snakemake.input.worst), Path(snakemake.input.worst_files))
    style = StyleOptions(**snakemake.params.style)
    shown = {Path(path).name: text for path, text in texts.items()}
    captions = captions_of(content)
    many = crowded(facts, style)
    more = more_figures(list(files.pdf), captions, written, tables, facts, many=many)
    return page_parts(tables, facts, captions, files, style, assets, worst, shown, more)


with job():
    source = Path(snakemake.input.facts)
    second = [
        SecondAlignment(snakemake.params.compare, contracts.read(BOUNDARY_AGREEMENT, path))
        for path in snakemake.input.compared
    ]
    made = circumstances_of(Path(snakemake.output.record).parent / "runs/tables.json")
    tables, facts = read_tables(source.parent), read_facts(source)
    many = crowded(facts, StyleOptions(**snakemake.params.style))
    written = read_captions(Path(snakemake.input.captions[0]).parent)
    captions = fitting(written, tables.planned, many=many)
    references = cited(Path(snakemake.input.library), tables, facts)
    content = report_content(
        tables,
        facts,
        captions,
        second=second[0] if second else None,
        made=made,
        references=references,
        cost=cost_of(source.parents[1] / "benchmarks"),
    )
    texts = {
        snakemake.output.methods: methods_markdown(tables, facts, references),
        snakemake.output.methods_tex: methods_latex(tables, facts, references),
        snakemake.output.bib: bibtex(references),
    }
    narrow = {f"{COLUMN}/{stem}": path for stem, path in by_stem(snakemake.input.narrow).items()}
    figures = {**by_stem(snakemake.input.pdf), **narrow}
    write_pdf(content, Path(snakemake.input.typst), figures, Path(snakemake.output.pdf))
    write_html(
        content,
        Path(snakemake.input.jinja[0]),
        by_stem(snakemake.input.png),
        Path(snakemake.output.html),
        page_of(content, tables, facts, written, texts),
    )
    for path, text in texts.items():
        write_text(text, Path(path))
