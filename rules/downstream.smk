rule downstream:
    """Train a task on every single layer and on the weighted sum of all, together."""
    input:
        store=ancient(f"{RUN}/features/{{model}}.zarr"),
        digest=f"{RUN}/features/{{model}}.digest.json",
        manifest=MANIFEST,
        intervals=INTERVALS,
        code=code("downstream"),
        lock=LOCK,
    output:
        scores=f"{RUN}/downstream/{{model}}/{{task}}.csv",
        weights=f"{RUN}/downstream/{{model}}/{{task}}.weights.csv",
        curves=f"{RUN}/downstream/{{model}}/{{task}}.curves.csv",
        excluded=f"{RUN}/downstream/{{model}}/{{task}}.excluded.csv",
        decodes=f"{RUN}/downstream/{{model}}/{{task}}.decodes.csv",
        record=record("downstream/{model}/{task}.csv"),
    log:
        f"{RUN}/logs/downstream/{{model}}/{{task}}.log",
    benchmark:
        f"{RUN}/benchmarks/downstream/{{model}}/{{task}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.downstream.threads
    resources:
        mem_mb=16000,
        runtime=720,
    params:
        downstream=options(CONFIG.downstream, "threads"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.task} on every layer of {wildcards.model}"
    script:
        "../scripts/downstream.py"
