TASK_STEMS = [f"<run>/downstream/{model}/{name}" for model in MODELS for name in TASKS]


def head_code(wildcards):
    """The code of the heads of a task."""
    recipe = TASKS[wildcards.task].recipe(CONFIG.protocol)
    return CONFIG.registry.find(HeadSpec, recipe.head).code


def task_lexicon(wildcards):
    """The user's pronunciations, for tasks on phones of a lexicon."""
    wanted = TASKS[wildcards.task].labels == ("lexicon",)
    return CONFIG.alignment.lexicon or [] if wanted else []


use rule job as downstream with:
    input:
        store=ancient("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        manifest=MANIFEST,
        intervals=needed("intervals", INTERVALS),
        lexicon=task_lexicon,
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
    threads: CONFIG.downstream.threads
    resources:
        mem_mb=16000,
        runtime=720,
    params:
        **runs("downstream", lambda wildcards: [TASKS[wildcards.task].code, head_code(wildcards)]),
        plugin=lambda wildcards: TASKS[wildcards.task].code,
        head=head_code,
        labels=lambda wildcards: TASKS[wildcards.task].labels,
        pooled=lambda wildcards: TASKS[wildcards.task].pooled,
        recipe=lambda wildcards: asdict(TASKS[wildcards.task].recipe(CONFIG.protocol)),
        metrics=lambda wildcards: [asdict(metric) for metric in TASKS[wildcards.task].metrics],
        own=lambda wildcards: options(CONFIG.options_of(TASKS[wildcards.task])),
        guess=CONFIG.alignment.pocketsphinx.g2p,
        downstream=lambda wildcards: options(CONFIG.training_of(wildcards.task), "threads"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.task} on every layer of {wildcards.model}"
