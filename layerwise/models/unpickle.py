"""Reading untrusted checkpoint files: tensors and plain containers, nothing that could run.

A pickle is a program: ``pickle.load`` calls whatever function the file names. Here a file may name the
rebuilding functions of tensors and a short list of leftovers of training, which become inert stand-ins;
every other name is refused, so that nothing of a file is executed.
"""

import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from layerwise.errors import ModelError


class Opaque:
    """Stands for an object that a checkpoint holds and layerwise has no use for; forgets all it is given."""

    def __init__(self, *args: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


# what trainers pickle beside the weights: fairseq's label dictionaries and tokenisers, command lines, and
# numpy arrays and scalars (of the data sampler and of metrics) under the module names of numpy 1 and 2
STAND_INS = (
    "argparse.Namespace",
    "fairseq.data.dictionary.Dictionary",
    "fairseq.data.encoders.sentencepiece_bpe.SentencepieceBPE",
    "fairseq.data.encoders.sentencepiece_bpe.SentencepieceConfig",
    "numpy.dtype",
    "numpy.ndarray",
    *(
        f"numpy.{core}.multiarray.{function}"
        for core in ("core", "_core")
        for function in ("_reconstruct", "scalar")
    ),
)


class _Namespace:
    """Stands for an argparse.Namespace; its attributes are the pickled ones."""


class _NamespaceUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("argparse", "Namespace"):
            return _Namespace
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name} is refused")


def read_checkpoint(path: Path | str) -> dict[str, Any]:
    """Return the dictionary in a file of ``torch.save``: tensors on the CPU, plain containers, stand-ins.

    Tensors are mapped from the file, so what is not used is not read. Raises ModelError naming the file if
    it is missing, no such file, truncated, or names anything beyond tensors, containers and STAND_INS.
    """
    path = _existing(path)
    try:
        with torch.serialization.safe_globals([(Opaque, name) for name in STAND_INS]):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # the bytes are not trusted: any error may come out of them
        raise ModelError(_cannot_read(path, error, "checkpoint of PyTorch")) from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: holds a {type(content).__name__}, not the dictionary of a checkpoint")
    return content


def read_namespace(path: Path | str) -> dict[str, Any]:
    """Return the attributes of a pickled ``argparse.Namespace``.

    Raises ModelError naming the file if it is missing, truncated, or holds anything but a namespace of
    plain values.
    """
    path = _existing(path)
    try:
        with path.open("rb") as stream:
            content = _NamespaceUnpickler(stream).load()
    except Exception as error:  # as above
        raise ModelError(_cannot_read(path, error, "pickled argparse.Namespace")) from error
    if not isinstance(content, _Namespace):
        raise ModelError(f"{path}: holds a {type(content).__name__}, not an argparse.Namespace")
    return vars(content)


def _existing(path: Path | str) -> Path:
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file; put the authors' checkpoint there or correct `source:`")
    return path


def _cannot_read(path: Path, error: Exception, what: str) -> str:
    if refused := re.search(r"GLOBAL (\S+)", str(error)):
        return (
            f"{path}: refused, because it names {refused[1]}: layerwise reads tensors and plain containers "
            "only, since anything else in a pickle may run code. Is this the file that its authors published?"
        )
    cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return (
        f"{path}: not a whole {what} ({path.stat().st_size} bytes): {cause} "
        "Is it the right file, and was it downloaded completely?"
    )
