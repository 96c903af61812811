"""Downstream tasks, with SUPERB's settings (Yang et al. 2021, arXiv 2105.01051) as S3PRL has them."""

from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import ACCURACY, CER, PER, WER
from layerwise.specs.spec import TaskSpec

_POOLED = tuple(
    TrainingRecipe(head, learning_rates=(1e-2, 1e-3), epochs=60, superb_steps=200_000)
    for head in ("linear", "mlp")
)
_CLASSIFICATION = "layerwise.tasks.classification:Classification"

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
    TaskSpec(
        name="classification",
        title="Classification",
        code=_CLASSIFICATION,
        metric=ACCURACY,
        pooled=True,
        recipes=_POOLED,
    ),
    TaskSpec(
        name="scenario",
        title="Scenario classification",
        code=_CLASSIFICATION,
        metric=ACCURACY,
        labels=("scenario",),
        pooled=True,
        recipes=_POOLED,
    ),
    TaskSpec(
        name="ic",
        title="Intent classification",
        code=_CLASSIFICATION,
        metric=ACCURACY,
        labels=("action", "object", "location"),
        pooled=True,
        recipes=_POOLED,
    ),
    TaskSpec(
        name="slurp-action",
        title="SLURP action classification",
        code=_CLASSIFICATION,
        metric=ACCURACY,
        labels=("action",),
        pooled=True,
        recipes=_POOLED,
    ),
    TaskSpec(
        name="slurp-scenario",
        title="SLURP scenario classification",
        code=_CLASSIFICATION,
        metric=ACCURACY,
        labels=("scenario",),
        pooled=True,
        recipes=_POOLED,
    ),
)
