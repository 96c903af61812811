"""Corpora of a run by their keys in the config, and the files that they are."""

from pathlib import Path

from layerwise.config.schema import RunConfig
from layerwise.options.corpus import CorpusOptions
from layerwise.specs.spec import ReaderSpec


def corpora(config: RunConfig) -> dict[str, CorpusOptions]:
    """Return the analysed corpus and those of tasks: ``corpus``, ``corpora.NAME``."""
    analysed = {"corpus": config.corpus} if config.corpus else {}
    return analysed | {f"corpora.{name}": corpus for name, corpus in config.task_corpora.items()}


def corpus_files(config: RunConfig, key: str) -> list[str]:
    """Return the files of a corpus that is there, sorted, as its reader tells.

    They are no inputs of a rule: hundreds of thousands of recordings would make planning slow. Their digest
    is a param of the rule that lists the corpus, and they stand in its record.

    Raises LayerwiseError if the reader finds no such corpus.
    """
    corpus = corpora(config)[key]
    chosen = config.reader_options(corpus)
    reader = config.registry.find(ReaderSpec, corpus.reader)
    own = chosen.model_dump(mode="json") if chosen else {}
    return [file.as_posix() for file in reader.files_of(Path(corpus.path), **own)]


def corpus_of_job(rule: str, wildcards: dict[str, str]) -> str | None:
    """Return the key of the corpus that a job lists; None for any other job."""
    if rule not in ("manifest", "task_manifest"):
        return None
    return f"corpora.{wildcards['corpus']}" if "corpus" in wildcards else "corpus"
