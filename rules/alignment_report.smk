use rule job as alignment_figure with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
    output:
        pdf="<run>/figures/alignment.pdf",
        png=report(
            "<run>/figures/alignment.png",
            caption="../report/alignment.rst",
            category="Figures",
        ),
        record="<run>/lineage/figures.alignment.pdf.json",
    pathvars:
        job="alignment_figure",
    localrule: True
    params:
        **runs("alignment_figure"),
        seed=CONFIG.seed,
    message:
        "Drawing the alignment"


if CONFIG.alignment.compare:

    use rule job as alignment_agreement with:
        input:
            manifest=MANIFEST,
            intervals=INTERVALS,
            files=files_below(CONFIG.alignment.compare.path),
            phonesets=files_below("layerwise/align/phonesets"),
        output:
            agreement=report(
                "<run>/tables/alignment_agreement.csv",
                caption="../report/alignment-agreement.rst",
                category="Tables",
            ),
            quality="<run>/alignment/compared.csv",
            record="<run>/lineage/tables.alignment_agreement.csv.json",
        pathvars:
            job="alignment_agreement",
        localrule: True
        resources:
            mem_mb=4000,
        params:
            **runs("alignment_agreement"),
            compare=options(CONFIG.alignment.compare),
        message:
            "Comparing the alignment with {params.compare[path]}"
