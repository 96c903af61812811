"""Checkpoints in the transformers format, from a local folder or the hub."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import torch
from huggingface_hub import hf_hub_download
from transformers import AutoConfig, AutoFeatureExtractor
from transformers.utils import logging

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models.base import LoadOptions, SpeechModel
from layerwise.models.hub import is_commit
from layerwise.seeds import derive_seed

# model_type of config.json -> module with load(checkpoint); all others: the conv-stem adapter
ADAPTERS = {
    "wav2vec2-bert": "layerwise.models.wav2vec2_bert",
    "whisper": "layerwise.models.whisper",
}
DEFAULT_ADAPTER = "layerwise.models.conv_stem"

# Else transformers asks the hub, at each load of pickled weights, to convert the repository.
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")


class Checkpoint:
    """A located checkpoint: its config, its feature extractor and how to build its model.

    ``revision`` is the commit of a hub checkpoint, also of one in a folder that ``hf download`` wrote, or
    None; all files are read at that commit.
    """

    def __init__(self, location: str, options: LoadOptions) -> None:
        self.location = location
        self.options = options
        self.revision = self._commit()
        self.config = self._read(AutoConfig)
        self.extractor = self._read(AutoFeatureExtractor)
        if self.extractor.sampling_rate != SAMPLE_RATE:
            raise ModelError(
                f"{location}: expects {self.extractor.sampling_rate} Hz audio, layerwise reads 16000 Hz; "
                "this checkpoint is not supported"
            )

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
        return _cast(model, options).eval()

    def _commit(self) -> str | None:
        folder = Path(self.location)
        if folder.is_dir():
            # huggingface_hub notes the commit of each file on the first line of its record
            record = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
            return record.read_text().split()[0] if record.is_file() else None
        try:
            path = hf_hub_download(self.location, "config.json", revision=self.options.revision)
        except (OSError, ValueError) as error:
            raise ModelError(self._cannot_read("config.json", error)) from error
        return Path(path).parent.name  # snapshots/<commit>/config.json

    def _read(self, auto_class: Any, **kwargs: Any) -> Any:
        if is_commit(self.revision):
            # A commit never changes: what the hub cache holds of it needs no network.
            with suppress(OSError):
                return auto_class.from_pretrained(
                    self.location, revision=self.revision, local_files_only=True, **kwargs
                )
        try:
            return auto_class.from_pretrained(self.location, revision=self.revision, **kwargs)
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
        revision = f" --revision {self.options.revision}" if self.options.revision else ""
        return (
            f"model {self.location!r}{revision.replace(' --', ', ')} is no local folder, and neither the hub "
            f"nor its cache here delivered it ({what}): {cause} Without network, download it elsewhere with "
            f"`hf download {self.location}{revision} --local-dir {folder}` (config.json, "
            f"preprocessor_config.json and the weights are needed), copy that folder here and set "
            f"`source: {folder}`"
        )


def _cast(model: Any, options: LoadOptions) -> Any:
    """Move a model to its device and number format.

    Frequencies of rotary positions stay float32: bfloat16 cannot tell frame 257 from frame 256.
    """
    rotary = [(module, module.inv_freq) for module in model.modules() if hasattr(module, "inv_freq")]
    model.to(options.device, options.dtype)
    for module, frequencies in rotary:
        module.inv_freq = frequencies.to(options.device)
    return model


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
