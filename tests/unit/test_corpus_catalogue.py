"""Corpora that can be downloaded."""

import hashlib
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from layerwise.config import parse_config
from layerwise.corpus import catalogue
from layerwise.corpus.catalogue import fetch_corpus
from layerwise.corpus.readers import read_corpus
from layerwise.errors import ConfigError, DownloadError
from layerwise.specs.archives import CATALOGUE


@pytest.mark.parametrize("name", CATALOGUE)
def test_entries_are_complete(name: str) -> None:
    archive = CATALOGUE[name]
    assert len({url.partition("/resources/")[0] for url in archive.urls}) == len(archive.urls)
    assert {url.rpartition("/")[2] for url in archive.urls} == {archive.name}
    assert re.fullmatch("[0-9a-f]{32}", archive.md5 or "") or re.search("/[0-9a-f]{40}[.]", archive.urls[0])
    assert re.fullmatch("[0-9a-f]{64}|None", str(archive.sha256))
    assert len({(entry.md5, entry.sha256, entry.bytes) for entry in CATALOGUE.values()}) == len(CATALOGUE)
    if name.startswith("librispeech"):
        assert len(archive.urls) > 1 and archive.md5 and archive.sha256 and archive.bytes


def test_the_archive_may_be_put_there_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = tmp_path / "made" / "84" / "121"
    chapter.mkdir(parents=True)
    soundfile.write(chapter / "84-121-0000.flac", [0.0] * 800, 16_000)
    (chapter / "84-121.trans.txt").write_text("84-121-0000 GO\n")
    file = tmp_path / "data" / "dev-clean.tar.gz"
    file.parent.mkdir()
    with tarfile.open(file, "w:gz") as tar:
        tar.add(tmp_path / "made", "LibriSpeech/dev-clean")
    content = file.read_bytes()
    entry = replace(
        CATALOGUE["librispeech-dev-clean"],
        bytes=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", {"mine": entry})
    folder = fetch_corpus("mine", tmp_path / "data" / "dev-clean")
    assert [item.utt_id for item in read_corpus(folder, "librispeech")] == ["84-121-0000"]
    assert file.read_bytes() == content


def test_without_network_the_archive_to_put_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(CATALOGUE["librispeech-dev-clean"], urls=("http://127.0.0.1:9/dev-clean.tar.gz",))
    monkeypatch.setattr(catalogue, "CATALOGUE", {"mine": entry})
    monkeypatch.setattr("layerwise.download.time.sleep", lambda seconds: None)
    with pytest.raises(DownloadError) as failed:
        fetch_corpus("mine", tmp_path / "data" / "dev-clean")
    place = tmp_path / "data" / "dev-clean.tar.gz"
    assert f"download {entry.urls[0]} elsewhere, put it at {place}" in str(failed.value)


def test_an_unknown_download_is_refused_with_its_neighbour() -> None:
    corpus = {"reader": "librispeech", "path": "data/x", "download": "librispeech-dev-claen"}
    with pytest.raises(ConfigError, match="did you mean 'librispeech-dev-clean'"):
        parse_config({"corpus": corpus, "models": ["logmel"]})
