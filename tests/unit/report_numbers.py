"""Read the sentences of a report back: each number in them is looked up in the CSV files of its tables.

Nothing of `layerwise.report` is called: sentences are taken apart by patterns of their own, and a number has
to be the cell of the row that its sentence names, rounded to as many digits as the sentence gives.
"""

import json
import math
import re
from collections.abc import Callable, Sequence

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


# a sentence as a pattern, and what looks up its numbers
Form = tuple[str, Callable[..., None]]


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

    def __init__(self, folder, facts, forms: Sequence[Form]):
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
        self.forms = [(self.pattern(form), check) for form, check in forms]

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
