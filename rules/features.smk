rule extract:
    """One forward pass per utterance: frames, phone, word and utterance means of every layer."""
    input:
        manifest=MANIFEST,
        samples=SAMPLES,
        segments=SEGMENTS,
        model=model_files,
        code=code("extract"),
        lock=LOCK,
    output:
        store=directory(f"{RUN}/features/{{model}}.zarr"),
        digest=f"{RUN}/features/{{model}}.digest.json",
        record=record("features/{model}.zarr"),
    log:
        f"{RUN}/logs/extract/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/extract/{{model}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.extraction.threads
    resources:
        gpu=0 if CONFIG.extraction.device == "cpu" else 1,
        mem_mb=8000,
        runtime=720,
    params:
        model=lambda wildcards: options(
            MODELS[wildcards.model], "objective", "supervision", "twin"
        ),
        extraction=options(CONFIG.extraction, "threads"),
        tasks=bool(CONFIG.tasks),
        seed=CONFIG.seed,
    message:
        "Encoding the corpus with {wildcards.model}"
    script:
        "../scripts/extract.py"


rule verify:
    """Hash the feature stores again and name each chunk that differs (target: `snakemake verify`)."""
    input:
        stores=ancient(expand(f"{RUN}/features/{{model}}.zarr", model=MODELS)),
        digests=expand(f"{RUN}/features/{{model}}.digest.json", model=MODELS),
        code=code("verify"),
        lock=LOCK,
    log:
        f"{RUN}/logs/verify.log",
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Verifying {input.stores}"
    script:
        "../scripts/verify.py"
