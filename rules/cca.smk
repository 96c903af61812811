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
