"""Draw the sample sets."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.samples import SAMPLE, SEGMENTS
from layerwise.options.samples import SamplesOptions
from layerwise.sampling import draw_samples

with job():
    samples, segments = draw_samples(
        contracts.read(MANIFEST, snakemake.input.manifest),
        contracts.read(INTERVALS, snakemake.input.intervals),
        SamplesOptions(**snakemake.params.samples),
        seed=snakemake.params.seed,
    )
    for number, sample in enumerate(samples):
        counts = sample.kind.value_counts()
        log.info("sample %d: %s", number, ", ".join(f"{counts[kind]} {kind}s" for kind in counts.index))
        contracts.write(SAMPLE, sample, snakemake.output.samples[number])
    contracts.write(SEGMENTS, segments, snakemake.output.segments)
