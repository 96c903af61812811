"""The measure `units`: how well k-means clusters of a layer's frames stand for phones."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index, row_blocks
from layerwise.cca.splits import assign_parts
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource
from layerwise.measures.base import Measure, Measured, MeasureRequest, over_layers
from layerwise.measures.contingency import Cells
from layerwise.measures.estimates import Estimate, drawn_units, grouped, mean_of, ratio, sum_by
from layerwise.measures.frame_labels import TEN_MS, Steps, label_steps
from layerwise.measures.kmeans import assign_clusters, fit_clusters
from layerwise.measures.units import edit_counts, merged
from layerwise.options.units import UnitsOptions
from layerwise.seeds import derive_seed

# Groups of units that the jackknife leaves out in turn.
MOST_GROUPS = 40
# What an interval is computed for by leaving each group out of a table of counts.
OF_TABLES: dict[str, Callable[[Cells, Array], Array]] = {
    "pnmi": Cells.information,
    "phone-purity": lambda cells, counts: cells.purity(counts, "cluster"),
    "cluster-purity": lambda cells, counts: cells.purity(counts, "label"),
}


class Grid(NamedTuple):
    """Where frames of utterances are stored, (U, 2), how many a second has, and what is said there."""

    bounds: Index
    rate: Fraction
    steps: Steps

    def rows(self, utterances: Index) -> Index:
        """Return the stored frames of utterances of these numbers."""
        return np.concatenate([np.arange(*self.bounds[number]) for number in utterances])

    @property
    def lengths(self) -> Index:
        """Frames of each utterance, (U,)."""
        return np.asarray(np.diff(self.bounds, axis=1)[:, 0])


class Speech(NamedTuple):
    """Utterances: their names, which half each is in, and what the jackknife leaves out with it; all (U,)."""

    names: NDArray[np.str_]
    half: Index
    groups: Index


def measure_units(request: MeasureRequest) -> Measured:
    """Cluster the frames of one half of the utterances and score those of the other, both ways round."""
    own = request.own if isinstance(request.own, UnitsOptions) else UnitsOptions()
    phones = request.tokens("phone")
    table = phones.drop_duplicates("utt_id")
    names = table["utt_id"].to_numpy(str)
    drawn = drawn_units(names, table["speaker"].to_numpy(str))
    if len(np.unique(drawn)) < 2:
        raise InfeasibleError(f"{request.name}: one utterance cannot be clustered and scored: use more data")
    speech = Speech(
        names,
        assign_parts(len(names), groups=drawn, parts=2, seed=request.seed),
        grouped(drawn, MOST_GROUPS, request.seed),
    )
    grids = _grids(request, own, speech, phones)
    sizes, left_out = _sizes(request, own, speech, grids)
    if without := len(request.utterances) - len(names):
        left_out.append((f"{without} utterances", "without phones"))

    def of_layer(layer: str) -> Iterator[dict[str, Any]]:
        grid = grids[layer]
        for size in sizes:
            units = _units(request, layer, grid, speech, size, own.frames)
            values = _values(units, grid, speech, size, derive_seed(request.seed, "chance"))
            for variant, estimate in values.items():
                row = estimate._asdict()
                yield {"variant": f"{variant}-{size}", **row, "n": int(grid.lengths.sum())}

    return Measured(over_layers(request, of_layer), left_out)


def _grids(
    request: MeasureRequest, own: UnitsOptions, speech: Speech, phones: pd.DataFrame
) -> dict[str, Grid]:
    """Label the frames of each layer, once for all layers with the same frames."""
    source, names = request.source, speech.names.tolist()
    known: dict[tuple[Fraction, bytes], Grid] = {}
    grids = {}
    for layer in source.layers:
        stride, bounds = source.stride(layer), source.frame_offsets(layer, names)
        key = stride, bounds.tobytes()
        if own.labels == "10ms" and (TEN_MS * stride).denominator != 1:
            raise InfeasibleError(
                f"{request.name}: a frame of layer {layer} is {float(stride):g} s, no multiple of 10 ms: set "
                "`labels: centre` under `units`"
            )
        if key not in known:
            lengths = dict(zip(names, np.diff(bounds, axis=1)[:, 0].tolist(), strict=True))
            known[key] = Grid(bounds, 1 / stride, label_steps(lengths, phones, 1 / stride, own.labels))
        grids[layer] = known[key]
    return grids


def _sizes(
    request: MeasureRequest, own: UnitsOptions, speech: Speech, grids: Mapping[str, Grid]
) -> tuple[list[int], list[tuple[str, str]]]:
    """Return the codebooks that every layer has frames enough for, and those that are left out."""
    frames = min(int(grid.lengths[speech.half == side].sum()) for grid in grids.values() for side in (0, 1))
    reason = (
        f"a half of the utterances has {frames} frames and `units: frames` is {own.frames}: use more data"
    )
    sizes: list[int] = [size for size in own.clusters if size <= min(frames, own.frames)]
    if not sizes:
        raise InfeasibleError(f"{request.name}: clusters need as many frames, {reason}")
    return sizes, [(f"{size} clusters", reason) for size in own.clusters if size not in sizes]


def _units(
    request: MeasureRequest, layer: str, grid: Grid, speech: Speech, size: int, most: int
) -> list[Index]:
    """Return the units of each utterance; clusters are fitted on frames of the other half."""
    units: list[Index] = [np.empty(0, np.int64)] * len(speech.names)
    for side in (0, 1):
        seed = derive_seed(request.seed, "k-means", size, side)
        rows = grid.rows(np.flatnonzero(speech.half != side))
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
        means = fit_clusters(_read(request.source, layer, rows), size, seed)
        scored = np.flatnonzero(speech.half == side)
        rows = grid.rows(scored)
        found = [
            assign_clusters(means, _read(request.source, layer, rows[block]))
            for block in row_blocks(len(rows))
        ]
        ends = np.cumsum(grid.lengths[scored])
        for number, stream in zip(scored, np.split(np.concatenate(found), ends[:-1]), strict=True):
            units[number] = stream
    return units


def _read(source: FeatureSource, layer: str, rows: Index) -> NDArray[np.float32]:
    frames = np.asarray(source.frames_view(layer)[rows], np.float32)
    if not np.isfinite(frames).all():
        raise AnalysisError("frames hold NaN or infinity; extract the features again")
    return frames


def _values(units: list[Index], grid: Grid, speech: Speech, size: int, seed: int) -> dict[str, Estimate]:
    """Score units: means of the two halves for tables, sums over both for rates.

    chance: PNMI with the phones of each utterance shifted in a circle by some frames, between a quarter and
    three of its length: what so many units find where there is nothing, in labels that last as long.
    """
    rng, chance = np.random.default_rng(seed), []
    parts: dict[str, list[tuple[float, Array]]] = {variant: [] for variant in OF_TABLES}
    edits, length = np.zeros(len(units)), np.zeros(len(units))
    for side in (0, 1):
        numbers = np.flatnonzero(speech.half == side)
        streams = {str(speech.names[number]): units[number] for number in numbers}
        met = [grid.steps.meet(name, stream) for name, stream in streams.items()]
        found, phones = (np.concatenate(each) for each in zip(*met, strict=True))
        shifted = [_shift(labels, grid.steps.repeat, rng) for _, labels in met]
        cells, null = Cells(found, phones), Cells(found, np.concatenate(shifted))
        chance.append(float(null.information(null.table)[0]))
        counts = cells.by_unit(np.repeat(speech.groups[numbers], [len(said) for _, said in met]))
        without = cells.table - counts
        without = without[without.sum(axis=1) > 0]
        for variant, value in OF_TABLES.items():
            parts[variant].append((float(value(cells, cells.table)[0]), value(cells, without)))
        edits[numbers], length[numbers] = edit_counts(grid.steps, streams)
    bits = np.log2(size) * np.array([len(merged(stream)) for stream in units])
    return {
        **{variant: mean_of(values) for variant, values in parts.items()},
        "chance": Estimate(float(np.mean(chance)), np.nan, np.nan),
        "unit-error": ratio(*sum_by(speech.groups, edits, length)),
        "bitrate": ratio(*sum_by(speech.groups, bits, grid.lengths / float(grid.rate))),
    }


def _shift(labels: Index, repeat: int, rng: np.random.Generator) -> Index:
    frames = len(labels) // repeat
    return np.roll(labels, repeat * int(rng.integers(frames // 4, frames - frames // 4 + 1)))


UNITS = Measure(measure_units, own=UnitsOptions)
