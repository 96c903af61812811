"""What scores rest on: permutations, rows kept out, flagged units, and analyses that disagree."""

from itertools import combinations

import pandas as pd

from layerwise.report.curves import curve_of
from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import Table, number, tie_span
from layerwise.report.words import count, listed

MOST_UNITS = 30  # rows of a table of flagged units
UNDECIDED = ("flat", "too little data", "contradiction")  # shapes that name no best layer


def cautions(tables: RunTables, facts: RunFacts) -> list[str]:
    """One sentence each on permutations, rows kept out and flagged units, and one for each disagreement."""
    return [
        *permutation_lines(tables, facts),
        excluded_line(tables, facts),
        flagged_line(tables, facts),
        *disagreements(tables, facts),
    ]


def permutation_lines(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say how many permuted draws stand behind the p values of each analysis, and what each repeats."""
    summary = tables.layer_summary
    if not (summary["permutations"] > 0).any():
        return ["No permutations were drawn: scores have neither a null nor p values."]
    texts = {
        "grid": "each with the whole search for regularisers",
        "chosen": "not all with a search of their own, which would take too long",
        "": "",
    }
    lines = []
    draws = summary.groupby("analysis").agg(
        least=("permutations", "min"), most=("permutations", "max"), search=("search", _widest)
    )
    for _, rows in draws.groupby(["least", "most", "search"], sort=True):
        least, most = int(rows["least"].iloc[0]), int(rows["most"].iloc[0])
        names = listed([facts.analysis(str(name)).short for name in rows.index])
        span = f"{least} to {most}" if least < most else str(most)
        how = texts[str(rows["search"].iloc[0])]
        said = f"{span} permuted draws over all sample sets, {how}" if most else "no permutations"
        lines.append(f"{names}: {said}.")
    return lines


def _widest(searches: pd.Series) -> str:
    """``chosen`` if any layer's permutations kept the regularisers."""
    return "chosen" if (searches == "chosen").any() else str(searches.max())


def excluded_line(tables: RunTables, facts: RunFacts) -> str:
    """Count the test rows that were kept out because their variates leave the training range."""
    summary = tables.layer_summary
    lost, rows = int(summary["excluded"].sum()), int(summary["n_rows"].sum() + summary["excluded"].sum())
    if not lost:
        return "No test row was kept out: the variates of all lie within the training range."
    shares = summary["excluded"] / (summary["n_rows"] + summary["excluded"])
    worst = summary.iloc[int(shares.to_numpy().argmax())]
    hit = int((summary["excluded"] > 0).sum())
    analysis = facts.analysis(str(worst["analysis"])).short
    return (
        f"Test rows whose variates leave the training range are kept out: {lost} of {rows} "
        f"({lost / rows:.2%}), in {hit} of {len(summary)} layers; most in {analysis} of "
        f"{facts.model(str(worst['model'])).label} at {worst['layer']}: {worst['excluded']} of "
        f"{worst['excluded'] + worst['n_rows']} ({shares.max():.2%})."
    )


def flagged_line(tables: RunTables, facts: RunFacts) -> str:
    """Say whether single units move scores (`summary.influential`)."""
    found = tables.influential
    rule = "by more than 0.05, or by more than 0.01 and 5 robust standard deviations"
    if found.empty:
        return f"No unit (speaker, utterance or label) moves the mean score of a layer {rule}."
    top, units = found.iloc[0], found["unit"].nunique()
    return (
        f"{count(units, 'unit')} (speakers, utterances or labels) move the mean score of a layer {rule}, in "
        f"{count(len(found), 'case')}; most {top['unit']}: {facts.analysis(str(top['analysis'])).short} of "
        f"{facts.model(str(top['model'])).label} at {top['layer']} is {number(float(top['score']), 3)} with "
        f"it and {number(float(top['score'] - top['influence']), 3)} without (tables/influential.csv)."
    )


def disagreements(tables: RunTables, facts: RunFacts) -> list[str]:
    """Name the analyses of one target, as cca-phone and mi-phone, whose tie sets have no layer in common."""
    sentences = []
    peaks = tables.peaks[~tables.peaks["shape"].isin(UNDECIDED)]
    for model in facts.in_order(peaks["model"]):
        mine = of(peaks, model=model.name)
        for first, second in combinations(mine.itertuples(), 2):
            target = [str(row.analysis).partition("-")[2] for row in (first, second)]
            if target[0] != target[1] or set(str(first.tie).split()) & set(str(second.tie).split()):
                continue
            names = [facts.analysis(str(row.analysis)).short for row in (first, second)]
            spans = [
                tie_span(curve_of(tables.layer_summary, model.name, str(row.analysis)), str(row.tie))
                for row in (first, second)
            ]
            sentences.append(
                f"{names[0]} and {names[1]} of {model.label} contradict each other on the best block layer: "
                f"{spans[0]} against {spans[1]}."
            )
    return sentences


def flagged_table(tables: RunTables, facts: RunFacts) -> Table:
    """The units with the largest influence."""
    rows = [
        (
            *(
                str(row.unit),
                str(row.analysis),
                facts.model(str(row.model)).label,
                str(row.layer),
                str(row.rows),
            ),
            *(number(value, 3) for value in (row.score, row.score - row.influence)),  # type: ignore[arg-type,operator]
        )
        for row in tables.influential.head(MOST_UNITS).itertuples()
    ]
    shown = f"the {MOST_UNITS} largest of {len(tables.influential)}" if len(rows) == MOST_UNITS else len(rows)
    caption = f"Flagged units ({shown}): mean score of a layer with and without the unit."
    return Table(caption, ("Unit", "Analysis", "Model", "Layer", "Rows", "With", "Without"), tuple(rows))
