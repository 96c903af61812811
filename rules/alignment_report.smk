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
