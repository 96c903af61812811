"""Do the layer analyses rank layers as the downstream tasks do?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from layerwise.report.facts import REFERENCE_LAYERS, block_layers, metric_sign

MIN_LAYERS = 3
COLUMNS = [
    *("model", "task", "analysis", "spearman", "kendall", "n_layers"),
    *("best_task_layer", "chosen_layer", "regret"),
]


@dataclass(frozen=True)
class Omission:
    """A model, task and analysis whose agreement is undefined, and why."""

    model: str
    task: str
    analysis: str
    reason: str


def agreement(summary: pd.DataFrame, tasks: pd.DataFrame) -> tuple[pd.DataFrame, list[Omission]]:
    """Rank correlation of CCA and task curves over the block layers that both have.

    ``summary`` is `tables.layer_summary`, ``tasks`` is `tables.downstream_summary`. The metric is signed
    so that a positive correlation means agreement. ``chosen_layer`` has the highest CCA score; ``regret``
    is its metric minus that of ``best_task_layer``, signed so that >= 0 is worse (ties: lower layer). The
    reference layer of cca-intra, which scores 1 by definition, is left out of the comparison.

    Pairs with fewer than 3 shared layers or a constant curve have no row and are returned as omissions.
    """
    rows: list[tuple[object, ...]] = []
    omitted: list[Omission] = []
    curves = dict(iter(summary.groupby(["model", "analysis"], sort=True)))
    for (model, task, metric), group in tasks.groupby(["model", "task", "metric"], sort=True):
        values = group[group["layer"] != "all"].set_index("layer")["value"] * metric_sign(str(metric))
        for (other, analysis), curve in curves.items():
            if other != model:
                continue
            shared = block_layers(curve).sort_values("layer_index")
            shared = shared[shared["layer"].isin(values.index)]
            shared = shared[shared["layer"] != REFERENCE_LAYERS.get(str(analysis))]
            scores = shared["mean"].to_numpy(dtype=float)
            goals = values.loc[shared["layer"]].to_numpy(dtype=float)
            if len(shared) < MIN_LAYERS:
                reason = f"shared layers: {len(shared)}; at least {MIN_LAYERS} are needed"
            elif np.ptp(scores) == 0 or np.ptp(goals) == 0:
                reason = "a curve is constant over its layers"
            else:
                chosen = shared["layer"].iloc[int(np.argmax(scores))]
                best = values.index[int(np.argmax(values.to_numpy(dtype=float)))]
                # + 0.0 turns the -0.0 of a rightly chosen layer into 0.0
                regret = float(values[best] - values[chosen]) + 0.0
                rho, tau = spearmanr(scores, goals).statistic, kendalltau(scores, goals).statistic
                rows.append((model, task, analysis, rho, tau, len(shared), best, chosen, regret))
                continue
            omitted.append(Omission(str(model), str(task), str(analysis), reason))
    return pd.DataFrame(rows, columns=COLUMNS), omitted
