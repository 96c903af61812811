"""The figure of aligned utterances: the right ones, the right labels, nothing on top of anything."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.layout_engine import ConstrainedLayoutEngine

from layerwise.align.intervals import COLUMNS
from layerwise.report.figures.alignment import AlignedUtterance, alignment_figure, choose_utterances
from layerwise.report.figures.style import save_figure


def utterance(utt_id="a", seconds=2.0, phone_ms=100, label="the"):
    """Words of three phones from 0.1 s on to the end, over noise."""
    phone, rows = phone_ms / 1000, []
    for word in range(int((seconds - 0.1) / (3 * phone))):
        start = 0.1 + 3 * word * phone
        rows.append((utt_id, "word", start, start + 3 * phone, label, word))
        for number, name in enumerate(("DH", "AH", "NG")):
            first = start + number * phone
            rows.append((utt_id, "phone", first, first + phone, name, word))
    waveform = np.random.default_rng(0).normal(size=round(16000 * seconds)).astype(np.float32)
    return AlignedUtterance(utt_id, waveform, pd.DataFrame(rows, columns=list(COLUMNS)))


def labels(axis):
    return [text.get_text() for text in axis.texts]


def test_each_utterance_has_its_four_panels_with_all_labels():
    figure = alignment_figure([utterance("a"), utterance("b", 1.5)])
    assert len(figure.axes) == 8
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles[0] == "a" and titles[4] == "b"
    assert labels(figure.axes[2]) == ["the"] * 6 and labels(figure.axes[3]) == ["DH", "AH", "NG"] * 6
    assert figure.axes[3].get_xlim() == (0, 2) and figure.axes[7].get_xlim() == (0, 1.5)
    drawn = {round(float(np.asarray(line.get_xdata())[0]), 3) for line in figure.axes[2].lines}
    assert drawn == {round(0.1 + 0.3 * number, 3) for number in range(7)}


def test_a_long_utterance_is_cut_and_says_so():
    figure = alignment_figure([utterance("a", seconds=20)])
    assert figure.axes[0].get_title(loc="left") == "a (first 3 s)"
    assert figure.axes[3].get_xlim() == (0, 3)
    assert len(labels(figure.axes[2])) == 10


@pytest.mark.parametrize("phone_ms", [30, 60])
def test_labels_do_not_overlap_at_print_size(phone_ms):
    figure = alignment_figure([utterance(seconds=3.0, phone_ms=phone_ms)])
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    for axis in figure.axes[2:4]:
        boxes = [text.get_window_extent(renderer) for text in axis.texts]
        assert len(boxes) > 5
        for left, right in combinations(boxes, 2):
            assert not left.overlaps(right)


def test_silence_and_signs_of_formulas_are_drawn(tmp_path):
    silent = utterance("$a$_b^", label="$x_{")
    silent = AlignedUtterance(silent.utt_id, np.zeros_like(silent.waveform), silent.intervals)
    pdf, png = save_figure(alignment_figure([silent]), tmp_path / "alignment")
    assert pdf.stat().st_size and png.stat().st_size


def test_choice_is_seeded_prefers_readable_lengths_and_only_aligned_ones():
    seconds = [0.5, 2.0, 2.5, 9.0, 2.2, 1.8, 2.9]
    manifest = pd.DataFrame(
        {"utt_id": list("abcdefg"), "samples": [16000 * s for s in seconds], "sample_rate": 16000}
    )
    aligned = set("abcdefg") - {"c"}
    choices = {tuple(choose_utterances(manifest, aligned, seed)) for seed in range(20)}
    assert len(choices) > 1
    assert all(len(set(chosen)) == 3 and set(chosen) <= set("befg") for chosen in choices)
    assert choose_utterances(manifest, aligned, 1) == choose_utterances(manifest, aligned, 1)
    assert choose_utterances(manifest, {"a", "b"}, 1) == ["a", "b"]


def test_equal_figures_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        save_figure(alignment_figure([utterance(seconds=0.5)]), tmp_path / name)
    for suffix in ("pdf", "png"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_the_last_digits_of_the_layout_solver_are_not_drawn(tmp_path, monkeypatch):
    """They come from addresses of objects and differ between processes; here they are added by hand."""
    execute = ConstrainedLayoutEngine.execute
    noise = iter((0.0, 3e-15))

    def noisy(engine, figure):
        execute(engine, figure)
        for axes, off in zip(figure.axes, [next(noise)] * len(figure.axes), strict=True):
            left, bottom, width, height = axes.get_position(original=True).bounds
            axes._set_position((left + off, bottom - off, width + off, height - off))

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", noisy)
    figures = [alignment_figure([utterance(seconds=0.5)]) for _ in range(2)]
    for number, figure in enumerate(figures):
        save_figure(figure, tmp_path / str(number))
    first, second = ([axes.get_position().bounds for axes in figure.axes] for figure in figures)
    assert first == second
    assert first
