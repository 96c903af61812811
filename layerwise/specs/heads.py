"""Heads of downstream tasks."""

from layerwise.specs.spec import HeadSpec

HEADS = (
    HeadSpec(
        name="linear",
        title="linear (256), linear",
        code="layerwise.tasks.heads.linear:LinearHeads",
    ),
    HeadSpec(
        name="mlp",
        title="linear (256), ReLU, linear",
        code="layerwise.tasks.heads.mlp:MlpHeads",
    ),
    HeadSpec(
        name="blstm",
        title="two bidirectional LSTM layers (1,024), linear",
        code="layerwise.tasks.heads.blstm:BlstmHeads",
        pooled=False,
    ),
)
