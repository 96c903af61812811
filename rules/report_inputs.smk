"""What the rules of the report are made from: facts of the config, names of figures and their captions."""

from layerwise.config.licences import licences


def deliverables():
    """The files of a run that people read, and the digests of its stores."""
    corpus_folders = ["<run>/corpus", *(f"<run>/corpora/{name}" for name in CORPORA)]
    task_tables = "csv weights.csv curves.csv excluded.csv cautions.csv decodes.csv utterances.parquet"
    score_tables = "units.parquet null.parquet sizes.csv traits.csv infeasible.csv"
    return [
        *(
            f"{folder}/{name}"
            for folder in corpus_folders
            for name in (
                "manifest.parquet",
                "excluded.csv",
                "warnings.csv",
                "splits.csv",
            )
        ),
        "<run>/alignment/quality.csv",
        "<run>/alignment/textgrids",
        WORST,
        "<run>/alignment/worst",
        FORESEEN,
        *(
            f"{stem}.{name}"
            for stem in STORE_STEMS
            for name in ("digest.json", "stored.json")
        ),
        *SCORES,
        *(path for ending in score_tables.split() for path in beside_scores(ending)),
        *INTER,
        *(
            f"{stem}.{name}"
            for stem in MEASURE_STEMS
            for name in ("csv", "excluded.csv", "infeasible.csv")
        ),
        *(f"{stem}.{name}" for stem in TASK_STEMS for name in task_tables.split()),
        *(f"<run>/vectors/{name}.missing.csv" for name in VECTORS),
        *TABLES,
        FACTS,
        *LATEX,
        *figure_files("pdf"),
        *figure_files("png"),
        *PRINTED,
        *ALIGNMENT_FIGURE,
        *(
            [AGREEMENT, "<run>/alignment/compared.csv"]
            if CONFIG.alignment.compare
            else []
        ),
        HTML,
        f"{VIEWS}/curves",
        f"{VIEWS}/layers",
        "<run>/report/references.bib",
        "<run>/report/methods.md",
        "<run>/report/methods.tex",
        REPORT,
    ]


def facts_params():
    """What the report states of the config and of the specs that it names."""
    told = "name title method unit measure higher_is_better reference own_reference"
    return {
        "run": CONFIG.run,
        "protocol": CONFIG.protocol,
        "seed": CONFIG.seed,
        "models": [options(entry, "license") for entry in MODELS.values()],
        "licences": {key: str(licence) for key, licence in licences(CONFIG).items()},
        "corpus": CONFIG.corpus.path,
        "description": CONFIG.corpus.description,
        "aligner": CONFIG.aligner,
        "samples": CONFIG.samples.number,
        "trials": (
            CONFIG.cca.trials
            if CONFIG.protocol == "paper"
            else CONFIG.cca.parts * CONFIG.cca.partitions
        ),
        "smallest_effect": CONFIG.report.smallest_effect,
        "published_corpora": list(CONFIG.report.published.corpora),
        "analyses": [
            {field: getattr(spec, field) for field in told.split()}
            for spec in ANALYSES.values()
        ],
        "measures": [measure_told(spec) for spec in MEASURES.values()],
        "corpora": [
            {"name": name, "description": corpus.description}
            for name, corpus in CORPORA.items()
        ],
        "features": [
            {
                "task": name,
                "corpus": spec.corpus,
                "pooled": spec.pooled,
                "asked": mode(name),
            }
            for name, spec in TASKS.items()
        ],
        "tasks": [
            {
                "name": spec.name,
                "title": spec.title,
                "metric": asdict(spec.metric),
                "also": [asdict(metric) for metric in spec.also],
                "goal": spec.goal,
                "chance": spec.chance,
            }
            for spec in TASKS.values()
        ],
    }


def published_files():
    """The tables of published values that the config names."""
    files = list(CONFIG.report.published.files)
    if missing := [file for file in files if not Path(file).is_file()]:
        raise WorkflowError(
            f"`report.published.files`: {missing[0]} does not exist; correct the path"
        )
    return files


def measure_told(spec):
    """What the report states of a measure, as plain values."""
    told = "name title method unit headline source"
    return {
        **{field: getattr(spec, field) for field in told.split()},
        "variants": [asdict(variant) for variant in spec.whole_variants()],
    }


def figure_stems():
    """Names of all figures that are made from tables."""
    return figure_names(list(ANALYSES), list(TASKS), CONFIG.inter.pairs, list(MEASURES))


def figure_files(suffix):
    """Paths of all figures of the report in one format."""
    return [f"<run>/figures/{stem}.{suffix}" for stem in figure_stems()]


def beside_scores(ending):
    """Paths of one of the tables that the job of an analysis writes beside its scores."""
    return [f"{path.removesuffix('.csv')}.{ending}" for path in SCORES]
