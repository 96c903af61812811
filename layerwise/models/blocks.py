"""Layers of a transformers encoder collected by forward hooks."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from layerwise.models.base import Grid, Layer


def describe_blocks(dim: int, grid: Grid, depth: int, final_norm: bool) -> dict[str, Layer]:
    """Return the table entries T0 ... TL of transformer blocks, and TL+ln if a layer norm follows them."""
    table = {"T0": Layer(dim, grid, "input of the first transformer block")}
    for i in range(1, depth + 1):
        table[f"T{i}"] = Layer(dim, grid, f"output of transformer block {i}")
    if final_norm:
        table[f"T{depth}+ln"] = Layer(dim, grid, f"T{depth} after the final layer norm")
    return table


@contextmanager
def capturing(
    convs: Sequence[nn.Module], blocks: Sequence[nn.Module], final_norm: nn.Module | None = None
) -> Iterator[dict[str, torch.Tensor]]:
    """Collect every layer (batch, frames, dim) of the forward passes during the block.

    ``convs`` return (batch, dim, frames), ``blocks`` take and return (batch, frames, dim) first. Yields the
    dictionary that is filled; the hooks are removed at the end, whatever happens.
    """
    captured: dict[str, torch.Tensor] = {}

    def conv_output(name: str, module: nn.Module, args: Any, output: torch.Tensor) -> None:
        captured[name] = output.transpose(1, 2)

    def block_input(module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        captured["T0"] = args[0]

    def block_output(name: str, module: nn.Module, args: Any, output: Any) -> None:
        captured[name] = output[0] if isinstance(output, tuple) else output

    handles = [conv.register_forward_hook(partial(conv_output, f"C{i}")) for i, conv in enumerate(convs, 1)]
    handles.append(blocks[0].register_forward_pre_hook(block_input))
    handles += [
        block.register_forward_hook(partial(block_output, f"T{i}")) for i, block in enumerate(blocks, 1)
    ]
    if final_norm is not None:
        handles.append(final_norm.register_forward_hook(partial(block_output, f"T{len(blocks)}+ln")))
    with ExitStack() as stack:
        for handle in handles:
            stack.callback(handle.remove)
        yield captured
