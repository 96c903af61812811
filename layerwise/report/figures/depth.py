"""Where layers stand on the x axis, and which models share a panel: those of like depth."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.figures.looks import ordered
from layerwise.report.figures.style import Style

MOST_TICKS = 11
TICK = 0.36  # inches of an axis that the label of a layer needs
APART = 2  # times as deep: a base model has 12 blocks, a large one 24
RELATIVE = "relative"
RELATIVE_NAME = "depth as a share of the blocks"


def depths(part: pd.DataFrame) -> dict[str, int]:
    """Number of blocks of each model; ``part`` has columns model and layer_index."""
    last = part.groupby("model")["layer_index"].max()
    return {str(model): int(value) for model, value in last.items()}


def depth_groups(facts: RunFacts, part: pd.DataFrame) -> list[tuple[str, list[ModelFacts]]]:
    """Trained models of a table in groups of like depth, with a title of each; their twins go with them.

    A group ends where a model has twice the blocks of its shallowest. Random models without a trained one are
    grouped by their own depth.
    """
    known = depths(part)
    trained = {model.name for model in facts.of_kind("trained")}
    heads = [
        model
        for model in ordered(facts.models, set(known))
        if model.kind == "trained" or (model.kind == "random" and model.twin_of not in trained)
    ]
    groups: list[list[ModelFacts]] = []
    for model in sorted(heads, key=lambda model: known[model.name]):
        if groups and known[model.name] < APART * max(1, known[groups[-1][0].name]):
            groups[-1].append(model)
        else:
            groups.append([model])
    return [(_title(group, known), facts.in_order({model.name for model in group})) for group in groups]


def _title(group: list[ModelFacts], known: dict[str, int]) -> str:
    found = sorted({known[model.name] for model in group})
    numbers = f"{found[0]}" if len(found) == 1 else f"{found[0]} to {found[-1]}"
    return f"{numbers} block{'s' if found[-1] != 1 else ''}"


def with_company(facts: RunFacts, models: list[ModelFacts]) -> set[str]:
    """Names of models, their random twins, and features without layers."""
    names = {model.name for model in models}
    twins = {model.name for model in facts.of_kind("random") if model.twin_of in names}
    return names | twins | {model.name for model in facts.of_kind("baseline")}


def placed(part: pd.DataFrame, facts: RunFacts, style: Style) -> pd.DataFrame:
    """Add ``place``, where a layer stands on the axis: its index, or that as a share of the model's depth."""
    if style.options.depth != RELATIVE:
        return part.assign(place=part["layer_index"].astype(float))
    known = depths(part)
    blocks = part["model"].map(known).astype(float).clip(lower=1)
    return part.assign(place=part["layer_index"].astype(float) / blocks)


def layer_axis(axis: Axes, part: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> None:
    """Name the layers on the x axis and set the conv layers apart by a tint.

    ``part`` has columns model and layer_index.
    """
    style = style or Style()
    layered = part[~part["model"].isin([model.name for model in facts.of_kind("baseline")])]
    if layered.empty:
        axis.set_xticks([])
        return
    relative = style.options.depth == RELATIVE
    place = placed(layered, facts, style)["place"].to_numpy(dtype=float)
    index = layered["layer_index"].to_numpy(dtype=float)
    left, right = float(place.min()), float(place.max())
    margin = 0.04 * max(right - left, 1.0 if not relative else 0.1)
    axis.set_xlim(left - margin, right + margin)
    convs = bool((index <= -1).any())
    if convs:
        first = float(place[index <= -1].max())
        axis.axvspan(left - margin, 0.6 * first, color="#EFEFEF", linewidth=0, zorder=0.1)
    shaded = " (shaded: conv layers)" if convs else ""
    if relative:
        axis.set_xticks(
            [0, 0.25, 0.5, 0.75, 1],
            [
                "0",
                "\N{VULGAR FRACTION ONE QUARTER}",
                "\N{VULGAR FRACTION ONE HALF}",
                "\N{VULGAR FRACTION THREE QUARTERS}",
                "1",
            ],
        )
        axis.set_xlabel(f"{RELATIVE_NAME}{shaded}")
        return
    step = int(np.ceil((right - left + 1) / most_ticks(axis)))
    blocks = list(range(0, int(right) + 1, step))
    names = {place: _conv(place, layered) for place in range(-step, int(left) - 1, -step)}
    axis.set_xticks([*names, *blocks], [*names.values(), *(f"T{block}" for block in blocks)])
    axis.set_xlabel(f"layer{shaded}")


def _conv(place: int, layered: pd.DataFrame) -> str:
    """Names of a conv layer, one below another where models have different numbers of them."""
    first = layered[layered["layer_index"] <= -1].groupby("model")["layer_index"].min().unique()
    return "\n".join(f"C{place - int(each) + 1}" for each in sorted(first) if each <= place)


def most_ticks(axis: Axes) -> int:
    """How many names of layers stand beside each other below a panel."""
    return int(np.clip(panel_width(axis) // TICK, 3, MOST_TICKS))


def panel_width(axis: Axes) -> float:
    """Width of a panel in inches, before the layout, which gives labels their room."""
    figure = axis.get_figure(root=True)
    assert figure is not None
    return float(axis.get_position(original=True).width * figure.get_size_inches()[0])


def panel_height(axis: Axes) -> float:
    """Height of a panel in inches, before the layout."""
    figure = axis.get_figure(root=True)
    assert figure is not None
    return float(axis.get_position(original=True).height * figure.get_size_inches()[1])
