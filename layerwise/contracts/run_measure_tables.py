"""The tables of a run that its measures make."""

from dataclasses import replace

from layerwise.contracts.columns import IN_ORDER, LAYER, MODEL
from layerwise.contracts.measures import (
    CANNOT,
    MEASURE,
    MEASURED,
    PUBLISHED_CELLS,
    PUBLISHED_KEY,
    VALUES,
    VARIANT,
)
from layerwise.contracts.run_columns import RANKS, run_table
from layerwise.contracts.spec import Column, choice, number

_MEASURES = run_table(
    "measures",
    (MODEL, LAYER, MEASURE, VARIANT, *MEASURED),
    VALUES.key,
    IN_ORDER,
    about=VALUES.about,
)
_SIDE = Column("first", about="an analysis or a measure")
_OF_SIDE = replace(VARIANT, empty=True, about="variant of the measure; empty for an analysis")
_MEASURE_AGREEMENT = run_table(
    "measure_agreement",
    (
        *(MODEL, _SIDE, replace(_OF_SIDE, name="first_variant")),
        *(replace(_SIDE, name="second", about="another"), replace(_OF_SIDE, name="second_variant")),
        *RANKS,
    ),
    ("model", "first", "first_variant", "second", "second_variant"),
    IN_ORDER,
    about="whether two analyses or measures rank the layers of a model alike",
)
_SIDE_BY_SIDE = replace(
    run_table(
        "side_by_side",
        (MODEL, LAYER),
        ("model", "layer"),
        about="a layer of a model, with a column for each analysis (its mean score) and measure:variant",
    ),
    more=number("...", empty=True, about="an analysis, or a measure with its variant; empty if not there"),
)
_PUBLISHED = run_table(
    "published",
    (
        *(MODEL, LAYER, MEASURE, VARIANT, Column("corpus", about="corpus and part of the published value")),
        *MEASURED,
        number("published", about="the published value"),
        number("difference", about="our value minus the published one"),
        choice("within", "yes", "no", about="whether the difference is at most the tolerance"),
        *PUBLISHED_CELLS,
    ),
    PUBLISHED_KEY,
    about="a value of this run that others published as well",
)
_MEASURE_OMISSIONS = run_table("measure_omissions", CANNOT.columns, CANNOT.key, about=CANNOT.about)

MEASURE_TABLES = (_MEASURES, _MEASURE_AGREEMENT, _SIDE_BY_SIDE, _PUBLISHED, _MEASURE_OMISSIONS)
