"""Speech models by the source that a config or a notebook names."""

from typing import Literal

from layerwise.models.base import SpeechModel
from layerwise.models.build import build_model
from layerwise.models.huggingface import located_type
from layerwise.specs.registry import registry
from layerwise.specs.sources import family_of, parse_source


def load_model(
    source: str,
    *,
    revision: str | None = None,
    device: str = "auto",
    dtype: str = "float32",
    seed: int = 0,
    window: Literal["full", "trimmed"] = "full",
    plugins: tuple[str, ...] = (),
) -> SpeechModel:
    """Load a speech model by hub id, local folder or ``family:location``.

    ``random:SOURCE`` is the random-initialised twin of SOURCE: same architecture and input normalisation,
    weights drawn from ``seed``. ``avhubert:FILE``, ``fastvgs:FOLDER`` and ``vghubert:FOLDER`` are the files
    of their authors; their ``revision`` is ``sha256:`` and a digest (docs/models-checkpoints.md). ``logmel``
    is the log-mel baseline. ``device`` is auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:N or mps;
    ``dtype`` the number format of weights and activations: float32, bfloat16, float16, or tf32 (float32 whose
    products and convolutions a CUDA GPU rounds, in this process from then on). ``window`` is for Whisper
    encoders only: the full 30 s window, or one trimmed to the utterance (cheaper, inexact). ``plugins`` are
    files with model families of your own.
    Raises ModelError if the source is unknown, missing, incomplete, or of an unsupported architecture.
    """
    specs = registry(tuple(plugins))
    parsed = parse_source(source, specs)
    kind = located_type(parsed.location, revision) if parsed.family is None else None
    return build_model(
        family_of(parsed, kind, specs).code,
        source,
        parsed.location,
        random=parsed.random,
        revision=revision,
        device=device,
        dtype=dtype,
        seed=seed,
        window=window,
    )
