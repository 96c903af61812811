"""Hash the feature stores again."""

from _job import job, log, snakemake

from layerwise.errors import StoreError
from layerwise.features.digest import verify

with job():
    pairs = zip(snakemake.input.stores, snakemake.input.digests, strict=True)
    problems = [problem for store, digest in pairs for problem in verify(store, digest)]
    if problems:
        raise StoreError(
            "\n".join(
                [*problems, "To rebuild one: snakemake --forcerun results/RUN/features/MODEL.digest.json"]
            )
        )
    log.info("%d stores are as they were written", len(snakemake.input.stores))
