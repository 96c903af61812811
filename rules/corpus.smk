rule manifest:
    """List the corpus: check every audio file, exclude what cannot be used, with the reason."""
    input:
        files=fetched_corpus_files if CORPUS_MISSING else corpus_files(),
        code=code("manifest"),
        lock=LOCK,
    output:
        manifest=MANIFEST,
        excluded=f"{RUN}/corpus/excluded.csv",
        warnings=f"{RUN}/corpus/warnings.csv",
        record=record("corpus/manifest.parquet"),
    log:
        f"{RUN}/logs/manifest.log",
    benchmark:
        f"{RUN}/benchmarks/manifest.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: 4
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        corpus=options(CONFIG.corpus, "description", "download"),
        seed=CONFIG.seed,
    message:
        "Checking the audio of {params.corpus[path]}"
    script:
        "../scripts/manifest.py"


rule samples:
    """Draw the sample sets: utterances, phone tokens, word tokens."""
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        code=code("samples"),
        lock=LOCK,
    output:
        samples=SAMPLES,
        segments=SEGMENTS,
        record=record("samples/segments.parquet"),
    log:
        f"{RUN}/logs/samples.log",
    benchmark:
        f"{RUN}/benchmarks/samples.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        samples=options(CONFIG.samples),
        seed=CONFIG.seed,
    message:
        "Drawing {params.samples[number]} sample sets"
    script:
        "../scripts/samples.py"
