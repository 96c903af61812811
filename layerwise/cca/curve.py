"""From features of each layer to a curve over layers, and its picture."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.arrays import cross_validate_fully
from layerwise.cca.inputs import Features
from layerwise.cca.summary import MeanScore, mean_score
from layerwise.errors import AnalysisError
from layerwise.layers import layer_index
from layerwise.progress import progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours of Okabe and Ito (2008); marker and line tell curves apart in black and white as well.
_LOOKS = (
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "D", ":"),
    ("#E69F00", "v", "-"),
    ("#56B4E9", "P", "--"),
)
_GREY = "#8A8A8A"
_TICKS = 26
_SIZES = ["n_train", "n_dev", "n_test", "n_excluded"]


def layer_curve(
    layers: Mapping[Any, Features],
    y: Features,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    label: str = "",
    **options: Any,
) -> pd.DataFrame:
    """Score each layer against one target: the table of a curve, one row per layer, from the lowest upwards.

    ``layers`` maps the name of each layer to its features, (n, dim) or one (frames, dim) array per utterance;
    ``y``, ``groups``, ``labels`` and all further ``options`` are those of ``cross_validate``. With the same
    seed all layers have the same parts. ``label`` tells the curve from others that it is drawn with
    (``pd.concat``), such as those of other models.

    Columns: label, layer, layer_index, those of ``layerwise.cca.summary.MeanScore`` (score is the mean over n
    test parts, low and high its 95 % interval, null the mean score of permuted targets), n_rows and dim, the
    shape of the layer. layer_index is the place in a plot: that of C1.., T0.. and TL+ln
    (``layerwise.layers``), or, if a layer has another name, the place in ``layers``, from 0.

    Raises AnalysisError as ``cross_validate`` does, naming the layer, and without layers.
    """
    if not isinstance(layers, Mapping) or not layers:
        raise AnalysisError("layers must map at least one layer name to its features: {'T0': x0, 'T1': x1}")
    records = []
    with progress("scoring", len(layers), "layers") as advance:
        for (name, x), place in zip(layers.items(), _places(layers), strict=True):
            try:
                scored = cross_validate_fully(x, y, groups=groups, labels=labels, **options)
            except AnalysisError as error:
                raise AnalysisError(f"layer {name}: {error}") from error
            first = scored.trials.iloc[0]
            means = mean_score(scored.trials, scored.units, scored.null)
            rows, dim = int(first[_SIZES].sum()), int(first["dim_x"])
            records.append((label, str(name), place, *means, rows, dim))
            advance(1)
    columns = ["label", "layer", "layer_index", *MeanScore._fields, "n_rows", "dim"]
    return pd.DataFrame.from_records(records, columns=columns).sort_values("layer_index", ignore_index=True)


def draw_curve(curve: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw tables of ``layer_curve``, one line for each of their labels, and return the axes.

    Bands are 95 % intervals, thin grey lines the mean scores of permuted targets. Needs matplotlib; without
    ``ax`` a figure is made. Raises AnalysisError if ``curve`` lacks columns.
    """
    missing = {"label", "layer", "layer_index", "score", "low", "high", "null"} - set(curve.columns)
    if missing:
        raise AnalysisError(f"a table of layer_curve is expected; it lacks {', '.join(sorted(missing))}")
    if ax is None:
        from matplotlib import pyplot as plt

        ax = plt.subplots(figsize=(5.2, 3.2), layout="constrained")[1]
    curves = list(curve.groupby("label", sort=False))
    for (label, rows), (colour, marker, line) in zip(curves, cycle(_LOOKS), strict=False):
        rows = rows.sort_values("layer_index")
        place = rows["layer_index"].to_numpy(np.float64)
        ax.fill_between(place, rows["low"], rows["high"], color=colour, alpha=0.18, linewidth=0)
        ax.plot(
            place, rows["score"], color=colour, marker=marker, linestyle=line, markersize=4.5, label=label
        )
        ax.plot(place, rows["null"], color=_GREY, linewidth=0.8, linestyle=line, zorder=1)
    ticks = curve.drop_duplicates("layer_index").sort_values("layer_index")
    if len(ticks) > _TICKS:
        ticks = ticks[ticks["layer_index"] % 2 == 0]
    crowded = len(ticks) > 12 or np.diff(ticks["layer_index"]).min(initial=1) < 1
    ax.set_xticks(ticks["layer_index"], ticks["layer"], rotation=90 if crowded else 0)
    ax.set_xlabel("Layer")
    ax.set_ylabel("PWCCA score (permuted targets: grey)")
    ax.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1 or curves[0][0]:
        ax.legend(frameon=False)
    return ax


def _places(names: Mapping[Any, Features]) -> list[float]:
    own = [str(name) for name in names]
    try:
        return [layer_index(name, own) for name in own]
    except ValueError:
        return [float(place) for place in range(len(own))]
