"""Corpora that only tasks use: the jobs of the analysed one, under a folder of their own."""

FOLDER = "<run>/corpora/{corpus}"


use rule manifest as task_manifest with:
    input:
        files=lambda wildcards: corpus_folder(f"corpora.{wildcards.corpus}"),
    output:
        manifest=f"{FOLDER}/manifest.parquet",
        excluded=f"{FOLDER}/excluded.csv",
        warnings=f"{FOLDER}/warnings.csv",
        splits=f"{FOLDER}/splits.csv",
        record="<run>/lineage/corpora.{corpus}.manifest.parquet.json",
    log:
        "<run>/logs/manifest/{corpus}.log",
    benchmark:
        "<run>/benchmarks/manifest/{corpus}.tsv"
    resources:
        **asks("manifest"),
    params:
        **runs("manifest", lambda wildcards: reader_codes(CORPORA[wildcards.corpus])),
        **contents(
            files=lambda wildcards: contents_of_corpus(f"corpora.{wildcards.corpus}")
        ),
        corpus=lambda wildcards: used_of(CORPORA[wildcards.corpus]),
        reader=lambda wildcards: reading(CORPORA[wildcards.corpus]),
        seed=CONFIG.seed,


use rule align as task_align with:
    input:
        manifest=f"{FOLDER}/manifest.parquet",
        lexicon=ancient(lambda wildcards: lexicon_of(wildcards.corpus)),
        files=[] if CONFIG.aligner == "mfa" else ancient(trackable(aligner_files())),
        phonesets=ancient([*PHONESETS, *phone_table()]),
    output:
        intervals=f"{FOLDER}/alignment/intervals.parquet",
        quality=f"{FOLDER}/alignment/quality.csv",
        record="<run>/lineage/corpora.{corpus}.intervals.parquet.json",
    log:
        "<run>/logs/align/{corpus}.log",
    benchmark:
        "<run>/benchmarks/align/{corpus}.tsv"
    resources:
        **asks("align", corpus=lambda wildcards: wildcards.corpus),
    params:
        **runs("align", [ALIGNER.code]),
        **aligner_work(),
        **contents(
            lexicon=lambda wildcards: lexicon_of(wildcards.corpus),
            files=[] if CONFIG.aligner == "mfa" else trackable(aligner_files()),
            phonesets=[*PHONESETS, *phone_table()],
        ),


use rule extract as task_extract with:
    input:
        selection=f"{FOLDER}/manifest.parquet",
        samples=[],
        segments=[],
        model=model_files,
        parts=[],
    output:
        store=directory(f"{FOLDER}/features/{{model}}.zarr"),
        digest=f"{FOLDER}/features/{{model}}.digest.json",
        stored=f"{FOLDER}/features/{{model}}.stored.json",
        record="<run>/lineage/corpora.{corpus}.{model}.zarr.json",
    pathvars:
        job="extract/{corpus}/{model}",
    resources:
        **asks("extract", encoding_gpus, lambda wildcards: wildcards.corpus),
        batch_seconds=BATCH_SECONDS,
    params:
        **runs("extract", lambda wildcards: [model_code(wildcards)]),
        **contents(model=model_files),
        encoder=encoder,
        extraction=options(CONFIG.extraction, *NO_PARAMS),
        for_tasks=lambda wildcards: stored_for_tasks(wildcards.corpus, wildcards.model),
        seed=CONFIG.seed,
    message:
        "Encoding {wildcards.corpus} with {wildcards.model}"
