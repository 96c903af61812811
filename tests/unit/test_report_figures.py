import re
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic
from matplotlib.colors import to_hex

from layerwise.contracts import run_tables
from layerwise.errors import ReportError
from layerwise.layers import layer_index
from layerwise.options.style import StyleOptions
from layerwise.report import tables
from layerwise.report.figures.comparisons import choice_figure, single_weighted_figure
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.depth import layer_axis
from layerwise.report.figures.layers import layer_figure
from layerwise.report.figures.looks import looks
from layerwise.report.figures.ranking import agreement_figure
from layerwise.report.figures.scatter import layer_pairs, scatter_figure
from layerwise.report.figures.style import Style, drawing, panels, save_figure
from layerwise.report.figures.tasks import task_figure, weight_figure
from layerwise.report.names import COLUMN, PAGE
from layerwise.report.run_tables import of

NAMES = ("hubert-tiny", "org/wav2vec2_tiny", "whisper-tiny-en")


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(NAMES)


@pytest.fixture(scope="module")
def summary(facts):
    return synthetic.summary(facts, synthetic.scores(facts, ("cca-phone",)))


def runs_of(facts, **shape):
    runs = synthetic.downstream(facts, **shape)
    return runs.assign(layer_index=[layer_index(layer) for layer in runs["layer"]])


def legend_labels(figure):
    return [text.get_text().replace("\n", " ") for legend in figure.legends for text in legend.get_texts()]


def interval_bars(axis, colour):
    """Vertical bars of a colour: x -> (low, high)."""
    bars = {}
    for collection in axis.collections:
        if not hasattr(collection, "get_segments") or to_hex(collection.get_color()[0]) != colour.lower():
            continue
        for (x, low), (_, high) in collection.get_segments():
            bars[float(x)] = (low, high)
    return bars


def test_every_model_is_in_the_legend_and_weak_supervision_is_said(facts, summary):
    labels = legend_labels(layer_figure(summary, facts, ["cca-phone"]))
    assert {"hubert-tiny", "org/wav2vec2_tiny", "logmel", "permuted targets"} <= set(labels)
    assert "whisper-tiny-en (weakly supervised)" in labels
    assert "whisper-tiny-en" not in labels


def test_curves_and_bars_show_the_data(facts, summary):
    axis = layer_figure(summary, facts, ["cca-phone"]).axes[0]
    mine = summary[summary["model"] == "hubert-tiny"].sort_values("layer_index")
    look = looks(facts)["hubert-tiny"]
    (line,) = (line for line in axis.lines if line.get_label() == "hubert-tiny")
    np.testing.assert_allclose(np.asarray(line.get_xdata()), mine["layer_index"])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), mine["score"])
    bars = interval_bars(axis, look.colour)
    for row in mine.itertuples():
        assert bars[row.layer_index] == pytest.approx((row.low, row.high))
    (level,) = (line for line in axis.lines if line.get_label() == "logmel")
    assert set(np.asarray(level.get_ydata())) == set(summary.loc[summary["model"] == "logmel", "score"])


def test_normed_last_output_is_drawn_apart_from_the_blocks(facts, summary):
    axis = layer_figure(summary, facts, ["cca-phone"]).axes[0]
    label = "whisper-tiny-en (weakly supervised)"
    drawn = [np.asarray(line.get_xdata()).tolist() for line in axis.lines if line.get_label() == label]
    assert drawn == [[-2, -1, 0, 1, 2, 3, 4], [4.5]]


def test_models_differ_without_colour_and_twins_share_it():
    chosen = looks(synthetic.run_facts(tuple(f"m{i}" for i in range(15)), baseline=False))
    trained = [look for look in chosen.values() if look.filled]
    assert len({(look.colour, look.marker, str(look.line)) for look in trained}) == 15
    assert len({look.marker for look in trained[:11]}) == 11
    assert chosen["random-m3"].colour == chosen["m3"].colour
    assert not chosen["random-m3"].filled


def test_task_figure_shows_layers_and_weighted_sum():
    facts = synthetic.run_facts(NAMES, twins=False)
    tasks = tables.downstream_summary(runs_of(facts))
    axes = task_figure(tasks, facts).axes
    assert [axis.get_title(loc="left") for axis in axes] == ["Phone recognition", "Scenario classification"]
    assert axes[0].get_ylabel() == "PER (lower is better)"
    mine = tasks[(tasks["model"] == "hubert-tiny") & (tasks["task"] == "pr")].set_index("layer")
    bars = interval_bars(axes[0], looks(facts)["hubert-tiny"].colour)
    right = max(bars)
    assert right > 6
    assert bars[right] == pytest.approx(tuple(mine.loc["all", ["low", "high"]].astype(float)))
    third = min(bars, key=lambda x: abs(x - 3.0))
    assert bars[third] == pytest.approx(tuple(mine.loc["T3", ["low", "high"]].astype(float)))


@pytest.fixture(scope="module")
def gathered(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"), ("cca-phone",))


def test_scatter_states_the_median_correlation_and_turns_error_rates(facts, gathered):
    figure = scatter_figure(gathered, facts)
    table = gathered.agreement
    mine = table[(table["task"] == "pr") & table["model"].isin(NAMES[:2])]  # self-supervised
    for axis, name in zip(figure.axes, ("cca-phone", "weights"), strict=False):
        rho = mine[mine["analysis"] == name]["spearman"]
        text = f"= {rho.median():.2f}\n[{rho.min():.2f}, ".replace("-", "\N{MINUS SIGN}")
        assert text in axis.texts[0].get_text()
    assert [axis.yaxis_inverted() for axis in figure.axes] == [True, True, False, False]
    assert figure.axes[3].get_xlabel() == "learned weight"


@pytest.mark.filterwarnings("error:constrained_layout")
@pytest.mark.parametrize("form", [COLUMN, PAGE])
@pytest.mark.parametrize(("analyses", "tasks"), [(1, 1), (1, 5), (5, 1), (5, 5), (9, 5), (9, 30), (40, 2)])
def test_any_number_of_tasks_and_analyses_has_room(facts, gathered, form, analyses, tasks):
    def many(table, column, source, names):
        return pd.concat([of(table, **{column: source}).assign(**{column: name}) for name in names])

    names = [f"cca-yardstick-{number}" for number in range(analyses)]
    goals = [f"a-long-task-{number}" for number in range(tasks)]
    agreement = of(gathered.agreement, analysis="cca-phone")
    tables = replace(
        gathered,
        layer_summary=many(gathered.layer_summary, "analysis", "cca-phone", names),
        downstream_summary=many(gathered.downstream_summary, "task", "pr", goals),
        weights=many(gathered.weights, "task", "pr", goals),
        agreement=many(many(agreement, "analysis", "cca-phone", names), "task", "pr", goals),
    )
    known = replace(
        facts,
        analyses=tuple(replace(facts.analysis("cca-phone"), name=name) for name in names),
        tasks=tuple(replace(facts.task("pr"), name=name) for name in goals),
    )
    style = Style(form)
    figure = scatter_figure(tables, known, style)
    with drawing(style):
        figure.draw_without_rendering()
    boxes = [axis.get_window_extent() for axis in figure.axes]
    panels = len(boxes) == (analyses + 1) * tasks
    assert panels or len(boxes) == 2  # the heat map and its scale
    assert min(min(box.width, box.height) for box in (boxes if panels else boxes[:1])) > 15  # pixels
    assert panels == (max(analyses, tasks) < 10)
    if panels:
        dots = layer_pairs(tables, known, names[0], known.tasks[0])
        score, value = dots["score"].to_numpy(), dots["value"].to_numpy()
        lines = figure.axes[0].lines
        x, y = (np.concatenate([np.asarray(getattr(line, f"get_{a}data")()) for line in lines]) for a in "xy")
        assert {*zip(x, y, strict=True)} <= {*zip(score, value, strict=True), *zip(value, score, strict=True)}


def test_a_font_that_is_not_installed_is_named_with_those_near(facts, gathered, tmp_path):
    style = Style(options=StyleOptions(font="DejaVu Sanz"))
    with pytest.raises(ReportError, match=r"`style\.font`: no font 'DejaVu Sanz' .* DejaVu Sans"):
        save_figure(scatter_figure(gathered, facts, style), tmp_path / "it", style)
    assert not list(tmp_path.iterdir())


def test_relative_depth_is_said_below_tasks_and_weights(facts, gathered):
    style = Style(options=StyleOptions(depth="relative"))
    for figure in (
        task_figure(gathered.downstream_summary, facts, style),
        weight_figure(gathered.weights, facts, style),
    ):
        assert all("depth as a share of the blocks" in axis.get_xlabel() for axis in figure.axes)


def test_forest_points_right_where_the_single_layer_is_better(facts, gathered):
    table = gathered.single_weighted.assign(difference=0.1, low=0.05, high=0.2, verdict="all")
    table.loc[table["task"] == "scenario", "verdict"] = "single"
    errors, accuracy = single_weighted_figure(table, facts).axes
    for axis, sign in ((errors, -1), (accuracy, 1)):
        dots = [line for line in axis.lines if line.get_marker() in ("o", "D")]
        assert {float(np.asarray(line.get_xdata())[0]) for line in dots} == {sign * 0.1}
        assert len(dots) == table["model"].nunique()


def test_choice_figure_shows_regrets_of_trained_models_and_means_by_group(facts, gathered):
    axis = choice_figure(gathered.choice, facts).axes[0]
    table = gathered.choice[(gathered.choice["task"] == "pr") & (gathered.choice["strategy"] == "last")]
    own = table.set_index("model")["regret"]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[0] == "peak of cca-phone" and labels[-1] == "learned sum"
    place = labels.index("last block")
    means = sorted(
        float(x)
        for line in axis.lines
        if line.get_marker() == "|"
        for x, y in zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), strict=True)
        if y == place
    )
    assert means == pytest.approx(sorted([own[list(NAMES[:2])].mean(), own[NAMES[2]]]))
    handles = legend_labels(choice_figure(gathered.choice, facts))
    assert not any("random" in label for label in handles)


def test_figures_without_any_row_say_so(facts, gathered):
    for figure, text in (
        (agreement_figure(gathered.agreement.iloc[:0], facts), "no model has enough layers"),
        (choice_figure(gathered.choice.iloc[:0], facts), "no trained model has layers"),
        (single_weighted_figure(gathered.single_weighted.iloc[:0], facts), "no model has both"),
    ):
        assert text in figure.axes[0].texts[0].get_text()


def test_files_come_in_pairs_with_equal_bytes_and_readable_type(facts, summary, tmp_path):
    style = Style()
    for name in ("one", "two"):
        save_figure(layer_figure(summary, facts, ["cca-phone"], style), tmp_path / name)
    for kind in (".pdf", ".png"):
        assert (tmp_path / f"one{kind}").read_bytes() == (tmp_path / f"two{kind}").read_bytes()
    pdf = (tmp_path / "one.pdf").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert b"/Subtype /Image" not in pdf  # vector
    assert b"CreationDate" not in pdf
    pages = b"".join(
        zlib.decompress(stream)
        for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
        if stream[:1] == b"x"
    )
    sizes = [float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", pages)]
    assert sizes and min(sizes) >= 7


@pytest.mark.parametrize("count", [1, 15])
def test_nothing_overlaps_for_one_or_fifteen_deep_models_with_long_names(count):
    names = tuple(f"facebook/wav2vec2-conformer-rope-large-{number}60h-ft" for number in range(count))
    facts = synthetic.run_facts(names, twins=False)
    scores = synthetic.scores(facts, ("cca-phone", "cca-word"), samples=1, trials=1, blocks=24, convs=7)
    summary = synthetic.summary(facts, scores)
    figure = layer_figure(summary, facts, ["cca-phone", "cca-word"])
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    boxes = [legend.get_window_extent() for legend in figure.legends]
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 for box in boxes)
    top = max((box.y1 for box in boxes), default=0.0)
    for axis in figure.axes:
        area = axis.get_tightbbox()
        assert area is not None
        assert area.y0 >= top - 1 and area.y1 <= height + 1
        if axis.get_label() != "<colorbar>":
            assert axis.bbox.height > 0.25 * axis.bbox.width
        places = [tick.get_window_extent() for tick in axis.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(places))


def test_corpus_figure_counts(tmp_path):
    made = synthetic.gathered(synthetic.run_facts(), tmp_path, (), {})
    figure = corpus_figure(made.utterances, made.segments)
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert texts == ["297 (99.0%)", "2 (0.7%)", "1 (0.3%)"]
    assert len(figure.axes[2].get_xticklabels()) == 39
    assert figure.axes[2].get_title(loc="left") == (
        "Aligned phones (6,000 segments of 39 phones, in 1,500 words)"
    )
    manifest, _, _ = synthetic.corpus()
    train = manifest[manifest["split"] == "train"]
    minutes = (train["samples"] / train["sample_rate"]).sum() / 60
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert f"train: {len(train)} utterances, {minutes:.1f} min" in [
        text.get_text() for text in legend.get_texts()
    ]


def test_results_without_intervals_are_drawn(facts, summary, tmp_path):
    bare = summary.assign(low=np.nan, high=np.nan, null=np.nan)
    tasks = tables.downstream_summary(runs_of(facts)).assign(low=np.nan, high=np.nan)
    save_figure(layer_figure(bare, facts, ["cca-phone"]), tmp_path / "layers")
    save_figure(task_figure(tasks, facts), tmp_path / "tasks")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"layers.pdf", "layers.png", "tasks.pdf", "tasks.png"}


def test_without_layers_to_weigh_the_figure_says_so(facts):
    figure = weight_figure(columns_of("weights"), facts)
    assert [text.get_text() for text in figure.axes[0].texts] == ["no model has layers to weigh"]


def columns_of(name):
    """A table of the run without rows."""
    return pd.DataFrame(columns=run_tables.columns(name))


def test_conv_layers_have_the_names_of_the_tables_also_where_models_have_different_numbers_of_them():
    facts = synthetic.run_facts(("hubert-tiny", "wav2vec2-tiny"), twins=False, baseline=False)
    places = {"hubert-tiny": range(-3, 4), "wav2vec2-tiny": range(-2, 4)}
    rows = [(model, float(place)) for model, found in places.items() for place in found]
    axis = panels(6.0, 1, 1, 1, 1)[1][0]
    layer_axis(axis, pd.DataFrame(rows, columns=["model", "layer_index"]), facts)
    names = dict(zip(axis.get_xticks(), (label.get_text() for label in axis.get_xticklabels()), strict=True))
    assert names == {-3: "C1", -2: "C2\nC1", -1: "C3\nC2", 0: "T0", 1: "T1", 2: "T2", 3: "T3"}
