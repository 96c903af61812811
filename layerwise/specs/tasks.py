"""Downstream tasks, with SUPERB's settings (Yang et al. 2021, arXiv 2105.01051) as S3PRL has them."""

from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import ACCURACY, CER, PER, WER
from layerwise.specs.spec import TaskSpec

_POOLED = tuple(
    TrainingRecipe(head, learning_rates=(1e-2, 1e-3), epochs=60, superb_steps=200_000)
    for head in ("linear", "mlp")
)


def _classification(name: str, title: str, *labels: str) -> TaskSpec:
    return TaskSpec(
        name=name,
        title=title,
        code="layerwise.tasks.classification:Classification",
        metric=ACCURACY,
        labels=labels,
        pooled=True,
        chance="majority",
        recipes=_POOLED,
    )


TASKS = (
    TaskSpec(
        name="pr",
        title="Phone recognition",
        code="layerwise.tasks.recognition:PhoneRecognition",
        metric=PER,
        choices=("lexicon", "alignment"),
        recipes=(
            TrainingRecipe(
                "linear",
                learning_rates=(1e-2,),
                epochs=30,
                batch_size=8,
                superb_learning_rate=1e-2,
                superb_steps=100_000,
                superb_evaluation=2_000,
            ),
            TrainingRecipe(
                "mlp",
                learning_rates=(1e-2, 1e-3),
                epochs=30,
                batch_size=8,
                superb_learning_rate=1e-3,
                superb_steps=100_000,
                superb_evaluation=2_000,
            ),
        ),
    ),
    TaskSpec(
        name="asr",
        title="Speech recognition",
        code="layerwise.tasks.recognition:CharacterRecognition",
        metric=WER,
        also=(CER,),
        labels=("text",),
        superb_head="blstm",
        recipes=(
            TrainingRecipe("linear", learning_rates=(1e-2,), epochs=30, batch_size=8),
            TrainingRecipe("mlp", learning_rates=(1e-2, 1e-3), epochs=30, batch_size=8),
            TrainingRecipe("blstm", learning_rates=(1e-3,), epochs=30, batch_size=8, superb_evaluation=2_000),
        ),
    ),
    _classification("classification", "Classification"),
    _classification("scenario", "Scenario classification", "scenario"),
    _classification("ic", "Intent classification", "action", "object", "location"),
    _classification("slurp-action", "SLURP action classification", "action"),
    _classification("slurp-scenario", "SLURP scenario classification", "scenario"),
)
