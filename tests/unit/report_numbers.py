"""Read the sentences of a report back: each number in them is looked up in the CSV files of its tables.

Nothing of `layerwise.report` is called: sentences are taken apart by patterns of their own, and a number has
to be the cell of the row that its sentence names, rounded to as many digits as the sentence gives.
"""

import json
import math
import re
from collections.abc import Callable

import pandas as pd

MINUS = "\N{MINUS SIGN}"
LAYER = r"(?:[CT]\d+(?:\+ln|-pos)?)"
BLOCK = r"T\d+(\+ln)?"
NUMBER = rf"{MINUS}?\d+(?:\.\d+)?"
INTERVAL = rf"{NUMBER}(?: \[(?:one unit|{NUMBER}, {NUMBER})\])?"
SPAN = rf"{LAYER}(?:(?: to |, | and ){LAYER})*"
P_CLAUSE = r"p (?:<|=) \d\.\d+"
WAYS = {
    "best on dev": "dev",
    "largest weight": "weight",
    "last block": "last",
    "average layer": "average",
    "learned sum": "all",
}
VERDICTS = {
    "the single layer is better": "single",
    "the sum is better": "all",
    "neither is distinguishably better": "tie",
}
TASK_CURVES = {"pr": "cca-phone"}  # all others: words
# What is said of a curve of each shape (`layerwise.report.shapes`): in its section, and on page one.
SHAPES = {
    "too little data": (r"there is too little data to say", r"cannot tell \(too little data\)"),
    "contradiction": (r"the sample sets contradict each other", r"cannot tell \(contradiction\)"),
    "flat": (r"is flat over all block layers", r"flat over"),
    "U": (r"falls and rises again", r"U-shaped, best at"),
    "rises": (r"(?<!and )rises from T0|and rises from there", r"rises, best at"),
    "falls": (r"falls from|and falls from there", r"falls, best at"),
    "plateau": (r"which do not differ clearly", r"best at"),
    "tie": (r"has no single best block layer", r"best at"),
    "peak": (r"(?:peaks|is lowest) among block layers at", r"best at"),
}
# Numbers that are no results: what is said of every run.
CONSTANT = (
    r"\b95%|\b5%|by more than 0\.05, or by more than 0\.01 and 5 robust standard deviations",
    r"(?:interval lies|have an interval) above 0|signed so that 1 is perfect agreement|\(1 "
    r"/ \(1 \+ draws\) at least",
    r"SHA-256",
    # Captions of figures.
    r"\bT0\b|add up to 1|left of 0|1 means that|about 0 that|so that 1 is agreement|at most 100 labels",
    r"Hann window of 6 ms, 55 dB|\(0: input of the first block, 1: last block\)",
    r"tables/[\w.-]+|tables/ \([\w., ]+\)|lineage/",
)
# Whole texts that say the same in every run, but for what is in braces.
METHODS = (
    r"Layers\. C1, C2, \.\.\. are the outputs .*, T0 is the input .*, T1, T2, \.\.\. are block outputs\..*",
    r"Layer analyses\. .*\(PWCCA; Morcos et al\., 2018\).* a random view scores about 0\.",
    r"Permutations\. .*\(s - c\)/\(1 - c\), 0 at chance and 1 at best \(Gröger et al\., 2026\).*2020\).*\.",
    r"Tasks\. As in SUPERB \(Yang et al\., 2021\), .*",
    r"A choice of a layer .* below 0\. .* T0 is left out for CCA-intra, .*",
    r"Protocol: corrected\. It follows Pasad et al\. \(2023\) .*",
)


class UntracedError(AssertionError):
    """A number of a sentence that is not the cell of its table, or a sentence that nobody can read back."""


def near(said, value):
    """Whether a number, as it is printed, is a value rounded to its digits."""
    digits = len(said.partition(".")[2])
    printed = float(said.replace(MINUS, "-"))
    if not abs(printed - float(value)) <= 0.5 * 10.0**-digits + 1e-9:
        raise UntracedError(f"said {said}, the table has {value}")


def count_is(said, number):
    if int(said) != int(number):
        raise UntracedError(f"said {said}, counted {number}")


def limits_are(said, row, column, factor=1, ends=("low", "high")):
    """Whether ``1.2 [1.1, 1.3]`` is a cell with its limits; infinite limits: one unit; none: not said."""
    value, _, rest = said.partition(" [")
    near(value, factor * row[column])
    low, high = (float(row[end]) for end in ends)
    if math.isnan(low) or math.isnan(high):
        expected = ""
    elif math.isinf(low) or math.isinf(high):
        expected = "one unit]"
    else:
        numbers = re.findall(NUMBER, rest)
        if len(numbers) != 2:
            raise UntracedError(f"said {said}, the table has {low} to {high}")
        for number, end in zip(numbers, (low, high), strict=True):
            near(number, factor * end)
        return
    if rest != expected:
        raise UntracedError(f"said {said}, the table has {low} to {high}")


def p_is(said, value):
    sign, number = said.split()[-2:]
    if sign == "<":
        if not float(value) < float(number):
            raise UntracedError(f"said p < {number}, the table has {value}")
    else:
        near(number, value)


def same(said, found):
    if said != found:
        raise UntracedError(f"said {said!r}, the table has {found!r}")


class Sentences:
    """The tables of a run as files, and what its sentences say of them."""

    def __init__(self, folder, facts):
        self.of = {}
        for path in sorted(folder.glob("*.csv")):
            table = pd.read_csv(path, dtype={"layer": str}, keep_default_na=False, na_values=["nan", ""])
            words = table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]
            self.of[path.stem] = table.fillna(dict.fromkeys(words, ""))
        self.facts = json.loads(facts.read_text())
        self.models = {model["name"]: model for model in self.facts["models"]}
        self.trained = [name for name, model in self.models.items() if model["kind"] == "trained"]
        self.labels = {name: name for name in self.models}
        self.labels |= {
            f"{name} ({model['supervision']})": name
            for name, model in self.models.items()
            if model["supervision"] != "self-supervised"
        }
        self.analyses = {each["title"].split(" (")[0]: each for each in self.facts["analyses"]}
        self.measures = {each["title"]: each for each in self.facts["measures"]}
        self.tasks = {each["title"]: each for each in self.facts["tasks"]}
        self.smallest = self.facts["smallest_effect"]
        self.forms = [(self.pattern(form), check) for form, check in FORMS]

    def pattern(self, form):
        kinds = {
            "m": self.any(self.labels),
            "a": self.any(self.analyses),
            "e": self.any(self.measures),
            "k": self.any(self.tasks),
            "r": self.any(recipe for model in self.models.values() if (recipe := model["recipe"])),
            "l": LAYER,
            "v": INTERVAL,
            "f": NUMBER,
            "n": r"\d+",
            "s": SPAN,
            "p": P_CLAUSE,
            "w": r"[^\d]*?",
            "x": r".+?",
        }
        named = {"_": "(?:"}
        return re.compile(
            re.sub(
                r"<(\w):(\w+)>",
                lambda found: f"{named.get(found[2], f'(?P<{found[2]}>')}{kinds[found[1]]})",
                form,
            ),
            re.DOTALL,
        )

    @staticmethod
    def any(names):
        return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"

    # What tables have.

    def rows(self, table, **values):
        found = self.of[table]
        for column, value in values.items():
            found = found[found[column] == value]
        return found

    def row(self, table, **values):
        found = self.rows(table, **values)
        if len(found) != 1:
            raise UntracedError(f"{len(found)} rows in {table} for {values}")
        return found.iloc[0]

    def score(self, analysis, model, layer):
        return self.row("layer_summary", analysis=analysis, model=model, layer=layer)

    def blocks(self, analysis, model):
        rows = self.rows("layer_summary", analysis=analysis, model=model)
        return rows[rows["layer"].str.fullmatch(BLOCK)].sort_values("layer_index")

    def spanned(self, said, analysis, model):
        """The layers that ``T1 to T3`` or ``T1, T3 and T4`` names."""
        names = re.findall(LAYER, said)
        if " to " not in said:
            return names
        every = list(self.blocks(analysis, model)["layer"])
        return every[every.index(names[0]) : every.index(names[1]) + 1]

    def tie_is(self, said, analysis, model):
        peak = self.row("peaks", analysis=analysis, model=model)
        same(self.spanned(said, analysis, model), peak["tie"].split())

    def best_is(self, analysis, model, layer):
        same(layer, self.row("peaks", analysis=analysis, model=model)["layer"])

    def verdict(self, row, smallest=None):
        smallest = self.smallest if smallest is None else smallest
        if -smallest < row["low"] and row["high"] < smallest:
            return "negligibly different from"
        if not row["p_holm"] < 0.05:
            return "not distinguishable from"
        return "above" if row["difference"] > 0 else "below"

    def main(self, table):
        """Rows of trained models in the metric that decides."""
        found = self.rows(table)
        metric = {task["name"]: task["metric"]["name"] for task in self.tasks.values()}
        decides = [metric[task] == name for task, name in zip(found["task"], found["metric"], strict=True)]
        return found[pd.Series(decides, found.index, bool) & found["model"].isin(self.trained)]

    def group(self, name):
        own = [model for model in self.trained if self.models[model]["supervision"] == "self-supervised"]
        return own if name == "self-supervised" else [model for model in self.trained if model not in own]

    def compared(self, name):
        """Name in tables of an analysis, measure or the learned weights, by its title."""
        if name == "the learned weights":
            return "weights"
        return (self.analyses.get(name) or self.measures[name])["name"]

    def way(self, title):
        return WAYS.get(title) or title.removeprefix("peak of ")

    # How texts are read.

    def read(self, text):
        """Check every number of a text; raise `UntracedError` for one that is wrong or that no form knows."""
        if not re.search(r"\d", self.without_names(text)):
            return
        for pattern, check in self.forms:
            if found := pattern.fullmatch(text):
                try:
                    check(self, **found.groupdict())
                except (UntracedError, LookupError, TypeError, ValueError) as error:
                    raise UntracedError(f"{text}\n{error!r}") from error
                return
        raise UntracedError(f"no form for: {text}")

    def without_names(self, text):
        for pattern in CONSTANT:
            text = re.sub(pattern, "", text)
        titles = [variant["title"] for each in self.measures.values() for variant in each["variants"]]
        return re.sub(rf"{self.any([*titles, *self.labels])}", "", text)

    def each(self, pattern, text):
        """All matches of a pattern in a text, of which nothing with a digit may be left."""
        compiled = self.pattern(pattern)
        if re.search(r"\d", self.without_names(compiled.sub("", text))):
            raise UntracedError(f"left over: {compiled.sub('', text)}")
        return [found.groupdict() for found in compiled.finditer(text)]


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


PAIR = r"<a:a> of <x:first> and <x:second>: what training adds to the random twin "
FORMS: list[tuple[str, Callable[..., None]]] = [
    # Page one.
    (r"<a:a>, best scores: <x:found>; n = (?P<n>\d+ (?:unit|trial)s?)\.", best_scores),
    (r"<a:a>: best scores (?P<found>from .+); n = (?P<n>\d+ (?:unit|trial)s?)\.", best_scores),
    (r"Yes, at some layers: in <n:k> of <n:n> pairs? of objectives\.", objective),
    (r"No: less than <f:less> at every layer, in <n:n> pairs? of objectives\.", objective),
    (r"Cannot tell: no layer differs beyond doubt in <n:n> pairs? of objectives\.", objective),
    (
        rf"Largest difference of what training adds: <v:v> \(<x:a> {MINUS} <x:b>, <a:name>, "
        rf"<l:layer>; <p:p> after "
        r"Holm, n = <n:units>\)\.",
        objective,
    ),
    (r"Not always: its peak loses clearly in <n:k> of <n:n> cases?\.", losses),
    (r"No clear loss by its peak in <n:n> cases?\.", lambda run, n: losses(run, n, "0")),
    (
        r"Clear losses of the <n:n> cases? \(model and task\): curve's peak <n:curve>, <x:others>\.",
        losses,
    ),
    (r"Its largest regret: <v:v> in <x:metric> \(<m:m>, <l:layer>, n = <n:n>\)\.", largest_regret),
    (
        r"Better in <n:better>, worse in <n:worse>, tie in <n:tie> of <n:n> cases? \(model and task\)\.",
        cases,
    ),
    (
        r"Advantage of the single layer, <x:told>; paired on (?P<units>\d+(?: to \d+)?) test "
        r"units, Holm over "
        r"models\.",
        advantages,
    ),
    (r"Precision: the median interval of a layer's score is \N{PLUS-MINUS SIGN}<x:told>\.", precision),
    (r"It rests on <n:utterances> utterances? \(<n:minutes> min\) of <n:speakers> speakers?:<w:_>\.", corpus),
    (
        r"This report analyses the layers of <n:trained> trained speech models? on the corpus <x:name> "
        r"\(<n:utterances> utterances?, <f:minutes> min, <n:speakers> speakers?\) with the \w+ protocol\."
        r"(?P<rest>.*)",
        abstract,
    ),
    # Curves.
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\) and "
        r"rises again to <v:there> at its last block <l:last> \(difference <v:d>\): it returns "
        r"towards its input\.",
        returns,
    ),
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\); its "
        r"last block <l:last> \(<v:there>\) is <w:word> that \(difference <v:d>\)\.",
        returns,
    ),
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\), its "
        r"last block: it moves away from its input to the end\.",
        lambda run, **said: returns(run, last=None, there=None, d=None, **said),
    ),
    (r"(?P<what><a:_>) of <x:who> cannot be run: <x:reason>\.", cannot),
    (r"(?P<what><e:_>) cannot be run for <x:who>: <x:reason>\.", cannot),
    (PAIR + r"differs at <x:where>, most at <l:most>, by <v:v> \(<p:p>\)\.", pair),
    (PAIR + r"differs negligibly at every layer \(by less than <f:less>; most at <l:most>: <v:v>\)\.", pair),
    (PAIR + r"is not distinguishable; the largest difference is <v:v> at <l:most>\.", pair),
    (r"<a:a> of <m:m>(?P<shape>:? [^.]*(?:\.\d[^.]*)*)\.(?: At <l:at> it is (?P<controls>.*)\.)?", curve),
    (
        r"<a:a>, shapes over block layers: <x:told> of <n:n> models?; (?:best|lowest) scores from <v:low> "
        r"\(<m:m1>, <l:l1>\) to <v:high> \(<m:m2>, <l:l2>\)\.",
        counted_curves,
    ),
    (r"<a:a> rises again to the last block, beyond doubt, in <n:k> of <n:n> models?\.", counted_returns),
    (r"<a:a>: above every control \([\w ,]+\) in <n:k> of <n:n> models?\.", above_controls),
    (
        r"<a:a>: what training adds to the random twin differs at some layer in <n:k> of <n:n> "
        r"pairs? of models "
        r"with different objectives \(tables/curve_contrasts\.csv\)\.",
        counted_pairs,
    ),
    # What scores rest on.
    (r"<x:names>: <n:least>(?: to <n:most>)? permuted draws over all sample sets, [^\d]*\.", permutations),
    (
        r"Test rows whose variates leave the training range are kept out: <n:lost> of <n:rows> "
        r"\(<f:share>%\), in "
        r"<n:hit> of <n:layers> layers; most in <a:a> of <m:m> at <l:layer>: <n:worst> of "
        r"<n:among> \(<f:most>%\)\.",
        kept_out,
    ),
    (
        r"<n:units> units? \([\w ,]+\) move the mean score of a layer by more than 0\.05, or "
        r"by more than 0\.01 and "
        r"5 robust standard deviations, in <n:n> cases?; most <x:unit>: <a:a> of <m:m> at "
        r"<l:layer> is <f:score> with "
        r"it and <f:without> without \(tables/influential\.csv\)\.",
        flagged,
    ),
    (
        r"<a:a> and <a:b> of <m:m> contradict each other on the best block layer: <s:tie> "
        r"against <s:other>\.",
        disagree,
    ),
    (r"<m:pair_a> against <m:pair_b>\. (?P<told>Most alike.*)", between),
    # Measures.
    (
        r"Against <a:a>, <e:e> orders the block layers of <n:n> trained models? as follows \(Spearman\): "
        r"<x:told>\.",
        ordered,
    ),
    (r"<e:e>, (?P<told>.*)", measured),
    (
        r"(?P<measure>[\w-]+), (?P<variant>[\w-]+), on <x:corpus>, against <x:source>: <n:k> "
        r"of <n:n> values? "
        r"within <f:tolerance> points; the largest difference is <f:d> points, at <l:layer> of <m:m>\.",
        lambda run, **said: published(run, said),
    ),
    # Tasks.
    (
        r"In (?P<task>[^\d]+), the single layer that is best on dev beats the learned sum of all layers for "
        r"<n:wins>, loses to it for <n:losses> and is not distinguishable from it for <n:ties> of <n:n> "
        r"(?P<group>self-supervised|supervised) models?\.",
        sums,
    ),
    (
        r"<k:k>\. <m:m>: <l:layer>, best on dev, has test <w:metric> <f:single>, the learned "
        r"sum of all layers "
        r"<f:every>; the difference is <v:d> \(<p:p>\): <w:verdict>\. Best on test is "
        r"<l:best>, (?:alone|which does "
        r"not beat <n:others> others?)(?:\. (?P<controls>.*))?\.",
        task,
    ),
    (
        r"<k:k>: test <w:metric> of the single layer that is best on dev, from the best to the "
        r"worst of <n:n> "
        r"models?: <f:best> \(<m:m1>, <l:l1>\) to <f:worst> \(<m:m2>, <l:l2>\)\.",
        counted_task,
    ),
    (
        r"<k:k>, <n:n> (?P<group>self-supervised|supervised) models?: mean regret in <w:metric> is least for "
        r"<x:told>\.",
        regrets,
    ),
    (
        r"<k:k>: rank correlations with the layers' order have an interval above 0 in <n:sure> "
        r"of <n:n> cases? "
        r"\(model and analysis\); on average most <w:most> \(<f:high>\)(?:, least <w:least> \(<f:low>\))?\.",
        ranks,
    ),
    (r"<m:m>: <k:k> and <k:other> rank layers alike with Spearman <v:v>\.", heads),
    # Data.
    (
        r"(?:For tasks, )?<x:name>: <n:utterances> utterances, <f:minutes> minutes, <n:speakers> speakers? "
        r"\(<x:splits>\)\. (?P<rest>.*)",
        described,
    ),
    (r"Licences of what was analysed: <x:told>\.", licences),
    (r"<n:n> exclusions? (?:was|were) made on the way; .*", exclusions),
    (r"<n:n> warnings? (?:was|were) given on <n:utterances> utterances? that .*", warnings),
    (r"Warnings \(<n:n>\) on utterances .*", warnings_alone),
    (r"Rank correlations that are undefined .* \(<n:n>\), and why\.", undefined),
    (r"Exclusions \(<n:n>\), by stage and reason\. Each: tables/exclusions\.csv\.", exclusions),
    (r"Flagged units \((?:the \d+ largest of )?<n:n>\): mean score .*", flags),
    # Method and limits.
    (
        r"Scores are means over <n:sets> sample sets? of <n:trials> trials? each\. .* Intervals hold 95%: .* "
        r"U/\(U - 1\) .* U - 1 degrees .* \(2003\), whose variance \(1/n .*",
        scores,
    ),
    (
        r"Differences of layers .* 5%, .* A difference whose interval lies within <f:f> on "
        r"both sides of 0 is .*",
        negligible,
    ),
    (
        r"<e:e> \(<x:said>\. [^.]*: (?:higher|lower) is better\.(?: A layer that knows nothing "
        r"has <f:floor>\.)? "
        r"The variant <x:main> stands for it where layers are ranked and chosen\.",
        yardstick,
    ),
    (r"The corpus is small \(<n:minutes> min\): .*", small),
    (r"Some models are far smaller .* \(from <f:f> million parameters\): .*", sizes),
    (r"All numbers, .*, are in tables/(?: \([\w., ]+\))?\.(?: Software: <x:told>\.)?", software),
    (r"Cite this software as layerwise <x:told> \(CITATION\.cff\) .* \(2023\), .*", version),
    *((method, always) for method in METHODS),
    (r"(?P<answer>(?:<a:_>: [^.]*\. ?)+)", first_answer),
]
