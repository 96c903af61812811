rule alignment_figure:
    """Draw the alignment of a few utterances over waveform and spectrogram."""
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        code=code("alignment_figure"),
        lock=LOCK,
    output:
        pdf=f"{RUN}/figures/alignment.pdf",
        png=report(
            f"{RUN}/figures/alignment.png",
            caption="../report/alignment.rst",
            category="Figures",
        ),
        record=record("figures/alignment.pdf"),
    log:
        f"{RUN}/logs/alignment_figure.log",
    benchmark:
        f"{RUN}/benchmarks/alignment_figure.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        seed=CONFIG.seed,
    message:
        "Drawing the alignment"
    script:
        "../scripts/alignment_figure.py"


if CONFIG.alignment.compare:

    rule alignment_agreement:
        """Compare the alignment with a second one: differences of boundaries by phone class."""
        input:
            manifest=MANIFEST,
            intervals=INTERVALS,
            files=files_below(CONFIG.alignment.compare.path),
            phonesets=files_below("layerwise/align/phonesets"),
            code=code("alignment_agreement"),
            lock=LOCK,
        output:
            agreement=report(
                f"{RUN}/tables/alignment_agreement.csv",
                caption="../report/alignment-agreement.rst",
                category="Tables",
            ),
            quality=f"{RUN}/alignment/compared.csv",
            record=record("tables/alignment_agreement.csv"),
        log:
            f"{RUN}/logs/alignment_agreement.log",
        benchmark:
            f"{RUN}/benchmarks/alignment_agreement.tsv"
        conda:
            "../envs/layerwise.yaml"
        resources:
            mem_mb=4000,
            runtime=60,
        params:
            compare=options(CONFIG.alignment.compare),
        message:
            "Comparing the alignment with {params.compare[path]}"
        script:
            "../scripts/alignment_agreement.py"
