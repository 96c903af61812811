"""The aligners by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise.align.corpus import align_corpus
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import AlignerSpec


def align_with(
    manifest: pd.DataFrame,
    aligner: str = "pocketsphinx",
    *,
    lexicon: Path | str | None = None,
    workers: int = 1,
    max_unaligned: float = 1.0,
    options: Mapping[str, Any] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Align a manifest with an aligner by its name (`layerwise.specs.aligners`): see ``align_corpus``.

    ``options`` are the keys of the aligner's own section that are not to have their defaults. Raises
    ConfigError for an unknown name, AlignmentError as ``align_corpus`` does.
    """
    spec = registry().find(AlignerSpec, aligner)
    return align_corpus(
        manifest,
        load_object(spec.code),
        name=aligner,
        lexicon=lexicon,
        workers=workers,
        max_unaligned=max_unaligned,
        options=options,
    )
