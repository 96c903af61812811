"""The worst alignments of a run, to be seen and heard."""

from pathlib import Path

import pandas as pd
import soundfile

from layerwise import contracts
from layerwise.align.textgrid_writer import write_textgrids
from layerwise.contracts.alignment import INTERVALS, WORST
from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.files import write_aside

NUMBER = 10
LONGEST = 15.0  # seconds of audio of one utterance
INTERVALS_NAME = "intervals.parquet"


def worst_alignments(manifest: pd.DataFrame, quality: pd.DataFrame, number: int = NUMBER) -> pd.DataFrame:
    """Return the aligned utterances of the lowest scores as `contracts.alignment.WORST`, the lowest first.

    Aligners without scores give no rows.
    """
    scored = quality[(quality["status"] == "aligned") & quality["score"].notna()]
    found = scored.sort_values(["score", "utt_id"]).head(number).merge(manifest, on="utt_id", how="left")
    seconds = found["samples"] / found["sample_rate"]
    return found.assign(seconds=seconds)[list(WORST.required)].reset_index(drop=True)


def write_worst(
    worst: pd.DataFrame, manifest: pd.DataFrame, intervals: pd.DataFrame, folder: Path, *, audio: bool
) -> None:
    """Write intervals, ``{utt_id}.TextGrid`` and, with ``audio``, ``{utt_id}.flac`` (at most 15 s, 16 kHz).

    The folder is replaced as a whole, and equal utterances give equal bytes.
    """
    own = manifest[manifest["utt_id"].isin(worst["utt_id"])]
    rows = intervals[intervals["utt_id"].isin(worst["utt_id"])].reset_index(drop=True)
    with write_aside(folder) as partial:
        write_textgrids(own, rows, partial)
        if len(rows):
            contracts.write(INTERVALS, rows, partial / INTERVALS_NAME)
        for utterance in own.itertuples() if audio else ():
            waveform = read_audio(str(utterance.audio_path))[: round(LONGEST * SAMPLE_RATE)]
            soundfile.write(partial / f"{utterance.utt_id}.flac", waveform, SAMPLE_RATE, subtype="PCM_16")
