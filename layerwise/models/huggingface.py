"""Checkpoints in the transformers format, from a local folder or the hub."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from transformers import AutoConfig, AutoFeatureExtractor
from transformers.utils import logging

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.files import files_below, is_lfs_pointer
from layerwise.models.base import LoadOptions, seeded
from layerwise.models.hub import is_commit
from layerwise.models.parts import read_part
from layerwise.models.precision import cast
from layerwise.specs.checkpoints import model_type

# Else transformers asks the hub, at each load of pickled weights, to convert the repository.
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")


# of any encoder, and of one whose weights have lost their prefix
ENCODER_BLOCK = re.compile(r"(?:^|\.)encoder(?:_transformer)?\.(?:layers|layer|blocks)\.\d+\.|^layers\.\d+\.")
MOST_LAYERS, LARGEST_SIZE = 1_000, 10_000_000  # more than any model has; a model is built before it is filled
WEIGHT_SUFFIXES = (".safetensors", ".bin")


class Checkpoint:
    """A located checkpoint: its config, its feature extractor and how to build its model.

    ``revision`` is the commit of a hub checkpoint, also of one in a folder that ``hf download`` wrote, or
    None; all files are read at that commit. ``part`` is the key of config.json that holds the encoder's
    config, where the checkpoint is that of a larger model; a checkpoint of the encoder alone has no such key.
    Raises ModelError if a file is missing or of another model, or if the encoder takes audio at another rate
    than ``rates``.
    """

    def __init__(
        self, location: str, options: LoadOptions, *, part: str = "", rates: tuple[int, ...] = (SAMPLE_RATE,)
    ) -> None:
        _check_folder(location)
        if not options.random:
            _check_weights(location)
        self.location = location
        self.options = options
        self.revision = self._commit()
        whole = self._read(AutoConfig)
        self.config = getattr(whole, part, None) or whole
        _check_sizes(location, self.config)
        self.extractor = self._read(AutoFeatureExtractor)
        rate = getattr(self.extractor, "sampling_rate", None)
        if rate not in rates:
            raise ModelError(
                f"{location}: expects {rate} Hz audio, layerwise reads 16000 Hz; "
                "this checkpoint is not supported"
            )

    def file(self, name: str) -> Path | None:
        """Return the path of a file of the checkpoint, fetched if need be; None if there is no such file."""
        if Path(self.location).is_dir():
            path = Path(self.location, name)
            return path if path.is_file() else None
        try:
            return Path(hf_hub_download(self.location, name, revision=self.revision))
        except (OSError, ValueError):
            return None

    def build(self, model_class: Any, *, part: str = "", **kwargs: Any) -> Any:
        """Return the model in evaluation mode, with the checkpoint's weights or, for a twin, random ones.

        ``part`` is a regular expression: of a larger model, only the weights whose names begin with it are
        read (`layerwise.models.parts`). Raises ModelError if the checkpoint lacks a weight that the encoder
        uses, or a file that holds one.
        """
        options = self.options
        if options.random:
            with seeded(options):
                from_config = getattr(model_class, "from_config", None) or model_class._from_config
                model = from_config(self.config)
        else:
            if part:
                weights = read_part(self.location, part, self.file)
                # pickled weights come as a whole
                kwargs |= {"key_mapping": {f"^{part}": ""}} if weights is None else {"state_dict": weights}
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
            beyond = sorted(filter(ENCODER_BLOCK.search, info["unexpected_keys"]))
            if beyond:
                raise ModelError(
                    f"{self.location}: the checkpoint holds {len(beyond)} weights of encoder blocks that its "
                    f"config.json does not have, e.g. {beyond[0]}: copy config and weights of one model"
                )
        return _cast(model, options).eval()

    def _commit(self) -> str | None:
        folder = Path(self.location)
        if folder.is_dir():
            # huggingface_hub notes the commit of each file on the first line of its record
            record = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
            return record.read_text().split()[0] if record.is_file() else None
        # snapshots/<commit>/config.json
        return _hub_config(self.location, self.options.revision).parent.name

    def _read(self, auto_class: Any, **kwargs: Any) -> Any:
        location = None if "state_dict" in kwargs else self.location
        if is_commit(self.revision):
            # A commit never changes: what the hub cache holds of it needs no network.
            with suppress(Exception):  # what is wrong is said below
                return auto_class.from_pretrained(
                    location, revision=self.revision, local_files_only=True, **kwargs
                )
        try:
            return auto_class.from_pretrained(location, revision=self.revision, **kwargs)
        except Exception as error:  # readers of weights and configs have errors of their own
            raise ModelError(
                cannot_read(self.location, self.options.revision, auto_class.__name__, error)
            ) from error


def _cast(model: Any, options: LoadOptions) -> Any:
    """Move a model to its device and number format.

    Frequencies of rotary positions stay float32: bfloat16 cannot tell frame 257 from frame 256.
    """
    rotary = [(module, module.inv_freq) for module in model.modules() if hasattr(module, "inv_freq")]
    cast(model, options.device, options.dtype)
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


def located_type(location: str, revision: str | None = None) -> str | None:
    """Return ``model_type`` of the checkpoint in a folder or on the hub; None if its config has none.

    Raises ModelError where there is no such checkpoint.
    """
    _check_folder(location)
    if Path(location).is_dir():
        return model_type(location)
    return model_type(_hub_config(location, revision).parent)


def _check_folder(location: str) -> None:
    looks_like_folder = location.count("/") > 1 or location.startswith((".", "/", "~", "\\"))
    if not location or (looks_like_folder and not Path(location).is_dir()):
        raise ModelError(
            f"model folder {location!r}: no such folder; correct `source:` or put the model there"
        )


def _check_weights(location: str) -> None:
    """Refuse weights that git has not fetched. Raises ModelError."""
    files = files_below(location, WEIGHT_SUFFIXES) if Path(location).is_dir() else []
    for file in files:
        if is_lfs_pointer(file):
            raise ModelError(
                f"model folder {location}: {file.name} is a pointer of git-lfs, not the weights; run "
                "`git lfs pull` in it, or download the file"
            )


def _check_sizes(location: str, config: Any) -> None:
    """Refuse a config that asks for a model that no memory holds. Raises ModelError."""
    for key, value in config.to_dict().items():
        most = MOST_LAYERS if "layers" in key else LARGEST_SIZE
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, int) and number > most and key != "model_max_length":
                raise ModelError(
                    f"{location}: config.json says `{key}` is {number}, more than any model has; copy it "
                    "again"
                )


def _hub_config(location: str, revision: str | None) -> Path:
    try:
        return Path(hf_hub_download(location, "config.json", revision=revision))
    except (OSError, ValueError) as error:
        raise ModelError(cannot_read(location, revision, "config.json", error)) from error


def cannot_read(location: str, revision: str | None, what: str, error: Exception) -> str:
    """Say why a checkpoint cannot be read, and how to get it without network."""
    cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "ignore_mismatched_sizes" in cause:
        cause = "the weights have other sizes than config.json says."
    if Path(location).is_dir():
        return (
            f"model folder {location}: {what} cannot read it: {type(error).__name__}: {cause} A folder in "
            "the transformers format holds config.json, preprocessor_config.json and model.safetensors, "
            "whole and of one model: copy or download it again"
        )
    folder = f"models/{location.rpartition('/')[2]}"
    at = f" --revision {revision}" if revision else ""
    return (
        f"model {location!r}{at.replace(' --', ', ')} is no local folder, and neither the hub "
        f"nor its cache here delivered it ({what}): {cause} Without network, download it elsewhere with "
        f"`hf download {location}{at} --local-dir {folder}` (config.json, "
        f"preprocessor_config.json and the weights are needed), copy that folder here and set "
        f"`source: {folder}`"
    )
