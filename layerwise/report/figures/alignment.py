"""The alignment for the eye: waveform, spectrogram, words and phones of a few utterances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.report.figures.style import COLOURS, INK, Style, drawing
from layerwise.report.lettering import isolated, letters_wide
from layerwise.seeds import derive_seed

WHOLE = 7.0  # inches that hold the longest part of an utterance
LONGEST = 3.0  # seconds shown of an utterance: more would not leave room for the labels of phones
SHORTEST = 1.5
MARGIN = 0.9  # inches of the figure's width that are not time axis
EM = 0.72  # mean width of a label's character, as a share of the font size
WINDOW, HOP, FFT = 96, 16, 512  # samples at 16 kHz: a wide-band spectrogram, 6 ms window every 1 ms
PRE_EMPHASIS = 0.97
RANGE_DB = 55.0
HEIGHTS = (0.32, 0.8, 0.26, 0.26)  # inches: waveform, spectrogram, words, phones


@dataclass(frozen=True)
class AlignedUtterance:
    """An utterance: waveform float32 (samples,) at 16 kHz, and its rows of the interval table."""

    utt_id: str
    waveform: NDArray[np.float32]
    intervals: pd.DataFrame


def choose_utterances(manifest: pd.DataFrame, aligned: set[str], seed: int, number: int = 3) -> list[str]:
    """Draw aligned utterances with the seed, of 1.5 to 3 s (as far as there are such); sorted by name."""
    rows = manifest[manifest["utt_id"].isin(aligned)]
    seconds = rows["samples"] / rows["sample_rate"]
    order = np.random.default_rng(derive_seed(seed, "alignment figure")).permutation(len(rows))
    fitting = seconds.between(SHORTEST, LONGEST).to_numpy()
    best = sorted(order, key=lambda place: not fitting[place])[:number]
    return sorted(rows["utt_id"].iloc[place] for place in best)


def alignment_figure(utterances: Sequence[AlignedUtterance], style: Style | None = None) -> Figure:
    """Waveform, wide-band spectrogram, word and phone tier of each utterance, one below the other.

    At most the first 3 s are shown, less in a column. Long lines are word boundaries, short ones phone
    boundaries.
    """
    style = style or Style()
    with drawing(style):
        longest = LONGEST * style.width / WHOLE if style.narrow else LONGEST
        height = (sum(HEIGHTS) + 0.55) * len(utterances)
        layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.025, wspace=0, hspace=0)
        figure = Figure(figsize=(style.width, height), layout=layout)
        blocks = figure.subfigures(len(utterances), 1, squeeze=False)[:, 0]
        for block, utterance in zip(blocks, utterances, strict=True):
            axes = block.subplots(4, 1, sharex=True, height_ratios=HEIGHTS)
            _draw(axes, utterance, style, longest)
        axes[-1].set_xlabel("time (s)")
    return figure


def _draw(axes: Sequence[Axes], utterance: AlignedUtterance, style: Style, longest: float) -> None:
    wave, spectrum, words, phones = axes
    seconds = min(len(utterance.waveform) / SAMPLE_RATE, longest)
    waveform = utterance.waveform[: round(seconds * SAMPLE_RATE)]
    shown = utterance.intervals[utterance.intervals["start"] < seconds]
    tiers = {tier: shown[shown["tier"] == tier].sort_values("start") for tier in ("word", "phone")}

    cut = "" if seconds < longest else f" (first {longest:.2g} s)"
    wave.set_title(f"{isolated(utterance.utt_id)}{cut}", parse_math=False)
    wave.plot(np.arange(len(waveform)) / SAMPLE_RATE, waveform, color=INK, linewidth=0.3, rasterized=True)
    wave.set(yticks=[], xlim=(0, seconds))
    wave.spines[["left", "bottom"]].set_visible(False)
    spectrum.imshow(
        _spectrogram(waveform),
        origin="lower",
        aspect="auto",
        cmap="Greys",
        extent=(0, seconds, 0, SAMPLE_RATE / 2000),
        vmin=-RANGE_DB,
        vmax=0,
        interpolation="bilinear",
    )
    spectrum.set(ylabel="kHz", yticks=[0, 4, 8])
    for axis in (wave, spectrum):
        axis.tick_params(bottom=False)
        _boundaries(axis, tiers["phone"], color=COLOURS[0], linewidth=0.5, alpha=0.7)
        _boundaries(axis, tiers["word"], color=COLOURS[1], linewidth=0.9)
    scale = (style.width - MARGIN) / seconds
    _tier(words, tiers["word"], "words", seconds, scale, style.small_font)
    _tier(phones, tiers["phone"], "phones", seconds, scale, style.small_font - 1)
    words.tick_params(bottom=False)


def _boundaries(axis: Axes, rows: pd.DataFrame, **look: object) -> None:
    for time in sorted({*rows["start"], *rows["end"]}):
        axis.axvline(time, **look)  # type: ignore[arg-type]


def _tier(axis: Axes, rows: pd.DataFrame, name: str, seconds: float, scale: float, font: float) -> None:
    """Draw the intervals of a tier; labels go on two levels if one would not fit into its interval."""
    axis.set(ylim=(0, 1), yticks=[])
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.spines[["top", "right"]].set_visible(True)
    visible = rows.assign(end=rows["end"].clip(upper=seconds))
    widths = visible["label"].map(letters_wide).astype(float) * EM * font / 72
    crowded = bool((widths > scale * (visible["end"] - visible["start"])).any())
    _boundaries(axis, rows, color=INK, linewidth=0.5)
    for number, (start, end, label) in enumerate(
        zip(visible["start"], visible["end"], visible["label"], strict=True)
    ):
        level = (0.72, 0.27)[number % 2] if crowded else 0.5
        # An interval that the window cuts keeps its label only if that fits.
        if end == seconds and EM * font / 72 * letters_wide(label) > scale * (end - start) + 0.05:
            continue
        axis.text(
            *((start + end) / 2, level, label),
            ha="center",
            va="center_baseline",
            fontsize=font,
            parse_math=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3} if crowded else None,
        )


def _spectrogram(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Power in dB below the loudest point, (frequencies, times)."""
    emphasised = np.append(waveform[:1], waveform[1:] - PRE_EMPHASIS * waveform[:-1]).astype(np.float64)
    transform = ShortTimeFFT(np.hanning(WINDOW), HOP, SAMPLE_RATE, mfft=FFT)
    power = transform.spectrogram(emphasised, p0=0, p1=max(1, len(emphasised) // HOP))
    loudest = max(float(power.max()), np.finfo(float).tiny)
    return 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
