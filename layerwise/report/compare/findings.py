"""What a comparison of runs says: sentences from its tables, and tables for readers."""

from collections.abc import Sequence

import pandas as pd

from layerwise.report.compare.differences import NOT
from layerwise.report.compare.figures import training_points
from layerwise.report.compare.runs import ComparedRun, Series
from layerwise.report.typeset import DASH, MINUS, Table, interval, number, p_value, span, with_limits
from layerwise.report.words import ABOVE, BELOW, LEVEL, NEGLIGIBLE, SAME, count, listed, p_clause, verdict

MOST_KEYS = 40  # rows of the table of configs
MOST_SENTENCES = 12
PAIR = ["series", "run_a", "model_a", "run_b", "model_b"]
MOVED = {"yes": "moved", "no": "in place", "unknown": "not known"}


def runs_table(runs: Sequence[ComparedRun]) -> Table:
    """One row per run: protocol, seed, sample sets, corpus and what was analysed."""
    rows = [
        (
            run.label,
            run.facts.protocol,
            str(run.facts.seed),
            f"{run.facts.samples} \N{MULTIPLICATION SIGN} {run.facts.trials}",
            f"{run.facts.corpus.name}, {count(run.facts.corpus.utterances, 'utterance')}",
            str(len(run.facts.models)),
            ", ".join(run.tables.analyses) or DASH,
            ", ".join(run.tables.tasks) or DASH,
        )
        for run in runs
    ]
    caption = "The runs: protocol, seed, sample sets and trials of each, corpus, models, analyses and tasks."
    header = ("Run", "Protocol", "Seed", "Trials", "Corpus", "Models", "Analyses", "Tasks")
    return Table(caption, header, tuple(rows))


def config_table(table: pd.DataFrame, labels: Sequence[str]) -> Table:
    """The keys that differ, at most 40 of them."""
    shown = table.head(MOST_KEYS)
    rows = tuple(
        (
            str(row["key"]) if row["kind"] == "config" else str(row["kind"]),
            f"{row['rules']}{': ' + row['of'] if row['of'] else ''}",
            *(_short(str(row[label])) for label in labels),
        )
        for _, row in shown.iterrows()
    )
    more = f" The first {MOST_KEYS} of {len(table)}." if len(table) > MOST_KEYS else ""
    caption = (
        "Keys of the configs that differ, as the lineage records of the runs have them, and the rules (jobs) "
        f"that they belong to; code and environment by the start of their digests.{more}"
    )
    return Table(caption, ("Key", "Rules", *labels), rows)


def _short(text: str) -> str:
    return text if len(text) <= 44 else f"{text[:43]}\N{HORIZONTAL ELLIPSIS}"


def difference_sentences(table: pd.DataFrame, what: str, runs: Sequence[ComparedRun]) -> list[str]:
    """One sentence per model and pair of runs: where they differ, and most; counts alone where many."""
    smallest = runs[0].facts.smallest_effect
    judged = table.assign(word=[verdict(row, smallest) for _, row in table.iterrows()])
    groups = list(judged.groupby(PAIR, sort=False))
    if len(groups) > MOST_SENTENCES:
        apart = [rows["word"].isin([ABOVE, BELOW]).any() for _, rows in groups]
        return [
            f"{what}: some layer differs in {sum(apart)} of {len(groups)} pairs; the table has each of them."
        ]
    return [_sentence(what, tuple(map(str, key)), rows, smallest) for key, rows in groups]


def _sentence(what: str, key: tuple[str, ...], rows: pd.DataFrame, smallest: float) -> str:
    series, run_a, model_a, run_b, model_b = key
    first, other = (f"{model_a} of {run_a}", f"{model_b} of {run_b}")
    if model_a == model_b:
        first, other = run_a, run_b
    elif run_a == run_b:
        first, other = model_a, model_b
    text = f"{what} of {series}: {other}"
    apart = rows[rows["word"].isin([ABOVE, BELOW])]
    most = _largest(apart if len(apart) else rows)
    found = with_limits(most, digits=3)
    how = _pairing(rows)
    if len(apart):
        where = span(list(map(str, apart["layer"])), list(map(str, rows["layer"])))
        p = p_clause(float(most["p_holm"]))
        return f"{text} differs from {first} at {where}, most at {most['layer']}, by {found} ({p}; {how})."
    if (rows["word"] == NEGLIGIBLE).all():
        return (
            f"{text} is negligibly different from {first} at every layer (by less than {smallest:g}); "
            f"most at {most['layer']}: {found} ({how})."
        )
    if most["p"] != most["p"]:
        return f"{text} and {first}: {found} at {most['layer']}; nothing can be said of it ({how})."
    return f"{text} is {SAME} {first}; the largest difference is {found} at {most['layer']} ({how})."


def _largest(rows: pd.DataFrame) -> pd.Series:
    return rows.iloc[int(rows["difference"].abs().to_numpy(dtype=float).argmax())]


def _pairing(rows: pd.DataFrame) -> str:
    """How the differences of a pair are paired, with the reason where they are not."""
    kinds = rows.drop_duplicates("pairing")
    said = []
    for _, row in kinds.iterrows():
        why = f": {row['reason']}" if row["reason"] and row["pairing"] == NOT else ""
        over = f" over {row['shared']} units" if row["shared"] else ""
        said.append(f"{row['pairing']}{over}{why}")
    return "; ".join(said)


def curve_table(curves: pd.DataFrame, peaks: pd.DataFrame, what: str) -> Table:
    """One row per model and pair of runs: the largest difference, best layers, likeness of the curves."""
    rows = []
    keyed = {tuple(row[name] for name in PAIR): row for _, row in peaks.iterrows()}
    for key, group in curves.groupby(PAIR, sort=False):
        most, peak = _largest(group), keyed.get(tuple(key))
        apart = int((group["p_holm"] < LEVEL).sum())
        cells = [_who(key), _pair(key), f"{apart} of {len(group)}", str(most["layer"])]
        cells += [with_limits(most, digits=3), p_value(float(most["p_holm"]))]
        if peak is None:
            cells += [DASH, DASH, DASH]
        else:
            spearman = float(peak["spearman"])
            cells += [f"{peak['layer_a']} / {peak['layer_b']}", MOVED[str(peak["moved"])]]
            cells.append(DASH if spearman != spearman else number(spearman))
        rows.append((*cells, str(most["pairing"])))
    caption = (
        f"{what}: layers that differ (Holm over models and layers, 5%), the largest difference with 95% "
        "interval (second run minus first), best block layers of both, whether the tie sets have no layer "
        "in common (moved), rank correlation of the curves over block layers, and pairing."
    )
    header = ("Model", "Runs", "Differ", "Layer", "Largest", "p", "Best", "Peak", "Spearman", "Pairing")
    return Table(caption, header, tuple(rows))


def task_table(table: pd.DataFrame, what: str) -> Table:
    """One row per model and pair of runs: the largest difference of a task."""
    rows = []
    for key, group in table.groupby(PAIR, sort=False):
        most = _largest(group)
        apart = int((group["p_holm"] < LEVEL).sum())
        cells = [_who(key), _pair(key), f"{apart} of {len(group)}", str(most["layer"])]
        cells += [number(float(most["value_a"]), 3), number(float(most["value_b"]), 3)]
        cells += [with_limits(most, digits=3), p_value(float(most["p_holm"]))]
        rows.append((*cells, str(most["pairing"])))
    caption = (
        f"{what}: layers (and the learned sum, all) that differ on test (Holm over models and layers, 5%), "
        "the largest difference (second run minus first) with both values, 95% interval and p, and pairing."
    )
    header = ("Model", "Runs", "Differ", "Layer", "First", "Second", f"Second {MINUS} first", "p", "Pairing")
    return Table(caption, header, tuple(rows))


def measure_table(table: pd.DataFrame, what: str) -> Table:
    """One row per variant, model and pair of runs: the largest difference of a measure."""
    rows = []
    for (variant, *key), group in table.groupby(["variant", *PAIR], sort=False):
        most = _largest(group)
        apart = int((group["p_holm"] < LEVEL).sum())
        cells = [str(variant), _who(key), _pair(key), f"{apart} of {len(group)}", str(most["layer"])]
        cells += [number(float(most["value_a"]), 3), number(float(most["value_b"]), 3)]
        rows.append((*cells, with_limits(most, digits=3), p_value(float(most["p_holm"]))))
    caption = (
        f"{what}: layers that differ (Holm over models and layers, 5%), and the largest difference (second "
        "run minus first) with both values, 95% interval and p. Not paired: tables hold no units of measures."
    )
    header = ("Variant", "Model", "Runs", "Differ", "Layer", "First", "Second", f"Second {MINUS} first", "p")
    return Table(caption, header, tuple(rows))


def _who(key: Sequence[object]) -> str:
    return str(key[0])


def _pair(key: Sequence[object]) -> str:
    _, run_a, model_a, run_b, model_b = map(str, key)
    if run_a == run_b:
        return f"{model_a}, {model_b}"
    return f"{run_a}, {run_b}"


def training_table(series: Sequence[Series], analysis: str, what: str) -> Table:
    """One row per checkpoint: the best block layer, its score and its tie set."""
    rows = [
        (
            entry.name,
            f"{row.step:,.12g}",
            str(row.layer),
            str(row.tie).replace(" ", ", "),
            interval(float(row.score), float(row.low), float(row.high)),  # type: ignore[arg-type]
        )
        for entry in series
        for row in training_points(entry, analysis).itertuples()
    ]
    caption = (
        f"{what} along training: best block layer of each checkpoint, its tie set, score with 95% interval."
    )
    return Table(caption, ("Model", "Step", "Best", "Tie set", "Score"), tuple(rows))


def spread_table(table: pd.DataFrame) -> Table:
    """One row per analysis and model: how scores scatter over runs beside their intervals."""
    rows = []
    for (analysis, series), group in table.groupby(["analysis", "series"], sort=True):
        widest = group.iloc[int(group["sd"].to_numpy(dtype=float).argmax())]
        half = float(group["half_width"].mean())
        cells = (str(int(group["runs"].iloc[0])), number(float(group["sd"].mean()), 4), str(widest["layer"]))
        rows.append((str(analysis), str(series), *cells, number(float(widest["sd"]), 4), number(half, 4)))
    caption = (
        "How scores scatter over the runs: standard deviation, mean over layers and largest, beside half the "
        "95% interval of a score. Runs that differ in nothing but what the intervals cover have a standard "
        "deviation of about half of that."
    )
    header = ("Analysis", "Model", "Runs", "Mean SD", "Layer", "Largest SD", "Half interval")
    return Table(caption, header, tuple(rows))


def abstract(runs: Sequence[ComparedRun], curves: pd.DataFrame, keys: pd.DataFrame) -> str:
    """What was compared, in a few counts."""
    names = listed([run.label for run in runs])
    same = len({(run.facts.corpus.name, *run.facts.corpus.splits.items()) for run in runs}) == 1
    what = count(len(runs), "run") if len(runs) > 1 else "checkpoints of one run"
    texts = [f"This document compares {what}: {names}."]
    if len(runs) > 1:
        differ = int((keys["kind"] == "config").sum())
        texts.append(f"Their configs differ in {count(differ, 'key')}.")
        texts.append("They name the same corpus." if same else "Their corpora differ.")
    if len(curves):
        apart, paired = int((curves["p_holm"] < LEVEL).sum()), int((curves["pairing"] != NOT).sum())
        texts.append(
            f"Of {count(len(curves), 'score')} of layers that both sides of a pair have, {apart} differ "
            f"(Holm, 5%); {paired} differences are paired over units, {len(curves) - paired} are not."
        )
    return " ".join(texts)
