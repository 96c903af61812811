use rule job as manifest with:
    input:
        files=lambda wildcards: corpus_files("corpus"),
    output:
        manifest=MANIFEST,
        excluded="<run>/corpus/excluded.csv",
        warnings="<run>/corpus/warnings.csv",
        splits="<run>/corpus/splits.csv",
        record="<run>/lineage/corpus.manifest.parquet.json",
    pathvars:
        job="manifest",
    threads: 4
    resources:
        **asks("manifest"),
    params:
        **runs("manifest", reader_codes(CONFIG.corpus)),
        corpus=used_of(CONFIG.corpus),
        reader=reading(CONFIG.corpus),
        others=lambda wildcards: other_corpus_files("corpus"),
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
    localrule: True
    params:
        **runs("samples"),
        samples=options(CONFIG.samples),
        seed=CONFIG.seed,
    message:
        "Drawing {params.samples[number]} sample sets"
