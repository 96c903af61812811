"""What the report of many models costs: tables, figures and documents of made-up runs.

    python -m benchmarks.report --models 1 11 30

Runs have 25 layers, five tasks and all kinds of analyses (`benchmarks.madeup`). Seconds are those of CPU, of
this process and the two that draw. Prints CSV: models, seconds by step, the pages of the PDF, and the
megabytes of the page to explore (without audio, which made-up runs lack).
"""

import argparse
import resource
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdfium2

from benchmarks.madeup import write_run
from benchmarks.madeup_facts import PAPER_SIZE
from layerwise.options.style import StyleOptions
from layerwise.report.captions import fitting
from layerwise.report.citations import cited
from layerwise.report.document import read_captions, report_content, write_html, write_pdf
from layerwise.report.figures.all import save_all
from layerwise.report.figures.looks import crowded
from layerwise.report.gather import gather
from layerwise.report.latex_tables import write_latex
from layerwise.report.names import COLUMN, PAGE
from layerwise.report.page.more import more_figures
from layerwise.report.page.page import Assets, FigureFiles, page_parts
from layerwise.report.run_tables import RunTables, write_tables
from layerwise.report.sections import captions_of

REPORT = Path("report")


def main() -> None:
    """Make each run, from its tables to its PDF, and print a line for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, nargs="+", default=[1, 11, 30])
    print("models,tables_s,figures_s,document_s,page_s,pages,page_mb", flush=True)
    for models in parser.parse_args().models:
        with tempfile.TemporaryDirectory() as name:
            print(models, *report(models, Path(name)), sep=",", flush=True)


def report(models: int, folder: Path) -> tuple[float, float, float, float, int, float]:
    """CPU seconds of tables, figures, document and page of so many models; pages of one, MB of the other."""
    shape = replace(PAPER_SIZE, models=models, layers=25, convs=7, twins=min(models, 2))
    facts, files = write_run(shape, folder)
    made: list[RunTables] = []
    pdf = folder / "report.pdf"

    def tables() -> None:
        made.append(gather(files, facts))
        write_tables(made[0], folder / "tables")
        write_latex(made[0], facts, folder / "tables")

    def document() -> None:
        references = cited(REPORT / "references.bib", made[0], facts)
        content = report_content(made[0], facts, read_captions(REPORT), references=references)
        figures = {path.stem: path for path in (folder / "figures").glob("*.pdf")}
        figures |= {f"{COLUMN}/{path.stem}": path for path in (folder / "figures" / COLUMN).glob("*.pdf")}
        # The alignment is drawn from audio: another figure stands in for it.
        figures |= {"alignment": figures["corpus"], f"{COLUMN}/alignment": figures[f"{COLUMN}/corpus"]}
        write_pdf(content, REPORT / "template.typ", figures, pdf)

    def page() -> None:
        written = read_captions(REPORT)
        many = crowded(facts, StyleOptions())
        captions = fitting(written, made[0].planned, many=many)
        content = report_content(made[0], facts, captions)
        drawn = {
            suffix: {path.stem: path for path in (folder / "figures" / form).glob(f"*.{suffix}")}
            for suffix, form in (("pdf", ""), ("png", ""), ("svg", PAGE))
        }
        for files in drawn.values():
            files["alignment"] = files["corpus"]
        latex = {path.stem: path for path in (folder / "tables" / COLUMN).glob("*.tex")}
        shown = captions_of(content)
        parts = page_parts(
            *(made[0], facts, shown, FigureFiles(drawn["pdf"], drawn["svg"], latex, {}), StyleOptions()),
            Assets.below(REPORT),
            more=more_figures(list(drawn["pdf"]), shown, written, made[0], facts, many=many),
        )
        write_html(content, REPORT / "report.html.j2", drawn["png"], folder / "report.html", parts)

    seconds = (
        cpu_of(tables),
        cpu_of(lambda: save_all(made[0], facts, StyleOptions(), folder / "figures", cores=2)),
        cpu_of(document),
        cpu_of(page),
    )
    megabytes = round((folder / "report.html").stat().st_size / 1e6, 2)
    return (*seconds, len(pypdfium2.PdfDocument(pdf)), megabytes)


def cpu_of(work: Callable[[], None]) -> float:
    """CPU seconds of a piece of work, with those of the processes that it started."""
    before = spent()
    work()
    return round(spent() - before, 1)


def spent() -> float:
    """CPU seconds of this process and of those that it waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, kinds))


if __name__ == "__main__":
    main()
