"""Downloads against a local server that misbehaves on request."""

import hashlib
import io
import multiprocessing
import os
import signal
import tarfile
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from layerwise.download import fetch, unpack
from layerwise.errors import DownloadError

CONTENT = bytes(range(256)) * 4000  # a megabyte
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT under any path; the first part of the path names how."""

    daemon_threads = True
    url: str
    requests: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        fault = self.path.split("/")[1]
        first = not any(path == self.path for path, _ in self.server.requests)
        self.server.requests.append((self.path, asked))
        content = b"another" + CONTENT[7:] if fault == "other" else CONTENT
        if fault == "gone":
            self.send_error(404)
            return
        if fault == "busy" and first:
            self.send_error(503)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and fault != "no-range" else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if fault == "drop" or (fault in ("drop-once", "no-range") and first):
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "drop-always":
            self.close_connection = True
        elif fault == "slow":
            for at in range(0, len(body), 50_000):
                self.wfile.write(body[at : at + 50_000])
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.url, server.requests = f"http://127.0.0.1:{server.server_port}", []
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def starts(server: Server) -> list[str | None]:
    return [asked for _, asked in server.requests]


def test_a_file_is_fetched_checked_and_not_fetched_again(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new folder ß" / "a.bin"
    for _ in range(2):
        assert fetch(f"{server.url}/good/a", target, sha256=SHA256, md5=MD5, bytes=len(CONTENT)) == target
        assert target.read_bytes() == CONTENT
    assert starts(server) == [None]
    assert [item.name for item in target.parent.iterdir()] == ["a.bin"]


def test_a_dropped_connection_is_continued(server: Server, tmp_path: Path) -> None:
    target = fetch(f"{server.url}/drop-once/a", tmp_path / "a", sha256=SHA256, pause=0)
    assert target.read_bytes() == CONTENT
    assert starts(server) == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    assert fetch(f"{server.url}/no-range/a", tmp_path / "a", md5=MD5, pause=0).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_without_a_checksum_nothing_is_stitched_together(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"from something else")
    assert fetch(f"{server.url}/drop-once/a", tmp_path / "a", pause=0).read_bytes() == CONTENT
    assert starts(server) == [None, None]


def test_a_killed_download_is_continued(server: Server, tmp_path: Path) -> None:
    url, target, part = f"{server.url}/slow/a", tmp_path / "a", tmp_path / ".a.part"
    victim = multiprocessing.get_context("fork").Process(
        target=fetch, args=(url, target), kwargs={"sha256": SHA256}
    )
    victim.start()
    while not (part.exists() and part.stat().st_size):
        assert victim.is_alive()
        time.sleep(0.01)
    assert victim.pid
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    assert not target.exists()
    kept = part.stat().st_size
    assert fetch(f"{server.url}/good/a", target, sha256=SHA256).read_bytes() == CONTENT
    assert starts(server) == [None, f"bytes={kept}-"]


@pytest.mark.parametrize("left", [b"rubbish", CONTENT + b"too long", b"x" * len(CONTENT)])
def test_a_bad_part_of_an_earlier_try_is_thrown_away(server: Server, tmp_path: Path, left: bytes) -> None:
    (tmp_path / ".a.part").write_bytes(left)
    assert fetch(f"{server.url}/good/a", tmp_path / "a", sha256=SHA256).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    assert fetch(f"{server.url}/busy/a", tmp_path / "a", pause=0).read_bytes() == CONTENT


def test_a_failing_mirror_is_asked_again_but_not_for_ever(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=f"the connection ended after 0 of {len(CONTENT)} bytes"):
        fetch(f"{server.url}/drop-always/a", tmp_path / "a", sha256=SHA256, pause=0)
    assert 1 < len(server.requests) < 10


def test_the_next_mirror_takes_over_and_continues(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(CONTENT[:1000])
    mirrors = [f"{server.url}/{fault}/a" for fault in ("gone", "drop-always", "good")]
    assert fetch(mirrors, tmp_path / "a", sha256=SHA256, pause=0).read_bytes() == CONTENT
    assert server.requests[0] == ("/gone/a", "bytes=1000-")
    assert server.requests[-1] == ("/good/a", "bytes=1000-")


def test_wrong_content_is_never_taken(server: Server, tmp_path: Path) -> None:
    with pytest.raises(
        DownloadError, match=rf"a: no mirror(.|\n)*wrong content: sha256 \w+ instead of {SHA256}"
    ):
        fetch(f"{server.url}/other/a", tmp_path / "a", sha256=SHA256)
    with pytest.raises(DownloadError, match=f"{len(CONTENT)} bytes instead of 5"):
        fetch(f"{server.url}/good/a", tmp_path / "a", bytes=5)
    assert list(tmp_path.iterdir()) == []
    mirrors = [f"{server.url}/other/a", f"{server.url}/good/a"]
    assert fetch(mirrors, tmp_path / "a", md5=MD5).read_bytes() == CONTENT


def test_a_missing_file_names_the_url_and_where_to_put_it(server: Server, tmp_path: Path) -> None:
    url, target = f"{server.url}/gone/a", tmp_path / "a"
    with pytest.raises(DownloadError, match="HTTP 404") as failed:
        fetch(url, target)
    assert f"download {url} elsewhere, put it at {target}" in str(failed.value)
    assert len(server.requests) == 1


def test_no_network_names_every_mirror_and_where_to_put_the_file(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    urls = [f"{server.url}/1/a", f"{server.url}/2/a"]
    with pytest.raises(DownloadError, match="no connection") as failed:
        fetch(urls, tmp_path / "a", sha256=SHA256, pause=0)
    message = str(failed.value)
    assert all(url in message for url in urls) and f"put it at {tmp_path / 'a'}" in message


def test_a_file_put_there_by_hand_is_checked_and_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    assert fetch("http://nowhere.invalid/a", tmp_path / "a", md5=MD5) == tmp_path / "a"
    (tmp_path / "a").write_bytes(b"another")
    with pytest.raises(DownloadError, match=r"a: wrong content: md5 .* delete it"):
        fetch("http://nowhere.invalid/a", tmp_path / "a", md5=MD5)
    assert (tmp_path / "a").read_bytes() == b"another"


def test_an_unwritable_place_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="file/a: cannot write it"):
        fetch(f"{server.url}/good/a", tmp_path / "file" / "a")


def make_archive(path: Path, members: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as bundle:
            for name, content in members.items():
                bundle.writestr(name, content)
        return path
    mode: Any = f"w:{path.suffix[1:]}"
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.zip"])
def test_one_folder_of_an_archive_is_unpacked(tmp_path: Path, name: str) -> None:
    members = {"Corpus/LICENSE": b"free", "Corpus/dev/1/a.txt": b"one", "Corpus/dev/2/é b.txt": b"two"}
    archive = make_archive(tmp_path / name, members)
    target = unpack(archive, "Corpus/dev", tmp_path / "data" / "dev")
    found = {item.relative_to(target).as_posix() for item in target.rglob("*.txt")}
    assert found == {"1/a.txt", "2/é b.txt"}
    assert [item.name for item in target.parent.iterdir()] == ["dev"]


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
@pytest.mark.parametrize("member", ["../evil", "/tmp/layerwise-evil/../../evil", "dev/../../evil"])
def test_members_that_would_land_outside_are_refused(tmp_path: Path, name: str, member: str) -> None:
    if name == "a.tar.gz" and member.startswith("/"):
        member = "x/../../evil"  # tar strips leading slashes, as the command does
    archive = make_archive(tmp_path / name, {"dev/a.txt": b"one", member: b"evil"})
    with pytest.raises(DownloadError, match=r"refused: .*evil"):
        unpack(archive, "dev", tmp_path / "data" / "dev")
    assert not list(tmp_path.rglob("*evil*")) and list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_damaged_archives_and_wrong_ones_leave_nothing(tmp_path: Path, name: str) -> None:
    noise = os.urandom(100_000)
    archive = make_archive(tmp_path / name, {"dev/a.bin": noise})
    with pytest.raises(DownloadError, match="holds no folder train"):
        unpack(archive, "train", tmp_path / "data" / "train")
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(DownloadError, match="damaged or no archive"):
        unpack(archive, "dev", tmp_path / "data" / "dev")
    assert list((tmp_path / "data").iterdir()) == []
