use rule job as manifest with:
    input:
        files=fetched_corpus_files if CORPUS_MISSING else corpus_files(),
    output:
        manifest=MANIFEST,
        excluded="<run>/corpus/excluded.csv",
        warnings="<run>/corpus/warnings.csv",
        record="<run>/lineage/corpus.manifest.parquet.json",
    params:
        **script("manifest", [READER.code]),
        corpus=options(CONFIG.corpus, "reader", "description", "download"),
        reader=READER.code,
        seed=CONFIG.seed,
    pathvars:
        job="manifest",
    threads: 4
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
    params:
        **script("samples"),
        samples=options(CONFIG.samples),
        seed=CONFIG.seed,
    pathvars:
        job="samples",
    message:
        "Drawing {params.samples[number]} sample sets"
