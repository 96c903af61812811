"""Checkpoints in the transformers format, from a local folder or the hub."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoConfig, AutoFeatureExtractor
from transformers.utils import logging

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models.base import LoadOptions, SpeechModel
from layerwise.seeds import derive_seed

# model_type of config.json -> module with load(checkpoint); all others: the conv-stem adapter
ADAPTERS = {
    "whisper": "layerwise.models.whisper",
}
DEFAULT_ADAPTER = "layerwise.models.conv_stem"


class Checkpoint:
    """A located checkpoint: its config, its feature extractor and how to build its model."""

    def __init__(self, location: str, options: LoadOptions) -> None:
        self.location = location
        self.options = options
        self.config = self._read(AutoConfig)
        self.extractor = self._read(AutoFeatureExtractor)
        if self.extractor.sampling_rate != SAMPLE_RATE:
            raise ModelError(
                f"{location}: expects {self.extractor.sampling_rate} Hz audio, layerwise reads 16000 Hz; "
                "this checkpoint is not supported"
            )

    @property
    def revision(self) -> str | None:
        """Commit of a hub checkpoint; None for a local folder."""
        return getattr(self.config, "_commit_hash", None) or self.options.revision

    def build(self, model_class: Any, **kwargs: Any) -> Any:
        """Return the model in evaluation mode, with the checkpoint's weights or, for a twin, random ones.

        Raises ModelError if the checkpoint lacks a weight that the encoder uses.
        """
        options = self.options
        if options.random:
            with torch.random.fork_rng():
                torch.manual_seed(derive_seed(options.seed, "random twin"))
                from_config = getattr(model_class, "from_config", None) or model_class._from_config
                model = from_config(self.config)
        else:
            with _no_bars():
                model, info = self._read(
                    model_class, dtype=torch.float32, output_loading_info=True, config=self.config, **kwargs
                )
            # the mask embedding is drawn only in training
            missing = sorted(key for key in info["missing_keys"] if "masked_spec_embed" not in key)
            if missing:
                raise ModelError(
                    f"{self.location}: the checkpoint lacks {len(missing)} weights of the encoder, e.g. "
                    f"{missing[0]}; is it complete, and of type {self.config.model_type}?"
                )
        return model.to(options.device, options.dtype).eval()

    def _read(self, auto_class: Any, **kwargs: Any) -> Any:
        try:
            return auto_class.from_pretrained(self.location, revision=self.options.revision, **kwargs)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(self._cannot_read(auto_class.__name__, error)) from error

    def _cannot_read(self, what: str, error: Exception) -> str:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if Path(self.location).is_dir():
            return (
                f"model folder {self.location}: {what} cannot read it: {cause} A folder in the transformers "
                "format holds config.json, preprocessor_config.json and model.safetensors"
            )
        folder = f"models/{self.location.rpartition('/')[2]}"
        return (
            f"model {self.location!r} is no local folder, and the hub did not deliver it: {cause} Without "
            f"network, download it elsewhere with `hf download {self.location} --local-dir {folder}`, "
            f"copy that folder here and set `source: {folder}`"
        )


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep transformers' progress bars out of logs."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def load(location: str, options: LoadOptions) -> SpeechModel:
    """Load a transformers checkpoint with the adapter of its model type."""
    looks_like_folder = location.count("/") > 1 or location.startswith((".", "/", "~", "\\"))
    if not location or (looks_like_folder and not Path(location).is_dir()):
        raise ModelError(
            f"model folder {location!r}: no such folder; correct `source:` or put the model there"
        )
    checkpoint = Checkpoint(location, options)
    adapter = import_module(ADAPTERS.get(checkpoint.config.model_type, DEFAULT_ADAPTER))
    model = cast(Callable[[Checkpoint], SpeechModel], adapter.load)(checkpoint)
    model.revision = checkpoint.revision
    return model
