"""Select what the extraction reads of the manifest."""

import pandas as pd
from _job import job, log, snakemake

from layerwise import contracts
from layerwise.contracts.corpus import MANIFEST, SELECTION
from layerwise.contracts.samples import SAMPLE

with job():
    manifest = contracts.read(MANIFEST, snakemake.input.manifest)
    if not snakemake.params.everyone:
        samples = pd.concat([contracts.read(SAMPLE, path) for path in snakemake.input.samples])
        manifest = manifest[manifest.utt_id.isin(samples.utt_id)]
    log.info("%d utterances", len(manifest))
    selection = manifest[list(SELECTION.required)].reset_index(drop=True)
    contracts.write(SELECTION, selection, snakemake.output.selection)
