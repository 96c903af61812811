"""Downstream tasks."""

from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import ACCURACY, PER
from layerwise.specs.spec import TaskSpec

TASKS = (
    TaskSpec(
        name="pr",
        title="Phone recognition",
        code="layerwise.tasks.recognition:Recognition",
        metric=PER,
        recipe=TrainingRecipe(
            label="phone",
            superb_learning_rate=1e-2,
            learning_rates=(1e-2,),
            epochs=15,
            batch_size=8,
        ),
        needs=frozenset({"intervals"}),
    ),
    TaskSpec(
        name="scenario",
        title="Scenario classification",
        code="layerwise.tasks.classification:Classification",
        metric=ACCURACY,
        recipe=TrainingRecipe(
            label="scenario",
            superb_learning_rate=1e-4,
            learning_rates=(1e-2, 1e-3, 1e-4),
            epochs=60,
        ),
    ),
)
