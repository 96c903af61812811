"""What the jobs of tasks are made from: the corpus, features, model and head of each."""

TRAINING = {name: CONFIG.training_of(name) for name in TASKS}
TASK_STEMS = [f"<run>/downstream/{model}/{name}" for model in MODELS for name in TASKS]


def mode(task):
    """Where the features of a task come from, as asked for: auto, stored or live."""
    return TRAINING[task].features or "auto"


def feature_wishes(corpus, model):
    """What the tasks on a corpus ask for, of frames and of means.

    The analysed corpus has no name, and nothing to wish of means: they are there for analyses.
    """
    wishes = {}
    for name, spec in TASKS.items():
        wanted = spec.corpus == corpus and model in MODELS
        if wanted and (corpus or not spec.pooled):
            kind = "means" if spec.pooled else "frames"
            wishes.setdefault(kind, set()).add(mode(name))
    order = ("stored", "auto", "live")
    return {kind: min(asked, key=order.index) for kind, asked in wishes.items()}


def selects_everyone():
    """Whether utterances are encoded that no sample has: for tasks, and where they were for tasks before."""
    record = read_record(Path(RUN, "lineage/samples.selection.parquet.json"))
    before = record.get("params", {}).get("everyone", False)
    return before or any(spec.corpus == "" for spec in TASKS.values())


def stored_for_tasks(corpus, model):
    """What an extraction stores for tasks. A task that is taken out costs nothing that is stored already."""
    name = f"corpora.{corpus}" if corpus else "features"
    record = read_record(Path(RUN, f"lineage/{name}.{model}.zarr.json"))
    before = record.get("params", {}).get("for_tasks", {"wishes": {}})
    wishes = feature_wishes(corpus, model)
    if wishes.items() < before["wishes"].items():
        kinds = [kind for kind in ("frames", "means") if kind in before["wishes"]]
        # As it was given, in its order: params are compared as text.
        return {
            "wishes": {kind: before["wishes"][kind] for kind in kinds},
            "disk_gb": before["disk_gb"],
        }
    return {"wishes": wishes, "disk_gb": disk_limit(corpus, model)}


def disk_limit(corpus, model):
    """What `auto` may store, in GB, where a task asks for that."""
    auto = "auto" in feature_wishes(corpus, model).values()
    return CONFIG.downstream.disk_gb if auto else None


# Corpora of which anything may be stored.
STORED_CORPORA = [
    name
    for name in CORPORA
    if any(mode(task) != "live" and spec.corpus == name for task, spec in TASKS.items())
]
ALIGNED_CORPORA = [
    name
    for name in CORPORA
    if any("intervals" in spec.needs and spec.corpus == name for spec in TASKS.values())
]
STORE_STEMS = [
    *(f"<run>/features/{model}" for model in STORES),
    *(
        f"<run>/corpora/{corpus}/features/{model}"
        for corpus in STORED_CORPORA
        for model in MODELS
    ),
]


def of_task(path):
    """An input function: a path below the folder of a task's corpus."""

    def file(wildcards):
        corpus = TASKS[wildcards.task].corpus
        return f"<run>/corpora/{corpus}/{path}" if corpus else analysed(path)

    return file


def analysed(path):
    """A path below the folder of a corpus, for the analysed one."""
    return f"<run>/corpus/{path}" if Path(path).name == path else f"<run>/{path}"


def task_features(suffix):
    """An input function: the store of a task's corpus or what lies beside it; nothing where all is live."""
    path = of_task(f"features/{{model}}.{suffix}")

    def file(wildcards):
        corpus = TASKS[wildcards.task].corpus
        if corpus and corpus not in STORED_CORPORA:
            return []
        return path(wildcards).format(model=wildcards.model)

    return file


def task_intervals(wildcards):
    """The alignment of a task's corpus, for the tasks that need it."""
    needs = TASKS[wildcards.task].needs
    return (
        of_task("alignment/intervals.parquet")(wildcards)
        if "intervals" in needs
        else []
    )


def task_lexicon(wildcards):
    """The pronunciations of a task's corpus, for the tasks that look words up."""
    spec = TASKS[wildcards.task]
    return lexicon_of(spec.corpus) if "lexicon" in spec.needs else []


def task_model(wildcards):
    """Files of the model, for the tasks that may encode live."""
    return [] if mode(wildcards.task) == "stored" else model_files(wildcards)


def head_code(task):
    """The code of a task's head."""
    head = TASKS[task].recipe(CONFIG.protocol).head
    return CONFIG.registry.find(HeadSpec, head).code


def task_codes(wildcards):
    """Code of a task, of its head, and of the model where it may encode live."""
    live = [] if mode(wildcards.task) == "stored" else [model_code(wildcards)]
    return [TASKS[wildcards.task].code, head_code(wildcards.task), *live]


def live_encoder(wildcards):
    """What a task needs to load the model and run it, where it may encode live."""
    if mode(wildcards.task) == "stored":
        return None
    return encoder(wildcards) | {
        "extraction": options(
            CONFIG.extraction, "threads", "store_dtype", "batch_seconds", "shards"
        )
    }


def training_of(task):
    """How a task is trained, as plain values, without what does not change results."""
    return options(TRAINING[task], "threads", "features", "disk_gb")
