"""Sentences on curves over layers: their shape, their controls, and what an objective changes."""

import math

import pandas as pd

from layerwise.layers import is_normed
from layerwise.report.curves import curve_of, last_block, peak_of
from layerwise.report.facts import AnalysisFacts, ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import interval, last_block_rise, number, point, tie_span
from layerwise.report.words import ABOVE, BELOW, LEVEL, NEGLIGIBLE, SAME, count, listed, p_clause, verdict

MOST_PAIRS = 4


def analysis_findings(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """One sentence per trained model on one analysis, and one per model in which it cannot be run."""
    sentences = []
    analysis, summary = facts.analysis(name), tables.layer_summary
    for model in facts.in_order(summary.loc[summary["analysis"] == name, "model"]):
        curve, peak = curve_of(summary, model.name, name), peak_of(tables.peaks, model.name, name)
        if model.kind != "trained" or peak is None:
            continue
        if analysis.own_reference:
            sentences.append(_own_reference(tables, facts, model, analysis, curve, peak))
            continue
        text = shape_sentence(f"{analysis.short} of {model.label}", analysis, curve, peak)
        controls = of(tables.control_contrasts, model=model.name, analysis=name)
        clauses = [_control(tables, facts, name, row) for _, row in controls.iterrows()]
        sentences.append(f"{text} {_placed(clauses, peak)}".strip())
    lacking = of(tables.infeasible, analysis=name)
    sentences += [
        f"{analysis.short} of {facts.model(str(row.model)).label} cannot be run: {row.reason}."
        for row in lacking.itertuples()
    ]
    return sentences


def _placed(clauses: list[str], peak: pd.Series) -> str:
    return f"At {peak['layer']} it is {' and '.join(clauses)}." if clauses else ""


def shape_sentence(who: str, analysis: AnalysisFacts, curve: pd.DataFrame, peak: pd.Series) -> str:
    """Say what the shape of a curve is among its block layers (`shapes.Curve.shape`), and its best score.

    ``curve`` is that of `curves.curve_of`, ``peak`` its row in `RunTables.peaks`.
    """
    best, tie, shape = str(peak["layer"]), tie_span(curve, str(peak["tie"])), str(peak["shape"])
    top = "highest" if analysis.higher_is_better else "lowest"
    several, ends = int(peak["n_tie"]) > 1, (str(curve.index[0]), str(curve.index[-1]))
    found = f"{best}, {point(curve, best)}{_chance(curve, peak)}"
    if shape == "too little data":
        return f"{who}: there is too little data to say which block layer is best; {top} at {found}."
    if shape == "contradiction":
        text = f"{who}: the sample sets contradict each other on the best block layer"
        return f"{text}; {top} on average at {found}."
    if shape == "flat":
        return f"{who} is flat over all block layers, {tie}: none beats another; {top} at {found}."
    if shape == "U":
        inner = curve["score"].astype(float).idxmin()
        text = f"{who} falls and rises again among block layers, with its minimum at {inner}"
        return f"{text}; {top} over {tie} ({found})." if several else f"{text}; {top} at {found}."
    if shape in ("rises", "falls"):
        if not several:
            return f"{who} {shape} from {ends[0]} to {ends[1]} among block layers; {top} at {found}."
        level = f"is flat over {tie}"
        if str(peak["tie"]).split(" ")[0] == ends[0]:
            return f"{who} {level} and {shape} from there to {ends[1]} among block layers; {top} at {found}."
        return f"{who} {shape} from {ends[0]} among block layers and {level}; {top} at {found}."
    if shape == "plateau":
        return f"{who} is {top} among block layers over {tie}, which do not differ clearly; {top} at {found}."
    if shape == "tie":
        return f"{who} has no single best block layer: {tie} tie; {top} at {found}."
    verb = "peaks" if analysis.higher_is_better else "is lowest"
    return f"{who} {verb} among block layers at {found}."


def _chance(curve: pd.DataFrame, peak: pd.Series) -> str:
    """What permutations say of the best score: nothing without any."""
    p, p_holm = float(peak["p"]), float(peak["p_holm"])
    if math.isnan(p):
        return ""
    calibrated = float(curve["calibrated"][str(peak["layer"])])
    least = 1 / (1 + int(curve["permutations"][str(peak["layer"])]))
    own = "" if math.isnan(calibrated) else f"calibrated {number(calibrated)}, "
    if p_holm < LEVEL:
        return f" ({own}{p_clause(p_holm)} against permuted targets)"
    if math.isclose(p, least):  # as small as the draws allow: too few of them for so many curves
        return f" ({own}better than each of {round(1 / least) - 1} permuted draws)"
    return f" ({own}not distinguishable from permuted targets, {p_clause(p_holm)})"


def _control(tables: RunTables, facts: RunFacts, analysis: str, row: pd.Series) -> str:
    control = facts.model(str(row["control"]))
    layer = str(row["control_layer"])
    score = point(curve_of(tables.layer_summary, control.name, analysis), layer)
    name = f"the best layer of its random twin ({layer}, {score}" if control.kind == "random" else None
    name = name or f"{control.label} ({score}"
    word = verdict(row, facts.smallest_effect)
    return f"{word} {name}; difference {interval(*row[['difference', 'low', 'high']])})"


def _own_reference(
    tables: RunTables,
    facts: RunFacts,
    model: ModelFacts,
    analysis: AnalysisFacts,
    curve: pd.DataFrame,
    peak: pd.Series,
) -> str:
    blocks = [str(layer) for layer in curve.index if not is_normed(str(layer))]
    lowest, last = str(peak["layer"]), last_block(curve)
    if lowest not in blocks:  # the normed copy of the last output is no later block
        lowest = str(curve["score"].loc[blocks].astype(float).idxmin())
    text = (
        f"{analysis.short} of {model.label} is lowest among block layers at {lowest} ({point(curve, lowest)}"
    )
    tie = f"; not distinguishable: {tie_span(curve, str(peak['tie']))})" if int(peak["n_tie"]) > 1 else ")"
    text += tie
    if lowest == last:
        return f"{text}, its last block: it moves away from its input to the end."
    rise = last_block_rise(tables, analysis.name, model.name, lowest)
    found, word = interval(*rise[["difference", "low", "high"]]), verdict(rise, facts.smallest_effect)
    if word == ABOVE:
        return (
            f"{text} and rises again to {point(curve, last)} at its last block {last} "
            f"(difference {found}): it returns towards its input."
        )
    return f"{text}; its last block {last} ({point(curve, last)}) is {word} that (difference {found})."


def objective_findings(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say for each analysis and pair of objectives whether training adds something else, and where.

    Many pairs are counted per analysis and not told one by one.
    """
    judged, recipes = judged_pairs(tables, facts), facts.recipes()
    if len(judged[["model_a", "model_b"]].drop_duplicates()) > MOST_PAIRS:
        sentences = _counted_pairs(judged, facts)
    else:
        groups = judged.groupby(["analysis", "model_a", "model_b"], sort=True)
        sentences = [_pair(tuple(map(str, names)), rows, facts) for names, rows in groups]
    if not sentences:
        sentences.append(
            "No two self-supervised models with different objectives, the same block layers and a random "
            "twin each were analysed: nothing can be said on the effect of the objective."
        )
    alone = [model.label for models in recipes.values() for model in models if not facts.twin(model.name)]
    if alone:
        sentences.append(
            f"Left out, as what training adds is not known without a random twin: {listed(alone)}."
        )
    return sentences


def judged_pairs(tables: RunTables, facts: RunFacts) -> pd.DataFrame:
    """`RunTables.curve_contrasts` with the verdict on each difference in the column ``word``."""
    curves = tables.curve_contrasts
    words = curves.apply(verdict, axis=1, smallest=facts.smallest_effect) if len(curves) else curves["p"]
    return curves.assign(word=words)


def _pair(names: tuple[str, ...], rows: pd.DataFrame, facts: RunFacts) -> str:
    analysis, a, b = names
    pair = " and ".join(
        _side(facts, side, int(rows[f"seeds_{letter}"].max()))
        for letter, side in zip("ab", (a, b), strict=True)
    )
    text = f"{facts.analysis(analysis).short} of {pair}: what training adds to the random twin"
    largest = _largest(rows)
    apart = rows[rows["word"].isin([ABOVE, BELOW])]
    if len(apart):
        most = _largest(apart)
        span = interval(*most[["difference", "low", "high"]])
        return (
            f"{text} differs at {listed(list(apart['layer']))}, most at {most['layer']}, by {span} "
            f"({p_clause(float(most['p_holm']))})."
        )
    span = interval(*largest[["difference", "low", "high"]])
    if (rows["word"] == NEGLIGIBLE).all():
        within = f"{facts.smallest_effect:g}"
        where = f"most at {largest['layer']}: {span}"
        return f"{text} differs negligibly at every layer (by less than {within}; {where})."
    return f"{text} is {SAME.removesuffix(' from')}; the largest difference is {span} at {largest['layer']}."


def _largest(rows: pd.DataFrame) -> pd.Series:
    return rows.iloc[int(rows["difference"].abs().to_numpy(dtype=float).argmax())]


def _side(facts: RunFacts, name: str, seeds: int) -> str:
    models = facts.recipes()[name]
    label = models[0].label if len(models) == 1 else name
    many = f", mean of {seeds} pre-training seeds" if seeds > 1 else ""
    return f"{label} ({models[0].objective}{many})"


def _counted_pairs(judged: pd.DataFrame, facts: RunFacts) -> list[str]:
    sentences = []
    for analysis, rows in judged.groupby("analysis", sort=True):
        apart = rows["word"].isin([ABOVE, BELOW]).groupby([rows["model_a"], rows["model_b"]]).any()
        name = facts.analysis(str(analysis)).short
        sentences.append(
            f"{name}: what training adds to the random twin differs at some layer in {apart.sum()} of "
            f"{count(len(apart), 'pair')} of models with different objectives (tables/curve_contrasts.csv)."
        )
    return sentences
