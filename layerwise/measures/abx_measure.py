"""The measure `abx`: ABX errors of all layers, on the aligned phones of the sampled utterances."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from layerwise.align.phonesets import NOISE
from layerwise.analyses.contexts import PAUSE
from layerwise.errors import InfeasibleError
from layerwise.measures.abx_cells import Caps, make_cells
from layerwise.measures.abx_items import CUT, NO_FRAME, PAST, Sliced, cut_items
from layerwise.measures.abx_score import PHONE_TASK, score_tokens
from layerwise.measures.base import Measure, Measured, MeasureRequest, over_layers
from layerwise.options.abx import AbxOptions

Unit = Literal["phone", "triphone"]
_WHY = {
    NO_FRAME: "no frame has its centre in them",
    PAST: "they lie past the last frame of their utterance",
    CUT: "past the last frame of their utterance: they are scored by the frames before",
}


@dataclass(frozen=True)
class Task:
    """What a variant tells apart: ``triphone`` items span three phones; ``context``: they have neighbours."""

    unit: Unit
    by: tuple[str, ...]
    on: str = "label"
    across: str | None = None
    pooled: bool = False

    @property
    def context(self) -> bool:
        """Whether the phones before and after matter."""
        return "prev" in self.by


TASKS = {
    "triphone-within": Task("triphone", PHONE_TASK),
    "triphone-across": Task("triphone", ("prev", "next"), across="speaker"),
    "phone-within": Task("phone", PHONE_TASK),
    "phone-across": Task("phone", ("prev", "next"), across="speaker"),
    "phone-any-within": Task("phone", ("speaker",)),
    "phone-any-across": Task("phone", (), across="speaker"),
    "speaker": Task("triphone", ("prev", "next", "label"), on="speaker"),
    "triphone-within-pooled": Task("triphone", PHONE_TASK, pooled=True),
    "triphone-across-pooled": Task("triphone", ("prev", "next"), across="speaker", pooled=True),
}


def phone_items(tokens: pd.DataFrame) -> pd.DataFrame:
    """Return aligned phones with ``prev`` and ``next``, and the ends of the triphone that they are in.

    ``tokens`` are those of `MeasureRequest.tokens`, in time order. Noise is no phone, and no context; nor is
    what lies beyond a pause (a gap of more than 10 ms; silence has no interval). A phone without a neighbour
    on either side has missing values in prev, next, outer_start and outer_end.
    """
    phones = tokens[["utt_id", "speaker", "start", "end", "label"]].copy()
    # Times come from arithmetic of floats: an exact slice wants the decimal number that was meant.
    phones[["start", "end"]] = phones[["start", "end"]].round(6)
    before, after = phones.shift(1), phones.shift(-1)
    near = PAUSE + 1e-9
    held = (
        (before["utt_id"] == phones["utt_id"])
        & (phones["start"] - before["end"] <= near)
        & (before["label"] != NOISE)
        & (after["utt_id"] == phones["utt_id"])
        & (after["start"] - phones["end"] <= near)
        & (after["label"] != NOISE)
    )
    phones["prev"], phones["next"] = before["label"].where(held), after["label"].where(held)
    phones["outer_start"], phones["outer_end"] = before["start"].where(held), after["end"].where(held)
    return phones[phones["label"] != NOISE].reset_index(drop=True)


def measure_abx(request: MeasureRequest) -> Measured:
    """Measure the ABX error of the variants that the options name, for each layer."""
    own = request.own if isinstance(request.own, AbxOptions) else AbxOptions()
    phones = phone_items(request.tokens("phone"))
    inside = phones[phones["prev"].notna()].reset_index(drop=True)
    triphones = inside.assign(start=inside["outer_start"], end=inside["outer_end"])
    tables = {
        ("phone", False): phones,
        ("phone", True): inside,
        ("triphone", True): triphones,
    }
    tasks, left_out = _feasible(request, own, tables)
    if any(TASKS[name].context for name in tasks) and len(inside) < len(phones):
        reason = "a pause, noise or an end of the utterance is next to them: they are in no cell with context"
        left_out.append((f"{len(phones) - len(inside)} phones", reason))
    counts: dict[tuple[str, str], dict[str, int]] = {}

    def of_layer(layer: str) -> Iterator[dict[str, Any]]:
        frames, offsets = request.source.frames(layer, request.utterances)
        sliced: dict[tuple[str, bool], Sliced] = {}
        for name, caps in tasks.items():
            task = TASKS[name]
            key = (task.unit, task.context)
            if key not in sliced:
                rate = 1 / request.source.stride(layer)
                sliced[key] = cut_items(frames, request.utterances, offsets, tables[key], rate, own.slices)
                for reason, number in sliced[key].left_out.items():
                    what = f"{task.unit}s" if task.context else f"{task.unit}s in any context"
                    counts.setdefault((what, reason), {})[layer] = number
            try:
                yield {"variant": name, **_score(sliced[key], task, caps, own.bootstrap)}
            except InfeasibleError as error:  # cells need tokens that have no frame in this layer
                left_out.append((f"variant {name} of {layer}", str(error)))

    values = over_layers(request, of_layer)
    if values.empty:
        raise InfeasibleError("too few tokens have a frame for any cell: use more data")
    left_out.sort()
    return Measured(values, [*left_out, *_by_layers(request.source.layers, counts)])


def _feasible(
    request: MeasureRequest, own: AbxOptions, tables: Mapping[tuple[str, bool], pd.DataFrame]
) -> tuple[dict[str, Caps], list[tuple[str, str]]]:
    """Variants that have cells, with the caps that make them affordable, and what that leaves out."""
    tasks: dict[str, Caps] = {}
    left_out = []
    for name in own.variants:
        task = TASKS[name]
        across = (task.across,) if task.across else ()
        items = tables[task.unit, task.context]
        try:
            cells = make_cells(items, task.on, task.by, across, Caps())
        except InfeasibleError as error:
            left_out.append((f"variant {name}", str(error)))
            continue
        tasks[name] = Caps(seed=request.seed)
        if cells.compared > own.most_comparisons:
            tasks[name] = Caps(own.tokens, own.x_speakers if across else None, request.seed)
            kept = make_cells(items, task.on, task.by, across, tasks[name])
            left_out.append(
                (
                    f"{cells.used - kept.used} tokens of variant {name}",
                    f"not drawn: all would be {cells.compared} comparisons (`abx: most_comparisons`)",
                )
            )
    if not tasks:
        raise InfeasibleError("no variant has a cell: " + "; ".join(reason for _, reason in left_out))
    return tasks, left_out


def _score(sliced: Sliced, task: Task, caps: Caps, replicates: int) -> dict[str, Any]:
    tokens = sliced.tokens.pooled() if task.pooled else sliced.tokens
    found = score_tokens(
        tokens, sliced.items, task.on, task.by, task.across, caps=caps, replicates=replicates
    )
    return {"value": found.error, "low": found.low, "high": found.high, "n": found.tokens}


def _by_layers(
    layers: tuple[str, ...], counts: Mapping[tuple[str, str], Mapping[str, int]]
) -> Iterator[tuple[str, str]]:
    """Say what layers left out, once for all that left out as many."""
    for (what, reason), of_layer in sorted(counts.items()):
        for number in sorted(set(of_layer.values())):
            names = [layer for layer in layers if of_layer.get(layer) == number]
            where = "" if len(names) == len(layers) else f" ({', '.join(names)})"
            yield f"{'ends of ' if reason == CUT else ''}{number} {what}", _WHY[reason] + where


ABX = Measure(measure_abx, own=AbxOptions)
