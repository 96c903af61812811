"""The two stages of pre-training: the stem that both models start from, then a model per objective."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from layerwise.files import write_aside
from layerwise.pretrain.data import Masking, load_packed
from layerwise.pretrain.model import Architecture, Objective
from layerwise.pretrain.objectives import Contrastive, MaskedPrediction, StemPrediction
from layerwise.pretrain.train import Training, train
from layerwise.seeds import derive_seed

STEM_PARTS = ("feature_extractor.", "feature_projection.layer_norm.")
CODE_CROPS = 64


def train_stem(
    data: Path | str,
    target: Path | str,
    folder: Path | str,
    sizes: Architecture,
    settings: Training,
    seed: int,
) -> None:
    """Stage 0: train the stem on packed speech and write its weights to ``target`` (safetensors)."""
    speech = load_packed(data)
    torch.manual_seed(derive_seed(seed, "weights"))
    objective = StemPrediction(sizes, speech.cluster_count)
    train(objective, speech, settings, Masking(), folder, derive_seed(seed, "stem"))
    weights = objective.trunk.state_dict()
    with write_aside(target) as partial:
        save_file({name: weights[name] for name in weights if name.startswith(STEM_PARTS)}, partial)


def train_model(
    name: Objective,
    data: Path | str,
    stem: Path | str,
    folder: Path | str,
    sizes: Architecture,
    settings: Training,
    masking: Masking,
    seed: int,
) -> MaskedPrediction | Contrastive:
    """Train (or resume in ``folder``) a model of one objective from the stem of stage 0 and return it.

    Both objectives start from the same weights and see the same crops and masks in the same order.
    """
    speech = load_packed(data)
    torch.manual_seed(derive_seed(seed, "weights"))
    objective = Contrastive(sizes) if name == "contrastive" else MaskedPrediction(sizes, speech.cluster_count)
    objective.trunk.load_state_dict(objective.trunk.state_dict() | load_file(stem))
    if isinstance(objective, Contrastive):
        code_seed = derive_seed(seed, "codes")
        crops = speech.random_batch(CODE_CROPS, settings.crop_frames, masking, code_seed)
        objective.initialise_codes(crops.waveforms, code_seed)
    train(objective, speech, settings, masking, folder, derive_seed(seed, "model"))
    return objective
