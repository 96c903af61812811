"""A corpus as the Montreal Forced Aligner wants it, in shards."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from layerwise.align.intervals import durations
from layerwise.contracts.alignment import MFA_DROPPED, MFA_SPEECH
from layerwise.contracts.spec import Table
from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.corpus.text import normalise_text
from layerwise.errors import AlignmentError, AudioError
from layerwise.files import write_aside

SPEECH_DB, SILENT_DB = 30.0, -75.0
MAX_SECONDS = 600.0  # MFA keeps a whole utterance's lattice in memory


@dataclass(frozen=True)
class Packed:
    """``dropped``: utterances left out (`contracts.alignment.MFA_DROPPED`); ``speech``: seconds of speech of
    the others (`contracts.alignment.MFA_SPEECH`).
    """

    dropped: pd.DataFrame
    speech: pd.DataFrame


def pack_corpus(manifest: pd.DataFrame, archives: Sequence[Path | str]) -> Packed:
    """Pack a corpus into one ZIP file per shard: ``speaker/utterance.wav`` (16 kHz, 16 bit) and ``.lab``.

    A speaker is in one shard only, since MFA adapts to speakers; shards have about equal durations. Equal
    corpora give equal bytes. Left out are utterances without words, longer than ``MAX_SECONDS``, or with
    audio that cannot be read.
    """
    seconds = durations(manifest)
    shards = assign_shards(manifest, len(archives))
    dropped, speech = [], []
    for number, archive in enumerate(archives):
        with write_aside(archive) as partial, zipfile.ZipFile(partial, "w") as packed:
            columns = manifest.loc[shards == number, ["utt_id", "speaker", "audio_path", "text"]].astype(str)
            for utt_id, speaker, path, text in sorted(columns.itertuples(index=False, name=None)):
                try:
                    waveform, words = _utterance(path, text, seconds[utt_id])
                except AlignmentError as error:
                    dropped.append((utt_id, str(error)))
                    continue
                name = f"{file_name(speaker)}/{file_name(utt_id)}"
                packed.writestr(zipfile.ZipInfo(f"{name}.wav"), _wav(waveform))
                packed.writestr(zipfile.ZipInfo(f"{name}.lab"), f"{words}\n")
                speech.append((utt_id, speech_seconds(waveform)))
    return Packed(_table(dropped, MFA_DROPPED), _table(speech, MFA_SPEECH))


def speech_seconds(waveform: NDArray[np.float32], rate: int = SAMPLE_RATE) -> float:
    """Seconds of a waveform (samples,) that may be speech: windows of 25 ms every 10 ms that are loud enough.

    Loud enough is less than ``SPEECH_DB`` below the level that 5 % of the windows reach, and above
    ``SILENT_DB`` of full scale.
    """
    step, width = rate // 100, rate // 40
    energy = np.concatenate(([0.0], np.cumsum(np.square(waveform, dtype=np.float64))))
    starts = np.arange(0, max(len(waveform) - width, 0) + 1, step)
    ends = np.minimum(starts + width, len(waveform))
    level = 10 * np.log10((energy[ends] - energy[starts]) / width + 1e-12)
    loud = level > max(float(np.percentile(level, 95)) - SPEECH_DB, SILENT_DB)
    return float(np.count_nonzero(loud)) / 100


def _table(rows: Sequence[tuple[str, str | float]], contract: Table) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(contract.required))
    return table.sort_values("utt_id", ignore_index=True)


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


def _utterance(path: str, text: str, seconds: float) -> tuple[NDArray[np.float32], str]:
    """Waveform and words of an utterance. Raises AlignmentError saying why it cannot be aligned."""
    words = normalise_text(text)
    if not words:
        raise AlignmentError("empty text")
    if seconds > MAX_SECONDS:
        raise AlignmentError(f"{seconds:.0f} s long, more than {MAX_SECONDS:g} s; cut it into utterances")
    try:
        return read_audio(path, SAMPLE_RATE), words
    except AudioError as error:
        raise AlignmentError(str(error)) from error


def _wav(waveform: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, waveform, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return stream.getvalue()
