"""From a trained trunk to a folder that ``AutoModel`` loads, with a model card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from transformers import HubertModel, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.files import sha256_file, write_aside, write_csv, write_text
from layerwise.pretrain.data import FRAME_SAMPLES, Masking
from layerwise.pretrain.model import Objective
from layerwise.pretrain.train import CURVE, Training

FIGURE = "training_curve.png"
CURVE_POINTS = 10
SUMMARY: dict[Objective, str] = {
    "hubert": (
        "Masked prediction of k-means clusters of utterance-normalised MFCC (HuBERT, Hsu et al. 2021, first "
        "iteration): cosine logits over temperature 0.1; the loss of unmasked frames fades out."
    ),
    "wav2vec2": (
        "Masked contrastive prediction of quantised latents (wav2vec 2.0, Baevski et al. 2020): two "
        "codebooks of 64 codes, started from k-means of the stem's latents; distractors are all other masked "
        "frames of the same crop; temperature 0.1, diversity loss 0.1."
    ),
}
CARD = """\
---
license: mit
library_name: transformers
---
# {title}

A small speech encoder, pre-trained from scratch to be analysed, not to be used in products: {blocks}
transformer blocks of width {width} over a three-layer conv stem (25 ms receptive field, 20 ms stride),
{parameters:.1f} M parameters. Input: 16 kHz waveform at zero mean and unit variance. Its sibling differs in
the objective alone: same stem, first weights, crops, masks, steps and learning rates.

| | |
|---|---|
| objective | {objective} |
| data | {hours:.2f} h of unique audio |
| audio seen | {seen:.1f} h: {steps} steps of {crops} crops of {seconds:g} s |
| masking | probability {masking.probability:g}, spans of {masking.length} frames |
| stem | trained first to predict each frame's own MFCC and cluster; shared by both models |
| optimiser | AdamW, peak learning rate {rate:g} (stem {stem_rate:g}) |
| schedule | warm-up over {warmup} steps, then constant, linear decay to zero over the last {decay:.0%} |
| wall time | {minutes:.0f} min on one CPU thread, shared with other work |
| seed | {seed} |
| SHA-256 of model.safetensors | `{digest}` |
| licence of the weights | MIT |

## Data

{sources}

## Training curve

All points are in `training_curve.csv`; values are means since the last point, on masked frames.

![training curve](training_curve.png)

{table}
"""


@dataclass(frozen=True)
class Origin:
    """What a model card tells of a training; ``sources``: a line on each data set and its licence."""

    objective: Objective
    settings: Training
    masking: Masking
    unique_hours: float
    seed: int
    sources: tuple[str, ...]


def export_model(
    trunk: HubertModel | Wav2Vec2Model, origin: Origin, curve: pd.DataFrame, target: Path | str
) -> None:
    """Write a folder that ``AutoModel`` loads: float16 weights, config, preprocessor, curve and model card.

    ``curve`` is what ``train`` returned. Raises ModelError if a weight does not fit float16.
    """
    name = Path(target).name
    weights = {key: weight.to(torch.float16) for key, weight in trunk.state_dict().items()}
    for key, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise ModelError(f"{name}: {key} does not fit float16: train fewer steps")
    preprocessor = Wav2Vec2FeatureExtractor(  # type: ignore[no-untyped-call]
        sampling_rate=SAMPLE_RATE, return_attention_mask=True
    )
    with write_aside(target) as partial:
        trunk.save_pretrained(partial, state_dict=weights)
        preprocessor.save_pretrained(partial)
        write_csv(curve, partial / CURVE)
        plot_curve(curve, partial / FIGURE)
        digest = sha256_file(partial / "model.safetensors")
        write_text(model_card(name, trunk, origin, curve, digest), partial / "README.md")


def model_card(
    title: str, trunk: HubertModel | Wav2Vec2Model, origin: Origin, curve: pd.DataFrame, digest: str
) -> str:
    """Return the model card in Markdown."""
    settings, last = origin.settings, curve.iloc[-1]
    chosen = np.linspace(0, len(curve) - 1, min(CURVE_POINTS, len(curve))).round().astype(int)
    shown = curve.iloc[chosen].map("{:.4g}".format)
    rows = [shown.columns, ["---:"] * shown.shape[1], *shown.to_numpy()]
    return CARD.format(
        title=title,
        blocks=trunk.config.num_hidden_layers,
        width=trunk.config.hidden_size,
        parameters=trunk.num_parameters() / 1e6,
        objective=SUMMARY[origin.objective],
        hours=origin.unique_hours,
        seen=last["audio_hours"],
        steps=int(last["step"]),
        crops=settings.crops,
        seconds=settings.crop_frames * FRAME_SAMPLES / SAMPLE_RATE,
        masking=origin.masking,
        rate=settings.learning_rate,
        stem_rate=settings.stem_learning_rate,
        warmup=settings.warmup_steps,
        decay=settings.decay,
        minutes=last["wall_seconds"] / 60,
        seed=origin.seed,
        digest=digest,
        sources="\n".join(f"- {source}" for source in origin.sources),
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
    )


def plot_curve(curve: pd.DataFrame, target: Path | str) -> None:
    """Draw loss and accuracy (with chance) against hours of audio seen."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(curve["audio_hours"], curve["loss"], color="black")
    left.set(xlabel="audio seen (h)", ylabel="loss")
    right.plot(curve["audio_hours"], 100 * curve["accuracy"], color="black", label="masked accuracy")
    right.plot(curve["audio_hours"], 100 * curve["chance"], color="black", linestyle=":", label="chance")
    right.set(xlabel="audio seen (h)", ylabel="%")
    right.legend(frameon=False)
    figure.savefig(target, dpi=100, metadata={"Software": None})
