"""One analysis over all layers of a model: what the jobs call."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.analyses.base import Analysis, Given, Request, Scoring, ViewPair
from layerwise.cca.moments import NotFiniteError
from layerwise.cca.regularised import ConstantViewError
from layerwise.cca.scored import Scored
from layerwise.contracts.scores import INFEASIBLE, NULLS, SCORES, SIZES, TRAITS, UNITS
from layerwise.contracts.spec import Table
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource
from layerwise.layers import layer_index
from layerwise.options.analyses import Split
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section
from layerwise.seeds import derive_seed

logger = logging.getLogger(__name__)


class LayerTables(NamedTuple):
    """Scores of all layers of a model in one analysis, and what is known of them: `contracts.scores`.

    Where the analysis is infeasible, ``infeasible`` has a row that says why and the others have none.
    """

    scores: pd.DataFrame
    units: pd.DataFrame
    nulls: pd.DataFrame
    sizes: pd.DataFrame
    traits: pd.DataFrame
    infeasible: pd.DataFrame


# In the order of LayerTables, without the last.
PER_LAYER = (SCORES, UNITS, NULLS, SIZES, TRAITS)


@dataclass(frozen=True)
class Beside:
    """What some analyses need beside the features of the model.

    ``logmel`` and ``prosody`` are stores of these baselines; ``speakers`` maps utterances to speakers;
    ``vectors`` is a table of vectors of words or phones (``read_vectors``); ``intervals`` is the alignment.
    """

    logmel: FeatureSource | None = None
    prosody: FeatureSource | None = None
    speakers: Mapping[str, str] = field(default_factory=dict)
    vectors: pd.DataFrame | None = None
    intervals: pd.DataFrame | None = None


@dataclass(frozen=True)
class Variant:
    """How an analysis differs from the plain one.

    ``plain`` is the name of that one: both have the same parts, so that their scores can be compared part by
    part. ``given`` is what is regressed out, by name; ``split`` what parts keep whole.
    """

    plain: str
    given: Mapping[str, Given] = field(default_factory=dict)
    split: Split = "utterance"


def score_layers(
    analysis: Analysis,
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int,
    *,
    options: ScoringOptions,
    own: Section | None,
    beside: Beside,
    variant: Variant,
    protocol: Protocol,
    seed: int,
    threads: int,
) -> LayerTables:
    """Score every layer of a model in one analysis and one sample set: see ``run_analysis``.

    An analysis that is infeasible gives a row that says why; all other errors are raised.
    """
    request = Request(
        name=name,
        source=source,
        sample=sample,
        protocol=protocol,
        options=options,
        seed=derive_seed(seed, variant.plain, sample_number),
        own=own,
        given=variant.given,
        split=variant.split,
        **vars(beside),
    )
    where = f"{source.model}, sample {sample_number}"
    try:
        scored = _score(analysis, request, sample_number, threads)
    except InfeasibleError as error:
        logger.warning("%s: %s", where, error)
        reason = str(error).removeprefix(f"{name}: ")
        row = {"model": source.model, "analysis": name, "sample": sample_number, "reason": reason}
        return LayerTables._make([*map(empty, PER_LAYER), pd.DataFrame([row])])
    tables = []
    for place, contract in enumerate(PER_LAYER):
        keyed = [
            scores[place].assign(
                model=source.model,
                layer=layer,
                layer_index=layer_index(layer, source.layers),
                analysis=name,
                sample=sample_number,
            )
            for layer, scores in scored.items()
        ]
        optional = contract.optional if options.similarities else ()
        tables.append(joined(contract, keyed).reindex(columns=[*contract.required, *optional]))
    return LayerTables._make([*tables, empty(INFEASIBLE)])


def join_samples(tables: Sequence[LayerTables]) -> LayerTables:
    """Put the tables of all sample sets together."""
    contracts = (*PER_LAYER, INFEASIBLE)
    return LayerTables._make(map(joined, contracts, zip(*tables, strict=True)))


def joined(contract: Table, tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables together; those without rows, whose columns have no types, are passed over."""
    rows = [table for table in tables if len(table)]
    return pd.concat(rows, ignore_index=True) if rows else empty(contract)


def empty(contract: Table) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame(columns=list(contract.required))


def _score(analysis: Analysis, request: Request, sample_number: int, threads: int) -> dict[str, Scored]:
    """Score the layers of a request, from the lowest upwards."""
    source = request.source
    scoring = Scoring(request.protocol, analysis.permute, request.options, request.seed, request.own)
    try:
        target = analysis.prepare(request)
    except InfeasibleError:
        raise
    except AnalysisError as error:
        raise AnalysisError(f"{source.model}, sample {sample_number}: {error}") from error

    def score(layer: str) -> Scored:
        views = None
        try:
            views = target.views(layer)
            return analysis.score(views, scoring)
        except InfeasibleError:
            raise
        except AnalysisError as error:
            if isinstance(error, ConstantViewError) and views and views.given is not None:
                explained = f"layer {layer}" if error.view == views.layer else "the target"
                raise InfeasibleError(
                    f"{request.name}: nothing is left of {explained} without {' and '.join(request.given)}: "
                    "give less, or use more data"
                ) from error
            where = f"{source.model}, layer {layer}, {request.name}, sample {sample_number}"
            raise AnalysisError(f"{where}: {error}{named_row(error, views)}") from error

    layers = sorted(target.layers, key=lambda layer: layer_index(layer, source.layers))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return dict(zip(layers, pool.map(score, layers), strict=True))


def named_row(error: AnalysisError, views: ViewPair | None) -> str:
    """Say what the row that an error names is: an utterance and frame, or a segment; else nothing."""
    if isinstance(error, NotFiniteError) and views:
        return f" (that is {views.name_row(error.row)})"
    return ""
