rule tables:
    """Gather all scores into the tables that a paper quotes."""
    input:
        **RAW,
        code=code("tables"),
        lock=LOCK,
    output:
        *(
            report(path, caption="../report/tables.rst", category="Tables")
            for path in TABLES
        ),
        facts=FACTS,
        latex=latex_files(),
        record=record("tables"),
    log:
        f"{RUN}/logs/tables.log",
    benchmark:
        f"{RUN}/benchmarks/tables.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        **facts_params(),
    message:
        "Gathering the tables"
    script:
        "../scripts/tables.py"


rule figures:
    """Draw every figure, as PDF and PNG."""
    input:
        tables=TABLES,
        facts=FACTS,
        code=code("figures"),
        lock=LOCK,
    output:
        pdf=figure_files("pdf"),
        png=[
            report(path, caption=caption(path), category="Figures")
            for path in figure_files("png")
        ],
        record=record("figures"),
    log:
        f"{RUN}/logs/figures.log",
    benchmark:
        f"{RUN}/benchmarks/figures.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    message:
        "Drawing the figures"
    script:
        "../scripts/figures.py"


rule report:
    """Write the report, as PDF and as one HTML page."""
    input:
        pdf=[*figure_files("pdf"), f"{RUN}/figures/alignment.pdf"],
        png=[*figure_files("png"), f"{RUN}/figures/alignment.png"],
        tables=TABLES,
        facts=FACTS,
        compared=compared_alignment(),
        captions=files_below("report", {".rst"}),
        typst="report/template.typ",
        jinja="report/report.html.j2",
        code=code("report"),
        lock=LOCK,
    output:
        pdf=report(REPORT, caption="../report/report.rst", category="Report"),
        html=f"{RUN}/report/report.html",
        record=record("report/report.pdf"),
    log:
        f"{RUN}/logs/report.log",
    benchmark:
        f"{RUN}/benchmarks/report.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        compare=CONFIG.alignment.compare and CONFIG.alignment.compare.path,
    message:
        "Writing the report"
    script:
        "../scripts/report.py"
