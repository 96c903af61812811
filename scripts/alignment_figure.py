"""Draw waveform, spectrogram, words and phones of a few utterances."""

from pathlib import Path

from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.corpus.audio import read_audio
from layerwise.options.style import StyleOptions
from layerwise.report.figures.alignment import AlignedUtterance, alignment_figure, choose_utterances
from layerwise.report.figures.style import Style, copy_figure, save_figure
from layerwise.report.names import COLUMN, FORMATS, PAGE

with job():
    manifest = contracts.read(MANIFEST, snakemake.input.manifest)
    intervals = contracts.read(INTERVALS, snakemake.input.intervals)
    audio = dict(zip(manifest["utt_id"], manifest["audio_path"], strict=True))
    chosen = choose_utterances(manifest, set(intervals["utt_id"]), snakemake.params.seed)
    utterances = [
        AlignedUtterance(utt_id, read_audio(audio[utt_id]), intervals[intervals["utt_id"] == utt_id])
        for utt_id in chosen
    ]
    folder = Path(snakemake.output.pdf).parent
    for form in (COLUMN, PAGE):
        style = Style(form, StyleOptions(**snakemake.params.style))
        figure = alignment_figure(utterances, style)
        save_figure(figure, folder / form / "alignment", style, FORMATS)
    copy_figure(folder / PAGE / "alignment", folder / "alignment")
