"""Connectionist temporal classification (Graves et al. 2006) for a bank of heads at once.

A bank has the same targets for all its heads, so that one pass over time serves all heads and items.
PyTorch's own loss works through one row after the other and takes about twice as long on a CPU.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

BLANK = 0
# Numbers that one pass may hold; items that are too many are taken in turn.
PASS_SIZE = 2**22
# Below such a posterior mass a path may be lost to underflow: PyTorch's loss in logarithms takes over.
SAFE = {torch.float32: 1e-25, torch.float64: 1e-250}


class _Ctc(torch.autograd.Function):
    """Loss (items, heads) whose gradient was computed along with it."""

    @staticmethod
    def forward(
        context: torch.autograd.function.FunctionCtx,
        logits: Tensor,
        targets: Tensor,
        lengths: Sequence[int],
        target_lengths: Sequence[int],
    ) -> Tensor:
        losses, gradient = _pass(logits.detach(), targets, lengths, target_lengths)
        context.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(context, upstream: Tensor):  # type: ignore[no-untyped-def]
        (gradient,) = context.saved_tensors
        return gradient * upstream.unsqueeze(0).unsqueeze(-1), None, None, None


def ctc_losses(
    logits: Tensor, targets: Tensor, lengths: Sequence[int], target_lengths: Sequence[int]
) -> Tensor:
    """Return the negative log-likelihood of each item under each head, (items, heads), differentiable.

    Args:
        logits: (frames, items, heads, outputs), output 0 is the blank.
        targets: (items, labels) padded, label numbers from 1.
        lengths: frames of each item.
        target_lengths: labels of each item; CTC must be able to emit them (`frames_needed`).
    """
    losses: Tensor = _Ctc.apply(logits, targets, lengths, target_lengths)  # type: ignore[no-untyped-call]
    return losses


def frames_needed(labels: Sequence[object]) -> int:
    """Fewest frames in which CTC can emit the labels: one each, and a blank between equal neighbours."""
    return len(labels) + sum(a == b for a, b in itertools.pairwise(labels))


def collapse(path: NDArray[np.int64], *, merge_after_blanks: bool = False) -> NDArray[np.int64]:
    """Merge repeats of a path (frames,) of outputs, then drop blanks; the other way round on request."""
    if merge_after_blanks:
        path = path[path != BLANK]
    merged: NDArray[np.int64] = path[np.diff(path, prepend=-1) != 0]
    labels: NDArray[np.int64] = merged[merged != BLANK]
    return labels


def _pass(
    logits: Tensor,
    targets: Tensor,
    lengths: Sequence[int],
    target_lengths: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """Losses (items, heads) and gradient (frames, items, heads, outputs), some items at a time."""
    _, items, heads, _ = logits.shape
    losses = logits.new_empty(items, heads)
    slopes = torch.zeros_like(logits)
    for some in _groups(lengths, target_lengths, heads):
        longest = max(lengths[some])
        losses[some], own = _forward_backward(
            logits[:longest, some], targets[some], lengths[some], target_lengths[some]
        )
        slopes[:longest, some] = own
    return losses, slopes


def _groups(lengths: Sequence[int], target_lengths: Sequence[int], heads: int) -> list[slice]:
    """Neighbouring items whose states in all frames are few enough for one pass; at least one."""
    groups, start = [], 0
    for stop in range(1, len(lengths) + 1):
        if stop < len(lengths):
            states = 2 * max(target_lengths[start : stop + 1]) + 1
            if (stop + 1 - start) * max(lengths[start : stop + 1]) * states * heads <= PASS_SIZE:
                continue
        groups.append(slice(start, stop))
        start = stop
    return groups


def _forward_backward(
    logits: Tensor, targets: Tensor, lengths: Sequence[int], target_lengths: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Scaled recursions (Rabiner 1989).

    States come before items and heads, so that what a step adds lies side by side in memory, and the numbers
    of a step stay in the cache.
    """
    frames, items, heads, outputs = logits.shape
    device = logits.device
    likelihoods = logits.softmax(dim=-1).permute(0, 3, 1, 2).contiguous()  # (frames, outputs, items, heads)
    labels, skip = _lattice(targets, target_lengths, logits)
    tilt = _tilt(likelihoods, labels, lengths, target_lengths)
    enter = torch.ones_like(skip)
    enter[1::2] = tilt
    skip *= tilt
    row = (labels * items + torch.arange(items, device=device)).flatten()
    by_row = likelihoods.flatten(1, 2).unbind(0)

    # Probability mass of each state, two states before the first always empty.
    states = len(labels)
    mass = logits.new_zeros(states + 2, items, heads)
    here, one_before, two_before = mass[2:], mass[1:-1], mass[:-2]
    emits = torch.empty_like(here)
    flat = emits.flatten(0, 1)
    reached = logits.new_empty(frames, states, items, heads)
    scales = logits.new_empty(frames, items, heads)
    reached[0] = 0
    reached[0, 0], reached[0, 1] = 1, tilt
    for frame, (now, scale) in enumerate(zip(reached.unbind(0), scales.unbind(0), strict=True)):
        if frame:
            torch.addcmul(here, one_before, enter, out=now).addcmul_(two_before, skip)
        torch.index_select(by_row[frame], 0, row, out=flat)
        torch.mul(now, emits, out=here)
        here.div_(torch.sum(here, 0, out=scale))

    past = (torch.arange(frames).unsqueeze(1) >= torch.tensor(lengths)).unsqueeze(-1).to(device)
    ends = torch.stack(
        [
            (reached[length - 1, last, item] * likelihoods[length - 1, labels[last, item], item]).sum(0)
            / scales[length - 1, item]
            for item, (length, count) in enumerate(zip(lengths, target_lengths, strict=True))
            for last in [slice(2 * count - 1, 2 * count + 1)]
        ]
    )
    losses = tilt.log() * logits.new_tensor(target_lengths).unsqueeze(1)
    losses -= scales.log().masked_fill(past, 0).sum(0) + ends.log()
    # The same from the end, two empty states behind the last; outputs collect the states that emit them.
    mass.zero_()
    here, one_after, two_after = mass[:-2], mass[1:-1], mass[2:]
    nothing = torch.zeros_like(skip[:2])
    enter, skip = torch.cat([enter[1:], nothing[:1]]), torch.cat([skip[2:], nothing])
    select = functional.one_hot(labels, outputs).permute(1, 2, 0).to(logits.dtype).contiguous()
    ending: list[list[int]] = [[] for _ in range(frames)]
    for item, length in enumerate(lengths):
        ending[length - 1].append(item)
    collected = logits.new_empty(frames, items, outputs, heads)
    parts = collected.unbind(0)
    now, joint = torch.empty_like(here), torch.empty_like(here)
    by_item, scale = joint.transpose(0, 1), logits.new_empty(items, heads)
    tiny = torch.finfo(logits.dtype).tiny
    for frame in reversed(range(frames)):
        torch.addcmul(here, one_after, enter, out=now).addcmul_(two_after, skip)
        for item in ending[frame]:
            now[2 * target_lengths[item] - 1 : 2 * target_lengths[item] + 1, item] = 1
        torch.mul(now, reached[frame], out=joint)
        torch.bmm(select, by_item, out=parts[frame])
        torch.index_select(by_row[frame], 0, row, out=flat)
        torch.mul(now, emits, out=here)
        here.div_(torch.sum(here, 0, out=scale).clamp_(min=tiny))
    posterior = collected.mul_(likelihoods.transpose(1, 2))
    total = posterior.sum(2)
    lost = ~((total / scales).masked_fill_(past, 1).amin(0) > SAFE[logits.dtype])
    slope = likelihoods.transpose(1, 2) - posterior.div_(total.unsqueeze(2))
    slopes = slope.masked_fill_(past.unsqueeze(-1), 0).transpose(2, 3)
    for item in torch.nonzero(lost.any(1)).flatten().tolist():
        which, length = torch.nonzero(lost[item]).flatten(), lengths[item]
        losses[item, which], slope = _in_logarithms(
            logits[:length, item, which], targets[item, : target_lengths[item]]
        )
        slopes[:length, item, which] = slope
    return losses, slopes


def _lattice(targets: Tensor, target_lengths: Sequence[int], like: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of the states (states, items), blanks between, and where (..., heads) one may be skipped."""
    items = len(targets)
    labels = torch.full((2 * max(target_lengths) + 1, items), BLANK, device=like.device)
    skip = like.new_zeros(*labels.shape, like.shape[2])
    for item, length in enumerate(target_lengths):
        target = targets[item, :length].to(like.device)
        labels[1 : 2 * length : 2, item] = target
        skip[3 : 2 * length : 2, item] = (target[1:] != target[:-1]).to(like.dtype).unsqueeze(1)
    return labels, skip


def _tilt(
    likelihoods: Tensor, labels: Tensor, lengths: Sequence[int], target_lengths: Sequence[int]
) -> Tensor:
    """Factor (items, heads) for each label that a path enters, so that mass moves on at about the right pace.

    All paths enter the same labels, so that it changes nothing but the scale; but where blanks are much
    likelier than labels, as early in training, mass from both ends would hardly meet in 32 bits.
    """
    tilts = []
    for item, (length, count) in enumerate(zip(lengths, target_lengths, strict=True)):
        mean = likelihoods[:length, :, item].mean(0)
        label = mean[labels[1 : 2 * count : 2, item]].mean(0)
        tilts.append((count / length * mean[BLANK] / label.clamp(min=1e-6)).clamp(1e-3, 1e6))
    return torch.stack(tilts)


@torch.enable_grad()
def _in_logarithms(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """PyTorch's loss of one item: logits (frames, heads, outputs) to losses (heads,) and their gradient."""
    own = logits.detach().clone().requires_grad_()
    frames, heads, _ = own.shape
    losses = functional.ctc_loss(
        own.log_softmax(-1),
        target.expand(heads, -1),
        torch.full((heads,), frames),
        torch.full((heads,), len(target)),
        blank=BLANK,
        reduction="none",
    )
    (gradient,) = torch.autograd.grad(losses.sum(), own)
    return losses.detach(), gradient
