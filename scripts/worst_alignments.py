"""Write the worst alignments of the run with their audio."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.worst import worst_alignments, write_worst
from layerwise.contracts.alignment import INTERVALS, QUALITY, WORST
from layerwise.contracts.corpus import MANIFEST

with job():
    manifest = contracts.read(MANIFEST, snakemake.input.manifest)
    intervals = contracts.read(INTERVALS, snakemake.input.intervals)
    worst = worst_alignments(manifest, contracts.read(QUALITY, snakemake.input.quality))
    contracts.write(WORST, worst, snakemake.output.worst)
    write_worst(worst, manifest, intervals, Path(snakemake.output.files), audio=snakemake.params.audio)
    log.info("%d utterances, the worst score %s", len(worst), worst["score"].min())
