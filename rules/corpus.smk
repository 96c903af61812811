include: "align_inputs.smk"
include: "download.smk"


checkpoint manifest:
    input:
        files=lambda wildcards: corpus_folder("corpus"),
    output:
        manifest=MANIFEST,
        excluded="<run>/corpus/excluded.csv",
        warnings="<run>/corpus/warnings.csv",
        splits="<run>/corpus/splits.csv",
        record="<run>/lineage/corpus.manifest.parquet.json",
    log:
        "<run>/logs/manifest.log",
    benchmark:
        "<run>/benchmarks/manifest.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: 4
    resources:
        **asks("manifest"),
    params:
        **runs("manifest", reader_codes(CONFIG.corpus)),
        **contents(files=lambda wildcards: contents_of_corpus("corpus")),
        corpus=used_of(CONFIG.corpus),
        reader=reading(CONFIG.corpus),
        seed=CONFIG.seed,
    message:
        "Checking the audio of {params.corpus[path]}"
    script:
        "../scripts/{params.script}"


checkpoint samples:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
    output:
        samples=SAMPLES,
        segments=SEGMENTS,
        record="<run>/lineage/samples.segments.parquet.json",
    log:
        "<run>/logs/samples.log",
    benchmark:
        "<run>/benchmarks/samples.tsv"
    localrule: True
    conda:
        "../envs/layerwise.yaml"
    params:
        **runs("samples"),
        samples=options(CONFIG.samples),
        seed=CONFIG.seed,
    message:
        "Drawing {params.samples[number]} sample sets"
    script:
        "../scripts/{params.script}"


checkpoint selection:
    """What the extraction reads of the manifest; a change of any other utterance encodes nothing anew."""
    input:
        manifest=MANIFEST,
        samples=SAMPLES,
    output:
        selection=SELECTION,
        record="<run>/lineage/samples.selection.parquet.json",
    log:
        "<run>/logs/selection.log",
    benchmark:
        "<run>/benchmarks/selection.tsv"
    localrule: True
    conda:
        "../envs/layerwise.yaml"
    params:
        **runs("selection"),
        everyone=lambda wildcards: selects_everyone(),
    message:
        "Selecting what is encoded"
    script:
        "../scripts/{params.script}"
