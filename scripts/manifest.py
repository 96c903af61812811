"""List the corpus and check its audio."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.contracts.corpus import EXCLUDED, MANIFEST, SPLIT_COUNTS, WARNINGS
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.splits import split_counts
from layerwise.specs.code import load_object

with job():
    params, options = snakemake.params, dict(snakemake.params.corpus)
    reader = params.reader
    entries = load_object(reader["code"])(Path(options.pop("path")), **reader["options"])
    manifest, excluded, warnings = build_manifest(
        entries, seed=params.seed, workers=snakemake.threads, **options
    )
    published = load_object(reader["published"])(**reader["options"]) if reader["published"] else {}
    splits = split_counts(manifest, entries, published)
    hours = (manifest.samples / manifest.sample_rate).sum() / 3600
    log.info("%d utterances, %.2f h; %d excluded", len(manifest), hours, len(excluded))
    for kind, count in warnings.warning.str.split(":").str[0].value_counts().items():
        log.warning("%d utterances: %s (listed in warnings.csv)", count, kind)
    for row in splits[splits.caution != ""].itertuples():
        log.warning("%s: %s", row.split, row.caution)
    contracts.write(MANIFEST, manifest, snakemake.output.manifest)
    contracts.write(EXCLUDED, excluded, snakemake.output.excluded)
    contracts.write(WARNINGS, warnings, snakemake.output.warnings)
    contracts.write(SPLIT_COUNTS, splits, snakemake.output.splits)
