"""Bring a model of the hub into the local cache and record which commit it is."""

from _job import job, log, snakemake

from layerwise.files import write_json
from layerwise.models.hub import fetch_model

with job():
    params = snakemake.params
    record = fetch_model(params.source, params.revision, weights=params.weights)
    log.info("%s is at commit %s", record["source"], record["commit"])
    write_json(record, snakemake.output.model)
