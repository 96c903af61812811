include: "corpora.smk"


use rule job as downstream with:
    input:
        store=ancient(task_features("zarr")),
        digest=task_features("digest.json"),
        stored=task_features("stored.json"),
        manifest=of_task("manifest.parquet"),
        intervals=task_intervals,
        lexicon=task_lexicon,
        model=task_model,
    output:
        scores="<run>/downstream/{model}/{task}.csv",
        weights="<run>/downstream/{model}/{task}.weights.csv",
        curves="<run>/downstream/{model}/{task}.curves.csv",
        excluded="<run>/downstream/{model}/{task}.excluded.csv",
        decodes="<run>/downstream/{model}/{task}.decodes.csv",
        utterances="<run>/downstream/{model}/{task}.utterances.parquet",
        record="<run>/lineage/downstream.{model}.{task}.csv.json",
    pathvars:
        job="downstream/{model}/{task}",
    threads: CONFIG.downstream.threads
    resources:
        gpu=0 if CONFIG.downstream.device == "cpu" else 1,
        mem_mb=16000,
        runtime=720,
    params:
        **runs("downstream", task_codes),
        task=task_work,
        encoder=encoder,
        extraction=options(CONFIG.extraction, "threads", "store_dtype"),
        features=lambda wildcards: mode(wildcards.task),
        training=lambda wildcards: options(
            TRAINING[wildcards.task], "threads", "features", "disk_gb"
        ),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.task} on every layer of {wildcards.model}"
