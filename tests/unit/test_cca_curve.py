"""A curve over layers from arrays, and its picture."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from layerwise.cca import cross_validate_fully, draw_curve, layer_curve
from layerwise.cca.summary import mean_score
from layerwise.errors import AnalysisError

mpl.use("Agg")
GROUPS = np.arange(600) // 10
LABELS = np.array(list("AEIOU"))[np.random.default_rng(2).integers(0, 5, 600)]


def layers(names=("T2", "C1", "T0", "T2+ln", "T1"), strengths=(0.6, 0.1, 0.2, 0.5, 0.4)):
    """Layers that know ever more of the labels."""
    rng = np.random.default_rng(0)
    signal = np.equal.outer(LABELS, list("AEIOU")) @ rng.standard_normal((5, 6))
    return {
        name: strength * signal + 0.3 * rng.standard_normal((600, 6))
        for name, strength in zip(names, strengths, strict=True)
    }


def test_a_curve_has_a_row_for_each_layer_in_order():
    curve = layer_curve(layers(), LABELS, groups=GROUPS, label="mine", seed=3)
    assert curve["layer"].tolist() == ["C1", "T0", "T1", "T2", "T2+ln"]
    assert curve["layer_index"].tolist() == [-1, 0, 1, 2, 2.5]
    assert curve["score"][:4].is_monotonic_increasing
    assert ((curve["low"] < curve["score"]) & (curve["score"] < curve["high"])).all()
    assert (curve["null"] < curve["score"]).all() and (curve["p"] <= 0.05).all()
    assert curve[["label", "n", "dim"]].drop_duplicates().values.tolist() == [["mine", 10, 6]]
    scored = cross_validate_fully(layers()["T1"], LABELS, groups=GROUPS, seed=3)
    expected = mean_score(scored.trials, scored.units, scored.null)
    assert tuple(curve.loc[2, list(expected._fields)]) == tuple(expected)
    assert (curve["n_rows"] == 600).all()


def test_options_are_those_of_cross_validate():
    curve = layer_curve(layers(), LABELS, groups=GROUPS, parts=5, permutations=0)
    assert (curve["n"] == 5).all() and curve["null"].isna().all() and curve["low"].notna().all()
    with pytest.raises(TypeError, match="bootstraps"):
        layer_curve(layers(), LABELS, bootstraps=0)


def test_layers_of_another_toolkit_keep_their_order():
    for names in (["layer.9", "layer.10"], [1, 0]):
        curve = layer_curve(layers(names, (0.2, 0.4)), LABELS, permutations=0)
        assert curve["layer"].tolist() == [str(name) for name in names]
        assert curve["layer_index"].tolist() == [0, 1]


def test_a_layer_that_cannot_be_scored_is_named():
    broken = layers()
    broken["T1"][41, 0] = np.nan
    with pytest.raises(AnalysisError, match="layer T1: row 41 of x holds NaN"):
        layer_curve(broken, LABELS)
    with pytest.raises(AnalysisError, match="layer T2: x has 600 rows and y has 9"):
        layer_curve(layers(), LABELS[:9])
    nothing: Any
    for nothing in ({}, [np.ones((600, 3))]):
        with pytest.raises(AnalysisError, match="layers must map at least one layer name"):
            layer_curve(nothing, LABELS)


def test_curves_are_drawn_with_intervals_names_and_a_legend():
    low = layer_curve(layers(), LABELS, groups=GROUPS, label="low")
    deep = layer_curve(layers(["T0", "T1", "T2", "T3", "T4"]), LABELS, groups=GROUPS, label="deep")
    ax: Any = draw_curve(pd.concat([low, deep]))
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == ["C1", "T0", "T1", "T2", "T2+ln", "T3", "T4"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["low", "deep"]
    drawn = next(line for line in ax.lines if line.get_label() == "low")
    np.testing.assert_array_equal(drawn.get_xydata(), low[["layer_index", "score"]])
    assert (
        len({(line.get_marker(), line.get_linestyle()) for line in ax.lines if line.get_marker() != "None"})
        == 2
    )
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (low["low"].min(), low["high"].max())
    mpl.pyplot.close(ax.figure)


def test_a_curve_is_drawn_on_given_axes_without_a_legend_for_one():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert draw_curve(layer_curve(layers(), LABELS, permutations=0), ax) is ax
    assert ax.get_legend() is None
    with pytest.raises(AnalysisError, match=r"a table of layer_curve is expected; it lacks high, label, low"):
        draw_curve(pd.DataFrame({"layer": ["T0"], "layer_index": [0.0], "score": [1.0], "null": [0.0]}))


def test_many_layers_do_not_crowd_the_axis():
    many = [f"T{number}" for number in range(49)]
    curve = pd.DataFrame({"layer": many, "layer_index": np.arange(49.0), "label": ""})
    ax: Any = draw_curve(curve.assign(score=0.5, low=0.4, high=0.6, null=0.0))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == many[::2]
    mpl.pyplot.close(ax.figure)
