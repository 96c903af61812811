include: "report_inputs.smk"


TABLES = [f"<run>/tables/{name}.csv" for name in RUN_TABLES]
FACTS = f"<run>/tables/{FACTS_NAME}"
LATEX = [
    f"<run>/tables/{name}.tex"
    for name in latex_names(list(ANALYSES), list(TASKS), CONFIG.inter.pairs)
]
PRINTED = [f"<run>/figures/{name}" for name in printed_names(figure_stems())]
HTML = "<run>/report/report.html"
VIEWS = "<run>/tables/views"
CAPTIONS = [path.as_posix() for path in sorted(Path("report").glob("*.rst"))]
LIBRARY = "report/references.bib"
TYPST = "report/template.typ"
# The page that can be explored: templates (that of the report first), programs, looks and the library.
JINJA = [
    "report/report.html.j2",
    "report/explore.html.j2",
    *files_below("report/page"),
    *files_below("report/vendor"),
]
VECTORS = sorted({spec.plain for spec in ANALYSES.values() if "vectors" in spec.needs})


use rule job as tables with:
    input:
        manifest=MANIFEST,
        excluded="<run>/corpus/excluded.csv",
        intervals=INTERVALS,
        quality="<run>/alignment/quality.csv",
        stores=ancient([f"<run>/features/{model}.zarr" for model in MODELS]),
        digests=[f"<run>/features/{model}.digest.json" for model in MODELS],
        scores=SCORES,
        units=beside_scores("units.parquet"),
        nulls=beside_scores("null.parquet"),
        sizes=beside_scores("sizes.csv"),
        traits=beside_scores("traits.csv"),
        infeasible=beside_scores("infeasible.csv"),
        inter=INTER,
        measured=[f"{stem}.csv" for stem in MEASURE_STEMS],
        measures_excluded=[f"{stem}.excluded.csv" for stem in MEASURE_STEMS],
        measures_infeasible=[f"{stem}.infeasible.csv" for stem in MEASURE_STEMS],
        published=ancient(published_files()),
        missing_vectors=[f"<run>/vectors/{name}.missing.csv" for name in VECTORS],
        downstream=[f"{stem}.csv" for stem in TASK_STEMS],
        weights=[f"{stem}.weights.csv" for stem in TASK_STEMS],
        decodes=[f"{stem}.decodes.csv" for stem in TASK_STEMS],
        curves=[f"{stem}.curves.csv" for stem in TASK_STEMS],
        corpora=[f"<run>/corpora/{name}/manifest.parquet" for name in CORPORA],
        splits=[
            "<run>/corpus/splits.csv",
            *(f"<run>/corpora/{name}/splits.csv" for name in CORPORA),
        ],
        warnings=[
            "<run>/corpus/warnings.csv",
            *(f"<run>/corpora/{name}/warnings.csv" for name in CORPORA),
        ],
        corpora_excluded=[f"<run>/corpora/{name}/excluded.csv" for name in CORPORA],
        corpora_quality=[
            f"<run>/corpora/{name}/alignment/quality.csv" for name in ALIGNED_CORPORA
        ],
        stored=[f"{stem}.stored.json" for stem in STORE_STEMS],
        task_utterances=[f"{stem}.utterances.parquet" for stem in TASK_STEMS],
        task_exclusions=[f"{stem}.excluded.csv" for stem in TASK_STEMS],
        replanned=ancient(REPLANNED),
    output:
        *map(shown_table, TABLES),
        facts=FACTS,
        latex=list(map(shown_latex, LATEX)),
        record="<run>/lineage/tables.json",
    pathvars:
        job="tables",
    localrule: True
    params:
        **runs("tables"),
        **contents(published=published_files()),
        facts=lambda wildcards: facts_params(),
    message:
        "Gathering the tables"


use rule job as views with:
    input:
        tables=TABLES,
        replanned=ancient(REPLANNED),
    output:
        curves=report(
            directory(f"{VIEWS}/curves"),
            patterns=["{model}/{analysis}.csv"],
            caption="../report/curves.rst",
            category=EVOLUTION,
            subcategory="Curves",
            labels={"model": "{model}", "analysis": "{analysis}"},
        ),
        layers=report(
            directory(f"{VIEWS}/layers"),
            patterns=["{model}/{layer}.csv"],
            caption="../report/of-layer.rst",
            category=CHOICE,
            subcategory="Layers",
            labels={"model": "{model}", "layer": "{layer}"},
        ),
        record="<run>/lineage/tables.views.json",
    pathvars:
        job="views",
    localrule: True
    params:
        **runs("views"),
    message:
        "Cutting the tables into curves and layers"


use rule job as figures with:
    input:
        tables=TABLES,
        facts=FACTS,
        # Not read. Where nobody asks for the table of a new analysis, no change of its job is seen.
        latex=LATEX,
        replanned=ancient(REPLANNED),
    output:
        pdf=list(map(shown_figure, figure_files("pdf"))),
        png=list(map(shown_figure, figure_files("png"))),
        printed=list(map(shown_figure, PRINTED)),
        record="<run>/lineage/figures.json",
    pathvars:
        job="figures",
    localrule: True
    threads: 2
    params:
        **runs("figures"),
        style=options(CONFIG.style),
    message:
        "Drawing the figures"


use rule job as report with:
    input:
        tables=TABLES,
        facts=FACTS,
        pdf=[*figure_files("pdf"), "<run>/figures/alignment.pdf"],
        png=[*figure_files("png"), "<run>/figures/alignment.png"],
        svg=[
            f"<run>/figures/page/{stem}.svg" for stem in (*figure_stems(), "alignment")
        ],
        latex=LATEX,
        worst=WORST,
        worst_files="<run>/alignment/worst",
        narrow=[
            f"<run>/figures/{COLUMN}/{stem}.pdf"
            for stem in (*figure_stems(), "alignment")
        ],
        compared=[AGREEMENT] if CONFIG.alignment.compare else [],
        captions=ancient(CAPTIONS),
        typst=ancient(TYPST),
        jinja=ancient(JINJA),
        library=ancient(LIBRARY),
        replanned=ancient(REPLANNED),
    output:
        pdf=shown(REPORT, "report", "The report", document="to print"),
        html=shown(HTML, "report", "The report", document="to explore"),
        bib=shown(
            "<run>/report/references.bib",
            "papers",
            "The report",
            document="references",
        ),
        methods=shown(
            "<run>/report/methods.md", "papers", "The report", document="methods"
        ),
        methods_tex=shown(
            "<run>/report/methods.tex",
            "papers",
            "The report",
            document="methods, LaTeX",
        ),
        record="<run>/lineage/report.report.pdf.json",
    pathvars:
        job="report",
    localrule: True
    params:
        **runs("report"),
        **contents(captions=CAPTIONS, typst=TYPST, jinja=JINJA, library=LIBRARY),
        style=options(CONFIG.style),
        compare=CONFIG.alignment.compare and CONFIG.alignment.compare.path,
    message:
        "Writing the report"
