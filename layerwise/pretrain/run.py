"""The two stages of pre-training: the stem that both models start from, then a model per objective."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from layerwise.files import write_aside
from layerwise.pretrain.data import Masking, load_packed
from layerwise.pretrain.export import Origin, export_model
from layerwise.pretrain.model import Architecture, Objective
from layerwise.pretrain.objectives import Contrastive, MaskedPrediction, StemPrediction
from layerwise.pretrain.train import Training, train
from layerwise.seeds import derive_seed

STEM_PARTS = ("feature_extractor.", "feature_projection.layer_norm.")
CODE_CROPS = 64


def stem_training(steps: int) -> Training:
    """Settings of stage 0: bigger batches and a higher learning rate than the models can use."""
    return Training(
        steps, crops=16, learning_rate=2e-3, stem_learning_rate=2e-3, warmup_steps=50, decay=1 / 3
    )


def pretrain_stem(
    data: Path | str,
    target: Path | str,
    folder: Path | str,
    sizes: Architecture,
    settings: Training,
    seed: int,
) -> None:
    """Stage 0: train the stem on packed speech and write its weights to ``target`` (safetensors).

    Checkpoints and the curve lie in ``folder``; a killed run resumes there.
    """
    speech = load_packed(data)
    torch.manual_seed(derive_seed(seed, "weights"))
    learner = StemPrediction(sizes, speech.cluster_count)
    train(learner, speech, settings, Masking(), folder, derive_seed(seed, "stem"))
    weights = learner.trunk.state_dict()
    with write_aside(target) as partial:
        save_file({name: weights[name] for name in weights if name.startswith(STEM_PARTS)}, partial)


def pretrain(
    data: Path | str,
    stem: Path | str,
    target: Path | str,
    folder: Path | str,
    objective: Objective,
    sizes: Architecture,
    settings: Training,
    masking: Masking,
    seed: int,
    sources: Sequence[str],
) -> None:
    """Train a model of one objective from the stem of stage 0 and write its transformers folder ``target``.

    Checkpoints and the curve lie in ``folder``; a killed run resumes there. Both objectives start from the
    same weights and see the same crops and masks in the same order. ``sources``: see ``Origin``.
    """
    speech = load_packed(data)
    torch.manual_seed(derive_seed(seed, "weights"))
    learner = Contrastive(sizes) if objective == "wav2vec2" else MaskedPrediction(sizes, speech.cluster_count)
    learner.trunk.load_state_dict(learner.trunk.state_dict() | load_file(stem))
    if isinstance(learner, Contrastive):
        code_seed = derive_seed(seed, "codes")
        crops = speech.random_batch(CODE_CROPS, settings.crop_frames, masking, code_seed)
        learner.initialise_codes(crops.waveforms, code_seed)
    curve = train(learner, speech, settings, masking, folder, derive_seed(seed, "model"))
    origin = Origin(objective, settings, masking, speech.hours, seed, tuple(sources))
    export_model(learner.trunk, origin, curve, target)
