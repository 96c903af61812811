"""The layer-wise analyses by name."""

from collections.abc import Sequence

import pandas as pd

from layerwise.analyses.engine import Beside, LayerTables, Variant, score_layers
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource
from layerwise.options.analyses import AnalysisEntry, Split
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section
from layerwise.options.vectors import VectorTarget
from layerwise.specs.analyses import vector_analysis
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import AnalysisSpec, GivenSpec
from layerwise.specs.variants import variant

NOTHING = Beside()
DEFAULTS = ScoringOptions()


def run_analysis(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    given: Sequence[str] = (),
    split: Split | None = None,
    options: ScoringOptions = DEFAULTS,
    own: Section | None = None,
    beside: Beside = NOTHING,
    protocol: Protocol = "corrected",
    seed: int = 0,
    threads: int = 1,
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set; return the table of scores.

    ``name`` is that of an analysis (`layerwise.specs.analyses`), or any name where ``own`` are
    a `VectorTarget` and ``beside`` holds vectors of words or phones; ``sample`` is
    samples/{sample_number}.parquet (kind, utt_id, speaker, label, start, end, segment). ``given`` and
    ``split`` are those of an entry of `analyses:` in a config. ``options`` say how it is scored in all
    analyses, ``own`` holds the options that only this one has (None: their defaults). Returns the columns
    of `contracts.scores.SCORES`, one row per layer and trial, from the lowest layer upwards. `analyse`
    returns units, null scores, learning curves and traits as well.

    ``corrected`` keeps utterances (or speakers) whole and pairs frames by their centres; ``paper`` shuffles
    single frames, stratifies segments by label, and scores with mode="paper". In both, intervals resample
    utterances (or speakers). The same seed gives all layers and models the same parts as far as their rows
    agree. View x is the layer and y the target, except in cca-intra and cca-intra-conv, where y is the layer.

    With ``options.similarities`` there are mean_cca, svcca and cka too (NaN for mutual information).
    ``threads`` layers are scored at a time, each with single-threaded BLAS, so that the numbers do not depend
    on it. Raises AnalysisError naming model, layer, cause and, where one row is to blame, what that row is;
    InfeasibleError where the analysis cannot be run on the sample at all.
    """
    tables = analyse(
        name,
        source,
        sample,
        sample_number,
        given=given,
        split=split,
        options=options,
        own=own,
        beside=beside,
        protocol=protocol,
        seed=seed,
        threads=threads,
    )
    for reason in tables.infeasible["reason"]:
        raise InfeasibleError(f"{source.model}, sample {sample_number}: {name}: {reason}")
    return tables.scores


def analyse(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    given: Sequence[str] = (),
    split: Split | None = None,
    options: ScoringOptions = DEFAULTS,
    own: Section | None = None,
    beside: Beside = NOTHING,
    protocol: Protocol = "corrected",
    seed: int = 0,
    threads: int = 1,
) -> LayerTables:
    """Score every layer as `run_analysis` does; return all tables that a job writes.

    They are those of `contracts.scores`. An analysis that cannot be run on the sample is a row of
    ``infeasible`` in place of an error.
    """
    spec = _spec(name, own, given, split)
    return score_layers(
        load_object(spec.code),
        spec.name,
        source,
        sample,
        sample_number,
        options=options,
        own=spec.options() if own is None and spec.options else own,
        beside=beside,
        variant=Variant(spec.plain, {item.name: load_object(item.code) for item in spec.given}, spec.split),
        protocol=protocol,
        seed=seed,
        threads=threads,
    )


def _spec(name: str, own: Section | None, given: Sequence[str], split: Split | None) -> AnalysisSpec:
    known = registry().all(AnalysisSpec)
    if isinstance(own, VectorTarget):
        plain = vector_analysis(name, own)
    elif name in known:
        plain = known[name]
    else:
        raise AnalysisError(f"unknown analysis {name!r}; known: {', '.join(known)}")
    entry = AnalysisEntry(analysis=name, given=tuple(given), split=split)
    try:
        return variant(plain, entry, registry().all(GivenSpec))
    except ValueError as error:
        raise AnalysisError(str(error)) from None
