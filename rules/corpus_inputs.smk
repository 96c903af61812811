"""What the rules of corpora are made from: their readers, files and downloads."""

from functools import cache

from layerwise.config.corpora import corpora, corpus_files
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
    for key, corpus in corpora(CONFIG).items():
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


def corpus_folder(key):
    """Where a corpus lies, once it has been downloaded. Its files are not inputs: `contents` stands for them."""
    corpus = corpora(CONFIG)[key]
    for folder in downloads_of(corpus):
        if folder in MISSING:
            checkpoints.download_corpus.get(folder=folder)
    files_of_corpus(key)
    return ancient(corpus.path)


def is_there(key):
    """Whether a corpus need not be downloaded."""
    return all(
        folder not in MISSING or Path(folder).exists()
        for folder in downloads_of(corpora(CONFIG)[key])
    )


def contents_of_corpus(key):
    """The files of a corpus that is there, for `contents`; none before its download."""
    return files_of_corpus(key) if is_there(key) else []


@cache
def files_of_corpus(key):
    """Files of a corpus that is there. Raises WorkflowError that says where it comes from."""
    corpus = corpora(CONFIG)[key]
    spec, path = reader_of(corpus), Path(corpus.path)
    if not path.exists():
        raise WorkflowError(
            f"`{key}.path`: {path} does not exist; put the corpus there or correct the path "
            f"({spec.guide})"
        )
    try:
        files = corpus_files(CONFIG, key)
    except LayerwiseError as error:
        raise WorkflowError(f"`{key}`: {error} ({spec.guide})")
    missing = next((file for file in files if not os.path.exists(file)), None)
    if missing:
        raise WorkflowError(
            f"`{key}.path`: {missing} does not exist; put the corpus there or correct the path "
            f"({spec.guide})"
        )
    if not files:
        raise WorkflowError(
            f"`{key}.path`: reader `{spec.name}` names no file of {path}, so nothing could be tracked; "
            "correct the path, or `files` of the reader's spec"
        )
    return files


def lexicon_of(corpus):
    """The pronunciations of a corpus of tasks, or those of the analysed one."""
    return (
        (CORPORA[corpus].lexicon if corpus else None) or CONFIG.alignment.lexicon or []
    )
