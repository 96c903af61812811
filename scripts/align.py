"""Find phone and word boundaries of the whole corpus."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.corpus import align_corpus
from layerwise.contracts.alignment import INTERVALS, QUALITY
from layerwise.contracts.corpus import MANIFEST
from layerwise.specs.code import load_object

with job():
    intervals, quality = align_corpus(
        contracts.read(MANIFEST, snakemake.input.manifest),
        load_object(snakemake.params.plugin),
        name=snakemake.params.aligner,
        workers=snakemake.threads,
        # Snakemake removes the outputs of a job that fails.
        losses=Path(snakemake.log[0]).with_suffix(".quality.csv"),
        options=snakemake.params.options,
        **snakemake.params.alignment,
    )
    log.info("aligned %d of %d utterances", (quality.status == "aligned").sum(), len(quality))
    contracts.write(INTERVALS, intervals, snakemake.output.intervals)
    contracts.write(QUALITY, quality, snakemake.output.quality)
