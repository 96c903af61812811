"""A stand-in for the Hugging Face hub: the endpoints that huggingface_hub uses to fetch a model."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit


class Hub(ThreadingHTTPServer):
    """Serves folders as models; ``commits`` maps revisions of all models to commits."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.models: dict[str, dict[str, Path]] = {}  # id -> commit -> folder
        self.revisions: dict[str, dict[str, str]] = {}  # id -> revision -> commit
        self.requests: list[str] = []
        self.broken: set[str] = set()  # names of files whose content arrives changed
        self.dropped: set[str] = set()  # names of files whose connection breaks once, half-way

    def publish(self, name: str, folder: Path, revision: str = "main") -> str:
        """Make the folder the newest commit of a model; return the commit."""
        content = b"".join(file.name.encode() + file.read_bytes() for file in sorted(folder.iterdir()))
        commit = hashlib.sha1(content).hexdigest()
        self.models.setdefault(name, {})[commit] = folder
        self.revisions.setdefault(name, {}).update({revision: commit, commit: commit})
        return commit

    def fetched(self) -> set[str]:
        """Names of the files whose content was asked for."""
        return {path.rpartition("/")[2] for path in self.requests if re.match("GET .*/resolve/", path)}


class HubHandler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append(f"{self.command} {path}")
        if path.startswith("/api/models/"):
            name, kind, revision = self._split(path.removeprefix("/api/models/"), ("revision", "tree"))
        else:
            name, kind, revision = self._split(path[1:], ("resolve",))
        revision, _, file = revision.partition("/")
        commits = self.server.revisions.get(name)
        if commits is None:
            self._fail("RepoNotFound")
        elif revision not in commits:
            self._fail("RevisionNotFound")
        else:
            commit = commits[revision]
            folder = self.server.models[name][commit]
            if kind == "resolve":
                self._send_file(folder / file, commit)
            elif kind == "tree":
                self._send_json([self._entry(item) for item in sorted(folder.iterdir())])
            else:
                siblings = [{"rfilename": item.name} for item in sorted(folder.iterdir())]
                self._send_json({"id": name, "modelId": name, "sha": commit, "siblings": siblings})

    @staticmethod
    def _split(path: str, kinds: tuple[str, ...]) -> tuple[str, str, str]:
        for kind in kinds:
            name, found, rest = path.partition(f"/{kind}/")
            if found:
                return name, kind, rest
        return path, "revision", "main"

    @staticmethod
    def _entry(file: Path) -> dict[str, object]:
        entry: dict[str, object] = {
            "type": "file",
            "path": file.name,
            "size": file.stat().st_size,
            "oid": git_blob_id(file),
        }
        if is_large(file):
            oid = hashlib.sha256(file.read_bytes()).hexdigest()
            entry["lfs"] = {"oid": oid, "size": file.stat().st_size, "pointerSize": 130}
        return entry

    def _send_file(self, file: Path, commit: str) -> None:
        if not file.is_file():
            self._fail("EntryNotFound", commit)
            return
        content = file.read_bytes()
        etag = hashlib.sha256(content).hexdigest() if is_large(file) else git_blob_id(file)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        if file.name in self.server.broken:
            content = bytes([content[0] ^ 1]) + content[1:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if file.name in self.server.dropped:
            self.server.dropped.remove(file.name)
            self.wfile.write(content[start : len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content[start:])

    def _send_json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _fail(self, code: str, commit: str | None = None) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def is_large(file: Path) -> bool:
    """Whether the hub keeps a file by its SHA-256 (Git LFS)."""
    return file.suffix in (".safetensors", ".bin", ".h5")


def git_blob_id(file: Path) -> str:
    content = file.read_bytes()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    Thread(target=hub.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()


def copy_model(source: Path, target: Path, weights: str = "model.safetensors") -> Path:
    """Copy an embedded model as a hub repository would hold it, with files that layerwise does not need."""
    target.mkdir(parents=True)
    for name in ("config.json", "preprocessor_config.json"):
        shutil.copy(source / name, target / name)
    shutil.copy(source / "model.safetensors", target / weights)
    (target / "README.md").write_text("---\nlicense: mit\n---\ncard\n")
    (target / "tf_model.h5").write_bytes(b"another framework")
    return target
