"""Whether comparisons of layers in tasks keep what they promise, on simulated results without differences.

    python -m benchmarks.comparisons                  all, as in docs/choice.md: ten minutes of one core
    python -m benchmarks.comparisons --runs 200       rougher

From the root of the repository. In these worlds all layers and the learned sum are alike on average, but each
finds other utterances hard, each training turns out a little better or worse, and speakers differ.
Comparisons are those of a run (`layerwise.report.task_counts`, `layerwise.tasks.paired`).

Prints one row per figure: world, what, value, error (one standard error), runs.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from layerwise.cca.paired import holm
from layerwise.report.task_counts import TaskCounts
from layerwise.specs.metrics import ACCURACY, PER
from layerwise.tasks.paired import comparison_units

LEVEL = 0.05
DRAWS = 999
BLOCKS = 7
LAYERS = (*(f"T{number}" for number in range(BLOCKS)), "all")
MODELS = 5  # of the family that Holm corrects for


@dataclass(frozen=True)
class World:
    """Results without a difference. Sizes are standard deviations on the probit scale.

    ``training`` is what a training adds to all utterances, ``utterance`` what a layer finds hard of its own;
    ``uneven``: trainings of the lowest layers vary three times as much as the others.
    """

    utterances: int
    seeds: int = 3
    speakers: int = 1
    errors: bool = False
    training: float = 0.05
    utterance: float = 0.5
    speaker: float = 0.3
    uneven: bool = False
    gain: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(LAYERS)))

    def draw(self, rng: np.random.Generator, utterances: int | None = None) -> TaskCounts:
        """Draw the results of one model in one task."""
        number = utterances or self.utterances
        shape = (len(LAYERS), self.seeds, number)
        speaker = np.arange(number) % self.speakers
        hard = rng.normal(0.0, 0.8, number) + rng.normal(0.0, self.speaker, self.speakers)[speaker]
        own = rng.normal(0.0, self.utterance, (len(LAYERS), 1, number))
        if self.speakers > 1:  # a layer's way with a single speaker would be a true difference
            own += rng.normal(0.0, self.speaker / 2, (len(LAYERS), 1, self.speakers))[..., speaker]
        luck = rng.normal(0.0, self.training, (len(LAYERS), self.seeds, 1))
        if self.uneven:
            luck[:2] *= 3
        ease = self.gain[:, None, None] + hard + own + luck + rng.normal(0.0, 0.4, shape)
        if self.errors:
            totals = rng.integers(5, 60, number).astype(np.float64)
            counts = rng.binomial(totals.astype(int), norm.cdf(-0.8 - 0.5 * ease)).astype(np.float64)
        else:
            totals = np.ones(number)
            counts = (ease + rng.normal(0.0, 0.4, shape) > 0).astype(np.float64)
        units = comparison_units([f"u{place}" for place in range(number)], [f"s{name}" for name in speaker])
        names = sorted(set(units))
        member = (np.array(units)[:, None] == names).astype(np.float64)
        metric = PER if self.errors else ACCURACY
        return TaskCounts("m", "t", metric, LAYERS, tuple(names), counts @ member, totals @ member)


WORLDS = {
    "accuracy, 60 utterances": World(60),
    "accuracy, 300 utterances": World(300),
    "accuracy, 300 utterances, one training": World(300, seeds=1),
    "accuracy, 300 utterances, trainings vary much": World(300, training=0.2),
    "accuracy, 300 utterances, uneven trainings": World(300, uneven=True),
    "accuracy, 400 utterances, 12 speakers": World(400, speakers=12),
    "errors, 60 utterances": World(60, errors=True),
    "errors, 300 utterances": World(300, errors=True),
    "errors, 400 utterances, 40 speakers": World(400, speakers=40, errors=True),
}


def false_alarms(world: World, runs: int) -> Iterator[tuple[str, list[float]]]:
    """A layer against the sum, given or chosen on dev; a family of models; tie sets."""
    given, chosen, family, covered, left_out, regret = [], [], [], [], [], []
    for run in range(runs):
        rng = np.random.default_rng([run, world.utterances])
        test, dev = world.draw(rng), world.draw(rng)
        whole = test.layer("all")
        found = test.differences([test.layer("T3"), test.layer(_best(dev))], [whole, whole], run, DRAWS)
        given.append(float(found[0].p < LEVEL))
        chosen.append(float(found[1].p < LEVEL))
        others = [world.draw(rng) for _ in range(MODELS - 1)]
        p = [found[0].p] + [
            other.differences([other.layer("T3")], [other.layer("all")], run, DRAWS)[0].p for other in others
        ]
        family.append(float(min(holm(p)) < LEVEL))
        best_found, layer = test.best(run), test.layer("T3")
        more = [test.choosing(best_found, layer)]
        (lost,) = test.differences([best_found], [layer], run, DRAWS, more)
        regret.append(float(lost.low > 0 or lost.high < 0))
        best = _best(test)
        layers = [layer for layer in test.single if layer != best]
        beaten = holm(
            [
                entry.p
                for entry in test.differences(
                    [test.layer(best)] * len(layers), [test.layer(layer) for layer in layers], run, DRAWS
                )
            ]
        )
        out = {layer for layer, value in zip(layers, beaten, strict=True) if value < LEVEL}
        covered.append(float("T3" in out))
        left_out.append(float(bool(out)))
    yield "a given layer is told from the sum", given
    yield "one of five models is, after Holm", family
    yield "the layer best on a dev set of that size is", chosen
    yield "a given layer that is as good as any is not in the tie set", covered
    yield "the regret of a given layer leaves out 0", regret
    yield "some layer is not in the tie set", left_out


def _best(counts: TaskCounts) -> str:
    values = [counts.metric.sign * counts.value(counts.layer(layer)) for layer in counts.single]
    return counts.single[int(np.argmax(values))]


def main() -> None:
    """Print the table of all worlds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000, help="simulated results of each world")
    runs = parser.parse_args().runs
    for name, world in WORLDS.items():
        for what, values in false_alarms(world, runs):
            value = float(np.mean(values))
            error = float(np.sqrt(value * (1 - value) / runs))
            print(f"{name} | {what} | {value:.3f} | {error:.3f} | {runs}", flush=True)


if __name__ == "__main__":
    main()
