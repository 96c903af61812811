"""GPU hours and disk of each task of configs/paper.yaml, estimated from operations; nothing is run.

    python benchmarks/paper_costs.py [--tflops 40] [--config configs/paper.yaml]

A multiplication with its addition counts as two operations. The encoder runs forward, heads forward and
backward (three times as much). ``--tflops`` is what the GPU is taken to reach: 40 is 60 % of an H100's peak
in float32. A step takes at least 3 ms, whatever its operations.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from layerwise.config import read_config
from layerwise.options.training import TrainingOptions
from layerwise.specs.spec import TaskSpec

FRAMES = 50  # a second
STEP_SECONDS = 3e-3
STEM = 5e9  # operations of the convolutions of wav2vec 2.0, for a second of audio
HALF = 2  # bytes of a stored number
HIDDEN, LSTM, CLASSES = 256, 1024, 73


@dataclass(frozen=True)
class Encoder:
    """A transformer encoder: number and width of its blocks."""

    name: str
    blocks: int
    dim: int

    def operations(self, seconds: float) -> float:
        """Operations of a forward pass over an utterance of that length, for each second of it."""
        weights = 12 * self.dim**2 * self.blocks
        attention = 2 * seconds * FRAMES * self.dim * self.blocks
        return STEM + 2 * FRAMES * (weights + attention)

    @property
    def layers(self) -> int:
        """T0 ... TL."""
        return self.blocks + 1


@dataclass(frozen=True)
class Corpus:
    """Utterances and hours of train, dev and test."""

    utterances: tuple[int, int, int]
    hours: tuple[float, float, float]

    @property
    def seconds(self) -> float:
        """Mean length of a training utterance."""
        return 3600 * self.hours[0] / self.utterances[0]


ENCODERS = (Encoder("base", 12, 768), Encoder("large", 24, 1024))
# By the reader of the config. Hours as published; those of splits in proportion to their utterances.
CORPORA = {
    "librispeech": Corpus((28_539, 2_703, 2_620), (100.6, 5.4, 5.4)),
    "fluent-speech-commands": Corpus((23_132, 3_118, 3_793), (14.6, 2.0, 2.4)),
    "slurp": Corpus((50_628, 8_690, 13_078), (40.6, 7.0, 10.5)),
}


def heads_of(encoder: Encoder, choice: object) -> int:
    """Layers that get a head, and the learned sum."""
    every = int(choice.removeprefix("every-")) if isinstance(choice, str) and choice != "all" else 1
    return len({*range(0, encoder.layers, every), encoder.blocks}) + 1


def head_operations(head: str, encoder: Encoder) -> int:
    """Operations of one head on a frame, forward and backward."""
    if head == "blstm":
        weights = encoder.dim * LSTM + 2 * 4 * LSTM * (LSTM + LSTM) + 2 * 4 * LSTM * (2 * LSTM + LSTM)
    else:
        weights = encoder.dim * HIDDEN + HIDDEN * CLASSES
    return 3 * 2 * weights


def cost(
    spec: TaskSpec, training: TrainingOptions, corpus: Corpus, encoder: Encoder
) -> tuple[float, float, float]:
    """Operations, steps, and what the features take on disk in GB if they are stored."""
    recipe = spec.recipe("paper")
    steps = training.steps or recipe.superb_steps
    batch = training.batch_size or recipe.superb_batch_size
    heads = heads_of(encoder, training.layers) * training.seeds * len(training.learning_rates or (1,))
    of_head = head_operations(recipe.head, encoder)
    everything = 3600 * sum(corpus.hours)
    encoding = encoder.operations(corpus.seconds)
    if spec.pooled:
        means = sum(corpus.utterances) * encoder.layers * encoder.dim * HALF
        return everything * encoding + steps * batch * heads * of_head, steps, means / 1e9
    trained = steps * batch * corpus.seconds
    looks = steps / recipe.superb_evaluation
    seconds = trained + looks * 3600 * corpus.hours[1] + 3600 * corpus.hours[2]
    frames = everything * FRAMES * encoder.layers * encoder.dim * HALF
    return seconds * (encoding + heads * FRAMES * of_head), steps, frames / 1e9


def main() -> None:
    """Print the table of docs/corpora.md."""
    parser = argparse.ArgumentParser(description="GPU hours and disk of the paper's tasks.")
    parser.add_argument("--tflops", type=float, default=40.0)
    parser.add_argument("--config", type=Path, default=Path("configs/paper.yaml"))
    parsed = parser.parse_args()
    config = read_config(parsed.config)
    print("| task | encoder | heads | steps | GPU hours | features | disk (GB) | frames would take (GB) |")
    print("|---|---|---|---|---|---|---|---|")
    for name, spec in config.task_specs.items():
        training = config.training_of(name)
        corpus = CORPORA[config.corpora[spec.corpus].reader]
        for encoder in ENCODERS:
            operations, steps, disk = cost(spec, training, corpus, encoder)
            hours = max(operations / (parsed.tflops * 1e12), steps * STEP_SECONDS) / 3600
            kept = f"means | {disk:.2g} | - |" if spec.pooled else f"live | 0 | {disk:,.0f} |"
            heads = f"{heads_of(encoder, training.layers)} {spec.recipe('paper').head}"
            print(f"| {name} | {encoder.name} | {heads} | {steps:,} | {hours:.1f} | {kept}")


if __name__ == "__main__":
    main()
