"""Number formats of a forward pass."""

import torch

from layerwise.errors import ModelError

# precision -> dtype of weights and activations, as load_model takes it
PRECISIONS = {"float32": "float32", "tf32": "float32", "bfloat16": "bfloat16"}


def use_precision(precision: str) -> str:
    """Set what this process does with float32 on CUDA; return the ``dtype`` for ``load_model``.

    tf32 rounds the inputs of matrix products and convolutions to 10 bits of mantissa; float32 does not,
    though PyTorch by itself would in convolutions. No effect on other devices. Raises ModelError if unknown.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"precision {precision!r} is unknown; use one of {', '.join(PRECISIONS)}")
    tf32 = precision == "tf32"
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    return PRECISIONS[precision]
