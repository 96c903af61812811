def vectors_file(wildcards):
    """The file of vectors of an analysis."""
    file = VECTORS[wildcards.analysis].file
    if not Path(file).is_file():
        raise WorkflowError(
            f"`vectors.{wildcards.analysis}.file`: {file} does not exist; put the table there or correct "
            "the path (docs/analyses.md says what it looks like)"
        )
    return file


def speakers_file(wildcards):
    """The manifest, for an analysis of speakers."""
    name = wildcards.analysis
    wanted = name not in VECTORS and ANALYSES[name].needs_speakers
    return MANIFEST if wanted else []


def vectors_table(wildcards):
    """The vectors of the sampled words or phones, for an analysis of vectors."""
    name = wildcards.analysis
    return f"{RUN}/vectors/{name}.parquet" if name in VECTORS else []


def own_options(wildcards):
    """The keys of the config that only this analysis uses."""
    name = wildcards.analysis
    if name in VECTORS:
        return options(VECTORS[name], "file")
    return options(CONFIG.mutual_information) if ANALYSES[name].clustered else {}


rule cca:
    """Score every layer of a model in one analysis, cross-validated, for each sample set."""
    input:
        store=ancient(f"{RUN}/features/{{model}}.zarr"),
        digest=f"{RUN}/features/{{model}}.digest.json",
        logmel=ancient(f"{RUN}/features/logmel.zarr"),
        logmel_digest=f"{RUN}/features/logmel.digest.json",
        samples=SAMPLES,
        speakers=speakers_file,
        vectors=vectors_table,
        code=code("cca"),
        lock=LOCK,
    output:
        scores=f"{RUN}/cca/{{model}}/{{analysis}}.csv",
        record=record("cca/{model}/{analysis}.csv"),
    log:
        f"{RUN}/logs/cca/{{model}}/{{analysis}}.log",
    benchmark:
        f"{RUN}/benchmarks/cca/{{model}}/{{analysis}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.cca.threads
    resources:
        gpu=0 if CONFIG.cca.device == "cpu" else 1,
        mem_mb=8000,
        runtime=240,
    params:
        cca=options(CONFIG.cca, "threads"),
        own=own_options,
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.analysis} of {wildcards.model}"
    script:
        "../scripts/cca.py"


rule vectors:
    """Take the vectors of the sampled words or phones out of a file, and list those without one."""
    input:
        file=vectors_file,
        segments=SEGMENTS,
        code=code("vectors"),
        lock=LOCK,
    output:
        vectors=f"{RUN}/vectors/{{analysis}}.parquet",
        missing=f"{RUN}/vectors/{{analysis}}.missing.csv",
        record=record("vectors/{analysis}.parquet"),
    log:
        f"{RUN}/logs/vectors/{{analysis}}.log",
    benchmark:
        f"{RUN}/benchmarks/vectors/{{analysis}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        unit=lambda wildcards: VECTORS[wildcards.analysis].unit,
    message:
        "Reading the vectors of {wildcards.analysis}"
    script:
        "../scripts/vectors.py"


rule inter:
    """Score every layer of one model against every layer of another."""
    input:
        store_a=ancient(f"{RUN}/features/{{model_a}}.zarr"),
        digest_a=f"{RUN}/features/{{model_a}}.digest.json",
        store_b=ancient(f"{RUN}/features/{{model_b}}.zarr"),
        digest_b=f"{RUN}/features/{{model_b}}.digest.json",
        sample=SAMPLES[0],
        code=code("inter"),
        lock=LOCK,
    output:
        scores=f"{RUN}/cca/inter/{{model_a}}-vs-{{model_b}}.csv",
        record=record("cca/inter/{model_a}-vs-{model_b}.csv"),
    log:
        f"{RUN}/logs/cca/inter/{{model_a}}-vs-{{model_b}}.log",
    benchmark:
        f"{RUN}/benchmarks/cca/inter/{{model_a}}-vs-{{model_b}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.cca.threads
    resources:
        gpu=0 if CONFIG.cca.device == "cpu" else 1,
        mem_mb=8000,
        runtime=240,
    params:
        cca=options(CONFIG.cca, "threads", "trials", "similarities"),
        inter=options(CONFIG.inter, "pairs"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "Layers of {wildcards.model_a} against those of {wildcards.model_b}"
    script:
        "../scripts/inter.py"
