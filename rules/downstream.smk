TASK_STEMS = [f"<run>/downstream/{model}/{name}" for model in MODELS for name in TASKS]


use rule job as downstream with:
    input:
        store=ancient("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        manifest=MANIFEST,
        intervals=needed("intervals", INTERVALS),
    output:
        scores="<run>/downstream/{model}/{task}.csv",
        weights="<run>/downstream/{model}/{task}.weights.csv",
        curves="<run>/downstream/{model}/{task}.curves.csv",
        excluded="<run>/downstream/{model}/{task}.excluded.csv",
        decodes="<run>/downstream/{model}/{task}.decodes.csv",
        record="<run>/lineage/downstream.{model}.{task}.csv.json",
    pathvars:
        job="downstream/{model}/{task}",
    threads: CONFIG.downstream.threads
    resources:
        mem_mb=16000,
        runtime=720,
    params:
        **runs("downstream", lambda wildcards: [TASKS[wildcards.task].code]),
        plugin=lambda wildcards: TASKS[wildcards.task].code,
        recipe=lambda wildcards: asdict(TASKS[wildcards.task].recipe),
        metric=lambda wildcards: asdict(TASKS[wildcards.task].metric),
        own=lambda wildcards: options(CONFIG.options_of(TASKS[wildcards.task])),
        downstream=options(CONFIG.downstream, "threads"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.task} on every layer of {wildcards.model}"
