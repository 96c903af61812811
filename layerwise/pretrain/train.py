"""The training loop: warm-up, stable, decay; resumable at any step; a curve of what happened."""

import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.files import write_aside, write_csv
from layerwise.pretrain.data import FRAME_SAMPLES, Masking, PackedSpeech
from layerwise.seeds import derive_seed

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
CURVE = "training_curve.csv"


@dataclass(frozen=True)
class Training:
    """How long and how fast to train.

    The learning rate rises over ``warmup_steps``, stays, and falls linearly to zero over the last
    ``decay`` part of the steps. Until then nothing depends on ``steps``: a run can be made longer or shorter
    by resuming it with another number. ``fade_steps`` is the length of the objectives' own first phase.
    """

    steps: int
    crops: int = 6
    crop_frames: int = 150
    learning_rate: float = 1e-3
    stem_learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup_steps: int = 300
    decay: float = 0.2
    fade_steps: int = 2000
    gradient_norm: float = 1.0
    log_every: int = 50
    checkpoint_seconds: float = 120.0

    def rate(self, step: int) -> float:
        """Learning-rate factor of a step (counted from 0)."""
        rise = (step + 1) / max(1, self.warmup_steps)
        fall = (self.steps - step) / max(1, round(self.decay * self.steps))
        return min(1.0, rise, fall)


def train(
    objective: nn.Module,
    speech: PackedSpeech,
    settings: Training,
    masking: Masking,
    folder: Path | str,
    seed: int,
) -> pd.DataFrame:
    """Train ``objective`` in place, resuming from ``folder`` if a checkpoint lies there; return the curve.

    ``objective(batch, progress)`` returns the loss and named values for the curve (``objectives``).
    Step s uses random numbers derived from ``seed`` and s alone, so an interrupted run ends with the weights
    of an uninterrupted one. The curve has one row per ``log_every`` steps: step, audio_hours seen,
    wall_seconds of training, learning_rate, and the means of the objective's values since the last row.
    Raises ModelError if the loss is not finite or the checkpoint has seen more steps already.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem, rest = _split_parameters(objective)
    optimiser = torch.optim.AdamW(
        [
            {"params": rest, "peak": settings.learning_rate},
            {"params": stem, "peak": settings.stem_learning_rate},
        ],
        betas=(0.9, 0.98),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    step, elapsed = 0, 0.0
    curve: list[dict[str, float]] = []
    recent: defaultdict[str, list[float]] = defaultdict(list)
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        objective.load_state_dict(state["objective"])
        optimiser.load_state_dict(state["optimiser"])
        step, elapsed, curve = state["step"], state["elapsed"], state["curve"]
        recent.update(state["recent"])
        if step > settings.steps:
            raise ModelError(
                f"{checkpoint}: at step {step}, beyond `steps: {settings.steps}`: delete it or raise steps"
            )
        stable = (1 - settings.decay) * min(state["steps"], settings.steps)
        if state["steps"] != settings.steps and step > stable:
            raise ModelError(
                f"{checkpoint}: at step {step} of {state['steps']} the learning rate was falling already: "
                f"delete it to train {settings.steps} steps from the start, or set `steps: {state['steps']}`"
            )
        log.info("resuming at step %d of %d from %s", step, settings.steps, checkpoint)

    def save() -> None:
        with write_aside(checkpoint) as partial:
            torch.save(
                {
                    "objective": objective.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "step": step,
                    "steps": settings.steps,
                    "elapsed": elapsed + time.monotonic() - began,
                    "curve": curve,
                    "recent": dict(recent),
                },
                partial,
            )
        write_csv(pd.DataFrame(curve), folder / CURVE)

    objective.train()
    began = saved = time.monotonic()
    while step < settings.steps:
        step_seed = derive_seed(seed, "step", step)
        torch.manual_seed(step_seed)
        batch = speech.random_batch(settings.crops, settings.crop_frames, masking, step_seed)
        factor = settings.rate(step)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss, values = objective(batch, min(1.0, step / settings.fade_steps))
        if not torch.isfinite(loss):
            raise ModelError(f"{folder.name}: the loss is {loss.item()} at step {step}: train fewer steps")
        loss.backward()
        nn.utils.clip_grad_norm_(objective.parameters(), settings.gradient_norm)
        optimiser.step()
        step += 1
        for name, value in values.items():
            recent[name].append(value)
        if step % settings.log_every == 0 or step == settings.steps:
            seen = step * settings.crops * settings.crop_frames * FRAME_SAMPLES / SAMPLE_RATE / 3600
            row = {
                "step": step,
                "audio_hours": seen,
                "wall_seconds": elapsed + time.monotonic() - began,
                "learning_rate": settings.learning_rate * factor,
            }
            curve.append(row | {name: float(np.mean(entries)) for name, entries in recent.items()})
            recent.clear()
            log.info(" ".join(f"{name} {value:.4g}" for name, value in curve[-1].items()))
        if time.monotonic() - saved > settings.checkpoint_seconds:
            saved = time.monotonic()
            save()
    save()
    return pd.DataFrame(curve)


def _split_parameters(objective: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    stem: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in objective.named_parameters():
        (stem if ".feature_extractor." in f".{name}" else rest).append(parameter)
    return stem, rest
