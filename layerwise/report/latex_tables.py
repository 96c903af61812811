"""The tables of a run for a paper: short names, few columns, the best in bold, its ties underlined."""

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from layerwise.layers import layer_index
from layerwise.report.curves import curve_of, last_block, peak_of
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.latex import ELLIPSIS, RANDOM, WEAK, Cell, PaperTable, write_paper_table
from layerwise.report.names import inter_name
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import DASH, MINUS, either, last_block_rise, number, p_value, tie_span
from layerwise.report.typeset_tasks import BETTER, strategies_in_order
from layerwise.report.words import STRATEGIES, WEIGHTS

LONGEST = 16  # characters of a name


def write_latex(tables: RunTables, facts: RunFacts, folder: Path) -> None:
    """Write LaTeX tables of analyses, tasks, choices, agreement and pairs of models (`names.latex_names`).

    Tables of an analysis that cannot be run have no rows.
    """
    for name, table in paper_tables(tables, facts):
        write_paper_table(table, name, folder)


def paper_tables(tables: RunTables, facts: RunFacts) -> Iterator[tuple[str, PaperTable]]:
    """Give the tables by name."""
    for name in tables.planned:
        yield name, _curves(tables, facts, name)
    for name in tables.planned:
        yield f"{name}-layers", layers_table(tables, facts, name)
    for name in tables.tasks:
        yield name, _task(tables, facts, name)
    if tables.tasks:
        yield "choice", _choice(tables, facts)
    if tables.planned and tables.tasks:
        yield "agreement", _agreement(tables, facts)
    for pair in tables.pairs:
        yield inter_name(*pair), inter_table(tables, facts, pair)


def short_names(facts: RunFacts) -> dict[str, str]:
    """Short names of models: without folders, cut in the middle, random twins as their models with a mark.

    A name that would be that of two models stays as it is.
    """
    plain = {model.name: _cut(model.name.rpartition("/")[2]) for model in facts.models}
    short = dict(plain)
    for model in facts.models:
        if model.kind == "random" and model.twin_of in plain:
            short[model.name] = f"{plain[model.twin_of]}{RANDOM}"
        elif "weakly" in model.supervision:
            short[model.name] += WEAK
    taken = list(short.values())
    return {name: text if taken.count(text) == 1 else name for name, text in short.items()}


def _cut(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    half = LONGEST // 2
    return f"{name[:half]}{ELLIPSIS}{name[-half + 1 :]}"


def measured(value: float, low: float, high: float, digits: int = 2) -> Cell:
    """A number with the two halves of its interval; without limits it is alone."""
    if not math.isfinite(low) or not math.isfinite(high):
        return Cell(number(value, digits))
    return Cell(number(value, digits), number(high - value, digits), number(value - low, digits))


def _of_row(row: pd.Series, name: str = "difference", digits: int = 2) -> Cell:
    return measured(float(row[name]), float(row["low"]), float(row["high"]), digits)


def _at(curve: pd.DataFrame, layer: str) -> Cell:
    return measured(float(curve["score"][layer]), float(curve["low"][layer]), float(curve["high"][layer]))


def _marked(cell: Cell, best: bool, tie: bool = False) -> Cell:
    return Cell(cell.text, cell.plus, cell.minus, "best" if best else "tie" if tie else "")


def _legend(facts: RunFacts, models: list[ModelFacts]) -> str:
    shown = "".join(short_names(facts)[model.name] for model in models)
    marks = [
        f"{mark}: {said}"
        for mark, said in ((RANDOM, "random twin"), (WEAK, "weakly supervised"))
        if mark in shown
    ]
    return f" {'; '.join(marks)}." if marks else ""


def _curves(tables: RunTables, facts: RunFacts, name: str) -> PaperTable:
    """One row per model: the best layer of its curve, and how far it is above its controls."""
    analysis, summary, names = facts.analysis(name), tables.layer_summary, short_names(facts)
    if analysis.own_reference:
        return _own_reference(tables, facts, name)
    found = []
    for model in facts.in_order(summary.loc[summary["analysis"] == name, "model"]):
        peak = peak_of(tables.peaks, model.name, name)
        if peak is not None:
            found.append((model, curve_of(summary, model.name, name), peak))
    scores = [analysis.sign * float(curve["score"][str(peak["layer"])]) for _, curve, peak in found]
    rows = []
    for place, (model, curve, peak) in enumerate(found):
        best = str(peak["layer"])
        cells = [Cell(names[model.name]), Cell(best), Cell(tie_span(curve, str(peak["tie"])))]
        cells.append(_marked(_at(curve, best), scores[place] == max(scores)))
        cells += [Cell(either(float(curve["calibrated"][best]))), Cell(p_value(float(peak["p"])))]
        cells.append(_at(curve, last_block(curve)))
        mine = of(tables.control_contrasts, model=model.name, analysis=name)
        for kind in ("random", "baseline"):
            controls = {control.name for control in facts.of_kind(kind)}
            against = mine[mine["control"].isin(controls)]
            cells.append(_of_row(against.iloc[0]) if len(against) else Cell(DASH))
        rows.append(tuple(cells))
    best = "highest" if analysis.higher_is_better else "lowest"
    caption = (
        f"{analysis.title}: best ({best}) block layer, {analysis.measure} with 95% interval, and paired "
        f"difference from the best layers of its controls. Bold: the {best} of all models (not tested)."
        f"{_legend(facts, [entry[0] for entry in found])}"
    )
    header = (
        "Model",
        "Best",
        "Tie set",
        "Score",
        "Calibrated",
        "p",
        "Last",
        f"{MINUS} twin",
        f"{MINUS} baseline",
    )
    return PaperTable(caption, header, tuple(rows), narrow=(0, 1, 3, 7))


def _own_reference(tables: RunTables, facts: RunFacts, name: str) -> PaperTable:
    analysis, summary, names, rows = facts.analysis(name), tables.layer_summary, short_names(facts), []
    models = facts.in_order(summary.loc[summary["analysis"] == name, "model"])
    for model in models:
        curve, peak = curve_of(summary, model.name, name), peak_of(tables.peaks, model.name, name)
        if peak is None or len(curve) < 2:
            continue
        lowest = str(peak["layer"])
        rise = last_block_rise(tables, name, model.name, lowest)
        cells = [Cell(names[model.name]), Cell(lowest), Cell(tie_span(curve, str(peak["tie"])))]
        cells += [_at(curve, lowest), _at(curve, last_block(curve)), _of_row(rise)]
        rows.append((*cells, Cell(p_value(float(rise["p_holm"])))))
    caption = (
        f"{analysis.title}: block layer with the lowest {analysis.measure}, its 95% interval, and the paired "
        f"difference of the last block from it.{_legend(facts, models)}"
    )
    header = ("Model", "Lowest", "Tie set", "There", "Last", f"Last {MINUS} lowest", "p")
    return PaperTable(caption, header, tuple(rows), narrow=(0, 1, 3, 5))


def layers_table(tables: RunTables, facts: RunFacts, name: str) -> PaperTable:
    """One row per layer and one column per model."""
    summary, names = of(tables.layer_summary, analysis=name), short_names(facts)
    models = facts.in_order(summary["model"])
    order = summary.drop_duplicates("layer").sort_values("layer_index")["layer"]
    cells = {(str(row["model"]), str(row["layer"])): row for _, row in summary.iterrows()}
    peaks = {model.name: peak_of(tables.peaks, model.name, name) for model in models}
    rows = []
    for layer in map(str, order):
        row = [Cell(layer)]
        for model in models:
            found, peak = cells.get((model.name, layer)), peaks[model.name]
            if found is None:
                row.append(Cell(DASH))
                continue
            best = peak is not None and str(peak["layer"]) == layer
            row.append(_marked(_of_row(found, "score"), best, found["tie"] == "yes"))
        rows.append(tuple(row))
    caption = (
        f"{facts.analysis(name).title}: {facts.analysis(name).measure} of each layer with 95% interval. "
        "Bold: the best block layer of a model; underlined: those that it does not beat (paired, 5%, Holm)."
        f"{_legend(facts, models)}"
    )
    header = ("Layer", *(names[model.name] for model in models))
    return PaperTable(caption, header, tuple(rows), blocks=True)


def _task(tables: RunTables, facts: RunFacts, name: str) -> PaperTable:
    """One row per model: single layer (best on dev) and learned sum on test, and their difference."""
    metric, names, rows = facts.task(name).metric, short_names(facts), []
    part = of(tables.downstream_summary, task=name, metric=metric.name)
    models = facts.in_order(part["model"])
    for model in models:
        here = {"model": model.name, "task": name, "metric": metric.name}
        compared, peak = of(tables.single_weighted, **here), of(tables.task_peaks, **here)
        order = of(part, model=model.name).sort_values("layer", key=lambda keys: keys.map(layer_index))
        if compared.empty or peak.empty:
            only = order.iloc[0]
            cells = [Cell(names[model.name]), Cell(str(only["layer"])), Cell(DASH), _of_row(only, "value", 3)]
            rows.append((*cells, *[Cell(DASH)] * 4))
            continue
        row = compared.iloc[0]
        verdict = str(row["verdict"])
        cells = [Cell(names[model.name]), Cell(str(row["layer"]))]
        cells.append(Cell(tie_span(order.set_index("layer"), str(peak["tie"].iloc[0]))))
        for side in ("single", "all"):
            cells.append(_marked(Cell(number(float(row[side]), 3)), verdict == side, verdict == "tie"))
        cells += [_of_row(row, digits=3), Cell(p_value(float(row["p_holm"]))), Cell(BETTER[verdict])]
        rows.append(tuple(cells))
    caption = (
        f"{facts.task(name).title}: test {metric.title} of the single layer that is best on dev and of the "
        "learned sum of all layers, and their paired difference with 95% interval. Bold: the better one; "
        f"both underlined: neither (5%, Holm).{_legend(facts, models)}"
    )
    header = ("Model", "Layer", "Tie set", "Single", "Sum", f"Single {MINUS} sum", "p", "Better")
    return PaperTable(caption, header, tuple(rows), narrow=(0, 1, 3, 4, 5))


def _choice(tables: RunTables, facts: RunFacts) -> PaperTable:
    """One row per task, trained model and way to choose a layer."""
    names, rows = short_names(facts), []
    trained = facts.of_kind("trained")
    for task in tables.tasks:
        part = of(tables.choice, task=task, metric=facts.task(task).metric.name)
        for model in trained:
            mine = of(part, model=model.name)
            found, least = {str(row["strategy"]): row for _, row in mine.iterrows()}, mine["regret"].min()
            for strategy in strategies_in_order(mine):
                row = found[strategy]
                cell = _of_row(row, "regret", 3)
                cell = _marked(cell, row["regret"] == least, row["low"] <= 0)
                way = STRATEGIES.get(strategy, strategy)
                cells = (way, str(row["layer"]) or DASH, number(row["value"], 3))
                rows.append((Cell(task), Cell(names[model.name]), *map(Cell, cells), cell))
    caption = (
        "Ways to choose a layer (an analysis: its peak) and their regret on test with 95% interval: how much "
        "better the best layer is. Bold: the least regret of a model; underlined: its interval reaches 0."
        f"{_legend(facts, list(trained))}"
    )
    header = ("Task", "Model", "Chosen by", "Layer", "Metric", "Regret")
    return PaperTable(caption, header, tuple(rows), narrow=(0, 1, 2, 3, 5))


def _agreement(tables: RunTables, facts: RunFacts) -> PaperTable:
    """One row per task, model and analysis (or learned weights)."""
    names, rows = short_names(facts), []
    order = {model.name: place for place, model in enumerate(facts.models)}
    table = tables.agreement.assign(place=tables.agreement["model"].map(order))
    for _, row in table.sort_values(["task", "place", "analysis"]).iterrows():
        what = "weights" if row["analysis"] == WEIGHTS else str(row["analysis"])
        cells = [Cell(str(row["task"])), Cell(names[str(row["model"])]), Cell(what), _of_row(row, "spearman")]
        rows.append((*cells, Cell(number(row["kendall"])), Cell(str(row["n_layers"]))))
    caption = (
        "Agreement of analyses, and of the weights of the learned sum, with tasks: rank correlation over "
        f"block layers with 95% interval.{_legend(facts, facts.in_order(table['model']))}"
    )
    header = ("Task", "Model", "Analysis", "Spearman", "Kendall", "Layers")
    return PaperTable(caption, header, tuple(rows), narrow=(0, 1, 2, 3))


def inter_table(tables: RunTables, facts: RunFacts, pair: tuple[str, str]) -> PaperTable:
    """Layers of one model (rows) against those of another (columns): mean scores."""
    mine = of(tables.inter_scores, model_a=pair[0], model_b=pair[1])
    rows_of, columns = (
        list(map(str, mine.sort_values(f"layer_index_{side}")[f"layer_{side}"].drop_duplicates()))
        for side in "ab"
    )
    means = (
        mine.groupby(["layer_a", "layer_b"])["score"].mean().unstack().reindex(index=rows_of, columns=columns)
    )
    rows = []
    for layer, scores in means.iterrows():
        cells = [Cell(DASH if math.isnan(score) else number(score)) for score in scores]
        best = [score == scores.max() for score in scores]
        rows.append((Cell(str(layer)), *map(_marked, cells, best)))
    names = [short_names(facts)[name] for name in pair]
    caption = (
        f"{names[0]} (rows) against {names[1]} (columns): CCA between their layers, mean over trials. Bold: "
        f"the most alike in a row (not tested).{_legend(facts, facts.in_order(pair))}"
    )
    return PaperTable(caption, ("", *columns), tuple(rows), blocks=True)
