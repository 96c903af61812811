"""How well a linear classifier reads the phone from each layer of the models of a finished run.

    python benchmarks/phone_probe.py results/demo

Ridge classifier on phone segments (mean of the middle third of their frames) of the run's training
utterances, accuracy on those of its test utterances, with the binomial standard error. Prints one line per
model and layer, as CSV.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from layerwise.features.store import FeatureStore

PENALTY = 100.0


def main(run: Path) -> None:
    """Probe every feature store of a run."""
    segments = pd.read_parquet(run / "samples" / "segments.parquet").query("kind == 'phone'")
    manifest = pd.read_parquet(run / "corpus" / "manifest.parquet").set_index("utt_id")
    split = segments["utt_id"].map(manifest["split"]).to_numpy()
    labels = segments["label"].to_numpy()
    train, test = split == "train", split == "test"
    print("model,layer,accuracy,standard_error,train,test")
    for path in sorted((run / "features").glob("*.zarr")):
        store = FeatureStore(path)
        for layer in store.layers:
            features = store.segments("phone", layer)
            probe = make_pipeline(StandardScaler(), RidgeClassifier(alpha=PENALTY))
            accuracy = probe.fit(features[train], labels[train]).score(features[test], labels[test])
            error = np.sqrt(accuracy * (1 - accuracy) / test.sum())
            print(f"{store.model},{layer},{accuracy:.3f},{error:.3f},{train.sum()},{test.sum()}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
