"""A run that needs the network, against local stand-ins of the corpus's server and of the hub."""

import hashlib
import json
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pandas as pd
import pytest
import soundfile
import yaml
from servers import copy_model, running_hub

DIGEST = "results/net/features/tiny.digest.json"
CONFIG: dict[str, Any] = {
    "run": "net",
    "corpus": {
        "reader": "librispeech",
        "path": "data/LibriSpeech/dev-clean",
        "download": "librispeech-dev-clean",
    },
    "alignment": {"max_unaligned": 1},
    "samples": {"number": 1, "words": 10, "min_tokens": 1},
    "models": [{"name": "tiny", "source": "someone/tiny"}],
    "extraction": {"device": "cpu"},
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def openslr(tmp_path):
    """A server of the files in a folder."""
    (tmp_path / "served").mkdir()
    handler = partial(QuietHandler, directory=tmp_path / "served")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield tmp_path / "served", f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def make_archive(prompts, folder, work):
    """Twelve prompts in LibriSpeech's layout, packed; return the archive."""
    chapter = work / "LibriSpeech/dev-clean/84/121123"
    chapter.mkdir(parents=True)
    table = pd.read_csv(prompts / "prompts.tsv", sep="\t").head(12)
    lines = []
    row: Any
    for number, row in enumerate(table.itertuples()):
        name = f"84-121123-{number:04d}"
        soundfile.write(chapter / f"{name}.flac", *soundfile.read(prompts / row.audio_path))
        lines.append(f"{name} {row.text.upper()}\n")
    (chapter / "84-121123.trans.txt").write_text("".join(lines))
    with tarfile.open(folder / "dev-clean.tar.gz", "w:gz") as tar:
        tar.add(work / "LibriSpeech", "LibriSpeech")
    return folder / "dev-clean.tar.gz"


def serve_from(catalogue, url, archive):
    """Make the copied catalogue point at the local server."""
    content = archive.read_bytes()
    md5, sha256 = hashlib.md5(content).hexdigest(), hashlib.sha256(content).hexdigest()
    place = '"LibriSpeech/dev-clean", "CC BY 4.0"'
    entry = f'Archive(("{url}/{archive.name}",), {len(content)}, "{md5}", "{sha256}", {place})'
    catalogue.write_text(f'{catalogue.read_text()}\nCATALOGUE = {{"librispeech-dev-clean": {entry}}}\n')


def test_corpus_and_model_are_fetched_once(fresh, repository, openslr, tmp_path, monkeypatch):
    served, url = openslr
    archive = make_archive(fresh.path("resources/prompts"), served, tmp_path / "packed")
    serve_from(fresh.path("layerwise/specs/archives.py"), url, archive)
    fresh.config = "configs/net.yaml"
    fresh.path(fresh.config).write_text(yaml.safe_dump(CONFIG))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        commit = hub.publish(
            "someone/tiny", copy_model(repository / "resources/models/hubert-tiny", tmp_path / "m")
        )
        plan = fresh.planned(DIGEST)
        assert plan["download_corpus"] == plan["hub_model"] == plan["extract"] == 1
        assert not hub.requests and not fresh.path("data").exists()
        fresh.snakemake("download")

        # A model's family is known once it has been fetched, in the run that fetches it too.
        hub.publish(
            "someone/whisper", copy_model(repository / "resources/models/whisper-tiny-en", tmp_path / "w")
        )
        another = {**CONFIG, "models": [{"name": "whisper", "source": "someone/whisper"}]}
        fresh.path(fresh.config).write_text(yaml.safe_dump(another))
        fresh.snakemake(DIGEST.replace("tiny", "whisper"))
    assert not fresh.planned(DIGEST.replace("tiny", "whisper"))
    fresh.path(fresh.config).write_text(yaml.safe_dump(CONFIG))
    # The rest needs no network, and the plan of a finished run neither.
    fresh.snakemake(DIGEST)
    manifest = pd.read_parquet(fresh.path("results/net/corpus/manifest.parquet"))
    assert manifest.utt_id.tolist() == [f"84-121123-{number:04d}" for number in range(12)]
    assert json.loads(fresh.path("results/net/models/tiny.json").read_text())["commit"] == commit
    assert commit in fresh.path("results/net/features/tiny.zarr/zarr.json").read_text()
    assert not fresh.planned(DIGEST)
    # Another revision is another model.
    changed = {**CONFIG, "models": [{**CONFIG["models"][0], "revision": "v2"}]}
    fresh.path(fresh.config).write_text(yaml.safe_dump(changed))
    assert fresh.planned(DIGEST) == {"hub_model": 1, "extract": 1}
