"""What looks up the numbers of each sentence of the report in the tables of a run (`report_numbers`)."""

import math
import re

import pandas as pd
from report_numbers import (
    BLOCK,
    LAYER,
    SHAPES,
    SPAN,
    TASK_CURVES,
    VERDICTS,
    WAYS,
    UntracedError,
    count_is,
    limits_are,
    near,
    p_is,
    same,
)


def first_answer(run, answer):
    """Shapes of curves: tie sets of few models, counts of many."""
    for name, told in re.findall(r"([\w-]+): (.*?)\.(?= |$)", answer):
        analysis = run.analyses[name]["name"]
        if found := re.fullmatch(r"(.*) of (\d+) models?", told):
            peaks = run.rows("peaks", analysis=analysis)
            peaks = peaks[peaks["model"].isin(run.trained)]
            shapes_are(peaks, found[1], found[2], ", | and |; ")
            continue
        told = "; ".join(part for part in told.split("; ") if "cannot tell" not in part)
        for found in run.each(r"<m:m> <w:how><s:tie>", told):
            run.tie_is(found["tie"], analysis, run.labels[found["m"]])
            peak = run.row("peaks", analysis=analysis, model=run.labels[found["m"]])
            shaped(found["how"], peak["shape"], 1)


def shaped(said, shape, place):
    if not re.search(SHAPES[shape][place], said):
        raise UntracedError(f"the shape is {shape}")


def shapes_are(peaks, told, total, between):
    count_is(total, len(peaks))
    said = dict(part.rsplit(" in ", 1) for part in re.split(between, told))
    same({shape: int(n) for shape, n in said.items()}, peaks["shape"].value_counts().to_dict())


def best_scores(run, a, found, n):
    analysis = run.analyses[a]["name"]
    rows = run.rows("layer_summary", analysis=analysis)
    number, unit = n.split()
    count_is(number, rows["n_units"].max() if unit.startswith("unit") else rows["n"].max())
    pairs = run.each(r"<m:m> <l:layer> <v:v>", found)
    for pair in pairs:
        model = run.labels[pair["m"]]
        run.best_is(analysis, model, pair["layer"])
        limits_are(pair["v"], run.score(analysis, model, pair["layer"]), "score")
    if found.startswith("from "):
        ends_are(run, analysis, [pair["m"] for pair in pairs])


def ends_are(run, analysis, models):
    peaks = run.rows("peaks", analysis=analysis)
    scores = peaks[peaks["model"].isin(run.trained)].set_index("model")["score"]
    same([scores[run.labels[model]] for model in models], [scores.min(), scores.max()])


def objective(
    run, k=None, n=None, less=None, v=None, a=None, b=None, name=None, layer=None, p=None, units=None
):
    rows = run.rows("curve_contrasts")
    words = pd.Series([run.verdict(row) for _, row in rows.iterrows()], rows.index)
    apart = words.isin(["above", "below"])
    pairs = [rows["model_a"], rows["model_b"]]
    if n is not None:
        count_is(n, apart.groupby(pairs).ngroups)
        count_is(k or 0, apart.groupby(pairs).any().sum())
    if less is not None:
        near(less, run.smallest)
    if v is not None:
        row = run.row(
            "curve_contrasts", model_a=a, model_b=b, analysis=run.analyses[name]["name"], layer=layer
        )
        limits_are(v, row, "difference")
        p_is(p, row["p_holm"])
        count_is(units, row["n"])
        told = rows[apart] if apart.any() else rows
        same(abs(row["difference"]), told["difference"].abs().max())


def losses(run, n, k=None, curve=None, others=""):
    rows = run.main("choice")
    peaks = pd.concat(
        [part[part["strategy"] == curve_of(run, task)] for task, part in rows.groupby("task")]
        or [rows.iloc[:0]]
    )
    count_is(n, len(peaks))
    for said in (k, curve):
        if said is not None:
            count_is(said, (peaks["low"] > 0).sum())
    for title, said in re.findall(r"([a-z ]+) (\d+)", others):
        count_is(said, (rows.loc[rows["strategy"] == WAYS[title.strip()], "low"] > 0).sum())


def curve_of(run, task):
    there = set(run.of["layer_summary"]["analysis"])
    wanted = ["cca-phone", "cca-word"] if task.split("-")[0] in TASK_CURVES else ["cca-word", "cca-phone"]
    return next((name for name in wanted if name in there), "")


def largest_regret(run, v, metric, m, layer, n):
    rows = run.main("choice")
    rows = rows[
        [curve_of(run, task) == way for task, way in zip(rows["task"], rows["strategy"], strict=True)]
    ]
    worst = rows.loc[rows["regret"].idxmax()]
    same([metric_title(run, worst["task"]), worst["model"], worst["layer"]], [metric, run.labels[m], layer])
    limits_are(v, worst, "regret")
    count_is(n, worst["n"])


def metric_title(run, task):
    return next(each["metric"]["title"] for each in run.tasks.values() if each["name"] == task)


def lower_is_better(run, task):
    return next(each["metric"]["lower_is_better"] for each in run.tasks.values() if each["name"] == task)


def cases(run, better, worse, tie, n):
    words = run.main("single_weighted")["verdict"]
    for said, word in ((better, "single"), (worse, "all"), (tie, "tie")):
        count_is(said, (words == word).sum())
    count_is(n, len(words))


def advantages(run, told, units):
    rows = run.main("single_weighted")
    rows = rows.assign(sign=[-1 if lower_is_better(run, task) else 1 for task in rows["task"]])
    gains = (rows["sign"] * rows["difference"]).sort_values()
    for found in run.each(r"(?P<word>worst|best) <v:v> in <x:metric> \(<m:m>, <l:layer>\)", told):
        row = rows.loc[gains.index[0 if found["word"] == "worst" else -1]]
        same([row["model"], row["layer"]], [run.labels[found["m"]], found["layer"]])
        same(found["metric"], metric_title(run, row["task"]))
        signed = {name: row["sign"] * row[name] for name in ("difference", "low", "high")}
        ends = sorted((signed["low"], signed["high"]))
        limits_are(found["v"], {**signed, "low": ends[0], "high": ends[1]}, "difference")
    least, _, most = units.partition(" to ")
    count_is(least, rows["n"].min())
    count_is(most or least, rows["n"].max())


def precision(run, told):
    for found in run.each(r"<f:f> \(<a:a>\)", told):
        rows = run.rows("layer_summary", analysis=run.analyses[found["a"]]["name"])
        near(found["f"], ((rows["high"] - rows["low"]) / 2).median())


def corpus(run, utterances, minutes, speakers):
    facts = run.facts["corpus"]
    count_is(utterances, facts["utterances"])
    near(minutes, facts["seconds"] / 60)
    count_is(speakers, facts["speakers"])


def abstract(run, trained, name, utterances, minutes, speakers, rest):
    count_is(trained, len(run.trained))
    same(name, run.facts["corpus"]["name"])
    corpus(run, utterances, minutes, speakers)
    for found in run.each(r"<a:a> peaks above every control \([\w ,]+\) in <n:k> of <n:n> models?\.", rest):
        above_controls(run, found["a"], found["k"], found["n"])


def above_controls(run, a, k, n):
    rows = run.rows("control_contrasts", analysis=run.analyses[a]["name"])
    above = pd.Series([run.verdict(row) == "above" for _, row in rows.iterrows()], rows.index)
    above = above.groupby(rows["model"]).all()
    count_is(k, above.sum())
    count_is(n, len(above))


CONTROL = (
    r"(?P<word>above|below|not distinguishable from|negligibly different from) "
    r"(?:(?P<twin>the best layer of its random twin) \(<l:layer>, |<m:other> \()<v:v>; difference <v:d>\)"
)
CHANCE = (
    r"(?: \((?:calibrated <f:calibrated>, )?(?:<p:sure> against permuted targets|better than each of "
    r"<n:draws> permuted draws|not distinguishable from permuted targets, <p:unsure>)\))?"
)


def curve(run, a, m, shape, at=None, controls=""):
    """One model's curve of one analysis: its best layer, its tie set and its controls."""
    analysis, model = run.analyses[a]["name"], run.labels[m]
    blocks = run.blocks(analysis, model)
    peak = run.row("peaks", analysis=analysis, model=model)
    shaped(shape, peak["shape"], 0)
    found = run.pattern(rf"(?<!\w)<l:layer>, <v:v>{CHANCE}").search(shape)
    same(found["layer"], peak["layer"])
    row = run.score(analysis, model, peak["layer"])
    limits_are(found["v"], row, "score")
    chance_is(found, row, peak)
    rest = shape[: found.start()] + shape[found.end() :]
    if tie := re.search(rf"(?:over|layers,) ({SPAN})|: ({SPAN}) tie", rest):
        run.tie_is(tie[1] or tie[2], analysis, model)
        rest = rest[: tie.start()] + rest[tie.end() :]
    lowest = blocks.loc[blocks["score"].idxmin(), "layer"]
    ends = [lowest] if "its minimum" in rest else [blocks["layer"].iloc[0], blocks["layer"].iloc[-1]]
    said = re.findall(LAYER, rest)
    same(said, [layer for layer in ends if layer in said])
    if controls:
        same(at, peak["layer"])
        told = run.each(CONTROL, controls)
        mine = run.rows("control_contrasts", analysis=analysis, model=model)
        count_is(str(len(told)), len(mine))
        for clause in told:
            control_is(run, analysis, model, clause)


def chance_is(found, row, peak):
    if found["calibrated"]:
        near(found["calibrated"], row["calibrated"])
    if said := found["sure"] or found["unsure"]:
        p_is(said, peak["p_holm"])
        same(bool(found["sure"]), bool(peak["p_holm"] < 0.05))
    if found["draws"]:
        count_is(found["draws"], row["permutations"])
        near(f"{peak['p']:.9f}", 1 / (1 + row["permutations"]))


def control_is(run, analysis, model, said):
    twins = [name for name, each in run.models.items() if each["twin_of"] == model]
    control = twins[0] if said["twin"] else run.labels[said["other"]]
    row = run.row("control_contrasts", analysis=analysis, model=model, control=control)
    if said["twin"]:
        same(said["layer"], row["control_layer"])
    limits_are(said["v"], run.score(analysis, control, row["control_layer"]), "score")
    limits_are(said["d"], row, "difference")
    same(said["word"], run.verdict(row))


def returns(run, a, m, layer, v, tie, last, there, d, word="above"):
    analysis, model = run.analyses[a]["name"], run.labels[m]
    # The last output after the final norm is no later block: without it the lowest one is told.
    outputs = run.blocks(analysis, model)
    outputs = outputs[~outputs["layer"].str.endswith("+ln")].set_index("layer")["score"]
    same(layer, outputs.idxmin())
    limits_are(v, run.score(analysis, model, layer), "score")
    if tie:
        run.tie_is(tie, analysis, model)
    if last is None:
        same(outputs.index[-1], layer)
        return
    limits_are(there, run.score(analysis, model, last), "score")
    row = run.row("last_block_contrasts", analysis=analysis, model=model, layer=layer)
    same(last, row["last"])
    limits_are(d, row, "difference")
    same(word, run.verdict(row))


def counted_curves(run, a, told, n, low, m1, l1, high, m2, l2):
    analysis = run.analyses[a]["name"]
    peaks = run.rows("peaks", analysis=analysis)
    shapes_are(peaks[peaks["model"].isin(run.trained)], told, n, ", | and ")
    for said, model, layer in ((low, m1, l1), (high, m2, l2)):
        run.best_is(analysis, run.labels[model], layer)
        limits_are(said, run.score(analysis, run.labels[model], layer), "score")
    ends_are(run, analysis, [m1, m2])


def counted_returns(run, a, k, n):
    analysis, rises = run.analyses[a]["name"], 0
    peaks = run.rows("peaks", analysis=analysis)
    peaks = peaks[peaks["model"].isin(run.trained)]
    for _, peak in peaks.iterrows():
        row = run.row("last_block_contrasts", analysis=analysis, model=peak["model"], layer=peak["layer"])
        rises += row["last"] != peak["layer"] and run.verdict(row) == "above"
    count_is(k, rises)
    count_is(n, len(peaks))


def pair(run, a, first, second, where=None, most=None, v=None, p=None, less=None):
    rows = run.rows("curve_contrasts", analysis=run.analyses[a]["name"])
    for side, letter in ((first, "a"), (second, "b")):
        said = re.fullmatch(
            r"(?P<name>\S+(?: \([^()]*\))?) \([^()]*?(?:, mean of (?P<seeds>\d+) pre-training seeds)?\)", side
        )
        assert said, side
        name = run.labels.get(said["name"], said["name"])
        recipe = run.models[name]["recipe"] if name in run.models else name
        rows = rows[rows[f"model_{letter}"].isin([name, recipe])]
        if said["seeds"]:
            count_is(said["seeds"], rows[f"seeds_{letter}"].max())
    words = [run.verdict(row) for _, row in rows.iterrows()]
    apart = rows[[word in ("above", "below") for word in words]]
    if where is not None:
        same(re.findall(LAYER, where), list(apart["layer"]))
        rows = apart
    largest = rows.loc[rows["difference"].abs().idxmax()]
    same(most, largest["layer"])
    limits_are(v, largest, "difference")
    if p is not None:
        p_is(p, largest["p_holm"])
    if less is not None:
        near(less, run.smallest)


def counted_pairs(run, a, k, n):
    rows = run.rows("curve_contrasts", analysis=run.analyses[a]["name"])
    apart = pd.Series([run.verdict(row) in ("above", "below") for _, row in rows.iterrows()], rows.index)
    apart = apart.groupby([rows["model_a"], rows["model_b"]]).any()
    count_is(k, apart.sum())
    count_is(n, len(apart))


def cannot(run, what, who, reason):
    """That all models named, or so many, lack the analysis or measure for this reason."""
    analysis = run.analyses.get(what)
    keys = {"analysis": analysis["name"]} if analysis else {"measure": run.measures[what]["name"]}
    rows = run.rows("omissions" if analysis else "measure_omissions", reason=reason, **keys)
    if counted := re.fullmatch(r"(\d+) models?", who):
        count_is(counted[1], rows["model"].nunique())
    else:
        told = {run.labels[label] for label in re.split(", | and ", who)}
        same(told - set(rows["model"]), set())


def permutations(run, names, least, most=None):
    for name in re.findall(run.any(run.analyses), names):
        drawn = run.rows("layer_summary", analysis=run.analyses[name]["name"])["permutations"]
        count_is(least, drawn.min())
        count_is(most or least, drawn.max())


def kept_out(run, lost, rows, share, hit, layers, a, m, layer, worst, among, most):
    table = run.rows("layer_summary")
    count_is(lost, table["excluded"].sum())
    count_is(rows, table["excluded"].sum() + table["n_rows"].sum())
    near(share, 100 * table["excluded"].sum() / (table["excluded"].sum() + table["n_rows"].sum()))
    count_is(hit, (table["excluded"] > 0).sum())
    count_is(layers, len(table))
    row = run.score(run.analyses[a]["name"], run.labels[m], layer)
    count_is(worst, row["excluded"])
    count_is(among, row["excluded"] + row["n_rows"])
    near(most, 100 * (table["excluded"] / (table["excluded"] + table["n_rows"])).max())


def flagged(run, units, n, unit, a, m, layer, score, without):
    table = run.rows("influential")
    count_is(units, table["unit"].nunique())
    count_is(n, len(table))
    row = run.row(
        "influential", unit=unit, analysis=run.analyses[a]["name"], model=run.labels[m], layer=layer
    )
    near(score, row["score"])
    near(without, row["score"] - row["influence"])
    same(abs(row["influence"]), table["influence"].abs().max())


def disagree(run, a, b, m, tie, other):
    for name, span in ((a, tie), (b, other)):
        run.tie_is(span, run.analyses[name]["name"], run.labels[m])


def between(run, pair_a, pair_b, told):
    rows = run.rows("inter_scores", model_a=pair_a, model_b=pair_b)
    means = rows.groupby(["layer_a", "layer_b"])[["score", "low", "high", "null"]].mean()
    form = (
        r"(?P<word>Most|Least) alike: <l:a> of <m:m> and <l:b> of <m:o>, <v:v> "
        r"\((?:no permutations|permuted: <f:f>)\)\."
    )
    for found in run.each(form, told):
        row = means.loc[(found["a"], found["b"])]
        limits_are(found["v"], row, "score")
        near(
            f"{row['score']:.12f}", means["score"].max() if found["word"] == "Most" else means["score"].min()
        )
        if found["f"]:
            near(found["f"], row["null"])


def measured(run, e, told):
    measure = run.measures[e]
    main = next(each for each in measure["variants"] if each["name"] == measure["headline"])
    factor = 100 if "(%)" in main["quantity"] else 1
    assert told.startswith(f"{main['title']}: ")
    told = told.removeprefix(f"{main['title']}: ")

    def is_best(model, layer, said):
        rows = run.rows("measures", measure=measure["name"], variant=main["name"], model=model)
        rows = rows[rows["layer"].str.fullmatch(BLOCK)].set_index("layer")
        best = rows["value"].max() if main["higher_is_better"] else rows["value"].min()
        same(rows["value"][layer], best)
        limits_are(said, rows.loc[layer], "value", factor)
        return best

    if found := re.fullmatch(r"best layers of (\d+) models? from (.*)\.", told):
        pairs = run.each(r"<v:v> \(<m:m>, <l:layer>\)", found[2])
        values = [is_best(run.labels[each["m"]], each["layer"], each["v"]) for each in pairs]
        rows = run.rows("measures", measure=measure["name"], variant=main["name"])
        rows = rows[rows["layer"].str.fullmatch(BLOCK) & rows["model"].isin(run.trained)].groupby("model")[
            "value"
        ]
        every = rows.max() if main["higher_is_better"] else rows.min()
        count_is(found[1], len(every))
        ends = [every.max(), every.min()]
        same(values, ends if main["higher_is_better"] else ends[::-1])
        return
    form = r"<m:m> is best at <l:layer>, <v:v>(?: \(its random twin at <l:t>, <v:w>\))?"
    for found in run.each(form, told):
        model = run.labels[found["m"]]
        is_best(model, found["layer"], found["v"])
        if found["t"]:
            twin = next(name for name, each in run.models.items() if each["twin_of"] == model)
            is_best(twin, found["t"], found["w"])


def ordered(run, a, e, n, told):
    measure = run.measures[e]
    keys = {
        "first": run.analyses[a]["name"],
        "second": measure["name"],
        "second_variant": measure["headline"],
    }
    pairs = run.each(r"<m:m> \(<v:v>\)", told)
    count_is(n, len(pairs))
    for found in pairs:
        limits_are(found["v"], run.row("measure_agreement", model=run.labels[found["m"]], **keys), "spearman")


def sums(run, task, wins, losses, ties, n, group):
    name = next(each["name"] for title, each in run.tasks.items() if title.lower() == task)
    rows = run.main("single_weighted")
    words = rows.loc[(rows["task"] == name) & rows["model"].isin(run.group(group)), "verdict"]
    for said, word in ((wins, "single"), (losses, "all"), (ties, "tie")):
        count_is(said, (words == word).sum())
    count_is(n, len(words))


def task(run, k, m, layer, metric, single, every, d, p, verdict, best, others, controls):
    rows = run.main("single_weighted")
    name, model = run.tasks[k]["name"], run.labels[m]
    row = rows[(rows["task"] == name) & (rows["model"] == model)].iloc[0]
    same([layer, metric, VERDICTS[verdict]], [row["layer"], metric_title(run, name), row["verdict"]])
    near(single, row["single"])
    near(every, row["all"])
    limits_are(d, row, "difference")
    p_is(p, row["p_holm"])
    peak = run.row("task_peaks", task=name, metric=row["metric"], model=model)
    same(best, peak["layer"])
    count_is(others or 0, peak["n_tie"] - 1)
    if not controls:
        return
    own, _, clauses = controls.partition(" is ")
    same(own, row["layer"])
    form = (
        r"(?P<word>better than|worse than|not distinguishable from|negligibly different from) "
        r"(?:its random twin at <l:layer>|<m:m>) \(by <v:v>\)"
    )
    for found in run.each(form, clauses):
        twins = [each for each, facts in run.models.items() if facts["twin_of"] == model]
        control = run.labels[found["m"]] if found["m"] else twins[0]
        other = run.row("task_contrasts", task=name, metric=row["metric"], model=model, control=control)
        if found["layer"]:
            same(found["layer"], other["control_layer"])
        limits_are(found["v"], other, "difference")
        word = run.verdict(other, 0)
        if word in ("above", "below"):
            word = "better than" if (word == "above") != lower_is_better(run, name) else "worse than"
        same(found["word"], word)


def counted_task(run, k, metric, n, best, m1, l1, worst, m2, l2):
    name = run.tasks[k]["name"]
    rows = run.main("single_weighted")
    rows = rows[rows["task"] == name].set_index("model")
    count_is(n, len(rows))
    same(metric, metric_title(run, name))
    for said, m, layer in ((best, m1, l1), (worst, m2, l2)):
        near(said, rows["single"][run.labels[m]])
        same(layer, rows["layer"][run.labels[m]])
    ends = [rows["single"].max(), rows["single"].min()][:: -1 if lower_is_better(run, name) else 1]
    same([rows["single"][run.labels[m]] for m in (m1, m2)], ends)


def regrets(run, k, n, group, metric, told):
    name = run.tasks[k]["name"]
    rows = run.main("choice")
    rows = rows[(rows["task"] == name) & rows["model"].isin(run.group(group))]
    count_is(n, rows["model"].nunique())
    same(metric, metric_title(run, name))
    means = rows.groupby("strategy")["regret"].mean()
    least, _, most = told.partition(", most for ")
    form = rf"(?P<way>peak of [\w-]+|{run.any(WAYS)}) \(<f:f>\)"
    for end, text in ((means.sort_values(), least), (means.sort_values(ascending=False), most)):
        for place, found in enumerate(run.each(form, text)):
            near(found["f"], means[run.way(found["way"])])
            near(f"{means[run.way(found['way'])]:.12f}", end.iloc[place])


def ranks(run, k, sure, n, most, high, least=None, low=None):
    rows = run.rows("agreement", task=run.tasks[k]["name"])
    rows = rows[rows["model"].isin(run.trained)]
    count_is(sure, (rows["low"] > 0).sum())
    count_is(n, len(rows))
    means = rows.groupby("analysis")["spearman"].mean()
    near(high, means[run.compared(most)])
    near(f"{means[run.compared(most)]:.12f}", means.max())
    if least is not None:
        near(low, means[run.compared(least)])
        near(f"{means[run.compared(least)]:.12f}", means.min())


def heads(run, m, k, other, v):
    row = run.row(
        "head_agreement",
        model=run.labels[m],
        task_a=run.tasks[k]["name"],
        task_b=run.tasks[other]["name"],
    )
    limits_are(v, row, "spearman")


def published(run, told):
    measure, variant, name, source = told["measure"], told["variant"], told["corpus"], told["source"]
    rows = run.rows("published", measure=measure, variant=variant, corpus=name, source=source)
    worst = rows.loc[rows["difference"].abs().idxmax()]
    count_is(told["k"], (rows["within"] == "yes").sum())
    count_is(told["n"], len(rows))
    near(told["tolerance"], 100 * worst["tolerance"])
    near(told["d"], 100 * worst["difference"])
    same([told["layer"], told["m"]], [worst["layer"], worst["model"]])


def described(run, name, utterances, minutes, speakers, splits, rest):
    told = next(each for each in (run.facts["corpus"], *run.facts["corpora"]) if each["name"] == name)
    count_is(utterances, told["utterances"])
    near(minutes, told["seconds"] / 60)
    count_is(speakers, told["speakers"])
    same({part.split()[1]: int(part.split()[0]) for part in splits.split(", ")}, told["splits"])
    same(rest.rstrip("."), told["description"].rstrip("."))


def licences(run, told):
    parts = [part.rpartition(": ")[2] for part in told.split("; ")]
    same(sorted(set(parts)), sorted(set(run.facts["licences"].values())))


def exclusions(run, n):
    count_is(n, len(run.of["exclusions"]))


def warnings(run, n, utterances):
    found = run.of["warnings"]
    count_is(n, len(found))
    count_is(utterances, len(found[["corpus", "utt_id"]].drop_duplicates()))


def warnings_alone(run, n):
    count_is(n, len(run.of["warnings"]))


def undefined(run, n):
    count_is(n, len(run.of["omissions"]))


def flags(run, n, of=None):
    count_is(of or n, len(run.of["influential"]))


def scores(run, sets, trials):
    count_is(sets, run.facts["samples"])
    count_is(trials, run.facts["trials"])


def negligible(run, f):
    near(f, run.smallest)


def yardstick(run, e, said, floor, main):
    measure = run.measures[e]
    told = next(each for each in measure["variants"] if each["name"] == measure["headline"])
    same(main, told["title"])
    same(said, f"{measure['source']}). {measure['method'].rstrip('.')}")
    if floor is not None:
        near(floor, told["floor"] * (100 if "(%)" in told["quantity"] else 1))


def small(run, minutes):
    near(minutes, run.facts["corpus"]["seconds"] / 60)


def sizes(run, f):
    near(f, min(run.models[name]["parameters"] or math.inf for name in run.trained) / 1e6)


def software(run, told):
    same(dict(part.split(" ") for part in told.split(", ")), run.facts["versions"])


def version(run, told):
    same(told, run.facts["versions"]["layerwise"])


def always(run):
    """Nothing to look up."""
