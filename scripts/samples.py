"""Draw the sample sets."""

import pandas as pd
from _job import job, log, snakemake

from layerwise.corpus.manifest import read_manifest
from layerwise.files import write_parquet
from layerwise.sampling import draw_samples

with job():
    samples, segments = draw_samples(
        read_manifest(snakemake.input.manifest),
        pd.read_parquet(snakemake.input.intervals),
        seed=snakemake.params.seed,
        **snakemake.params.samples,
    )
    for number, sample in enumerate(samples):
        counts = sample.kind.value_counts()
        log.info("sample %d: %s", number, ", ".join(f"{counts[kind]} {kind}s" for kind in counts.index))
        write_parquet(sample, snakemake.output.samples[number])
    write_parquet(segments, snakemake.output.segments)
