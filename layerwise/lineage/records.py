"""Provenance records: one JSON file per job."""

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from typing import Any

from layerwise.lineage.content import digest

RECORDED_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "torch", "transformers", "zarr")


def provenance(
    rule: str,
    outputs: Iterable[str],
    inputs: Mapping[str, Iterable[str]],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the provenance record of one job.

    ``inputs`` maps the role of inputs (``manifest``, ``samples``, ...) to paths; the code is in ``params``.
    Feature stores (``.zarr``) stand by their small ``digest.json``, which is an input of its own. The record
    has no times and no host, so equal work gives equal records; run times are in ``benchmarks/``.
    """
    return {
        "rule": rule,
        "artifacts": _digests(outputs),
        "inputs": {role: _digests(paths) for role, paths in sorted(inputs.items())},
        "params": dict(params),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in RECORDED_PACKAGES},
        },
    }


def _digests(paths: Iterable[str]) -> dict[str, str]:
    return {path: digest(path) for path in sorted(paths) if not path.endswith(".zarr")}
