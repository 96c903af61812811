"""Say which analyses cannot be run on the samples, before anything is extracted."""

import pandas as pd
from _job import job, log, snakemake

from layerwise import contracts
from layerwise.analyses.base import Request
from layerwise.analyses.foresight import UNEXTRACTED, foresee
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.samples import SAMPLE
from layerwise.contracts.scores import FORESEEN
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.code import load_object

with job():
    inputs, params = snakemake.input, snakemake.params
    manifest = contracts.read(MANIFEST, inputs.manifest)
    found = []
    for number, path in enumerate(inputs.samples):
        sample = contracts.read(SAMPLE, path)
        for name, entry in params.analyses.items():
            analysis = load_object(entry["plugin"])
            request = Request(
                name=name,
                source=UNEXTRACTED,
                sample=sample,
                protocol=params.protocol,
                options=ScoringOptions(**params.cca),
                seed=params.seed,
                own=analysis.own(**entry["own"]) if analysis.own else None,
                logmel=UNEXTRACTED,
                prosody=UNEXTRACTED,
                speakers=dict(zip(manifest["utt_id"], manifest["speaker"], strict=True)),
                intervals=contracts.read(INTERVALS, inputs.intervals),
                given={given: load_object(code) for given, code in entry["given"].items()},
                split=entry["split"],
            )
            if reason := foresee(analysis, request):
                found.append((name, number, reason))
                log.warning("%s cannot be run, sample %d: %s", name, number, reason)
    table = pd.DataFrame(found, columns=list(FORESEEN.required))
    contracts.write(FORESEEN, table, snakemake.output.infeasible)
