"""What `snakemake --report` shows: by question, with labels to choose by, without tables that hold nothing."""

from layerwise.report.questions import CHOICE, EVOLUTION, question_of

# Trained models that figures show, as `layerwise.report.figures.looks.crowded` counts them.
MANY = CONFIG.style.most_curves < sum(
    not entry.source.startswith("random:")
    and entry.source != "logmel"
    and entry.name in (CONFIG.style.models or MODELS)
    for entry in CONFIG.models
)


def shown(path, caption, group, **labels):
    """An output of the run for its report; a CSV file that has only a header is left out."""
    file = Path(path.replace("<run>", RUN))
    if file.suffix == ".csv" and file.is_file():
        with file.open(encoding="utf-8") as stream:
            if len([*zip(stream, range(2))]) < 2:
                return path
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=question_of(file.stem.removesuffix(TABULAR), ANALYSES, TASKS),
        subcategory=group,
        labels=labels,
    )


def shown_figure(path):
    """A figure in one size and format; those of one analysis, measure or pair share a caption."""
    file = Path(path)
    stem, size = file.stem, file.parent.name
    return shown(
        path,
        caption_name(stem, ANALYSES, many=MANY),
        "Figures for papers" if size in (COLUMN, PAGE) else "Figures",
        figure=titled(stem),
        **({"size": size} if size in (COLUMN, PAGE) else {}),
        form=file.suffix.removeprefix(".").upper(),
    )


def shown_table(path):
    """A table of the run."""
    stem = Path(path).stem
    return shown(path, f"tables/{stem}", "Tables", table=titled(stem))


def shown_latex(path):
    """A table for papers."""
    file = Path(path)
    stem = file.stem.removesuffix(TABULAR)
    return shown(
        path,
        "latex",
        "LaTeX",
        table=titled(stem),
        width=file.parent.name,
        form="tabular alone" if file.stem.endswith(TABULAR) else "float",
    )


def titled(stem):
    """What a figure or table is called."""
    if stem in ANALYSES:
        return ANALYSES[stem].title
    if stem in TASKS:
        return TASKS[stem].title
    return stem.replace("-", " ").replace("_", " ")
