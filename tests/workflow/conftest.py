import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from running import Workflow, copy_repository, copy_workflow


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Workflow:
    """A copy in which nothing has run."""
    return copy_repository(repository, tmp_path)


@pytest.fixture(scope="session")
def first(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy in which configs/ci.yaml has run to the end, once for all workers of pytest-xdist.

    Nobody may change it: ``finished`` and ``clone`` are copies.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "first"
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            copy_repository(repository, folder).snakemake()
            done.touch()
    return Workflow(folder)


@pytest.fixture(scope="session")
def finished(first: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A finished run of each worker's own. Tests must leave it as they found it."""
    return copy_workflow(first, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def clone(first: Workflow, tmp_path: Path) -> Workflow:
    """A finished run of a test's own, to be changed as it likes."""
    return copy_workflow(first, tmp_path)
