"""What rules are made from where that depends on the config: files of models, vectors, audio."""

SOURCES = {
    name: parse_source(entry.source, CONFIG.registry) for name, entry in STORES.items()
}


def fetched_type(path):
    """The model type in the record of a fetched hub model."""
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    if "model_type" not in record:
        raise WorkflowError(
            f"{path}: made by an earlier version of layerwise; delete it and run again (nothing is fetched twice)"
        )
    return record["model_type"]


def hub_record(model):
    """Record of a hub model's commit and files; models of the same source and revision share one."""
    key = (hub_id(STORES[model].source), STORES[model].revision)
    same = (
        name
        for name, other in MODELS.items()
        if (hub_id(other.source), other.revision) == key
    )
    return f"<run>/models/{next(same)}.json"


def needs_weights(record):
    """Whether any model of a hub record is more than a random-initialised twin."""
    return any(
        hub_record(name) == f"<run>/models/{record}.json" and not SOURCES[name].random
        for name, entry in MODELS.items()
        if hub_id(entry.source)
    )


def model_files(wildcards):
    """Files of a model in a local folder or checkpoint, or the record of one from the hub."""
    name = wildcards.model
    if hub_id(STORES[name].source):
        return [hub_record(name)]
    return ancient(located_files(name))


@cache
def located_files(name):
    """Files of a model that is on this disk."""
    source = SOURCES[name]
    family = family_of(source, model_type(source.location), CONFIG.registry)
    if not family.located:
        return []
    files = family.files_of(Path(source.location))
    for file in files:
        if not file.is_file():
            raise WorkflowError(
                f"model `{name}`: {file} does not exist; put the authors' file there "
                f"({family.guide} says where to get it), correct `source:`, or take the model out"
            )
    if not files:
        raise WorkflowError(
            f"model `{name}`: no file of a {family.title} in {source.location!r}; correct `source:`"
        )
    return [file.as_posix() for file in files]


def model_code(wildcards):
    """The code of a model's family; that of a model of the hub is known once it has been fetched."""
    source = SOURCES[wildcards.model]
    kind = model_type(source.location)
    if hub_id(source.source):
        record = Path(hub_record(wildcards.model).replace("<run>", RUN))
        # Until then a guess will do: params are made again when the job starts.
        kind = fetched_type(record) if record.exists() else None
    return family_of(source, kind, CONFIG.registry).code


def encoder(wildcards):
    """What a job needs to load a model, beside its files."""
    name = wildcards.model
    source, entry = SOURCES[name], STORES[name]
    return {
        "code": model_code(wildcards),
        "location": source.location,
        "hub": bool(hub_id(entry.source)),
        "random": source.random,
        **options(
            entry, "name", "objective", "recipe", "supervision", "twin", "license"
        ),
    }


def vectors_file(wildcards):
    """The file of vectors of an analysis."""
    file = CONFIG.vectors[wildcards.vectors].file
    if not Path(file).is_file():
        raise WorkflowError(
            f"`vectors.{wildcards.vectors}.file`: {file} does not exist; put the table there or correct "
            "the path (docs/analyses.md says what it looks like)"
        )
    return file


def vectors_table(wildcards):
    """The table of vectors of an analysis that has one; its variants share it."""
    spec = ANALYSES[wildcards.analysis]
    return f"<run>/vectors/{spec.plain}.parquet" if "vectors" in spec.needs else []


def own_options(analysis):
    """The options that only this analysis has; its file of vectors is an input, its split a param."""
    return options(CONFIG.options_of(ANALYSES[analysis]), "file", "split", "license")


def needed(what, path):
    """An input function: a path, for the analyses and measures that need it."""

    def path_or_nothing(wildcards):
        if hasattr(wildcards, "measure"):
            spec = MEASURES[wildcards.measure]
        else:
            spec = ANALYSES[wildcards.analysis]
        return path if what in spec.needs else []

    return path_or_nothing


def pretrain_files():
    """The audio of the pre-training folders."""
    for folder in CONFIG.pretrain.data:
        if not Path(folder).is_dir():
            raise WorkflowError(
                f"`pretrain.data`: {folder} is not a folder; put speech there or correct the path"
            )
    return [
        file
        for folder in CONFIG.pretrain.data
        for file in files_below(folder, AUDIO_SUFFIXES)
    ]
