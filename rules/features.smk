use rule job as extract with:
    input:
        manifest=MANIFEST,
        samples=SAMPLES,
        segments=SEGMENTS,
        model=model_files,
    output:
        store=directory("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        record="<run>/lineage/features.{model}.zarr.json",
    pathvars:
        job="extract/{model}",
    priority: 50  # most other jobs wait for these, the longest ones
    threads: CONFIG.extraction.threads
    resources:
        gpu=0 if CONFIG.extraction.device == "cpu" else 1,
        mem_mb=8000,
        runtime=720,
    params:
        **runs("extract", lambda wildcards: [model_code(wildcards)]),
        plugin=model_code,
        location=lambda wildcards: SOURCES[wildcards.model].location,
        hub=lambda wildcards: bool(hub_id(STORES[wildcards.model].source)),
        random=lambda wildcards: SOURCES[wildcards.model].random,
        model=lambda wildcards: options(
            STORES[wildcards.model], "objective", "recipe", "supervision", "twin"
        ),
        extraction=options(CONFIG.extraction, "threads"),
        tasks=bool(TASKS),
        seed=CONFIG.seed,
    message:
        "Encoding the corpus with {wildcards.model}"


rule verify:
    """Target `snakemake verify`: hash the feature stores again and name each chunk that differs.

    No job as the others are: what has a benchmark runs only once.
    """
    input:
        stores=ancient(expand("<run>/features/{model}.zarr", model=STORES)),
        digests=expand("<run>/features/{model}.digest.json", model=STORES),
    log:
        "<run>/logs/verify.log",
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **runs("verify"),
    message:
        "Verifying {input.stores}"
    script:
        "../scripts/{params.script}"
