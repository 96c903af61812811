"""Draw waveform, spectrogram, words and phones of a few utterances."""

from pathlib import Path

import pandas as pd
from _job import job, snakemake

from layerwise.corpus.audio import read_audio
from layerwise.corpus.manifest import read_manifest
from layerwise.report.figures.alignment import AlignedUtterance, alignment_figure, choose_utterances
from layerwise.report.figures.style import save_figure

with job():
    manifest = read_manifest(snakemake.input.manifest)
    intervals = pd.read_parquet(snakemake.input.intervals)
    audio = dict(zip(manifest["utt_id"], manifest["audio_path"], strict=True))
    chosen = choose_utterances(manifest, set(intervals["utt_id"]), snakemake.params.seed)
    utterances = [
        AlignedUtterance(utt_id, read_audio(audio[utt_id]), intervals[intervals["utt_id"] == utt_id])
        for utt_id in chosen
    ]
    save_figure(alignment_figure(utterances), Path(snakemake.output.pdf).with_suffix(""))
