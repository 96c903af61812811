"""Whether p values and intervals keep what they promise, on simulated corpora of which the truth is known.

    python -m benchmarks.calibration                       all, as in docs/statistics.md: an hour of one core
    python -m benchmarks.calibration --runs 50 errors      one of errors, coverage, seeds, partial; rougher

Corpora are those of `benchmarks/simulated.py`; engine and summaries are those of a run (`layerwise.cca`,
`layerwise.report.evidence`).

Prints one row per figure: experiment, world, what, value, error (one standard error), runs, and least and
most, which it should lie between.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulated import Corpus, World, draw, of_twelve_speakers
from layerwise.cca.crossval import score_parts
from layerwise.cca.inputs import as_view, as_views
from layerwise.cca.scored import Scored
from layerwise.cca.splits import assign_partitions
from layerwise.cca.summary import chance_p, mean_score
from layerwise.options.scoring import ScoringOptions
from layerwise.report.evidence import Evidence

LEVEL = 0.05
P_LIMITS, COVERAGE_LIMITS = (0.035, 0.065), (0.92, 0.98)
RESEEDED, WHOLE = 10, 20  # seeds of one corpus; corpora scored without taking phones out
MODEL, ANALYSIS = "model", "analysis"
FIGURES = ["experiment", "world", "what", "value", "error", "runs", "least", "most"]


@dataclass
class Scores:
    """Scores of all layers of a corpus."""

    scored: list[Scored]
    layers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layers = [f"T{number}" for number in range(len(self.scored))]

    @property
    def evidence(self) -> Evidence:
        """The tables of a run."""
        tables = [
            pd.concat(
                getattr(scored, name).assign(
                    model=MODEL, layer=layer, layer_index=number, analysis=ANALYSIS, sample=0
                )
                for number, (layer, scored) in enumerate(zip(self.layers, self.scored, strict=True))
            )
            for name in ("trials", "units", "null")
        ]
        return Evidence(*tables)

    def contrast(self, *weights: float) -> tuple[float, float, float, float]:
        """Weighted sum of the layers' scores, its limits, and p."""
        pairs = zip(self.layers, weights, strict=False)
        found = self.evidence.contrast(
            ANALYSIS, {(MODEL, layer): weight for layer, weight in pairs if weight}
        )
        return found.difference, found.low, found.high, found.p


def score(
    corpus: Corpus, options: ScoringOptions, seed: int, given: bool = False, layers: int | None = None
) -> Scores:
    """Score the layers of a corpus as a run does."""
    views = as_views(corpus.layers[0], corpus.target)
    part = assign_partitions(
        len(corpus.utterance),
        groups=corpus.utterance,
        labels=views.labels,
        parts=options.parts,
        partitions=options.partitions,
        seed=seed,
    )
    return Scores(
        [
            score_parts(
                as_view(layer),
                views.y,
                part,
                options,
                units=corpus.unit,
                within=corpus.utterance if views.labels is None else None,
                speakers=corpus.speaker,
                permute=views.labels is not None,
                seed=seed,
                given=corpus.given if given else None,
            )
            for layer in corpus.layers[:layers]
        ]
    )


def errors(world: World, runs: int, options: ScoringOptions) -> Iterator[list[object]]:
    """How often each p is at most 0.05 where nothing is there to be found."""
    found: dict[str, list[float]] = {}
    for run in range(runs):
        scores = score(draw(world, np.random.default_rng([1, run])), options, run)
        evidence = scores.evidence
        best = max(evidence.mean(ANALYSIS, (MODEL, layer)) for layer in scores.layers)
        draws = evidence.best_draws(ANALYSIS, MODEL, scores.layers, 1)
        last = scores.scored[-1]
        values = {"p of a contrast": scores.contrast(-1, 1)[3]}
        if not any(world.strengths):
            values["p of a layer"] = mean_score(last.trials, last.units, last.null).p
            values["p of the peak"] = chance_p(best, draws)
        for what, p in values.items():
            found.setdefault(what, []).append(p)
    for what, values_of_p in found.items():
        yield _rate("type-I error", world.name, what, np.array(values_of_p) <= LEVEL, P_LIMITS)


def coverage(world: World, runs: int, options: ScoringOptions) -> Iterator[list[object]]:
    """How often the 95 % intervals hold the mean over corpora of the score that they are printed with."""
    limits: dict[str, list[tuple[float, float, float]]] = {}
    for run in range(runs):
        scores = score(draw(world, np.random.default_rng([2, run])), options, run)
        last = scores.scored[-1]
        mean = mean_score(last.trials, last.units)
        trial = last.trials.iloc[0]
        values = {
            "score": (mean.score, mean.low, mean.high),
            "score of a part": (trial.score, trial.low, trial.high),
            "difference": scores.contrast(-1, 1)[:3],
            "difference of differences": scores.contrast(1, -2, 1)[:3],
        }
        for what, value in values.items():
            limits.setdefault(what, []).append(value)
    for what, rows in limits.items():
        middle, low, high = np.array([row for row in rows if np.isfinite(row).all()]).T
        truth = middle.mean()
        yield _rate("coverage", world.name, what, (low <= truth) & (truth <= high), COVERAGE_LIMITS)
        width = (high - low).mean() / (2 * 1.96) / middle.std(ddof=1)
        label = f"{what}: half width / 1.96 deviations"
        yield ["coverage", world.name, label, width, np.nan, runs, np.nan, np.nan]


def seeds(world: World, runs: int, options: ScoringOptions) -> Iterator[list[object]]:
    """How far the scores of one corpus by ten seeds spread, and how many lie in the interval of the first."""
    inside, spread = [], []
    for run in range(runs):
        corpus = draw(world, np.random.default_rng([3, run]))
        means = [
            mean_score(scored.trials, scored.units)
            for seed in range(RESEEDED)
            for scored in score(corpus, options, seed, layers=1).scored
        ]
        first, values = means[0], np.array([mean.score for mean in means])
        inside.append(float(np.mean((first.low <= values) & (values <= first.high))))
        spread.append(float(values.std(ddof=1)) / ((first.high - first.low) / 2))
    yield ["seeds", world.name, "scores inside the interval", *_mean(inside), runs, 0.98, 1]
    yield ["seeds", world.name, "deviation / half width", *_mean(spread), runs, 0, 0.4]


def partial(world: World, runs: int, options: ScoringOptions) -> Iterator[list[object]]:
    """What is left of words where a layer holds phones only, and where it holds words too."""
    for own, what in ((0.0, "phones only"), (0.35, "words too")):
        p, left, plain = [], [], []
        for run in range(runs if own == 0 else max(runs // 10, 1)):
            corpus = draw(replace(world, own=own), np.random.default_rng([4, run]))
            scored = score(corpus, options, run, given=True, layers=1).scored[0]
            p.append(mean_score(scored.trials, scored.units, scored.null).p)
            left.append(mean_score(scored.trials, scored.units, scored.null).calibrated)
            if run < WHOLE:
                whole = score(corpus, _without_null(options), run, layers=1).scored[0]
                plain.append(float(whole.trials["score"].mean()))
        limits = P_LIMITS if own == 0 else (0.95, 1.0)
        yield _rate("type-I error" if own == 0 else "power", world.name, what, np.array(p) <= LEVEL, limits)
        yield ["partial", world.name, f"{what}: score", *_mean(plain), len(plain), np.nan, np.nan]
        yield [
            "partial",
            world.name,
            f"{what}: calibrated, given phones",
            *_mean(left),
            len(left),
            *((-0.02, 0.02) if own == 0 else (0.05, 1)),
        ]


def _without_null(options: ScoringOptions) -> ScoringOptions:
    return options.model_copy(update={"permutations": 0})


def _mean(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))


def _rate(
    experiment: str, world: str, what: str, hits: NDArray[np.bool_], limits: tuple[float, float]
) -> list[object]:
    rate = float(np.mean(hits))
    return [experiment, world, what, rate, np.sqrt(rate * (1 - rate) / len(hits)), len(hits), *limits]


NULL = (
    World("labels", "labels"),
    of_twelve_speakers(World("labels", "labels")),
    World("labels, 4 speakers", "labels", classes=5, speakers=4, utterances=60, length=10),
    World("labels, layers alike", "labels", (0.4, 0.4)),
    World("frames", "frames", length=200),
    of_twelve_speakers(World("frames", "frames", length=120)),
)
TRUE = (
    World("labels", "labels", (0.3, 0.45, 0.6)),
    World("labels, weak", "labels", (0.1, 0.15, 0.2)),
    of_twelve_speakers(World("labels", "labels", (0.3, 0.45, 0.6))),
    World("labels, 64 dimensions", "labels", (0.2, 0.3, 0.4), 64, 30, speakers=60, utterances=60),
    World("frames", "frames", (0.2, 0.3, 0.4), length=150, speakers=60, utterances=60),
    of_twelve_speakers(World("frames", "frames", (0.2, 0.3, 0.4), length=100, speaker_effect=0.3)),
    of_twelve_speakers(World("frames, large offsets", "frames", (0.2, 0.3, 0.4), length=100)),
)
WORDS = World("words", "words", (0.5,), length=30, classes=20)


def figures(names: list[str], runs: int | None, options: ScoringOptions) -> Iterator[list[object]]:
    """Yield the rows of the experiments named; ``runs`` corpora of each world, None: those documented."""
    if "errors" in names:
        for world in NULL:
            yield from errors(world, runs or 1000, options)
    if "coverage" in names:
        for world in TRUE:
            yield from coverage(world, runs or 400, _without_null(options))
    if "seeds" in names:
        for world in (TRUE[0], TRUE[4]):
            yield from seeds(world, runs or 40, _without_null(options))
    if "partial" in names:
        yield from partial(WORDS, runs or 1000, options)


EXPERIMENTS = ["errors", "coverage", "seeds", "partial"]


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="*", default=EXPERIMENTS, choices=EXPERIMENTS)
    parser.add_argument("--runs", type=int, help="corpora of each world")
    parser.add_argument("--permutations", type=int, default=39)
    parser.add_argument("--null-cost", type=float, default=1.0)
    arguments = parser.parse_args()
    options = ScoringOptions(
        permutations=arguments.permutations, null_cost=arguments.null_cost, control=False
    )
    header = True
    for row in figures(arguments.experiments, arguments.runs, options):
        line = pd.DataFrame([row], columns=FIGURES).round(4).to_csv(index=False, header=header)
        print(line, end="", flush=True)
        header = False


if __name__ == "__main__":
    main()
