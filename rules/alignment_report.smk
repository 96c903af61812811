include: "shown.smk"


ALIGNMENT_FIGURE = [
    f"<run>/figures/{name}"
    for name in ("alignment.pdf", "alignment.png", *printed_names(["alignment"]))
]


use rule job as alignment_figure with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        replanned=ancient(REPLANNED[:2]),
    output:
        pdf=shown_figure("<run>/figures/alignment.pdf"),
        png=shown_figure("<run>/figures/alignment.png"),
        printed=list(map(shown_figure, ALIGNMENT_FIGURE[2:])),
        record="<run>/lineage/figures.alignment.pdf.json",
    pathvars:
        job="alignment_figure",
    localrule: True
    params:
        **runs("alignment_figure"),
        seed=CONFIG.seed,
        style=options(CONFIG.style),
    message:
        "Drawing the alignment"


WORST = "<run>/tables/worst_alignments.csv"


use rule job as worst_alignments with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        quality="<run>/alignment/quality.csv",
        replanned=ancient(REPLANNED[:2]),
    output:
        worst=shown_table(WORST),
        files=directory("<run>/alignment/worst"),
        record="<run>/lineage/tables.worst_alignments.csv.json",
    pathvars:
        job="worst_alignments",
    localrule: True
    params:
        **runs("worst_alignments"),
        audio=CONFIG.report.audio,
    message:
        "Finding the worst alignments"


AGREEMENT = "<run>/tables/alignment_agreement.csv"


if CONFIG.alignment.compare:

    COMPARED = files_below(CONFIG.alignment.compare.path)
    COMPARED_PHONESETS = [
        *PHONESETS,
        *filter(None, [CONFIG.alignment.compare.phone_table]),
    ]

    use rule job as alignment_agreement with:
        input:
            manifest=MANIFEST,
            intervals=INTERVALS,
            files=ancient(COMPARED),
            phonesets=ancient(COMPARED_PHONESETS),
            replanned=ancient(REPLANNED[:2]),
        output:
            agreement=shown_table(AGREEMENT),
            quality="<run>/alignment/compared.csv",
            record="<run>/lineage/tables.alignment_agreement.csv.json",
        pathvars:
            job="alignment_agreement",
        localrule: True
        resources:
            mem_mb=4000,
        params:
            **runs("alignment_agreement"),
            **contents(files=COMPARED, phonesets=COMPARED_PHONESETS),
            compare=options(CONFIG.alignment.compare),
        message:
            "Comparing the alignment with {params.compare[path]}"
