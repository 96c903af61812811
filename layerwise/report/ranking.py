"""Do the layer analyses rank layers as the downstream tasks do?"""

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from layerwise.contracts.run_tables import columns
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.curves import block_layers
from layerwise.report.facts import RunFacts

MIN_LAYERS = 3


def agreement(
    summary: pd.DataFrame, tasks: pd.DataFrame, facts: RunFacts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank correlation of the curves of analyses and tasks over the block layers that both have.

    ``summary`` is `tables.layer_summary`, ``tasks`` is `tables.downstream_summary`. Scores and metrics are
    signed so that a positive correlation means agreement. ``chosen_layer`` has the best score; ``regret``
    is its metric minus that of ``best_task_layer``, signed so that >= 0 is worse (ties: lower layer). The
    reference layer of an analysis, which scores 1 by definition, is left out of the comparison.

    Pairs with fewer than 3 shared layers or a constant curve have no row in the first table and one in the
    second, which says why.
    """
    rows: list[tuple[object, ...]] = []
    omitted: list[tuple[object, ...]] = []
    curves = dict(iter(summary.groupby(["model", "analysis"], sort=True)))
    for (model, task), group in tasks.groupby(["model", "task"], sort=True):
        single = group[group["layer"] != WEIGHTED_SUM].set_index("layer")
        values = single["value"] * facts.task(str(task)).metric.sign
        for (other, name), curve in curves.items():
            if other != model:
                continue
            analysis = facts.analysis(str(name))
            shared = block_layers(curve).sort_values("layer_index")
            shared = shared[shared["layer"].isin(values.index)]
            shared = shared[shared["layer"] != analysis.reference]
            scores = analysis.sign * shared["score"].to_numpy(dtype=float)
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
                rows.append((model, task, name, rho, tau, len(shared), best, chosen, regret))
                continue
            omitted.append((model, task, name, reason))
    return (
        pd.DataFrame(rows, columns=columns("agreement")),
        pd.DataFrame(omitted, columns=columns("omissions")),
    )
