"""Download of the corpora of `layerwise.specs.archives`."""

from pathlib import Path

from layerwise.download import fetch, unpack
from layerwise.specs.archives import CATALOGUE


def fetch_corpus(name: str, target: Path | str) -> Path:
    """Download a corpus of the catalogue and unpack it as the folder ``target``; return that.

    The archive stays beside it, and one that is there already is not downloaded. Raises DownloadError.
    """
    archive, target = CATALOGUE[name], Path(target)
    file = fetch(
        archive.urls,
        target.with_name(archive.name),
        sha256=archive.sha256,
        md5=archive.md5,
        bytes=archive.bytes,
    )
    return unpack(file, archive.folder, target)
