"""How well discrete units (clusters of frames) stand for phones."""

import logging
from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from layerwise.cca.moments import Array, Index
from layerwise.errors import AnalysisError
from layerwise.measures.contingency import Cells
from layerwise.measures.frame_labels import Rule, Steps, label_steps
from layerwise.measures.tokens import utterance

logger = logging.getLogger(__name__)


def unit_quality(
    units: Mapping[Any, Any], items: pd.DataFrame, rate: Fraction | float = 50, labels: Rule = "centre"
) -> "pd.Series[float]":
    """Return how well units of frames tell phones: pnmi, phone_purity and cluster_purity, from 0 to 1.

    ``units`` holds integers (frames,) by utterance, ``rate`` is frames per second, and ``items`` has a row
    for each phone: utt_id, start, end (seconds) and label; its other columns play no part. ``labels`` says
    where units meet phones: ``centre``, one label for each frame, or ``10ms``, a label every 10 ms and each
    unit as often as it lasts, as in discophon 0.2.0 and in HuBERT's evaluation
    (`layerwise.measures.frame_labels.label_steps`). What no item covers is silence, a phone like others.

    pnmi: mutual information of unit and phone over the entropy of phones (HuBERT, arXiv 2106.07447).
    phone_purity: the sum over units of the largest joint probability, the accuracy of naming each unit's most
    frequent phone. cluster_purity: the sum over phones.

    Utterances without items are left out and logged. Raises AnalysisError for items without units, and for
    tables or units that do not fit.
    """
    steps, streams = _prepare(units, items, rate, labels)
    met = [steps.meet(utt_id, stream) for utt_id, stream in streams.items()]
    cells = Cells(*(np.concatenate(side) for side in zip(*met, strict=True)))
    return pd.Series(
        {
            "pnmi": cells.information(cells.table)[0],
            "phone_purity": cells.purity(cells.table, "cluster")[0],
            "cluster_purity": cells.purity(cells.table, "label")[0],
        }
    )


def unit_error(
    units: Mapping[Any, Any], items: pd.DataFrame, rate: Fraction | float = 50, labels: Rule = "10ms"
) -> float:
    """Return the phone error rate of units that each stand for the phone they meet most.

    The many-to-one phone error rate of DiscoPhon (arXiv 2603.18612) and discophon 0.2.0: repeats of a phone
    are merged on both sides, then all edits are divided by the length of all references. Arguments as those
    of ``unit_quality``; silence is a phone. Of phones that a unit meets equally often it stands for the
    most frequent one. The phones that units stand for are chosen on the data that is scored.
    """
    steps, streams = _prepare(units, items, rate, labels)
    edits = edit_counts(steps, streams)
    return float(edits.edits.sum() / edits.phones.sum())


def bitrate(units: Mapping[Any, Any], clusters: int, rate: Fraction | float = 50) -> float:
    """Return bits per second of units without their repeats: log2(clusters) for each, as SpidR counts them.

    SpidR: arXiv 2512.20308; ``clusters`` is the size of the codebook.
    """
    streams = [utterance(units, utt_id, 1) for utt_id in units]
    seconds = sum(map(len, streams)) / float(rate)
    return float(np.log2(clusters) * sum(len(merged(stream)) for stream in streams) / seconds)


class Edits(NamedTuple):
    """Edits and reference phones of each utterance, (utterances,)."""

    edits: Array
    phones: Array


def edit_counts(steps: Steps, streams: Mapping[Any, Index]) -> Edits:
    """Count edits from the phones that units stand for to the phones of each utterance."""
    met = [steps.meet(utt_id, stream) for utt_id, stream in streams.items()]
    found, phones = (np.concatenate(side) for side in zip(*met, strict=True))
    counts = np.zeros((max(int(stream.max()) for stream in streams.values()) + 1, len(steps.names)))
    np.add.at(counts, (found, phones), 1)
    by_frequency = np.argsort(-counts.sum(axis=0), kind="stable")
    stands_for = by_frequency[counts[:, by_frequency].argmax(axis=1)]
    pairs = [(merged(stands_for[stream]), merged(steps.labels[name])) for name, stream in streams.items()]
    edits = [Levenshtein.distance(heard.tolist(), said.tolist()) for heard, said in pairs]
    return Edits(np.array(edits, np.float64), np.array([len(said) for _, said in pairs], np.float64))


def _prepare(
    units: Mapping[Any, Any], items: pd.DataFrame, rate: Fraction | float, labels: Rule
) -> tuple[Steps, dict[Any, Index]]:
    streams = {utt_id: _integers(units, utt_id) for utt_id in units}
    steps = label_steps({name: len(stream) for name, stream in streams.items()}, items, rate, labels)
    without = sorted(map(str, set(streams) - set(steps.labels)))
    if without:
        logger.warning("%d utterances have no items and are left out: %s", len(without), ", ".join(without))
    return steps, {name: stream for name, stream in streams.items() if name in steps.labels}


def _integers(units: Mapping[Any, Any], utt_id: Hashable) -> Index:
    stream = utterance(units, utt_id, 1)
    if stream.dtype.kind not in "iu" or not len(stream) or stream.min() < 0:
        raise AnalysisError(f"units of utterance {utt_id!r} must be integers of at least 0, one per frame")
    return stream.astype(np.int64)


def merged(stream: NDArray[Any]) -> NDArray[Any]:
    """Return a stream (n,) without the repeats of what is just before."""
    return stream[np.flatnonzero(np.append(True, stream[1:] != stream[:-1]))]
