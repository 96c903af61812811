"""What the report of many models costs: tables, figures and document of made-up runs.

    python -m benchmarks.report --models 1 11 30

Runs have 25 layers, five tasks and all kinds of analyses (`benchmarks.madeup`). Seconds are those of CPU, of
this process and the two that draw. Prints CSV: models, seconds by step, and the pages of the PDF.
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
from layerwise.report.citations import cited
from layerwise.report.document import read_captions, report_content, write_pdf
from layerwise.report.figures.all import save_all
from layerwise.report.gather import gather
from layerwise.report.latex_tables import write_latex
from layerwise.report.names import COLUMN
from layerwise.report.run_tables import RunTables, write_tables

REPORT = Path("report")


def main() -> None:
    """Make each run, from its tables to its PDF, and print a line for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, nargs="+", default=[1, 11, 30])
    print("models,tables_s,figures_s,document_s,pages", flush=True)
    for models in parser.parse_args().models:
        with tempfile.TemporaryDirectory() as name:
            print(models, *report(models, Path(name)), sep=",", flush=True)


def report(models: int, folder: Path) -> tuple[float, float, float, int]:
    """Return the CPU seconds of tables, figures and document of so many models, and its pages."""
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

    seconds = (
        cpu_of(tables),
        cpu_of(lambda: save_all(made[0], facts, StyleOptions(), folder / "figures", cores=2)),
        cpu_of(document),
    )
    return (*seconds, len(pypdfium2.PdfDocument(pdf)))


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
