"""What the rules of corpora are made from: their readers, files and downloads."""

from functools import cache

from layerwise.specs.archives import CATALOGUE


def reader_of(corpus):
    """The spec of a corpus's reader."""
    return CONFIG.registry.find(ReaderSpec, corpus.reader)


def reader_codes(corpus):
    """Code of the reader and of what knows the published corpus."""
    spec = reader_of(corpus)
    return [code for code in (spec.code, spec.published) if code]


def reading(corpus):
    """The reader of a corpus, as plain values."""
    spec = reader_of(corpus)
    return {
        "code": spec.code,
        "published": spec.published,
        "options": options(CONFIG.reader_options(corpus)),
    }


def used_of(corpus):
    """What is used of a corpus, as plain values."""
    readers = {spec.section for spec in CONFIG.registry.all(ReaderSpec).values()}
    return options(
        corpus,
        "reader",
        "description",
        "download",
        "lexicon",
        "license",
        *filter(None, readers),
    )


def corpora():
    """The analysed corpus and those of tasks, by their keys in the config."""
    analysed = {"corpus": CONFIG.corpus} if CONFIG.corpus else {}
    return analysed | {f"corpora.{name}": corpus for name, corpus in CORPORA.items()}


def downloads_of(corpus):
    """What is fetched for a corpus: names of the catalogue by the folders that they become."""
    if isinstance(corpus.download, str):
        return {corpus.path: corpus.download}
    return {
        (Path(corpus.path) / Path(CATALOGUE[name].folder).name).as_posix(): name
        for name in corpus.download or ()
    }


def missing_downloads():
    """Folders that `snakemake` is to fetch, and what they are. One that is in place is never touched."""
    wanted = {}
    for key, corpus in corpora().items():
        for folder, name in downloads_of(corpus).items():
            if wanted.setdefault(folder, name) != name:
                raise WorkflowError(
                    f"`{key}.download`: {name} and {wanted[folder]} would both become {folder}; "
                    "give one of them another `path`"
                )
    return {
        folder: name for folder, name in wanted.items() if not Path(folder).exists()
    }


MISSING = missing_downloads()


def corpus_files(key):
    """What the manifest of a corpus is made from, as its reader tells, once it has been downloaded."""
    corpus = corpora()[key]
    for folder in downloads_of(corpus):
        if folder in MISSING:
            checkpoints.download_corpus.get(folder=folder)
    return ancient(trackable(files_of_corpus(key)))


def is_there(key):
    """Whether a corpus need not be downloaded."""
    return all(
        folder not in MISSING or Path(folder).exists()
        for folder in downloads_of(corpora()[key])
    )


def other_corpus_files(key):
    """Digests of what Snakemake cannot track by name."""
    return others(files_of_corpus(key)) if is_there(key) else {}


def tracked_corpus_files(key):
    """Those that it can, once they are there."""
    return trackable(files_of_corpus(key)) if is_there(key) else []


@cache
def files_of_corpus(key):
    """Files of a corpus that is there. Raises WorkflowError that says where it comes from."""
    corpus = corpora()[key]
    spec, path = reader_of(corpus), Path(corpus.path)
    if not path.exists():
        raise WorkflowError(
            f"`{key}.path`: {path} does not exist; put the corpus there or correct the path "
            f"({spec.guide})"
        )
    try:
        files = spec.files_of(path, **options(CONFIG.reader_options(corpus)))
    except LayerwiseError as error:
        raise WorkflowError(f"`{key}`: {error} ({spec.guide})")
    missing = [file for file in files if not file.exists()]
    if missing:
        raise WorkflowError(
            f"`{key}.path`: {missing[0]} does not exist; put the corpus there or correct the path "
            f"({spec.guide})"
        )
    if not files:
        raise WorkflowError(
            f"`{key}.path`: reader `{spec.name}` names no file of {path}, so nothing could be tracked; "
            "correct the path, or `files` of the reader's spec"
        )
    return [file.as_posix() for file in files]


def lexicon_of(corpus):
    """The pronunciations of a corpus of tasks, or those of the analysed one."""
    return (
        (CORPORA[corpus].lexicon if corpus else None) or CONFIG.alignment.lexicon or []
    )
