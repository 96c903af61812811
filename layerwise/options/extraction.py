"""How features are computed and stored (the section `extraction`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section

# Where tasks find features: on disk, or made in training.
FeatureMode = Literal["auto", "stored", "live"]


class ExtractionOptions(Section):
    """How features are computed and stored."""

    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="`auto` (CUDA, else MPS, else CPU), `cpu`, `cuda`, `cuda:N` or `mps`.",
        examples=["auto"],
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        default="float32", description="Arithmetic of the forward pass.", examples=["float32"]
    )
    store_dtype: Literal["float16", "float32"] = Field(
        default="float16", description="Number format of the stored features.", examples=["float16"]
    )
    batch_seconds: float = Field(
        default=30.0, gt=0, description="Padded audio per batch, in seconds.", examples=[30]
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of one extraction job.", examples=[4])
    shards: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Jobs that share the extraction of one model, each on its own device (docs/scale.md).",
        examples=[8],
    )
