"""What every measure shares: the request that it answers, and the job that runs it on all layers."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.contracts.measures import CANNOT, LEFT_OUT, VALUES
from layerwise.contracts.spec import Table
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource, SegmentKind
from layerwise.layers import layer_index
from layerwise.options.protocol import Protocol
from layerwise.options.section import Section

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasureRequest:
    """One measure of one model.

    ``samples`` are the tables samples/{n}.parquet; ``intervals`` is the alignment, tiers phone and word;
    ``speakers`` maps every utterance of the manifest to its speaker; ``own`` are the options that only this
    measure has; ``seed`` is that of this measure; ``logmel`` and ``prosody`` are stores of these baselines,
    where the spec asks for them.
    """

    name: str
    source: FeatureSource
    samples: Sequence[pd.DataFrame]
    intervals: pd.DataFrame
    speakers: Mapping[str, str]
    protocol: Protocol
    seed: int
    own: Section | None = None
    threads: int = 1
    logmel: FeatureSource | None = None
    prosody: FeatureSource | None = None

    @property
    def utterances(self) -> list[str]:
        """Ids of the sampled utterances of all sample sets, sorted: their frames are stored.

        The store may have frames of more, those that tasks use; which ones must not change a measure.
        """
        sampled = [table.loc[table["kind"] == "utterance", "utt_id"] for table in self.samples]
        return sorted(set(pd.concat(sampled)))

    def tokens(self, tier: SegmentKind) -> pd.DataFrame:
        """Return the aligned phones or words of the sampled utterances, in time order, with their speakers.

        Columns utt_id, speaker, start, end, label, word_index. Raises InfeasibleError if there are none.
        """
        mine = self.intervals["tier"].eq(tier) & self.intervals["utt_id"].isin(self.utterances)
        table = self.intervals[mine].drop(columns="tier")
        if table.empty:
            raise InfeasibleError(f"{self.name}: the sampled utterances have no aligned {tier}s")
        table = table.assign(speaker=table["utt_id"].map(dict(self.speakers)))
        return table.sort_values(["utt_id", "start"], kind="stable", ignore_index=True)

    def segments(self, kind: SegmentKind) -> pd.DataFrame:
        """Return the sampled phones or words of all sample sets, each once, in the order of their numbers.

        Column ``segment`` is the row of ``source.segments(kind, layer, rows)``. Raises InfeasibleError if
        there are none.
        """
        rows = pd.concat([table[table["kind"] == kind] for table in self.samples])
        if rows.empty:
            raise InfeasibleError(f"{self.name}: the sample has no {kind}s: use more data, or align them")
        return rows.drop_duplicates("segment").sort_values("segment", ignore_index=True)


class Measured(NamedTuple):
    """What a measure found.

    ``values`` has a row for each layer and variant: layer, variant, value, low, high (95 %; NaN without an
    interval) and n. ``left_out`` names what it left out: an item with its number ("12 phones"), and why.
    """

    values: pd.DataFrame
    left_out: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Measure:
    """The code of a measure; what config, planning and report need to know of it is in its spec.

    ``score`` measures all layers. What it can tell from samples and alignment alone it should tell
    (InfeasibleError) before it asks the source for features: the same is then known before the extraction.
    ``own`` are the options that only this measure has, the same class as in its spec.
    """

    score: Callable[[MeasureRequest], Measured]
    own: type[Section] | None = None


class MeasureTables(NamedTuple):
    """The tables of a job: `contracts.measures`."""

    values: pd.DataFrame
    left_out: pd.DataFrame
    cannot: pd.DataFrame


def over_layers(request: MeasureRequest, score: Callable[[str], Iterable[Mapping[str, Any]]]) -> pd.DataFrame:
    """Call ``score`` with each layer, so many at a time as there are threads, each with one BLAS thread.

    It gives rows without ``layer``: variant, value, low, high, n. Errors name model, layer and measure.
    """

    def rows(layer: str) -> list[dict[str, Any]]:
        try:
            return [{"layer": layer, **row} for row in score(layer)]
        except InfeasibleError:
            raise
        except AnalysisError as error:
            raise AnalysisError(f"{request.source.model}, layer {layer}, {request.name}: {error}") from error

    with threadpool_limits(1), ThreadPoolExecutor(request.threads) as pool:
        return pd.DataFrame.from_records(
            [row for found in pool.map(rows, request.source.layers) for row in found]
        )


def run_measure(measure: Measure, request: MeasureRequest) -> MeasureTables:
    """Measure all layers of a model. A measure that is infeasible gives a row that says why."""
    source, name = request.source, request.name
    try:
        found = measure.score(request)
    except InfeasibleError as error:
        logger.warning("%s: %s", source.model, error)
        reason = str(error).removeprefix(f"{name}: ")
        return MeasureTables(_table(VALUES), _table(LEFT_OUT), _table(CANNOT, (source.model, name, reason)))
    for item, reason in found.left_out:
        logger.warning("%s, %s: %s left out: %s", source.model, name, item, reason)
    values = found.values.assign(
        model=source.model,
        measure=name,
        layer_index=[layer_index(layer, source.layers) for layer in found.values["layer"]],
    )
    order = ["layer_index", "layer", "variant"]
    return MeasureTables(
        values.sort_values(order, kind="stable", ignore_index=True)[list(VALUES.required)],
        _table(LEFT_OUT, *((source.model, name, item, reason) for item, reason in found.left_out)),
        _table(CANNOT),
    )


def _table(contract: Table, *rows: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(contract.required))
