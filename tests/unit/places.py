"""Devices of PyTorch on which the code for GPUs is tested: "cpu:0" everywhere, "cuda" where there is one."""

import torch

PLACES = ["cpu:0", *(["cuda"] if torch.cuda.is_available() else [])]
