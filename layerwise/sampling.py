"""Sample sets: the utterances, phone and word tokens that the analyses look at (Pasad et al., section 3)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from layerwise.contracts.samples import SAMPLE, SEGMENTS
from layerwise.errors import AnalysisError
from layerwise.options.samples import SamplesOptions
from layerwise.seeds import derive_seed

SEGMENT_COLUMNS = SEGMENTS.required
SAMPLE_COLUMNS = SAMPLE.required
MIN_LABELS = 2


def draw_samples(
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    options: SamplesOptions,
    *,
    seed: int,
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Draw ``options.number`` independent sample sets; return them and the union of their segments.

    A sample set has ``frame_utterances`` aligned utterances (all if there are fewer), at most
    ``phones_per_label`` tokens of each phone, and at most ``tokens_per_word`` tokens of each of the ``words``
    most frequent word types of the training transcripts (ties in alphabetical order). Words and phones with
    fewer than ``min_tokens`` aligned tokens are left out, as are phone tokens below ``min_phone_seconds``.
    Tokens come from all splits. An alignment of phones only gives no words. Nothing depends on the order of
    the rows.

    Samples have ``SAMPLE_COLUMNS``: ``segment`` numbers a phone or word token within its kind in the segments
    table, -1 for utterances. The segments table has ``SEGMENT_COLUMNS``.

    Raises:
        AnalysisError: no utterance is aligned, or fewer than two phones or words have tokens enough.
    """
    speakers = manifest.set_index("utt_id")["speaker"]
    aligned = sorted(set(intervals["utt_id"]) & set(manifest["utt_id"]))
    if not aligned:
        raise AnalysisError("no utterance of the manifest is aligned; look at alignment/quality.csv")
    long_enough = (intervals["tier"] != "phone") | (
        intervals["end"] - intervals["start"] >= options.min_phone_seconds - 1e-9
    )
    tokens = intervals[long_enough & intervals["utt_id"].isin(aligned)].rename(columns={"tier": "kind"})
    tokens = tokens.assign(speaker=tokens["utt_id"].map(speakers))[list(SEGMENT_COLUMNS)]
    tokens = tokens.sort_values(["kind", "utt_id", "start"], ignore_index=True)
    frequent = _frequent_words(manifest, intervals, options.words)
    tokens = tokens[(tokens["kind"] == "phone") | tokens["label"].isin(frequent)]
    tokens = _enough(tokens, options.min_tokens, worded=bool((intervals["tier"] == "word").any()))
    quotas = {"phone": options.phones_per_label, "word": options.tokens_per_word}
    drawn = [
        _draw_tokens(tokens, quotas, derive_seed(seed, "sample", index)) for index in range(options.number)
    ]

    union = sorted(set().union(*drawn))
    segments = tokens.loc[union].reset_index(drop=True)
    numbers = pd.Series(segments.groupby("kind").cumcount().to_numpy(), index=union)
    samples = []
    for index, rows in enumerate(drawn):
        utterances = _draw_utterances(
            manifest, aligned, options.frame_utterances, derive_seed(seed, "sample utterances", index)
        )
        marked = tokens.loc[rows].assign(segment=numbers.loc[rows])
        samples.append(_sorted(pd.concat([utterances, marked], ignore_index=True)))
    return samples, segments


def _frequent_words(manifest: pd.DataFrame, intervals: pd.DataFrame, number: int) -> list[str]:
    """Most frequent word types of the training transcripts; ties in alphabetical order.

    Where only the alignment divides a text into words (Thai, Japanese), they are those of the alignment.
    """
    training = manifest.loc[manifest["split"] == "train"].set_index("utt_id")["text"]
    if training.empty:
        given = ", ".join(sorted(set(manifest["split"])))
        raise AnalysisError(
            f"no utterance is in split train (found: {given}), so there are no frequent words to draw; name "
            "the folder of the subset itself as `corpus.path`, or leave the split blank to have it drawn"
        )
    words = intervals[intervals["tier"] == "word"].sort_values("start", kind="stable")
    divided = words.groupby("utt_id")["label"].agg(" ".join).reindex(training.index)
    same = divided.str.replace(" ", "") == training.str.replace(" ", "")
    counts = training.mask(same, divided).str.split().explode().dropna().value_counts()
    return sorted(counts.index, key=lambda word: (-counts[word], word))[:number]


def _enough(tokens: pd.DataFrame, min_tokens: int, worded: bool) -> pd.DataFrame:
    """Tokens of the labels that have at least ``min_tokens`` of them; ``worded``: words are expected."""
    kept = tokens[tokens.groupby(["kind", "label"])["label"].transform("size") >= min_tokens]
    for kind in ("phone", "word") if worded else ("phone",):
        counts = tokens.loc[tokens["kind"] == kind, "label"].value_counts()
        if (counts >= min_tokens).sum() < MIN_LABELS:
            best = ", ".join(f"{label!r} {count}" for label, count in counts.head(3).items()) or "none"
            raise AnalysisError(
                f"fewer than {MIN_LABELS} {kind}s have {min_tokens} aligned tokens (most frequent: {best}); "
                "use a larger corpus or lower `samples.min_tokens`"
            )
    return kept


def _draw_tokens(tokens: pd.DataFrame, quotas: dict[str, int], seed: int) -> list[int]:
    """Row labels of a random choice of at most ``quotas[kind]`` tokens of each label."""
    rows: list[int] = []
    for (kind, label), group in tokens.groupby(["kind", "label"]):
        rng = np.random.default_rng(derive_seed(seed, kind, label))
        rows += rng.permutation(group.index.to_numpy())[: quotas[str(kind)]].tolist()
    return sorted(rows)


def _draw_utterances(manifest: pd.DataFrame, aligned: Sequence[str], number: int, seed: int) -> pd.DataFrame:
    """Rows of a sample for a random choice of aligned utterances; they span their whole audio."""
    chosen = np.random.default_rng(seed).permutation(np.array(aligned, dtype=object))[:number]
    rows = manifest[manifest["utt_id"].isin(chosen)]
    return pd.DataFrame(
        {
            "kind": "utterance",
            "utt_id": rows["utt_id"],
            "speaker": rows["speaker"],
            "label": "",
            "start": 0.0,
            "end": rows["samples"] / rows["sample_rate"],
            "segment": -1,
        }
    )


def _sorted(sample: pd.DataFrame) -> pd.DataFrame:
    return sample.sort_values(["kind", "utt_id", "start"], ignore_index=True)[list(SAMPLE_COLUMNS)]
