"""Page one: the four questions of a run, and what its tables answer.

Every verdict is a count or a predicate of a table; none says more than the intervals allow.
"""

from dataclasses import dataclass

import pandas as pd

from layerwise.report.curve_findings import judged_pairs
from layerwise.report.curves import curve_of, peak_of
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.task_findings import metric_rows
from layerwise.report.typeset import MINUS, interval, number, point, tie_span, with_limits
from layerwise.report.typeset_tasks import strategy_title
from layerwise.report.words import (
    ABOVE,
    ALL,
    AVERAGE,
    BELOW,
    DEV,
    LAST,
    NEGLIGIBLE,
    PHONE_TASKS,
    PHONES,
    SINGLE,
    TIE,
    WORDS,
    count,
    listed,
    p_clause,
)

FEW_MODELS = 3  # that are told one by one
CURVE = "curve"  # in place of a strategy: the peak of the analysis that stands for a task
CURVES, OBJECTIVE, TASKS, CHOICE = "curves", "objective", "tasks", "choice"  # anchors of sections


@dataclass(frozen=True)
class Answer:
    """One question of page one.

    Attributes:
        question: the question.
        verdict: the answer in a few words.
        evidence: effect with its interval, and what it rests on.
        section: anchor of the section that has the rest; empty where there is none.
    """

    question: str
    verdict: str
    evidence: tuple[str, ...]
    section: str = ""


def answers(tables: RunTables, facts: RunFacts) -> list[Answer]:
    """Answer the four questions in the order of the report."""
    return [
        evolution(tables, facts),
        objective(tables, facts),
        choice_of_layer(tables, facts),
        single_layer(tables, facts),
    ]


def main_analyses(tables: RunTables, facts: RunFacts) -> list[str]:
    """The analyses of page one: phones and words, or the first one where neither was run."""
    own = [name for name in (PHONES, WORDS) if name in tables.analyses]
    return own or [name for name in tables.analyses if not facts.analysis(name).own_reference][:1]


def evolution(tables: RunTables, facts: RunFacts) -> Answer:
    """How do properties evolve through the layers? Tie sets, and the best score with its interval."""
    question = "How do properties evolve through the layers?"
    verdicts: list[str] = []
    evidence: list[str] = []
    for name in main_analyses(tables, facts):
        found = [
            (model, peak)
            for model in facts.of_kind("trained")
            if (peak := peak_of(tables.peaks, model.name, name)) is not None
        ]
        if not found:
            continue
        short = facts.analysis(name).short
        if len(found) <= FEW_MODELS:
            told = [f"{model.name} {_shape(tables, name, model, peak)}" for model, peak in found]
            best = ", ".join(_best(tables, name, *pair) for pair in found)
            evidence.append(f"{short}, best scores: {best}; n = {_units(tables, name)}.")
        else:
            shapes = pd.Series([str(peak["shape"]) for _, peak in found]).value_counts(sort=False)
            told = [f"{shape} in {n}" for shape, n in shapes.sort_index().items()]
            told[-1] += f" of {count(len(found), 'model')}"
            ends = [min(found, key=_score), max(found, key=_score)]
            low, high = (_best(tables, name, *pair) for pair in ends)
            evidence.append(f"{short}: best scores from {low} to {high}; n = {_units(tables, name)}.")
        verdicts.append(f"{short}: {'; '.join(told)}.")
    if not verdicts:
        return Answer(question, "Not asked: no analysis of a trained model was run.", ())
    return Answer(question, " ".join(verdicts), tuple(evidence), CURVES)


def _shape(tables: RunTables, analysis: str, model: ModelFacts, peak: pd.Series) -> str:
    curve = curve_of(tables.layer_summary, model.name, analysis)
    tie, shape = tie_span(curve, str(peak["tie"])), str(peak["shape"])
    if shape == "flat":
        return f"flat over {tie}"
    if shape in ("too little data", "contradiction"):
        return f"cannot tell ({shape})"
    if shape in ("rises", "falls"):
        return f"{shape}, best at {tie}"
    return f"U-shaped, best at {tie}" if shape == "U" else f"best at {tie}"


def _best(tables: RunTables, analysis: str, model: ModelFacts, peak: pd.Series) -> str:
    curve, layer = curve_of(tables.layer_summary, model.name, analysis), str(peak["layer"])
    return f"{model.name} {layer} {point(curve, layer)}"


def _units(tables: RunTables, analysis: str) -> str:
    """What intervals of an analysis rest on: units, or trials for a measure without."""
    mine = of(tables.layer_summary, analysis=analysis)
    units, trials = int(mine["n_units"].max()), int(mine["n"].max())
    return count(units, "unit") if units else count(trials, "trial")


def _score(found: tuple[ModelFacts, pd.Series]) -> float:
    return float(found[1]["score"])


def objective(tables: RunTables, facts: RunFacts) -> Answer:
    """Does the objective shape it? What training adds to random twins, compared between objectives."""
    question = "Does the training objective shape the curves?"
    judged = judged_pairs(tables, facts)
    if judged.empty:
        need = "two self-supervised models with different objectives, the same blocks and random twins"
        return Answer(question, f"Not asked: it takes {need}.", ())
    pairs = judged.groupby(["model_a", "model_b"], sort=True)["word"]
    apart = int(pairs.apply(lambda words: words.isin([ABOVE, BELOW]).any()).sum())
    total = count(len(pairs), "pair")
    if apart:
        verdict = f"Yes, at some layers: in {apart} of {total} of objectives."
        rows = judged[judged["word"].isin([ABOVE, BELOW])]
    elif (judged["word"] == NEGLIGIBLE).all():
        verdict = f"No: less than {facts.smallest_effect:g} at every layer, in {total} of objectives."
        rows = judged
    else:
        verdict = f"Cannot tell: no layer differs beyond doubt in {total} of objectives."
        rows = judged
    most = rows.iloc[int(rows["difference"].abs().to_numpy(dtype=float).argmax())]
    where = f"{facts.analysis(str(most['analysis'])).short}, {most['layer']}"
    evidence = (
        f"Largest difference of what training adds: {with_limits(most)} ({most['model_a']} {MINUS} "
        f"{most['model_b']}, {where}; {p_clause(float(most['p_holm']))} after Holm, n = {int(most['n'])}).",
    )
    return Answer(question, verdict, evidence, OBJECTIVE)


def task_analysis(tables: RunTables, task: str) -> str:
    """The analysis whose peak stands for a task: of phones or words; empty where neither was run."""
    wanted = [PHONES, WORDS] if task.split("-")[0] in PHONE_TASKS else [WORDS, PHONES]
    return next((name for name in wanted if name in tables.analyses), "")


def regrets(tables: RunTables, facts: RunFacts) -> pd.DataFrame:
    """Rows of `RunTables.choice`: trained models, deciding metrics, and ``curve`` for the analysis' peak."""
    made = []
    for task in tables.tasks:
        mine = metric_rows(tables.choice, facts, task)
        curve = of(mine, strategy=task_analysis(tables, task)).assign(strategy=CURVE)
        made.append(pd.concat([curve, mine[mine["strategy"].isin([DEV, LAST, AVERAGE, ALL])]]))
    rows = pd.concat(made, ignore_index=True) if made else tables.choice.head(0)
    return rows[rows["model"].isin([model.name for model in facts.of_kind("trained")])]


def choice_of_layer(tables: RunTables, facts: RunFacts) -> Answer:
    """Does the curve choose the layer? Regret of its peak against that of other ways to choose."""
    question = "Does the curve choose the layer for a task?"
    rows = regrets(tables, facts)
    curve = of(rows, strategy=CURVE)
    if curve.empty:
        return Answer(question, "Not asked: it takes a task and an analysis of phones or words.", ())
    n, lost = len(curve), int((curve["low"] > 0).sum())
    if lost:
        verdict = f"Not always: its peak loses clearly in {lost} of {count(n, 'case')}."
    else:
        verdict = f"No clear loss by its peak in {count(n, 'case')}."
    others = [
        f"{strategy_title(facts, name)} {int((mine['low'] > 0).sum())}"
        for name in (DEV, LAST, AVERAGE, ALL)
        if len(mine := of(rows, strategy=name))
    ]
    worst = curve.iloc[int(curve["regret"].to_numpy(dtype=float).argmax())]
    metric = facts.task(str(worst["task"])).metric
    evidence = [
        f"Clear losses of the {count(n, 'case')} (model and task): curve's peak {lost}, {', '.join(others)}."
    ]
    evidence.append(
        f"Its largest regret: {with_limits(worst, 'regret', 3)} in {metric.title} "
        f"({worst['model']}, {worst['layer']}, n = {int(worst['n'])})."
    )
    return Answer(question, verdict, tuple(evidence), CHOICE)


def paired(tables: RunTables, facts: RunFacts) -> pd.DataFrame:
    """Rows of `RunTables.single_weighted`: trained models, deciding metrics."""
    parts = [metric_rows(tables.single_weighted, facts, task) for task in tables.tasks]
    rows = pd.concat(parts, ignore_index=True) if parts else tables.single_weighted.head(0)
    return rows[rows["model"].isin([model.name for model in facts.of_kind("trained")])]


def single_layer(tables: RunTables, facts: RunFacts) -> Answer:
    """Does one layer suffice? The layer that is best on dev against the learned sum, paired."""
    question = "Does one layer do as well as the sum of all?"
    rows = paired(tables, facts)
    if rows.empty:
        return Answer(question, "Not asked: no task was trained on single layers and on their sum.", ())
    n = {word: int((rows["verdict"] == word).sum()) for word in (SINGLE, ALL, TIE)}
    cases = count(len(rows), "case")
    verdict = f"Better in {n[SINGLE]}, worse in {n[ALL]}, tie in {n[TIE]} of {cases} (model and task)."
    signs = pd.Series([facts.task(str(task)).metric.sign for task in rows["task"]], index=rows.index)
    gain = (signs * rows["difference"].astype(float)).to_numpy()
    ends = {"worst": rows.iloc[int(gain.argmin())], "best": rows.iloc[int(gain.argmax())]}
    told = [f"{word} {_advantage(row, facts)}" for word, row in ends.items()]
    least, most = int(rows["n"].min()), int(rows["n"].max())
    units = f"{least}" if least == most else f"{least} to {most}"
    evidence = (
        f"Advantage of the single layer, {listed(told if len(rows) > 1 else told[:1])}; paired on "
        f"{units} test units, Holm over models.",
    )
    return Answer(question, verdict, evidence, TASKS)


def _advantage(row: pd.Series, facts: RunFacts) -> str:
    metric = facts.task(str(row["task"])).metric
    low, high = sorted(metric.sign * float(row[name]) for name in ("low", "high"))
    value = interval(metric.sign * float(row["difference"]), low, high, 3)
    return f"{value} in {metric.title} ({row['model']}, {row['layer']})"


def scope(tables: RunTables, facts: RunFacts) -> list[str]:
    """Three lines on what the run can and cannot show."""
    corpus, lines = facts.corpus, []
    halves = []
    for name in main_analyses(tables, facts):
        mine = of(tables.layer_summary, analysis=name)
        half = ((mine["high"] - mine["low"]).astype(float) / 2).median()
        if pd.notna(half):
            halves.append(f"{number(half, 3)} ({facts.analysis(name).short})")
    if halves:
        lines.append(
            f"Precision: the median interval of a layer's score is \N{PLUS-MINUS SIGN}{listed(halves)}."
        )
    speakers = count(corpus.speakers, "speaker")
    missing = " nothing on how speakers differ;" if corpus.speakers == 1 else ""
    lines.append(
        f"It rests on {count(corpus.utterances, 'utterance')} ({corpus.seconds / 60:.0f} min) of {speakers}:"
        f"{missing} intervals cover new utterances or speakers like these, and these models as they are."
    )
    lines.append("CCA is linear, and what a layer holds need not be what a model uses.")
    return lines
