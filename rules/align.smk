ALIGNMENT = {
    key: value
    for key, value in options(CONFIG.alignment).items()
    if key in ("lexicon", "max_unaligned")
}
ALIGNER = options(CONFIG.alignment.section(CONFIG.aligner))


ALIGNER_FILES = aligner_files(ALIGNER)

if CONFIG.aligner == "librispeech-alignments":

    include: "align_librispeech.smk"


if CONFIG.aligner == "mfa":

    include: "align_mfa.smk"


rule align:
    """Find phone and word boundaries; list every utterance that could not be aligned."""
    input:
        manifest=MANIFEST,
        lexicon=CONFIG.alignment.lexicon or [],
        files=ALIGNER_FILES,
        phonesets=files_below("layerwise/align/phonesets"),
        code=code("align"),
        lock=LOCK,
    output:
        intervals=INTERVALS,
        quality=f"{RUN}/alignment/quality.csv",
        record=record("alignment/intervals.parquet"),
    log:
        f"{RUN}/logs/align.log",
    benchmark:
        f"{RUN}/benchmarks/align.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.alignment.threads
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        aligner=CONFIG.aligner,
        alignment=ALIGNMENT,
        options=ALIGNER,
    message:
        "Aligning with {params.aligner}"
    script:
        "../scripts/align.py"


rule textgrids:
    """Write the alignment as Praat TextGrids, for the eye."""
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        code=code("textgrids"),
        lock=LOCK,
    output:
        textgrids=directory(f"{RUN}/alignment/textgrids"),
        record=record("alignment/textgrids"),
    log:
        f"{RUN}/logs/textgrids.log",
    benchmark:
        f"{RUN}/benchmarks/textgrids.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    message:
        "Writing TextGrids"
    script:
        "../scripts/textgrids.py"
