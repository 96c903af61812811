"""Licences of what a run reads: who is believed first, and that nothing is made up."""

from pathlib import Path

import pytest

from layerwise.config import parse_config
from layerwise.config.licences import licences, licences_of_job
from layerwise.specs.cards import licence_of_card


def told(**keys: object) -> dict[str, str]:
    values = {"corpus": {"path": "nowhere/data.tsv"}, "models": ["nobody/nothing"], **keys}
    return {key: str(licence) for key, licence in licences(parse_config(values)).items()}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_nobody_says_is_unknown() -> None:
    assert told() == {"corpus": "unknown", "models.nothing": "unknown", "models.random-nothing": "unknown"}


def test_the_config_comes_first_then_the_card_then_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    corpus: dict[str, object] = {"path": "speech", "reader": "librispeech"}
    assert told(corpus=corpus)["corpus"] == "CC-BY-4.0 (as published; reader librispeech)"
    (tmp_path / "speech/LICENSE.TXT").touch()
    assert told(corpus=corpus)["corpus"] == "see speech/LICENSE.TXT (LICENSE.TXT)"
    (tmp_path / "speech/README.md").write_text("---\nlicense: [mit, apache-2.0]\n---\n# Speech\n")
    assert told(corpus=corpus)["corpus"] == "mit, apache-2.0 (speech/README.md)"
    corpus["download"] = ["slurp-annotations", "slurp-real"]
    assert told(corpus=corpus)["corpus"] == (
        "CC-BY-4.0 (text and annotations), CC-BY-NC-4.0 (recordings) "
        "(as published: slurp-annotations, slurp-real)"
    )
    corpus["license"] = "mine"
    assert told(corpus=corpus)["corpus"] == "mine (config)"


def test_models_of_folders_of_the_hub_and_of_authors(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local/README.md").write_text("---\nlicense: other\nlicense_name: open-weights\n---\n")
    (tmp_path / "results/demo/models").mkdir(parents=True)
    (tmp_path / "results/demo/models/hubert.json").write_text(
        '{"source": "facebook/hubert-base-ls960", "revision": null, "licence": "apache-2.0"}'
    )
    models = [
        {"name": "local", "source": "local", "twin": False},
        {"name": "hubert", "source": "facebook/hubert-base-ls960"},
        {"name": "pinned", "source": "facebook/hubert-base-ls960", "revision": "v1", "twin": False},
        {"name": "av", "source": "avhubert:data/base.pt", "twin": False},
        {"name": "mine", "source": "nobody/nothing", "license": "secret", "twin": True},
    ]
    found = told(models=models)
    del found["corpus"]
    assert found == {
        "models.local": "open-weights (local/README.md)",
        "models.hubert": "apache-2.0 (card of facebook/hubert-base-ls960)",
        "models.random-hubert": "apache-2.0 (card of facebook/hubert-base-ls960)",
        "models.pinned": "unknown",
        "models.av": "non-commercial research only (licence of av_hubert) "
        "(as published; AV-HuBERT, audio stream)",
        "models.mine": "secret (config)",
        "models.random-mine": "secret (config)",
    }


def test_a_job_notes_those_of_what_it_reads() -> None:
    config = parse_config(
        {
            "corpus": {"path": "a.tsv", "license": "A"},
            "models": [{"name": "m", "source": "nobody/m", "license": "M"}],
            "corpora": {"fsc": {"path": "f", "reader": "fluent-speech-commands", "license": "F"}},
            "tasks": [{"task": "ic", "corpus": "fsc"}],
            "vectors": {"glove": {"file": "g.txt", "license": "G"}},
            "analyses": ["glove"],
        }
    )
    assert licences_of_job(config, "manifest", {}, {"files"}) == {"corpus": "A (config)"}
    assert licences_of_job(config, "task_manifest", {"corpus": "fsc"}, {"files"}) == {
        "corpora.fsc": "F (config)"
    }
    assert licences_of_job(config, "extract", {"model": "m"}, {"model", "samples"}) == {
        "models.m": "M (config)"
    }
    assert licences_of_job(config, "vectors", {"vectors": "glove"}, {"file"}) == {
        "vectors.glove": "G (config)"
    }
    assert licences_of_job(config, "cca", {"model": "m"}, {"store"}) == {}


@pytest.mark.parametrize(
    "text", ["", "# no card", "---\nlicense: mit", "---\n[1\n---\n", "---\nlicense:\n---\n"]
)
def test_a_readme_that_is_no_card_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    assert licence_of_card(tmp_path / "README.md") == ""
    (tmp_path / "README.md").write_bytes(b"\xff\xfe---\n")
    assert licence_of_card(tmp_path / "README.md") == ""
    assert licence_of_card(tmp_path / "none.md") == ""


def test_embedded_data_have_licences(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    found = told(corpus={"path": "resources/prompts/prompts.tsv"}, models=["resources/models/hubert-tiny"])
    assert found["corpus"] == "cc-by-sa-3.0 (resources/prompts/README.md)"
    assert found["models.hubert-tiny"] == "mit (resources/models/hubert-tiny/README.md)"
