"""Vectors of words or phones."""

from layerwise.contracts.columns import LABEL
from layerwise.contracts.spec import Column, Table, count
from layerwise.errors import AnalysisError

VECTORS = Table(
    path="vectors/{analysis}.parquet",
    made_by="vectors",
    error=AnalysisError,
    columns=(LABEL,),
    key=("label",),
    more=Column("...", "float32", about="dimensions of the vector, one a column"),
    about="a word or phone with its vector",
)
MISSING_VECTORS = Table(
    path="vectors/{analysis}.missing.csv",
    made_by="vectors",
    error=AnalysisError,
    columns=(LABEL, count("segments", 1, about="segments with this label")),
    key=("label",),
    may_be_empty=True,
    about="a word or phone that has no vector",
)
