"""The frozen speech model of a job, from its params."""

from collections.abc import Mapping, Sequence
from typing import Any

from layerwise.models.base import SpeechModel
from layerwise.models.build import build_model
from layerwise.models.hub import pinned_revision


def load_encoder(
    encoder: Mapping[str, Any], files: Sequence[str], extraction: Mapping[str, Any], seed: int
) -> SpeechModel:
    """Load a model: ``encoder`` says which, from ``files``; ``extraction`` how it runs."""
    return build_model(
        encoder["code"],
        encoder["source"],
        encoder["location"],
        random=encoder["random"],
        revision=pinned_revision(files[0]) if encoder["hub"] else encoder["revision"],
        device=extraction["device"],
        dtype=extraction["precision"],
        seed=seed,
        window=encoder["window"],
    )
