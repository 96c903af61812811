"""Corpora that can be downloaded: where, how large, with which checksums."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """An archive on the network and the folder in it that holds the corpus, or a part of one.

    What is there is fixed by a checksum, or else by the commit in its address.
    """

    urls: tuple[str, ...]
    bytes: int | None
    md5: str | None
    sha256: str | None
    folder: str
    licence: str

    @property
    def name(self) -> str:
        """Name of the archive file."""
        return self.urls[0].rpartition("/")[2]


OPENSLR_MIRRORS = (
    "https://www.openslr.org",
    "https://us.openslr.org",
    "https://openslr.elda.org",
    "https://openslr.trmal.net",
    "https://openslr.magicdatatech.com",
)


SLURP_COMMIT = "8eb16545762be97ace75334109d73824217311f1"


def _librispeech(subset: str, size: int, md5: str, sha256: str) -> Archive:
    """A subset of LibriSpeech (CC BY 4.0), https://www.openslr.org/12; MD5 as published there."""
    urls = tuple(f"{mirror}/resources/12/{subset}.tar.gz" for mirror in OPENSLR_MIRRORS)
    return Archive(urls, size, md5, sha256, f"LibriSpeech/{subset}", "CC-BY-4.0")


CATALOGUE: Mapping[str, Archive] = {
    "librispeech-dev-clean": _librispeech(
        "dev-clean",
        337_926_286,
        "42e2234ba48799c1f50f24a7926300a1",
        "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
    ),
    "librispeech-dev-other": _librispeech(
        "dev-other",
        314_305_928,
        "c8d0bcc9cca99d4f8b62fcc847357931",
        "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365",
    ),
    "librispeech-test-clean": _librispeech(
        "test-clean",
        346_663_984,
        "32fa31d27d2e1cad72775fee3f4849a9",
        "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
    ),
    "librispeech-test-other": _librispeech(
        "test-other",
        328_757_843,
        "fb5a50374b501bb3bac4815ee91d3135",
        "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
    ),
    "librispeech-train-clean-100": _librispeech(
        "train-clean-100",
        6_387_309_499,
        "2a93770f6d5c6c964bc36631d331a522",
        "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2",
    ),
    "slurp-annotations": Archive(
        (f"https://github.com/pswietojanski/slurp/archive/{SLURP_COMMIT}.tar.gz",),
        bytes=None,
        md5=None,
        sha256=None,
        folder=f"slurp-{SLURP_COMMIT}/dataset",
        licence="CC-BY-4.0 (text and annotations)",
    ),
    # MD5 as published there.
    "slurp-real": Archive(
        ("https://zenodo.org/records/4274930/files/slurp_real.tar.gz",),
        bytes=3_918_185_662,
        md5="9efc0f058ced47bf5131c7cb2cade513",
        sha256=None,
        folder="slurp_real",
        licence="CC-BY-NC-4.0 (recordings)",
    ),
}
