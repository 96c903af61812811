"""Where a training keeps its checkpoints: a folder that another training never resumes from."""

import hashlib
from pathlib import Path
from typing import Any

from layerwise.lineage.content import digest


def checkpoint_folder(snakemake: Any, name: str) -> Path:
    """Folder named by all that the training depends on, except its number of steps."""
    inputs = [snakemake.input.digest, snakemake.input.get("stem")]
    params = snakemake.params
    parts = [str(params.seed), params.code, *(digest(path) for path in inputs if path)]
    return Path(params.checkpoints) / f"{name}-{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:12]}"
