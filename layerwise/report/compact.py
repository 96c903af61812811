"""Tables of the whole run in little room: one for all analyses, one for all tasks, matrices for lists."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from layerwise.report.curves import curve_of, peak_of
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.many import is_many
from layerwise.report.run_tables import RunTables, of
from layerwise.report.task_findings import metric_rows
from layerwise.report.typeset import DASH, Table, analysis_table, number, point, tie_span, with_limits
from layerwise.report.typeset_tasks import strategies_in_order, strategy_title, task_table
from layerwise.report.words import ALL, SINGLE, WEIGHTS, listed

MARKS = {SINGLE: ">", ALL: "<"}
MOST_ITEMS = 12  # that are named in a list of what was left out
LONG = 120  # rows of a table of the appendix; longer ones are named by their file


def analysis_tables(tables: RunTables, facts: RunFacts) -> list[Table]:
    """The peaks of all curves: a row per analysis and model; with many models a row per model."""
    if not tables.analyses:
        return []
    if is_many(facts):
        return [_peak_matrix(tables, facts)]
    made = [(facts.analysis(name).short, analysis_table(tables, facts, name)) for name in tables.analyses]
    return [
        _merged("Analysis", alike, _peaks_caption)
        for own in (False, True)
        if (
            alike := [
                (title, table)
                for (title, table), name in zip(made, tables.analyses, strict=True)
                if facts.analysis(name).own_reference == own and table.rows
            ]
        )
    ]


def _merged(first: str, named: Sequence[tuple[str, Table]], caption: Callable[[Table], str]) -> Table:
    """One table of several with the same columns; a name stands in the first row of each alone."""
    rows = [
        (title if place == 0 else "", *row) for title, table in named for place, row in enumerate(table.rows)
    ]
    table = named[0][1]
    return Table(caption(table), (first, *table.header), tuple(rows))


def _peaks_caption(table: Table) -> str:
    said = table.caption.partition(": ")[2]
    return said[:1].upper() + said[1:]


def _peak_matrix(tables: RunTables, facts: RunFacts) -> Table:
    rows = []
    for model in facts.models:
        cells = []
        for name in tables.analyses:
            peak = peak_of(tables.peaks, model.name, name)
            if peak is None:
                cells.append(DASH)
                continue
            curve = curve_of(tables.layer_summary, model.name, name)
            best = str(peak["layer"])
            tie = "" if int(peak["n_tie"]) == 1 else f" ({tie_span(curve, str(peak['tie']))})"
            cells.append(f"{best}{tie} {point(curve, best)}")
        if any(cell != DASH for cell in cells):
            rows.append((model.name, *cells))
    caption = (
        "Block layer with the best score of each model and analysis (the lowest, where each model is its own "
        "reference), in brackets the layers that it does not beat (tie set), and its score with 95% "
        "interval. More, as calibrated scores and differences from controls: tables/peaks.csv, "
        "tables/control_contrasts.csv."
    )
    header = ("Model", *(facts.analysis(name).short for name in tables.analyses))
    return Table(caption, header, tuple(rows))


def task_tables(tables: RunTables, facts: RunFacts) -> list[Table]:
    """Single layer and learned sum in all tasks: a row per task and model; with many models one per model."""
    if not tables.tasks:
        return []
    if is_many(facts):
        return [_task_matrix(tables, facts)]
    made = [(facts.task(name).title, task_table(tables, facts, name)) for name in tables.tasks]
    metrics = listed([f"{facts.task(name).metric.title} ({facts.task(name).title})" for name in tables.tasks])
    table = _merged("Task", made, lambda _: "")
    caption = (
        "The single layer that is best on the development set, the layers that the best one on test does not "
        f"beat (tie set; paired, Holm over layers, 5%), test {metrics} of the single layer and of the "
        "learned sum of all layers, their paired difference over test utterances and trainings with 95% "
        "interval, p (Holm over models), and which is better. A model with one layer: its metric."
    )
    return [replace(table, caption=caption)]


def _task_matrix(tables: RunTables, facts: RunFacts) -> Table:
    rows = []
    for model in facts.models:
        cells = [_task_cell(tables, facts, task, model) for task in tables.tasks]
        if any(cell != DASH for cell in cells):
            rows.append((model.name, *cells))
    caption = (
        "The single layer that is best on dev, its test metric, and that of the learned sum of all layers; > "
        "the single layer is better, < the sum is better, = neither (paired, Holm over models, 5%). "
        "Intervals and p: tables/single_weighted.csv."
    )
    titles = [f"{facts.task(task).title} ({facts.task(task).metric.title})" for task in tables.tasks]
    return Table(caption, ("Model", *titles), tuple(rows))


def _task_cell(tables: RunTables, facts: RunFacts, task: str, model: ModelFacts) -> str:
    found = of(metric_rows(tables.single_weighted, facts, task), model=model.name)
    if found.empty:
        alone = of(metric_rows(tables.downstream_summary, facts, task), model=model.name)
        return DASH if alone.empty else f"{alone['layer'].iloc[0]} {number(alone['value'].iloc[0], 3)}"
    row = found.iloc[0]
    mark = MARKS.get(str(row["verdict"]), "=")
    return f"{row['layer']} {number(row['single'], 3)} {mark} {number(row['all'], 3)}"


def choice_matrix(tables: RunTables, facts: RunFacts) -> Table:
    """Regret of each way to choose a layer: a column per trained model, or with many the mean per task."""
    trained = facts.of_kind("trained")
    names = [model.name for model in trained]
    mine = {task: metric_rows(tables.choice, facts, task) for task in tables.tasks}
    mine = {task: part[part["model"].isin(names)] for task, part in mine.items()}
    said = (
        "Regret of ways to choose a layer: by how much the best layer, found on one half of the test "
        "utterances and scored on the other, is better (positive: a loss)"
    )
    if is_many(facts):
        rows = []
        for strategy in strategies_in_order(pd.concat(mine.values())):
            parts = [of(part, strategy=strategy) for part in mine.values()]
            cells = [
                f"{number(float(part['regret'].mean()), 3)} ({int((part['low'] > 0).sum())} of {len(part)})"
                if len(part)
                else DASH
                for part in parts
            ]
            rows.append((strategy_title(facts, strategy), *cells))
        caption = (
            f"{said}, mean over trained models, and in how many the 95% interval lies above 0. Each model: "
            "tables/choice.csv."
        )
        return Table(caption, ("Chosen by", *(facts.task(task).title for task in mine)), tuple(rows))
    crossed = {
        (
            facts.task(task).title,
            strategy_title(facts, str(row["strategy"])),
            facts.model(str(row["model"])).label,
        ): (f"{row['layer']} {with_limits(row, 'regret', 3)}".strip())
        for task, part in mine.items()
        for strategy in strategies_in_order(part)
        for _, row in of(part, strategy=strategy).iterrows()
    }
    caption = f"{said}, after the layer, with 95% interval. Metrics: tables/choice.csv."
    return _crossed(crossed, "Chosen by", [model.label for model in trained], caption)


def _crossed(
    cells: Mapping[tuple[str, str, str], str], middle: str, models: Sequence[str], caption: str
) -> Table:
    """A table of cells by task, what stands in the rows, and model: tasks or models in columns."""
    tasks = list(dict.fromkeys(task for task, _, _ in cells))
    there = [model for model in models if any(model == mine for _, _, mine in cells)]
    across, down, first = (there, tasks, "Task") if len(there) >= len(tasks) else (tasks, there, "Model")
    rows = []
    for outer in down:
        mine = {
            (inner, model if down is tasks else task): text
            for (task, inner, model), text in cells.items()
            if outer == (task if down is tasks else model)
        }
        for place, inner in enumerate(dict.fromkeys(inner for inner, _ in mine)):
            row = [mine.get((inner, column), DASH) for column in across]
            rows.append((outer if place == 0 else "", inner, *row))
    return Table(caption, (first, middle, *across), tuple(rows))


def agreement_matrix(tables: RunTables, facts: RunFacts) -> Table:
    """Rank correlations with tasks: a column per model, or with many their median and range per task."""
    table = tables.agreement
    analyses = sorted(set(table["analysis"]), key=lambda name: (name == WEIGHTS, name))
    titles = {name: "learned weights" if name == WEIGHTS else facts.compared(name).short for name in analyses}
    said = (
        "Agreement of layer analyses, measures and learned weights with tasks: Spearman's rank correlation "
        "over block layers (positive: agreement; TL+ln, TL in another form, is left out)"
    )
    if is_many(facts):
        trained = [model.name for model in facts.of_kind("trained")]
        mine = table[table["model"].isin(trained)]
        rows = [
            (titles[name], *(_spread(of(mine, analysis=name, task=task)) for task in tables.tasks))
            for name in analyses
        ]
        caption = f"{said}, median and range over trained models. Each model: tables/agreement.csv."
        return Table(caption, ("Analysis", *(facts.task(task).title for task in tables.tasks)), tuple(rows))
    models = [model for model in facts.in_order(table["model"]) if model.kind == "trained"]
    cells = {
        (facts.task(task).title, titles[name], facts.model(str(row["model"])).label): with_limits(
            row, "spearman"
        )
        for task in tables.tasks
        for name in analyses
        for _, row in of(table, analysis=name, task=task).iterrows()
    }
    caption = (
        f"{said}, with 95% interval over test utterances and trainings. Kendall's, and controls: "
        "tables/agreement.csv."
    )
    return _crossed(cells, "Analysis", [model.label for model in models], caption)


def _spread(rows: pd.DataFrame) -> str:
    if rows.empty:
        return DASH
    values = rows["spearman"].astype(float)
    return f"{number(values.median())} ({number(values.min())} to {number(values.max())})"


def kept_out_table(tables: RunTables, facts: RunFacts) -> Table:
    """Rows kept out, by analysis and model."""
    found = tables.layer_summary[tables.layer_summary["excluded"] > 0]
    rows = []
    for (analysis, model), part in found.groupby(["analysis", "model"], sort=True):
        worst = part.iloc[int(part["excluded"].to_numpy().argmax())]
        rows.append(
            (
                facts.analysis(str(analysis)).short,
                facts.model(str(model)).label,
                str(len(part)),
                str(int(part["excluded"].sum())),
                str(int(part["n_rows"].sum())),
                f"{worst['layer']}: {int(worst['excluded'])}",
            )
        )
    caption = (
        "Test rows kept out because their variates leave the training range, over all layers where there are "
        "any, and rows that are scored there. Each layer: tables/layer_summary.csv."
    )
    return Table(caption, ("Analysis", "Model", "Layers", "Kept out", "Scored", "Most"), tuple(rows))


def omission_table(tables: RunTables, facts: RunFacts) -> Table:
    """Undefined rank correlations and analyses that cannot be run, those of one reason together."""
    gaps = tables.omissions
    rows = []
    for reason, part in gaps.groupby("reason", sort=True):
        models = [model.name for model in facts.in_order(part["model"])]
        analyses = sorted(set(map(str, part["analysis"])))
        who = "all" if len(models) == len(facts.models) else _few(models)
        tasks = [facts.task(task).title for task in sorted(set(map(str, part["task"])) - {""})]
        where = "all" if len(tasks) == len(tables.tasks) > 0 else _few(tasks)
        rows.append((where or DASH, _few(analyses), who, str(reason)))
    caption = f"Rank correlations that are undefined and analyses that cannot be run ({len(gaps)}), and why."
    return Table(caption, ("Task", "Analysis", "Model", "Reason"), tuple(rows))


def exclusion_table(tables: RunTables) -> Table:
    """What was left out, counted by stage and reason; reasons that differ in numbers alone are one."""
    lost = tables.exclusions
    kinds = lost["reason"].map(lambda reason: re.sub(r"\d+(\.\d+)?", "N", str(reason)))
    rows = []
    for (stage, _), part in lost.groupby(["stage", kinds], sort=True):
        reason = str(part["reason"].iloc[0])
        more = ", for example" if part["reason"].nunique() > 1 else ""
        rows.append((str(stage), reason + more, str(len(part)), _few(list(map(str, part["item"])))))
    caption = f"Exclusions ({len(lost)}), by stage and reason. Each: tables/exclusions.csv."
    return Table(caption, ("Stage", "Reason", "Number", "Items"), tuple(rows))


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_ITEMS
    return ", ".join(names[:MOST_ITEMS]) + (f" and {more} more" if more > 0 else "")
