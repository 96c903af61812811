"""What downstream tasks give, for one task on one model."""

from layerwise.contracts.columns import (
    BLOCK,
    HEAD,
    HIGH,
    IN_ORDER,
    LEARNING_RATE,
    LOW,
    METRIC,
    MODEL,
    REASON,
    SEED,
    SPEAKER,
    TASK,
    UTT_ID,
    VALUE,
    WEIGHT,
)
from layerwise.contracts.spec import Column, Table, choice, count, number
from layerwise.errors import ReportError

TASK_SCORES = Table(
    path="downstream/{model}/{task}.csv",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, LEARNING_RATE),
        choice("split", "dev", "test", about="the part that is scored"),
        *(METRIC, VALUE, LOW, HIGH),
    ),
    key=("model", "task", "metric", "layer", "seed", "split"),
    rules=(IN_ORDER,),
    about="a metric of one layer, training and split",
)
TASK_WEIGHTS = Table(
    path="downstream/{model}/{task}.weights.csv",
    made_by="downstream",
    error=ReportError,
    columns=(MODEL, TASK, BLOCK, SEED, WEIGHT),
    key=("model", "task", "seed", "layer"),
    may_be_empty=True,
    about="the weight of a layer in the weighted sum; none for a model with one layer",
)
TASK_CURVES = Table(
    path="downstream/{model}/{task}.curves.csv",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, LEARNING_RATE),
        count("epoch", 1, about="number of the look at dev, from 1: an epoch, or so many steps"),
        number("loss", empty=True, about="mean training loss per item since the last look"),
        number("dev", 0, empty=True, about="the metric on dev that decides"),
        choice(
            *("status", "improved", "not improved", "not finite"),
            about="against the looks before; not finite: the head was stopped, its best look counts",
        ),
    ),
    key=("model", "task", "layer", "seed", "learning_rate", "epoch"),
    about="a look at dev in the training of one layer at one learning rate",
)
TASK_EXCLUSIONS = Table(
    path="downstream/{model}/{task}.excluded.csv",
    made_by="downstream",
    error=ReportError,
    columns=(MODEL, TASK, UTT_ID, Column("split", about="the part that it would belong to"), REASON),
    key=("model", "task", "utt_id"),
    may_be_empty=True,
    about="an utterance that the task cannot use",
)
TASK_CAUTIONS = Table(
    path="downstream/{model}/{task}.cautions.csv",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK),
        choice(
            "kind",
            *("guessed word", "unknown label", "speaker in two splits", "stopped head"),
            about="of what sort",
        ),
        Column("subject", about="the word, label, speaker or head"),
        count("count", 1, about="how often it occurs"),
        Column("note", about="what to know of it; of a guessed word its phones"),
    ),
    key=("model", "task", "kind", "subject"),
    may_be_empty=True,
    about="what a reader of a task's scores should know",
)
TASK_DECODES = Table(
    path="downstream/{model}/{task}.decodes.csv",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, UTT_ID),
        Column("reference", about="the right labels, separated by spaces"),
        Column("predicted", empty=True, about="the predicted ones"),
    ),
    key=("model", "task", "layer", "seed", "utt_id"),
    about="what one layer makes of a test utterance",
)
TASK_UTTERANCES = Table(
    path="downstream/{model}/{task}.utterances.parquet",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, METRIC, HEAD, SEED),
        choice("split", "dev", "test", about="the part that it belongs to"),
        *(UTT_ID, SPEAKER),
        number("count", 0, about="errors, or right answers: the metric is their sum over that of `total`"),
        number("total", 0, about="labels of the reference, or 1"),
    ),
    key=("model", "task", "metric", "layer", "seed", "split", "utt_id"),
    about="what one layer of one training makes of an utterance, as counts: comparisons are paired on these",
)
