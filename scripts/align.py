"""Find phone and word boundaries of the whole corpus."""

from _job import job, log, snakemake

from layerwise.align.corpus import align_corpus
from layerwise.corpus.manifest import read_manifest
from layerwise.files import write_csv, write_parquet
from layerwise.specs.code import load_object

with job():
    intervals, quality = align_corpus(
        read_manifest(snakemake.input.manifest),
        load_object(snakemake.params.plugin),
        name=snakemake.params.aligner,
        workers=snakemake.threads,
        options=snakemake.params.options,
        **snakemake.params.alignment,
    )
    log.info("aligned %d of %d utterances", (quality.status == "aligned").sum(), len(quality))
    write_parquet(intervals, snakemake.output.intervals)
    write_csv(quality, snakemake.output.quality)
