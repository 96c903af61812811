"""The tables of a run that its measures make."""

from layerwise.contracts.columns import IN_ORDER, LAYER, MODEL
from layerwise.contracts.measures import CANNOT, MEASURE, MEASURED, VALUES, VARIANT
from layerwise.contracts.run_columns import run_table

_MEASURES = run_table(
    "measures",
    (MODEL, LAYER, MEASURE, VARIANT, *MEASURED),
    VALUES.key,
    IN_ORDER,
    about=VALUES.about,
)
_MEASURE_OMISSIONS = run_table("measure_omissions", CANNOT.columns, CANNOT.key, about=CANNOT.about)

MEASURE_TABLES = (_MEASURES, _MEASURE_OMISSIONS)
