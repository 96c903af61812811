"""Downloads that survive a bad network: several mirrors, resumed, checked, whole or not there."""

import hashlib
import http.client
import logging
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from layerwise.errors import DownloadError
from layerwise.files import write_aside
from layerwise.progress import progress

BLOCK_BYTES = 1 << 18
MEGABYTE = 1e6
ROUNDS = 4  # through all mirrors
PAUSE_SECONDS = 2.0  # before the second round, doubled before each further one
TIMEOUT_SECONDS = 30.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
USER_AGENT = "layerwise (https://arxiv.org/abs/2211.03929)"

log = logging.getLogger(__name__)


class _NetworkError(Exception):
    """The network failed; trying again may help."""


class _MirrorError(Exception):
    """This mirror does not have the file; trying it again is useless."""


def fetch(
    urls: str | Sequence[str],
    target: Path | str,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    bytes: int | None = None,
    pause: float = PAUSE_SECONDS,
) -> Path:
    """Download a file to ``target`` unless it is there already, and return its path.

    Mirrors are tried in turn and, while the network fails, again after a pause (seconds, doubling). With a
    checksum (hexadecimal) a download cut off, even by a kill, continues where it stopped, from any mirror;
    without one it starts anew. The file appears under its name only when whole and, as far as known, with
    the right size in bytes and checksum; a file that the user has put there is checked and kept.

    Raises DownloadError: no mirror delivered (the message gives each mirror's fault, and which file to put
    where), the file at ``target`` is another one, or it cannot be written.
    """
    urls = [urls] if isinstance(urls, str) else list(urls)
    target = Path(target)
    if target.exists():
        if fault := _fault(target, sha256, md5, bytes):
            raise DownloadError(f"{target}: {fault}; delete it to download {urls[0]} again")
        return target
    part = target.with_name(f".{target.name}.part")
    resume = bool(sha256 or md5)
    faults: dict[str, str] = {}
    useless: set[str] = set()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not resume:
            part.unlink(missing_ok=True)
        for number in range(ROUNDS):
            mirrors = [url for url in urls if url not in useless]
            if number and mirrors:
                log.warning("%s: trying again in %.0f s", target.name, pause * 2 ** (number - 1))
                time.sleep(pause * 2 ** (number - 1))
            for url in mirrors:
                log.info("downloading %s", url)
                old = part.exists()
                try:
                    _complete(url, part, resume)
                    fault = _fault(part, sha256, md5, bytes)
                    if fault and old:  # perhaps only the part that an earlier try left is bad
                        part.unlink()
                        _complete(url, part, resume)
                        fault = _fault(part, sha256, md5, bytes)
                    if not fault:
                        part.replace(target)
                        return target
                    part.unlink()
                    useless.add(url)
                except _NetworkError as error:
                    fault = str(error)
                except _MirrorError as error:
                    fault = str(error)
                    useless.add(url)
                log.warning("%s: %s", url, fault)
                faults[url] = fault
    except OSError as error:
        raise DownloadError(f"{target}: cannot write it: {error}") from error
    raise DownloadError(
        f"{target}: no mirror delivered it:\n"
        + "\n".join(f"  {url}: {fault}" for url, fault in faults.items())
        + f"\nWithout network here, download {urls[0]} elsewhere, put it at {target} and run again"
    )


def _complete(url: str, part: Path, resume: bool) -> None:
    """Bring ``part`` to the length that the server states, from what is there already if that may be.

    A connection that breaks is taken up again as long as each one brings something.
    """
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, before if resume else 0)
            return
        except _NetworkError as error:
            if not part.exists() or part.stat().st_size <= before:
                raise
            log.warning("%s: %s; continuing", url, error)


def _append(url: str, part: Path, start: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing after `start`: the part is whole, or longer than the file
            return
        kind = _NetworkError if error.code in TRANSIENT else _MirrorError
        raise kind(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _NetworkError(f"no connection: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(f"no answer: {error or type(error).__name__}") from error
    with response:
        if response.status != 206:  # the server sends the whole file
            start = 0
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with (
            part.open("r+b" if start else "wb") as stream,
            progress(url.rpartition("/")[2], (total or start) / MEGABYTE or 1, "MB") as advance,
        ):
            stream.seek(start)
            advance(start / MEGABYTE)
            for block in _blocks(response):
                stream.write(block)
                advance(len(block) / MEGABYTE)
            end = stream.tell()
    if total is not None and end < total:
        raise _NetworkError(f"the connection ended after {end} of {total} bytes")


def _blocks(response: Any) -> Iterator[bytes]:
    """Blocks of a response; only faults of the network become _NetworkError, not those of the disk."""
    while True:
        try:
            block = response.read(BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _NetworkError(f"the connection broke: {error or type(error).__name__}") from error
        if not block:
            return
        yield block


def _fault(path: Path, sha256: str | None, md5: str | None, size: int | None) -> str | None:
    """What is wrong with a file, or None."""
    found = path.stat().st_size
    if size is not None and found != size:
        return f"{found} bytes instead of {size}"
    for name, expected in (("sha256", sha256), ("md5", md5)):
        if expected is None:
            continue
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, name).hexdigest()
        if actual != expected.lower():
            return f"wrong content: {name} {actual} instead of {expected}"
    return None


def unpack(archive: Path | str, folder: str, target: Path | str) -> Path:
    """Unpack one folder of an archive (tar, tar.gz, tar.bz2, tar.xz or zip) as ``target``; return its path.

    ``folder`` is its path in the archive, "." for everything. The target appears only when whole; one that is
    there is replaced. Members that would land outside (absolute paths, ``..``, links, devices) are refused.
    Raises DownloadError.
    """
    archive, target = Path(archive), Path(target)
    try:
        with write_aside(target) as partial:
            content = partial.with_name(f"{partial.name}.content")
            content.mkdir()
            if zipfile.is_zipfile(archive):
                _unpack_zip(archive, content)
            else:
                with tarfile.open(archive) as tar:
                    tar.extractall(content, filter="data")
            if not (content / folder).is_dir():
                raise DownloadError(f"{archive}: holds no folder {folder}; is it the right archive?")
            shutil.move(content / folder, partial)
    except tarfile.FilterError as error:
        raise DownloadError(f"{archive}: refused: {error}; do not trust this archive") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DownloadError(f"{archive}: damaged or no archive: {error}; delete it and run again") from error
    except OSError as error:
        raise DownloadError(f"{archive}: cannot unpack it to {target}: {error}") from error
    return target


def _unpack_zip(archive: Path, content: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        root = content.resolve()
        for name in bundle.namelist():
            if not (root / name).resolve().is_relative_to(root):
                raise DownloadError(
                    f"{archive}: refused: {name!r} would land outside; do not trust this archive"
                )
        bundle.extractall(content)
