"""Checkpoints that are not what they seem: nothing of a file runs, and every refusal names file and cause."""

import argparse
import collections
import pathlib
import pickle
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from layerwise.errors import ModelError
from layerwise.models.unpickle import read_checkpoint, read_namespace


class Runs:
    """Pickled, it tells the reader to call a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


MALICIOUS = {
    "posix.system": lambda mark: Runs(__import__("os").system, f"touch {mark}"),
    "subprocess.Popen": lambda mark: Runs(subprocess.Popen, ["touch", str(mark)]),
    "eval": lambda mark: Runs(eval, f"open({str(mark)!r}, 'w')"),
    "pathlib.Path.touch": lambda mark: Runs(pathlib.Path.touch, mark),
    "getattr": lambda mark: Runs(getattr, mark, "touch"),
    "torch.serialization.load": lambda mark: Runs(torch.load, str(mark)),
}


@pytest.mark.parametrize("name", MALICIOUS)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_would_run_code_is_refused(name: str, zipped: bool, tmp_path: Path) -> None:
    mark, path = tmp_path / "executed", tmp_path / "bad.pt"
    content = {"model": {"w": torch.zeros(2)}, "task_state": {"dictionaries": [MALICIOUS[name](mark)]}}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"bad\.pt: refused, because it names \S+: layerwise reads tensors"):
        read_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", MALICIOUS)
def test_args_that_would_run_code_are_refused(name: str, protocol: int, tmp_path: Path) -> None:
    mark, path = tmp_path / "executed", tmp_path / "args.pkl"
    namespace = argparse.Namespace(layer_use=7, extra=MALICIOUS[name](mark))
    path.write_bytes(pickle.dumps(namespace, protocol))
    with pytest.raises(ModelError, match=r"args\.pkl: refused, because it names \S+"):
        read_namespace(path)
    assert not mark.exists()


def test_the_malicious_pickles_do_run_when_read_without_care(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    pickle.loads(pickle.dumps(MALICIOUS["posix.system"](mark)))
    assert mark.exists()


def test_plain_namespaces_of_every_protocol_that_python_3_writes_are_read(tmp_path: Path) -> None:
    values = {"heads": 12, "rate": 1e-4, "name": "a", "flag": True, "none": None, "list": [1, (2, "b")]}
    for protocol in range(2, 6):
        (tmp_path / "args.pkl").write_bytes(pickle.dumps(argparse.Namespace(**values), protocol))
        assert read_namespace(tmp_path / "args.pkl") == values


def test_leftovers_of_training_become_inert(tmp_path: Path) -> None:
    content = {
        "model": collections.OrderedDict(w=torch.arange(3.0), h=torch.ones(2, dtype=torch.float16)),
        "args": argparse.Namespace(a=1),
        "indices": np.arange(5),
        "metrics": [np.float64(1.5), np.int64(2)],
    }
    torch.save(content, tmp_path / "bundle.pth")
    whole = read_checkpoint(tmp_path / "bundle.pth")
    assert torch.equal(whole["model"]["w"], torch.arange(3.0))
    assert whole["model"]["h"].dtype == torch.float16
    assert {type(whole[key]).__name__ for key in ("args", "indices")} == {"Opaque"}
    torch.save(content, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(read_checkpoint(tmp_path / "old.pth")["model"]["w"], torch.arange(3.0))


def test_numpy_1_and_2_names_are_known(tmp_path: Path) -> None:
    torch.save({"indices": np.arange(5)}, tmp_path / "new.pth")
    with (
        zipfile.ZipFile(tmp_path / "new.pth") as source,
        zipfile.ZipFile(tmp_path / "old.pth", "w") as target,
    ):
        for item in source.infolist():
            target.writestr(item, source.read(item).replace(b"numpy._core", b"numpy.core"))
    assert b"numpy.core.multiarray" in (tmp_path / "old.pth").read_bytes()
    assert set(read_checkpoint(tmp_path / "old.pth")) == {"indices"}


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    torch.save({"model": {"w": torch.zeros(5000)}}, path)
    whole = path.read_bytes()
    torch.save({"model": {"w": torch.zeros(5000)}}, path, _use_new_zipfile_serialization=False)
    legacy = path.read_bytes()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "text")
    for content in (
        whole[:-30],
        whole[: len(whole) // 2],
        legacy[:-30],
        legacy[:50],
        b"",
        b"<!DOCTYPE html><html>Sign in to download</html>",
        (tmp_path / "other.zip").read_bytes(),
        bytes(range(256)) * 10,
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"file\.pt: not a whole checkpoint .*\({len(content)} bytes\)"):
            read_checkpoint(path)
    torch.save([1, 2], path)
    with pytest.raises(ModelError, match=r"file\.pt: holds a list, not the dictionary"):
        read_checkpoint(path)
    with pytest.raises(ModelError, match="no such file"):
        read_checkpoint(tmp_path)
    for content in (b"", b"<html>", pickle.dumps(argparse.Namespace(a=1))[:-5]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"file\.pt: not a whole pickled argparse\.Namespace"):
            read_namespace(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match=r"file\.pt: holds a dict, not an argparse\.Namespace"):
        read_namespace(path)
