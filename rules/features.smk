include: "stores.smk"
include: "task_inputs.smk"


BATCH_SECONDS = str(CONFIG.extraction.batch_seconds)  # no param: it changes no result
NO_PARAMS = ("threads", "batch_seconds", "shards")
SHARDS = CONFIG.extraction.shards
PARTS = (
    [f"<run>/features/{{model}}.parts/{n}.of.{SHARDS}" for n in range(SHARDS)]
    if SHARDS > 1
    else []
)


use rule job as extract with:
    input:
        selection=SELECTION,
        samples=SAMPLES,
        segments=SEGMENTS,
        model=model_files,
        replanned=ancient(REPLANNED),
        parts=[f"{part}.{name}" for part in PARTS for name in ("zarr", "digest.json")],
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
        extraction=options(CONFIG.extraction, *NO_PARAMS),
        for_tasks=lambda wildcards: stored_for_tasks("", wildcards.model),
        seed=CONFIG.seed,
    message:
        "Encoding the corpus with {wildcards.model}"


if SHARDS > 1:

    # No record: the store that is joined from the parts has one, that of a store made at once.
    use rule extract as extract_part with:
        input:
            selection=SELECTION,
            samples=SAMPLES,
            segments=SEGMENTS,
            model=model_files,
            replanned=ancient(REPLANNED),
            parts=[],
        output:
            store=temp(
                directory(f"<run>/features/{{model}}.parts/{{part}}.of.{SHARDS}.zarr")
            ),
            digest=temp(
                f"<run>/features/{{model}}.parts/{{part}}.of.{SHARDS}.digest.json"
            ),
        pathvars:
            job="extract/{model}.{part}",
        wildcard_constraints:
            part=r"\d+",
        params:
            **runs("extract", lambda wildcards: [model_code(wildcards)]),
            **contents(model=model_files),
            encoder=encoder,
            extraction=options(CONFIG.extraction, *NO_PARAMS),
            for_tasks=lambda wildcards: stored_for_tasks("", wildcards.model),
            seed=CONFIG.seed,
            shards=SHARDS,
        message:
            "Encoding part {wildcards.part} of the corpus with {wildcards.model}"


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
