"""The tables of one task on one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from layerwise.seeds import derive_seed
from layerwise.tasks.data import Notes, Split, Task, TaskData
from layerwise.tasks.fit import CurveRow, Decodes
from layerwise.tasks.heads.base import Head
from layerwise.tasks.scores import bootstrap_interval, score

Counts = dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]


@dataclass(frozen=True)
class TaskResult:
    """Tables of one task on one model; layers in the model's order, ``all`` (the learned sum) last.

    Attributes:
        scores: model, task, layer, seed, learning_rate, split (dev or test), metric, value, low, high. Error
            rates and accuracies are fractions; low and high bound the 95 % bootstrap interval over
            utterances.
        weights: model, task, layer, seed, weight: the layers' weights in the learned sum; empty for a model
            with one layer.
        curves: model, task, layer, seed, learning_rate, epoch (number of the look at dev), loss (mean per
            training item), dev (the metric that decides), status.
        excluded: model, task, utt_id, split, reason.
        cautions: model, task, kind, subject, count, note: guessed words, unknown labels, speakers of two
            splits, stopped heads.
        decodes: model, task, layer, seed, utt_id, reference, predicted: the test utterances.
        utterances: model, task, metric, layer, seed, split, utt_id, speaker, count, total.
    """

    scores: pd.DataFrame
    weights: pd.DataFrame
    curves: pd.DataFrame
    excluded: pd.DataFrame
    cautions: pd.DataFrame
    decodes: pd.DataFrame
    utterances: pd.DataFrame


@dataclass(frozen=True)
class Trained:
    """What the tables are made from: the best head of each layer and seed.

    Attributes:
        model: name of the model.
        task: the task.
        layers: names of the layers, and of the learned sum where there is one.
        heads: the best heads.
        weights: (heads, layers) weights in the sum; used for heads on the sum.
        counts: of dev and test, (heads, metrics, utterances, 2).
        predicted: labels of test.
    """

    model: str
    task: Task
    layers: tuple[str, ...]
    heads: Sequence[Head]
    weights: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
    counts: Counts
    predicted: Decodes

    def tables(
        self,
        data: TaskData,
        bank: Sequence[Head],
        curves: Sequence[CurveRow],
        notes: Notes,
        speakers: dict[str, str],
        *,
        seed: int,
        resamples: int,
    ) -> TaskResult:
        """Return all tables."""
        return TaskResult(
            scores=self._finish(self._scores(seed, resamples), "layer", "seed", "split", "metric"),
            weights=self._finish(self._weights(), "seed", "layer"),
            curves=self._finish(self._curves(bank, curves), "layer", "seed", "learning_rate", "epoch"),
            excluded=self._finish(notes.exclusions_table(), "utt_id"),
            cautions=self._finish(notes.cautions_table(), "kind", "subject"),
            decodes=self._finish(self._decodes(data), "layer", "seed", "utt_id"),
            utterances=self._utterances(data.splits, speakers),
        )

    def _scores(self, seed: int, resamples: int) -> pd.DataFrame:
        parts = []
        for split, counts in self.counts.items():
            stream = derive_seed(seed, "bootstrap", self.task.name, split)
            for number, metric in enumerate(self.task.metrics):
                low, high = bootstrap_interval(counts[:, number], stream, resamples)
                columns = self._of_heads() | {"split": split, "metric": metric.name}
                columns |= {"value": score(counts[:, number]), "low": low, "high": high}
                parts.append(pd.DataFrame(columns))
        return pd.concat(parts)

    def _of_heads(self) -> dict[str, object]:
        return {
            "layer": [self.layers[head.layer] for head in self.heads],
            "seed": [head.seed for head in self.heads],
            "learning_rate": [head.rate for head in self.heads],
        }

    def _weights(self) -> pd.DataFrame:
        rows = [
            (layer, head.seed, float(weight))
            for head, own in zip(self.heads, self.weights, strict=True)
            if self.layers[head.layer] == "all"
            for layer, weight in zip(self.layers[:-1], own, strict=True)
        ]
        return pd.DataFrame(rows, columns=["layer", "seed", "weight"])

    def _curves(self, bank: Sequence[Head], curves: Sequence[CurveRow]) -> pd.DataFrame:
        rows = [
            (self.layers[bank[row].layer], bank[row].seed, bank[row].rate, look, loss, dev, status)
            for look, row, loss, dev, status in curves
        ]
        columns = ["layer", "seed", "learning_rate", "epoch", "loss", "dev", "status"]
        return pd.DataFrame(rows, columns=columns)

    def _decodes(self, data: TaskData) -> pd.DataFrame:
        test = data.splits["test"]
        rows = [
            (self.layers[head.layer], head.seed, utt_id, data.text(reference), data.text(labels))
            for head, own in zip(self.heads, self.predicted, strict=True)
            for utt_id, reference, labels in zip(test.utt_ids, test.references, own, strict=True)
        ]
        return pd.DataFrame(rows, columns=["layer", "seed", "utt_id", "reference", "predicted"])

    def _utterances(self, splits: Mapping[str, Split], speakers: dict[str, str]) -> pd.DataFrame:
        parts = []
        for number, metric in enumerate(self.task.metrics):
            for row, head in enumerate(self.heads):
                for split, counts in self.counts.items():
                    columns = {"metric": metric.name, "layer": self.layers[head.layer], "seed": head.seed}
                    columns |= {"split": split, "utt_id": list(splits[split].utt_ids)}
                    columns |= {"speaker": [speakers[utt_id] for utt_id in splits[split].utt_ids]}
                    own = counts[row, number]
                    parts.append(pd.DataFrame(columns | {"count": own[:, 0], "total": own[:, 1]}))
        table = pd.concat(parts, ignore_index=True)
        table.insert(0, "model", self.model)
        table.insert(1, "task", self.task.name)
        return table

    def _finish(self, content: pd.DataFrame, *order: str) -> pd.DataFrame:
        """Sort rows, layers and metrics in their own order; name model and task."""
        ranks = {name: number for number, name in enumerate(self.layers)}
        metrics = {metric.name: number for number, metric in enumerate(self.task.metrics)}
        content = content.sort_values(
            list(order),
            key=lambda column: (
                column.map({"layer": ranks, "metric": metrics}[str(column.name)])
                if column.name in ("layer", "metric")
                else column
            ),
            kind="stable",
        ).reset_index(drop=True)
        content.insert(0, "model", self.model)
        content.insert(1, "task", self.task.name)
        return content
