MEASURE_STEMS = [
    f"<run>/measures/{model}/{name}"
    for model in MODELS
    for name, measure in MEASURES.items()
    if model != "logmel" or measure.of_logmel
]


use rule job as measure with:
    input:
        store=ancient("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        logmel=ancient(needed("logmel", "<run>/features/logmel.zarr")),
        logmel_digest=needed("logmel", "<run>/features/logmel.digest.json"),
        prosody=ancient(needed("prosody", "<run>/features/prosody.zarr")),
        prosody_digest=needed("prosody", "<run>/features/prosody.digest.json"),
        samples=SAMPLES,
        manifest=MANIFEST,
        intervals=INTERVALS,
        replanned=ancient(REPLANNED),
    output:
        measured="<run>/measures/{model}/{measure}.csv",
        left_out="<run>/measures/{model}/{measure}.excluded.csv",
        infeasible="<run>/measures/{model}/{measure}.infeasible.csv",
        record="<run>/lineage/measures.{model}.{measure}.csv.json",
    pathvars:
        job="measures/{model}/{measure}",
    group:
        "measure-{model}"
    threads: CONFIG.cca.threads
    resources:
        **asks("measure", measure_gpus),
        turn=1,  # in one job of a cluster they run one after the other
    params:
        **runs("measure", lambda wildcards: [MEASURES[wildcards.measure].code]),
        entry=lambda wildcards: measure_entry(wildcards.measure),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.measure} of {wildcards.model}"
