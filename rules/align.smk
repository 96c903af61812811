rule align:
    """Find phone and word boundaries; list every utterance that could not be aligned."""
    input:
        manifest=MANIFEST,
        lexicon=CONFIG.alignment.lexicon or [],
        code=code("align"),
        lock=LOCK,
    output:
        intervals=INTERVALS,
        quality=f"{RUN}/alignment/quality.csv",
        record=record("alignment/intervals.parquet"),
    log:
        f"{RUN}/logs/align.log",
    benchmark:
        f"{RUN}/benchmarks/align.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.alignment.threads
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        aligner=CONFIG.aligner,
        alignment=options(CONFIG.alignment, "threads"),
    message:
        "Aligning with {params.aligner}"
    script:
        "../scripts/align.py"


rule textgrids:
    """Write the alignment as Praat TextGrids, for the eye."""
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        code=code("textgrids"),
        lock=LOCK,
    output:
        textgrids=directory(f"{RUN}/alignment/textgrids"),
        record=record("alignment/textgrids"),
    log:
        f"{RUN}/logs/textgrids.log",
    benchmark:
        f"{RUN}/benchmarks/textgrids.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    message:
        "Writing TextGrids"
    script:
        "../scripts/textgrids.py"
