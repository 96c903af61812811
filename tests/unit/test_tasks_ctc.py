"""CTC for a bank of heads against PyTorch's loss, and greedy decoding against the definition."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from layerwise.tasks import ctc
from layerwise.tasks.ctc import collapse, ctc_losses, frames_needed


def reference(logits, targets, lengths, target_lengths):
    """PyTorch's loss, one row per item and head."""
    _, items, heads, _ = logits.shape
    losses = functional.ctc_loss(
        logits.log_softmax(-1).flatten(1, 2),
        targets.repeat_interleave(heads, 0),
        torch.tensor(lengths).repeat_interleave(heads),
        torch.tensor(target_lengths).repeat_interleave(heads),
        reduction="none",
    )
    return losses.view(items, heads)


@pytest.mark.parametrize("pass_size", [1, 2**22])
@pytest.mark.parametrize(("scale", "dtype", "tolerance"), [
    (1, torch.float64, 1e-10), (40, torch.float64, 1e-9), (1, torch.float32, 1e-4), (40, torch.float32, 1e-3),
])  # fmt: skip
def test_losses_and_gradients_equal_pytorchs(scale, dtype, tolerance, pass_size, monkeypatch):
    monkeypatch.setattr(ctc, "PASS_SIZE", pass_size)
    torch.manual_seed(0)
    logits = (torch.randn(40, 5, 3, 6, dtype=dtype) * scale).requires_grad_()
    lengths, target_lengths = (40, 33, 20, 12, 40), (10, 9, 1, 4, 2)
    targets = torch.randint(1, 6, (5, 10))
    targets[1, 3] = targets[1, 2]
    weights = torch.rand(5, 3, dtype=dtype)
    found, expected = (
        function(logits, targets, lengths, target_lengths) for function in (ctc_losses, reference)
    )
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    slopes = [torch.autograd.grad((losses * weights).sum(), logits)[0] for losses in (found, expected)]
    torch.testing.assert_close(slopes[0], slopes[1], rtol=tolerance, atol=tolerance)
    with torch.no_grad():
        torch.testing.assert_close(
            ctc_losses(logits, targets, lengths, target_lengths), expected, rtol=tolerance, atol=tolerance
        )


def test_mass_that_32_bits_lose_is_found_in_logarithms():
    frames, labels = 600, 90
    logits = torch.zeros(frames, 1, 2, 4)
    logits[:, :, 0, 0] = 30  # blanks everywhere
    logits[: frames // 2, :, 1, 1] = 40  # one label, and only later the others
    logits.requires_grad_()
    targets = torch.tensor([[1, 2, 3] * (labels // 3)])
    found, expected = (
        function(logits, targets, (frames,), (labels,)) for function in (ctc_losses, reference)
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)
    slopes = [torch.autograd.grad(losses.sum(), logits)[0] for losses in (found, expected)]
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-3, atol=1e-3)


def test_a_head_without_numbers_leaves_the_others_alone():
    torch.manual_seed(0)
    logits = torch.randn(9, 2, 2, 4)
    alone = logits[:, :, :1].clone().requires_grad_()
    logits[:, :, 1] = float("nan")
    logits.requires_grad_()
    targets, lengths, target_lengths = torch.tensor([[1, 2], [3, 3]]), (9, 8), (2, 2)
    both = ctc_losses(logits, targets, lengths, target_lengths)
    one = ctc_losses(alone, targets, lengths, target_lengths)
    assert torch.isnan(both[:, 1]).all()
    torch.testing.assert_close(both[:, :1], one)
    (slopes,) = torch.autograd.grad(both.sum(), logits)
    torch.testing.assert_close(slopes[:, :, :1], torch.autograd.grad(one.sum(), alone)[0])


@given(st.lists(st.integers(0, 3), max_size=12))
def test_collapsing_equals_the_definition(path):
    merged = [label for label, _ in itertools.groupby(path)]
    expected = [label for label in merged if label]
    assert collapse(np.array(path, dtype=np.int64)).tolist() == expected
    dropped_first = [label for label, _ in itertools.groupby(label for label in path if label)]
    assert collapse(np.array(path, dtype=np.int64), merge_after_blanks=True).tolist() == dropped_first


@pytest.mark.parametrize("labels", list(itertools.product("ab", repeat=3)))
def test_frames_needed_are_the_fewest_with_a_path(labels):
    def paths(frames):
        numbers = tuple("_ab".index(label) for label in labels)
        return any(
            tuple(collapse(np.array(path))) == numbers for path in itertools.product(range(3), repeat=frames)
        )

    needed = frames_needed(labels)
    assert paths(needed) and not paths(needed - 1)
