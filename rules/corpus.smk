use rule job as manifest with:
    input:
        files=fetched_corpus_files if CORPUS_MISSING else corpus_files(),
    output:
        manifest=MANIFEST,
        excluded="<run>/corpus/excluded.csv",
        warnings="<run>/corpus/warnings.csv",
        record="<run>/lineage/corpus.manifest.parquet.json",
    pathvars:
        job="manifest",
    threads: 4
    params:
        **runs("manifest", [READER.code]),
        corpus=options(CONFIG.corpus, "reader", "description", "download"),
        reader=READER.code,
        seed=CONFIG.seed,
    message:
        "Checking the audio of {params.corpus[path]}"


use rule job as samples with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
    output:
        samples=SAMPLES,
        segments=SEGMENTS,
        record="<run>/lineage/samples.segments.parquet.json",
    pathvars:
        job="samples",
    params:
        **runs("samples"),
        samples=options(CONFIG.samples),
        seed=CONFIG.seed,
    message:
        "Drawing {params.samples[number]} sample sets"
