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
PUBLISHED_KEY = ("model", "corpus", "measure", "variant", "layer", "source")
PUBLISHED_CELLS = (
    number("tolerance", 0, about="the difference that is put down to other sampling and alignment"),
    Column("source", about="where it was published"),
    Column("commit", about="commit or edition of the source"),
)
PUBLISHED_VALUES = Table(
    path="resources/published/{name}.csv",
    made_by="by hand",
    error=ReportError,
    columns=(
        replace(MODEL, about="name of the model in a config, or its hub id"),
        Column("corpus", about="corpus and part"),
        *(MEASURE, VARIANT, LAYER, number("value", about="the published value; errors are fractions")),
        *PUBLISHED_CELLS,
    ),
    key=PUBLISHED_KEY,
    about="a value that others published",
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
