"""What measures give: values of layers, and what they left out."""

from dataclasses import replace

from layerwise.contracts.columns import HIGH, IN_ORDER, LAYER, LAYER_INDEX, LOW, MODEL, REASON
from layerwise.contracts.spec import Column, Table, count, number
from layerwise.errors import ReportError

MEASURE = Column("measure", about="name of the measure")
VARIANT = Column("variant", about="which of its variants")
MEASURED = (
    number("value", about="its value; rates and errors are fractions"),
    *(LOW, HIGH),
    count("n", about="what it rests on: pairs, tokens or frames, as docs/measures.md says"),
)

VALUES = Table(
    path="measures/{model}/{measure}.csv",
    made_by="measure",
    error=ReportError,
    columns=(MODEL, LAYER, LAYER_INDEX, MEASURE, VARIANT, *MEASURED),
    key=("model", "measure", "layer", "variant"),
    rules=(IN_ORDER,),
    may_be_empty=True,
    about="a layer of a model in one variant of a measure; none where it cannot be run",
)
LEFT_OUT = Table(
    path="measures/{model}/{measure}.excluded.csv",
    made_by="measure",
    error=ReportError,
    columns=(MODEL, MEASURE, Column("item", about="what it is, with its number"), REASON),
    key=("model", "measure", "item", "reason"),
    may_be_empty=True,
    about="something of the sample that a measure left out",
)
CANNOT = Table(
    path="measures/{model}/{measure}.infeasible.csv",
    made_by="measure",
    error=ReportError,
    columns=(MODEL, MEASURE, replace(REASON, about="why it cannot be run")),
    key=("model", "measure"),
    may_be_empty=True,
    about="a measure that cannot be run",
)
