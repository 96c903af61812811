rule cca:
    """Score every layer of a model in one analysis, cross-validated, for each sample set."""
    input:
        store=ancient(f"{RUN}/features/{{model}}.zarr"),
        digest=f"{RUN}/features/{{model}}.digest.json",
        logmel=ancient(f"{RUN}/features/logmel.zarr"),
        logmel_digest=f"{RUN}/features/logmel.digest.json",
        samples=SAMPLES,
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
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.analysis} of {wildcards.model}"
    script:
        "../scripts/cca.py"
