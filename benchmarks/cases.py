"""Scores that another seed used to move, and rows that used to sink a layer: before and after, by layer.

    python benchmarks/cases.py RESULTS          RESULTS: the folder of a finished run, such as results/demo

"Before" is what protocol `corrected` once did: three test parts, published regularisers that drop
dimensions, no row kept out (``mode="paper"`` on parts of whole utterances). "After" tests every part with
ridges. For each layer: mean and standard deviation of the score over seeds, which differ in the parts only,
the lowest score of a test part, and how often an end of the grid of regularisers was chosen. Prints CSV.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from layerwise import contracts
from layerwise.cca import RIDGES, cross_validate
from layerwise.cca.splits import rare_classes
from layerwise.contracts.samples import SAMPLE
from layerwise.features.store import FeatureStore

CASES = (
    ("whisper-tiny-en", "phone"),
    ("whisper-tiny-en", "word"),
    ("wav2vec2-tiny", "word"),
    ("hubert-tiny", "phone"),
)
BEFORE = tuple(product((1e-9, 1e-7, 1e-5), repeat=2))  # of the default run as it was
WIDE = tuple(product((1e-9, 1e-7, 1e-5, 1e-3, 1e-1), repeat=2))
SEEDS = range(1, 6)


def main() -> None:
    """Print the cases of the command line's run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    results = parser.parse_args().results
    print("model,unit,layer,way,score,sd_over_seeds,lowest_part,share_at_ends")
    with threadpool_limits(1):
        for model, unit in CASES:
            store = FeatureStore(results / f"features/{model}.zarr")
            rows = segments(contracts.read(SAMPLE, results / "samples/0.parquet"), unit)
            for layer in store.layers:
                x = store.segments(
                    "phone" if unit == "phone" else "word", layer, rows["segment"].to_numpy(np.int64)
                )
                for way, summary in ways(x, rows["label"].to_numpy(str), rows["utt_id"].to_numpy(str)):
                    print(f"{model},{unit},{layer},{way},{summary}", flush=True)


def segments(sample: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Segments of one unit whose labels are frequent enough to train and test."""
    rows = sample[sample["kind"] == unit]
    return rows[~rows["label"].isin(rare_classes(rows["label"].to_numpy(str), rows["utt_id"].to_numpy(str)))]


def ways(x: NDArray[np.float32], labels: NDArray[Any], utterances: NDArray[Any]) -> Iterator[tuple[str, str]]:
    """Scores of one layer, before with two grids and after."""
    settings: dict[str, tuple[dict[str, Any], set[float]]] = {
        "before": ({"mode": "paper", "epsilons": BEFORE}, {1e-9, 1e-5}),
        "before (wide grid)": ({"mode": "paper", "epsilons": WIDE}, {1e-9, 1e-1}),
        "after": ({}, {RIDGES[0], RIDGES[-1]}),
    }
    for way, (options, ends) in settings.items():
        tables = [
            cross_validate(x, labels, groups=utterances, permutations=0, seed=seed, **options)
            for seed in SEEDS
        ]
        means = [table["score"].mean() for table in tables]
        every = pd.concat(tables)
        share = every["epsilon_x"].isin(ends).mean()
        yield way, f"{np.mean(means):.4f},{np.std(means, ddof=1):.4f},{every['score'].min():.4f},{share:.2f}"


if __name__ == "__main__":
    main()
