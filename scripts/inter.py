"""Score every layer of one model against every layer of another."""

from _job import job, snakemake

from layerwise import contracts
from layerwise.analyses.inter import run_inter
from layerwise.contracts.samples import SAMPLE
from layerwise.contracts.scores import INTER
from layerwise.features.scratch import near
from layerwise.features.store import FeatureStore
from layerwise.options.inter import InterOptions
from layerwise.options.scoring import ScoringOptions

with job():
    scores = run_inter(
        FeatureStore(near(snakemake.input.store_a)),
        FeatureStore(near(snakemake.input.store_b)),
        contracts.read(SAMPLE, snakemake.input.sample),
        own=InterOptions(**snakemake.params.inter),
        options=ScoringOptions(**snakemake.params.cca),
        protocol=snakemake.params.protocol,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
    contracts.write(INTER, scores, snakemake.output.scores)
