"""Write the report as PDF and as one HTML page."""

from pathlib import Path

from _facts import results
from _job import job

from layerwise.report.document import read_captions, report_content, write_html, write_pdf


def by_stem(paths: list[str]) -> dict[str, Path]:
    """Paths by their name without suffix."""
    return {Path(path).stem: Path(path) for path in paths}


with job(snakemake):
    content = report_content(*results(snakemake), read_captions(Path(snakemake.input.captions[0]).parent))
    write_pdf(content, Path(snakemake.input.typst), by_stem(snakemake.input.pdf), Path(snakemake.output.pdf))
    write_html(
        content, Path(snakemake.input.jinja), by_stem(snakemake.input.png), Path(snakemake.output.html)
    )
