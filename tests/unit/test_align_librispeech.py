"""The published alignments of LibriSpeech, from an archive of the same layout."""

import hashlib
import zipfile

import pytest
from textgrid_files import GRID, long_text, manifest

from layerwise.align import librispeech
from layerwise.align.run import align_with
from layerwise.errors import AlignmentError, DownloadError

UNKNOWN = {
    "words": [(0.0, 0.5, "<unk>"), (0.5, 1.0, "had"), (1.0, 1.2, "")],
    "phones": [(0.0, 0.5, "spn"), (0.5, 0.6, "HH"), (0.6, 0.8, "AE1"), (0.8, 1.0, "D"), (1.0, 1.2, "sil")],
}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "librispeech_alignments.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("LibriSpeech/dev-clean/84/121123/84-121123-0000.TextGrid", long_text(GRID))
        bundle.writestr("LibriSpeech/dev-clean/84/121123/84-121123-0001.TextGrid", long_text(UNKNOWN))
        bundle.writestr("LibriSpeech/dev-clean/84/121123/84-121123-0002.TextGrid", long_text(GRID)[:300])
        bundle.writestr("LibriSpeech/README.txt", "about")
    return path


def test_alignments_are_read_from_the_archive(archive):
    corpus = manifest(*(f"84-121123-000{number}" for number in range(4)))
    intervals, quality = align_with(corpus, "librispeech-alignments", options={"path": str(archive)})
    assert quality["status"].tolist() == ["aligned", "aligned", "failed", "failed"]
    assert quality["reason"][0] == ""
    assert quality["reason"][1] == "left out as no words: '<unk>'; words differ from the transcript"
    assert quality["reason"][3] == f"not in {archive}"
    first = intervals[intervals["utt_id"] == "84-121123-0000"]
    assert first.loc[first["tier"] == "phone", "label"].tolist() == ["SH", "IY", "HH", "AE", "D"]
    assert set(intervals.loc[intervals["utt_id"] == "84-121123-0001", "label"]) == {"had", "HH", "AE", "D"}


def test_a_damaged_file_in_the_archive_is_listed(archive):
    content = bytearray(archive.read_bytes())
    start = content.index(b"84-121123-0000.TextGrid") + 60
    content[start : start + 20] = bytes(20)
    archive.write_bytes(content)
    corpus = manifest("84-121123-0000", "84-121123-0001")
    _, quality = align_with(corpus, "librispeech-alignments", options={"path": str(archive)})
    assert quality["status"].tolist() == ["failed", "aligned"]
    assert "cannot read LibriSpeech/dev-clean/84/121123/84-121123-0000.TextGrid" in quality["reason"][0]


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_missing_or_broken_archive_says_what_to_do(tmp_path, content):
    path = tmp_path / "alignments.zip"
    if content:
        path.write_bytes(content)
    with pytest.raises(
        AlignmentError, match=rf"alignments\.zip.*download {librispeech.URL} and put it there"
    ):
        list(librispeech.align(manifest("84-121123-0000"), path=str(path)))


def test_the_download_is_checked(archive, tmp_path, monkeypatch):
    target = tmp_path / "data/alignments.zip"
    monkeypatch.setattr(librispeech, "URL", archive.as_uri())
    monkeypatch.setattr(librispeech, "BYTES", archive.stat().st_size)
    monkeypatch.setattr(librispeech, "MD5", "0" * 32)
    with pytest.raises(DownloadError, match=r"alignments\.zip.*\n.*wrong content"):
        librispeech.download(target)
    assert not target.exists()
    monkeypatch.setattr(librispeech, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    assert librispeech.download(target).read_bytes() == archive.read_bytes()
