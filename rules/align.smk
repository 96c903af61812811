if CONFIG.aligner == "librispeech-alignments":

    include: "align_librispeech.smk"


if CONFIG.aligner == "mfa":

    include: "align_mfa.smk"


use rule job as align with:
    input:
        manifest=MANIFEST,
        lexicon=CONFIG.alignment.lexicon or [],
        files=(
            [*MFA_ALIGNED, MFA_DROPPED]
            if CONFIG.aligner == "mfa"
            else trackable(aligner_files())
        ),
        phonesets=files_below("layerwise/align/phonesets"),
    output:
        intervals=INTERVALS,
        quality="<run>/alignment/quality.csv",
        record="<run>/lineage/alignment.intervals.parquet.json",
    pathvars:
        job="align",
    threads: CONFIG.alignment.threads
    resources:
        **asks("align"),
    params:
        **runs("align", [ALIGNER.code]),
        **aligner_work(),
    message:
        "Aligning with {params.aligner}"


use rule job as textgrids with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
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
