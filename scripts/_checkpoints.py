"""Where a training keeps its checkpoints: a folder that another training never resumes from."""

import hashlib
from pathlib import Path
from typing import Any

from layerwise.lineage import digest


def checkpoint_folder(snakemake: Any, name: str) -> Path:
    """Folder named by all that the training depends on, except its number of steps."""
    inputs = [snakemake.input.digest, snakemake.input.get("stem"), *snakemake.input.code]
    parts = [str(snakemake.params.seed), *(digest(path) for path in inputs if path)]
    return (
        Path(snakemake.params.checkpoints)
        / f"{name}-{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:12]}"
    )
