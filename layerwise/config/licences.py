"""Licences of all that a run reads and did not make: corpora, models, tables of vectors."""

import json
from pathlib import Path

from layerwise.config.corpora import corpora, corpus_of_job
from layerwise.config.schema import RunConfig
from layerwise.options.corpus import CorpusOptions
from layerwise.specs.licences import Licence, first_known, licence_at, licence_of_downloads
from layerwise.specs.sources import hub_id, parse_source
from layerwise.specs.spec import ModelSpec, ReaderSpec

CONFIG = "config"


def licences(config: RunConfig) -> dict[str, Licence]:
    """Return licences by key of the config: ``corpus``, ``corpora.NAME``, ``models.NAME``, ``vectors.NAME``.

    What the config says comes first, then what lies beside the files, then what is known of published
    corpora and checkpoints. A random-initialised twin has that of its model; log-mel has none.
    """
    found = {key: _corpus(config, corpus) for key, corpus in corpora(config).items()}
    found |= {
        f"vectors.{name}": first_known([_told(table.license), licence_at(Path(table.file))])
        for name, table in config.vectors.items()
    }
    for entry in config.all_models():
        if entry.source != "logmel":
            found[f"models.{entry.name}"] = _model(config, entry.source, entry.revision, entry.license)
    return found


def licences_of_job(
    config: RunConfig, rule: str, wildcards: dict[str, str], roles: set[str]
) -> dict[str, str]:
    """Return the licences of what a job reads that no job made; ``roles`` are those of its inputs."""
    keys = {f"vectors.{wildcards.get('vectors')}"}
    if key := corpus_of_job(rule, wildcards):
        keys.add(key)
    if "model" in roles:
        keys.add(f"models.{wildcards.get('model')}")
    return {key: str(licence) for key, licence in licences(config).items() if key in keys}


def _told(name: str) -> Licence | None:
    return Licence(name, CONFIG) if name else None


def _corpus(config: RunConfig, corpus: CorpusOptions) -> Licence:
    spec = config.registry.find(ReaderSpec, corpus.reader)
    downloads = (corpus.download,) if isinstance(corpus.download, str) else corpus.download or ()
    return first_known(
        [
            _told(corpus.license),
            licence_of_downloads(downloads),
            licence_at(Path(corpus.path)),
            Licence(spec.licence, f"as published; reader {spec.name}"),
        ]
    )


def _model(config: RunConfig, source: str, revision: str | None, told: str) -> Licence:
    plain = source.removeprefix("random:")
    parsed = parse_source(plain, config.registry)
    if name := hub_id(plain):
        return first_known([_told(told), _of_hub(config.run, name, revision)])
    family = config.registry.all(ModelSpec).get(plain.partition(":")[0])
    return first_known(
        [
            _told(told),
            licence_at(Path(parsed.location)),
            Licence(family.licence, f"as published; {family.title}") if family else None,
        ]
    )


def _of_hub(run: str, name: str, revision: str | None) -> Licence | None:
    """What the card of a model of the hub said when it was fetched."""
    for path in sorted(Path(f"results/{run}/models").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if (record.get("source"), record.get("revision")) == (name, revision):
            return Licence(record.get("licence", ""), f"card of {name}")
    return None
