"""The published alignments of LibriSpeech: made with the Montreal Forced Aligner by Lugosch et al. (2019)."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from layerwise.align.importing import import_alignments
from layerwise.align.intervals import Outcome
from layerwise.download import fetch
from layerwise.errors import AlignmentError

URL = "https://zenodo.org/records/2619474/files/librispeech_alignments.zip"
MD5 = "2bab567d0ace651a4ba254e813629f46"
BYTES = 623_023_332
SUFFIX = ".TextGrid"
# What zipfile raises for damaged, encrypted or unusually packed members.
UNREADABLE = (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, EOFError, zlib.error)


def download(target: Path | str) -> Path:
    """Fetch the archive (0.6 GB, CC BY 4.0), unless it is there, and check it; raises DownloadError."""
    return fetch(URL, target, md5=MD5, bytes=BYTES)


def align(
    manifest: pd.DataFrame, *, path: str, lexicon: Path | None = None, workers: int = 1
) -> Iterator[Outcome]:
    """Read the alignment of each utterance from the archive, without unpacking its 300,000 files.

    Files are found by the name of the utterance, ``84-121123-0000.TextGrid``, in whatever folder of the
    archive. The original leaves out some fifty utterances of all LibriSpeech. ``lexicon`` is not used.

    Raises:
        AlignmentError: there is no such archive, or it cannot be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise AlignmentError(
            f"`alignment.librispeech_alignments.path`: {path}: cannot read the archive ({error}); download "
            f"{URL} and put it there; for an unpacked one use `aligner: textgrid`"
        ) from error
    with archive:
        names = {PurePosixPath(name).stem: name for name in archive.namelist() if name.endswith(SUFFIX)}

        def content(utt_id: str) -> bytes:
            if utt_id not in names:
                raise AlignmentError(f"not in {path}")
            try:
                return archive.read(names[utt_id])
            except UNREADABLE as error:
                raise AlignmentError(f"cannot read {names[utt_id]} in {path}: {error}") from error

        yield from import_alignments(
            manifest,
            content,
            word_tiers=("words",),
            phone_tiers=("phones",),
            phone_set_name="arpabet",
            workers=workers,
        )
