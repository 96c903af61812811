"""What rules are made from where that depends on the config: files of corpora, models, aligners, analyses."""

MODEL_SUFFIXES = {".json", ".safetensors", ".bin", ".pt", ".pth", ".pkl"}
# Family of models that are their authors' files -> names of these below the location ("": it is the file).
CHECKPOINT_FILES = {
    "avhubert": [""],
    "fastvgs": ["best_bundle.pth", "args.pkl"],
    "vghubert": ["best_bundle.pth", "args.pkl"],
}


def corpus_files():
    """What the manifest is made from: the table and its audio, or audio and text of the folder."""
    path = Path(CONFIG.corpus.path)
    if not path.exists():
        raise WorkflowError(
            f"`corpus.path`: {path} does not exist; put the corpus there or correct the path "
            "(`corpus.download` fetches LibriSpeech)"
        )
    if path.is_dir():
        return files_below(path, AUDIO_SUFFIXES | {".txt", ".lab"})
    try:
        audio = {entry.audio_path for entry in READERS[CONFIG.corpus.reader](path)}
    except CorpusError as error:
        raise WorkflowError(str(error))
    return [
        path.as_posix(),
        *sorted(item.as_posix() for item in audio if item.is_file()),
    ]


def fetched_corpus_files(wildcards):
    """The same, once the corpus has been downloaded."""
    checkpoints.download_corpus.get()
    return corpus_files()


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


def hub_record(model):
    """Record of a hub model's commit and files; models of the same source and revision share one."""
    entry = MODELS[model]
    same = [
        name
        for name, other in MODELS.items()
        if (hub_id(other.source), other.revision)
        == (hub_id(entry.source), entry.revision)
    ]
    return f"{RUN}/models/{same[0]}.json"


def needs_weights(record):
    """Whether any model of a hub record is more than a random-initialised twin."""
    path = f"{RUN}/models/{record}.json"
    return any(
        hub_record(name) == path
        for name, entry in MODELS.items()
        if hub_id(entry.source) and not entry.source.startswith("random:")
    )


def model_files(wildcards):
    """Files of a model in a local folder or checkpoint, the record of one from the hub; else nothing."""
    source = MODELS[wildcards.model].source.removeprefix("random:")
    if hub_id(source):
        return [hub_record(wildcards.model)]
    family, _, location = source.partition(":")
    if Path(source).is_dir():
        return files_below(source, MODEL_SUFFIXES)
    if family not in CHECKPOINT_FILES:
        return []
    files = [Path(location, name) for name in CHECKPOINT_FILES[family]]
    for file in files:
        if not file.is_file():
            raise WorkflowError(
                f"model `{wildcards.model}`: {file} does not exist; put the authors' file there "
                "(docs/models-checkpoints.md says where to get it), correct `source:`, or take the model out"
            )
    return [file.as_posix() for file in files]


def mfa_model(kind):
    """The file that the config names, or where a model of MFA's collection is put; nothing if none is named."""
    name = getattr(CONFIG.alignment.mfa, kind)
    if name is None:
        return []
    suffix = "dict" if kind == "dictionary" else "zip"
    return name if Path(name).is_file() else f"{RUN}/alignment/mfa/{kind}.{suffix}"


def aligner_files(options):
    """The files that an aligner's options name, and all files of the folders that they name."""
    paths = [
        Path(value)
        for value in options.values()
        if isinstance(value, str) and Path(value).exists()
    ]
    return [
        file
        for path in paths
        for file in (files_below(path) if path.is_dir() else [path.as_posix()])
    ]


def vectors_file(wildcards):
    """The file of vectors of an analysis."""
    file = VECTORS[wildcards.analysis].file
    if not Path(file).is_file():
        raise WorkflowError(
            f"`vectors.{wildcards.analysis}.file`: {file} does not exist; put the table there or correct "
            "the path (docs/analyses.md says what it looks like)"
        )
    return file


def speakers_file(wildcards):
    """The manifest, for an analysis of speakers."""
    name = wildcards.analysis
    wanted = name not in VECTORS and ANALYSES[name].needs_speakers
    return MANIFEST if wanted else []


def vectors_table(wildcards):
    """The vectors of the sampled words or phones, for an analysis of vectors."""
    name = wildcards.analysis
    return f"{RUN}/vectors/{name}.parquet" if name in VECTORS else []


def own_options(wildcards):
    """The keys of the config that only this analysis uses."""
    name = wildcards.analysis
    if name in VECTORS:
        return options(VECTORS[name], "file")
    return options(CONFIG.mutual_information) if ANALYSES[name].clustered else {}
