if CONFIG.aligner == "librispeech-alignments":

    include: "align_librispeech.smk"


if CONFIG.aligner == "mfa":

    include: "align_mfa.smk"


use rule job as align with:
    input:
        manifest=MANIFEST,
        lexicon=CONFIG.alignment.lexicon or [],
        files=(
            [*MFA_ALIGNED, MFA_DROPPED] if CONFIG.aligner == "mfa" else aligner_files()
        ),
        phonesets=files_below(ROOT / "layerwise/align/phonesets"),
    output:
        intervals=INTERVALS,
        quality="<run>/alignment/quality.csv",
        record="<run>/lineage/alignment.intervals.parquet.json",
    params:
        **script("align", [ALIGNER.code]),
        **aligner_work(),
    pathvars:
        job="align",
    threads: CONFIG.alignment.threads
    resources:
        mem_mb=4000,
        runtime=240,
    message:
        "Aligning with {params.aligner}"


use rule job as textgrids with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
    output:
        textgrids=directory("<run>/alignment/textgrids"),
        record="<run>/lineage/alignment.textgrids.json",
    params:
        **script("textgrids"),
    pathvars:
        job="textgrids",
    message:
        "Writing TextGrids"
