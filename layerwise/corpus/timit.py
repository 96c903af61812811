"""TIMIT as the Linguistic Data Consortium ships it (Garofolo et al. 1993, LDC93S1)."""

from collections.abc import Iterator
from pathlib import Path

from layerwise.corpus.entries import Entry, all_files, read_text

AUDIO, TEXT = ".wav", ".txt"
LABELS = (".phn", ".wrd")
# Two men and a woman of each dialect region; their sentences are in no other speaker's training data.
CORE_TEST = frozenset(
    {
        *("mdab0", "mwbt0", "felc0", "mtas1", "mwew0", "fpas0", "mjmp0", "mlnt0", "fpkt0", "mlll0", "mtls0"),
        *("fjlm0", "mbpm0", "mklt0", "fnlp0", "mcmj0", "mjdh0", "fmgd0", "mgrt0", "mnjm0", "fdhc0", "mjln0"),
        *("mpam0", "fmld0"),
    }
)


def read_timit(path: Path) -> list[Entry]:
    """Read TIMIT: ``train/dr1/fcjf0/sa1.wav`` with ``.txt`` beside it, names in upper or lower case.

    Utterances are named ``fcjf0-sa1``, in lower case. Splits are train, the core test set (24 speakers), and
    dev: the other speakers of its test folder. Labels are ``dialect`` (dr1 to dr8), ``sex`` (f or m) and
    ``sentence`` (sa: read by all, si: diverse, sx: compact). NIST SPHERE audio is read as it is.
    """
    files = [item for item in all_files(path) if len(item.relative_to(path).parts) >= 3]
    by_stem = {(item.with_suffix(""), item.suffix.lower()): item for item in files}
    entries = []
    for (stem, suffix), audio in sorted(by_stem.items()):
        if suffix != AUDIO or len(stem.relative_to(path).parts) < 4:
            continue
        part, dialect, speaker, sentence = (name.lower() for name in stem.parts[-4:])
        transcript = by_stem.get((stem, TEXT))
        # Text files begin with the first and the last sample.
        text = " ".join(read_text(transcript).split()[2:]) if transcript else ""
        labels = {"dialect": dialect, "sex": speaker[0], "sentence": sentence[:2]}
        split = _split(part, speaker)
        fault = "" if transcript else f"no transcript: {stem.name}{TEXT} is not beside it"
        entries.append(Entry(f"{speaker}-{sentence}", speaker, split, audio, text, labels, fault))
    return entries


def timit_files(path: Path) -> Iterator[Path]:
    """Yield the audio, the transcripts and the hand labels."""
    suffixes = {AUDIO, TEXT, *LABELS}
    yield from (item for item in all_files(path) if item.suffix.lower() in suffixes and item.is_file())


def _split(part: str, speaker: str) -> str | None:
    if part == "train":
        return "train"
    if part == "test":
        return "test" if speaker in CORE_TEST else "dev"
    return None
