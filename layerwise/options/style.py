"""How figures look (the section `style` of a config)."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from layerwise.options.section import Section

# Okabe and Ito (2008), "Color Universal Design", darkest hues first; yellow is too light on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D3A9B")
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]


class StyleOptions(Section):
    """How figures look: a change draws figures and writes the report again, and nothing else."""

    font: str = Field(
        default="DejaVu Sans",
        min_length=1,
        description="Font family of figures; it must be installed where they are drawn.",
        examples=["STIXGeneral"],
    )
    font_size: float = Field(default=7.5, ge=5, le=14, description="Points of the text.", examples=[8])
    column: float = Field(
        default=245, ge=150, le=450, description="Width of a column of the paper, in points.", examples=[252]
    )
    page: float = Field(
        default=505, ge=300, le=1000, description="Width of its full text, in points.", examples=[516]
    )
    dpi: int = Field(
        default=300, ge=72, le=1200, description="Dots per inch of PNG files for papers.", examples=[600]
    )
    palette: tuple[Colour, ...] = Field(
        default=COLOURS,
        min_length=2,
        description="Colours of models in the order of the config; with more models than `most_curves` and "
        "than colours, of families.",
        examples=[["#0072B2", "#D55E00", "#009E73"]],
    )
    abbreviations: dict[str, str] = Field(
        default={}, description="Names of models in figures.", examples=[{"wav2vec2-base": "w2v2-B"}]
    )
    families: dict[str, str] = Field(
        default={},
        description="Families of trained models; without an entry, models of one objective are a family.",
        examples=[{"wavlm-large": "WavLM"}],
    )
    models: tuple[str, ...] = Field(
        default=(),
        description="Models in figures of layers and tasks, with their random twins (none: all).",
        examples=[["hubert-base", "logmel"]],
    )
    layers: Literal["all", "blocks"] = Field(
        default="all", description="`blocks`: figures leave out conv layers.", examples=["blocks"]
    )
    depth: Literal["layers", "relative"] = Field(
        default="layers",
        description="Axis of layers: by number, or `relative` to the depth of the model (0 to 1).",
        examples=["relative"],
    )
    most_curves: int = Field(
        default=8,
        ge=1,
        description="Trained models drawn as curves in one panel; more are split by family, or are rows of "
        "heat maps.",
        examples=[6],
    )

    def unknown(self, models: Collection[str]) -> str:
        """What is wrong with names of models, given those of the run; empty if nothing is."""
        for key in ("abbreviations", "families", "models"):
            for name in getattr(self, key):
                if name not in models:
                    return f"`style.{key}`: no model {name!r}; models: {', '.join(models)}"
        return ""
