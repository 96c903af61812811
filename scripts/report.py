"""Write the report as PDF and as one HTML page."""

import json
from pathlib import Path

from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import BOUNDARY_AGREEMENT
from layerwise.files import write_text
from layerwise.report.citations import bibtex, cited
from layerwise.report.cost import cost_of
from layerwise.report.document import read_captions, report_content, write_html, write_pdf
from layerwise.report.facts import read_facts
from layerwise.report.methods_file import methods_latex, methods_markdown
from layerwise.report.names import COLUMN
from layerwise.report.run_tables import read_tables
from layerwise.report.second_alignment import SecondAlignment


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


with job():
    source = Path(snakemake.input.facts)
    captions = read_captions(Path(snakemake.input.captions[0]).parent)
    second = [
        SecondAlignment(snakemake.params.compare, contracts.read(BOUNDARY_AGREEMENT, path))
        for path in snakemake.input.compared
    ]
    made = circumstances_of(Path(snakemake.output.record).parent / "runs/tables.json")
    tables, facts = read_tables(source.parent), read_facts(source)
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
    narrow = {f"{COLUMN}/{stem}": path for stem, path in by_stem(snakemake.input.narrow).items()}
    figures = {**by_stem(snakemake.input.pdf), **narrow}
    write_pdf(content, Path(snakemake.input.typst), figures, Path(snakemake.output.pdf))
    write_html(
        content, Path(snakemake.input.jinja), by_stem(snakemake.input.png), Path(snakemake.output.html)
    )
    write_text(bibtex(references), Path(snakemake.output.bib))
    write_text(methods_markdown(tables, facts, references), Path(snakemake.output.methods))
    write_text(methods_latex(tables, facts, references), Path(snakemake.output.methods_tex))
