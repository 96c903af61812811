"""Number formats of a forward pass."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from layerwise.errors import ModelError

Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]

# what load_model takes -> dtype of weights and activations
DTYPES = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def use_number_format(name: str) -> torch.dtype:
    """Set what this process does with float32 on CUDA from now on; return the dtype of weights.

    tf32 rounds the inputs of matrix products and convolutions to 10 bits of mantissa; the others do not,
    though PyTorch by itself would in convolutions. No effect on other devices. Raises ModelError if unknown.
    """
    if name not in DTYPES:
        raise ModelError(f"dtype {name!r} is unknown; use one of {', '.join(DTYPES)}")
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    return DTYPES[name]


def cast(model: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move a model to a device and number format.

    On a CPU some convolutions go on computing in float32 (``keep_grouped_convolutions``).
    """
    model.to(device, dtype)
    if device.type == "cpu" and dtype != torch.float32:
        keep_grouped_convolutions(model)


def keep_grouped_convolutions(model: nn.Module) -> None:
    """Let convolutions compute in float32, under autocast too, that CPUs compute wrongly in bfloat16.

    oneDNN's results are wrong by as much as they are large on CPUs with AMX (PyTorch 2.11) for grouped
    convolutions (the positional ones) and for strides above 3 over 8 to 24 channels (of no published model).
    """
    for module in model.modules():
        if isinstance(module, nn.Conv1d) and (module.groups > 1 or _strided_over_few(module)):
            module._conv_forward = partial(_in_float32, module._conv_forward)  # type: ignore[method-assign]


def _strided_over_few(module: nn.Conv1d) -> bool:
    return module.stride[0] > 3 and 1 < module.in_channels < 32


def _in_float32(convolve: Convolve, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    with torch.autocast(values.device.type, enabled=False):
        return convolve(values.float(), weight.float(), None if bias is None else bias.float()).to(
            values.dtype
        )
