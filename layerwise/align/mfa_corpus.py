"""A corpus as the Montreal Forced Aligner wants it, in shards."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

import pandas as pd
import soundfile

from layerwise.align.intervals import durations
from layerwise.contracts.alignment import MFA_DROPPED
from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.corpus.text import normalise_text
from layerwise.errors import AlignmentError, AudioError
from layerwise.files import write_aside

MAX_SECONDS = 600.0  # MFA keeps a whole utterance's lattice in memory


def pack_corpus(manifest: pd.DataFrame, archives: Sequence[Path | str]) -> pd.DataFrame:
    """Pack a corpus into one ZIP file per shard: ``speaker/utterance.wav`` (16 kHz, 16 bit) and ``.lab``.

    A speaker is in one shard only, since MFA adapts to speakers; shards have about equal durations. Equal
    corpora give equal bytes. Returns the utterances left out (`contracts.alignment.MFA_DROPPED`): those
    without words, longer than ``MAX_SECONDS``, or with audio that cannot be read.
    """
    seconds = durations(manifest)
    shards = assign_shards(manifest, len(archives))
    dropped = []
    for number, archive in enumerate(archives):
        with write_aside(archive) as partial, zipfile.ZipFile(partial, "w") as packed:
            columns = manifest.loc[shards == number, ["utt_id", "speaker", "audio_path", "text"]].astype(str)
            for utt_id, speaker, path, text in sorted(columns.itertuples(index=False, name=None)):
                try:
                    sound, words = _utterance(path, text, seconds[utt_id])
                except AlignmentError as error:
                    dropped.append((utt_id, str(error)))
                    continue
                name = f"{file_name(speaker)}/{file_name(utt_id)}"
                packed.writestr(zipfile.ZipInfo(f"{name}.wav"), sound)
                packed.writestr(zipfile.ZipInfo(f"{name}.lab"), f"{words}\n")
    return pd.DataFrame(dropped, columns=list(MFA_DROPPED.required)).sort_values("utt_id", ignore_index=True)


def assign_shards(manifest: pd.DataFrame, shards: int) -> pd.Series:
    """Shard number of each row: the longest speakers first, each to the shortest shard so far."""
    seconds = (manifest["samples"] / manifest["sample_rate"]).groupby(manifest["speaker"]).sum()
    total = [0.0] * shards
    home = {}
    for speaker in sorted(seconds.index, key=lambda name: (-seconds[name], name)):
        home[speaker] = total.index(min(total))
        total[home[speaker]] += seconds[speaker]
    return manifest["speaker"].map(home)


def file_name(name: str) -> str:
    """Name of a file or folder that is safe everywhere; :func:`original_name` is its inverse."""
    return quote(name, safe="").replace(".", "%2E").replace("~", "%7E") or "%"


def original_name(name: str) -> str:
    """The name that :func:`file_name` was given."""
    return "" if name == "%" else unquote(name)


def _utterance(path: str, text: str, seconds: float) -> tuple[bytes, str]:
    """WAV file and words of an utterance. Raises AlignmentError saying why it cannot be aligned."""
    words = normalise_text(text)
    if not words:
        raise AlignmentError("empty text")
    if seconds > MAX_SECONDS:
        raise AlignmentError(f"{seconds:.0f} s long, more than {MAX_SECONDS:g} s; cut it into utterances")
    try:
        waveform = read_audio(path, SAMPLE_RATE)
    except AudioError as error:
        raise AlignmentError(str(error)) from error
    stream = io.BytesIO()
    soundfile.write(stream, waveform, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return stream.getvalue(), words
