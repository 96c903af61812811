include: "task_inputs.smk"


use rule job as extract with:
    input:
        manifest=MANIFEST,
        samples=SAMPLES,
        segments=SEGMENTS,
        model=model_files,
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
    params:
        **runs("extract", lambda wildcards: [model_code(wildcards)]),
        encoder=encoder,
        extraction=options(CONFIG.extraction, "threads"),
        wishes=lambda wildcards: feature_wishes("", wildcards.model),
        disk_gb=lambda wildcards: disk_limit("", wildcards.model),
        seed=CONFIG.seed,
    message:
        "Encoding the corpus with {wildcards.model}"


rule verify:
    """Target `snakemake verify`: hash the feature stores again and name each chunk that differs.

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
        "Verifying {input.stores}"
    script:
        "../scripts/{params.script}"
