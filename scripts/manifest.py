"""List the corpus and check its audio."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.contracts.corpus import EXCLUDED, MANIFEST, WARNINGS
from layerwise.corpus.manifest import build_manifest
from layerwise.specs.code import load_object

with job():
    options = dict(snakemake.params.corpus)
    read, path = load_object(snakemake.params.reader), Path(options.pop("path"))
    manifest, excluded, warnings = build_manifest(
        read(path), seed=snakemake.params.seed, workers=snakemake.threads, **options
    )
    hours = (manifest.samples / manifest.sample_rate).sum() / 3600
    log.info("%d utterances, %.2f h; %d excluded", len(manifest), hours, len(excluded))
    for kind, count in warnings.warning.str.split(":").str[0].value_counts().items():
        log.warning("%d utterances: %s (listed in warnings.csv)", count, kind)
    contracts.write(MANIFEST, manifest, snakemake.output.manifest)
    contracts.write(EXCLUDED, excluded, snakemake.output.excluded)
    contracts.write(WARNINGS, warnings, snakemake.output.warnings)
