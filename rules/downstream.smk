include: "corpora.smk"


use rule job as downstream with:
    input:
        store=ancient(task_features("zarr")),
        digest=task_features("digest.json"),
        stored=task_features("stored.json"),
        manifest=of_task("manifest.parquet"),
        intervals=task_intervals,
        lexicon=ancient(task_lexicon),
        model=task_model,
        replanned=ancient(REPLANNED),
    output:
        scores="<run>/downstream/{model}/{task}.csv",
        weights="<run>/downstream/{model}/{task}.weights.csv",
        curves="<run>/downstream/{model}/{task}.curves.csv",
        excluded="<run>/downstream/{model}/{task}.excluded.csv",
        cautions="<run>/downstream/{model}/{task}.cautions.csv",
        decodes="<run>/downstream/{model}/{task}.decodes.csv",
        utterances="<run>/downstream/{model}/{task}.utterances.parquet",
        record="<run>/lineage/downstream.{model}.{task}.csv.json",
    pathvars:
        job="downstream/{model}/{task}",
    group:
        "downstream-{model}"
    threads: CONFIG.downstream.threads
    resources:
        **asks(
            "downstream",
            lambda wildcards: gpus(CONFIG.downstream.device),
            lambda wildcards: TASKS[wildcards.task].corpus,
        ),
        turn=1,
    params:
        **runs("downstream", task_codes),
        **contents(lexicon=task_lexicon, model=task_model),
        plugin=lambda wildcards: TASKS[wildcards.task].code,
        head=lambda wildcards: head_code(wildcards.task),
        labels=lambda wildcards: TASKS[wildcards.task].labels,
        pooled=lambda wildcards: TASKS[wildcards.task].pooled,
        recipe=lambda wildcards: asdict(TASKS[wildcards.task].recipe(CONFIG.protocol)),
        metrics=lambda wildcards: list(map(asdict, TASKS[wildcards.task].metrics)),
        own=lambda wildcards: options(CONFIG.options_of(TASKS[wildcards.task])),
        guess=CONFIG.alignment.pocketsphinx.g2p,
        downstream=lambda wildcards: training_of(wildcards.task),
        features=lambda wildcards: mode(wildcards.task),
        encoder=live_encoder,
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.task} on every layer of {wildcards.model}"
