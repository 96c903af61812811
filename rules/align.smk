include: "alignment_report.smk"


if CONFIG.aligner == "librispeech-alignments":

    include: "align_librispeech.smk"


if CONFIG.aligner == "mfa":

    include: "align_mfa.smk"


checkpoint align:
    input:
        manifest=MANIFEST,
        lexicon=ancient(CONFIG.alignment.lexicon or []),
        files=(
            [*MFA_ALIGNED, MFA_DROPPED, MFA_SPEECH]
            if CONFIG.aligner == "mfa"
            else ancient(trackable(aligner_files()))
        ),
        phonesets=ancient([*PHONESETS, *phone_table()]),
    output:
        intervals=INTERVALS,
        quality="<run>/alignment/quality.csv",
        record="<run>/lineage/alignment.intervals.parquet.json",
    log:
        "<run>/logs/align.log",
    benchmark:
        "<run>/benchmarks/align.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.alignment.threads
    resources:
        **asks("align"),
    params:
        **runs("align", [ALIGNER.code]),
        **aligner_work(),
        **contents(
            lexicon=CONFIG.alignment.lexicon or [],
            files=[] if CONFIG.aligner == "mfa" else trackable(aligner_files()),
            phonesets=[*PHONESETS, *phone_table()],
        ),
    message:
        "Aligning with {params.aligner}"
    script:
        "../scripts/{params.script}"


use rule job as textgrids with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        replanned=ancient(REPLANNED[:2]),
    output:
        textgrids=directory("<run>/alignment/textgrids"),
        record="<run>/lineage/alignment.textgrids.json",
    pathvars:
        job="textgrids",
    localrule: True
    params:
        **runs("textgrids"),
    message:
        "Writing TextGrids"
