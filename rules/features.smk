include: "task_inputs.smk"


BATCH_SECONDS = str(CONFIG.extraction.batch_seconds)  # no param: it changes no result


use rule job as extract with:
    input:
        selection=SELECTION,
        samples=SAMPLES,
        segments=SEGMENTS,
        model=model_files,
        replanned=ancient(REPLANNED),
    output:
        store=directory("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        stored="<run>/features/{model}.stored.json",
        record="<run>/lineage/features.{model}.zarr.json",
    pathvars:
        job="extract/{model}",
    priority: 50  # most other jobs wait for these, the longest ones
    threads: CONFIG.extraction.threads
    resources:
        **asks("extract", encoding_gpus),
        batch_seconds=BATCH_SECONDS,
    params:
        **runs("extract", lambda wildcards: [model_code(wildcards)]),
        **contents(model=model_files),
        encoder=encoder,
        extraction=options(CONFIG.extraction, "threads", "batch_seconds"),
        for_tasks=lambda wildcards: stored_for_tasks("", wildcards.model),
        seed=CONFIG.seed,
    message:
        "Encoding the corpus with {wildcards.model}"


rule verify:
    """Target `snakemake verify`: read stores, results and inputs again and name all that differs.

    No job as the others are: what has a benchmark runs only once.
    """
    input:
        stores=ancient([f"{stem}.zarr" for stem in STORE_STEMS]),
        digests=[f"{stem}.digest.json" for stem in STORE_STEMS],
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
        "Reading all results and what they were made from again"
    script:
        "../scripts/{params.script}"
