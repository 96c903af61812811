from pathlib import Path

import pytest
from running import Workflow, copy_repository, copy_workflow, made_once


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Workflow:
    """A copy in which nothing has run."""
    return copy_repository(repository, tmp_path)


@pytest.fixture(scope="session")
def first(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy in which configs/ci.yaml has run to the end, once for all workers of pytest-xdist.

    Nobody may change it: ``finished`` and ``clone`` are copies.
    """
    return Workflow(
        made_once(tmp_path_factory, "first", lambda folder: copy_repository(repository, folder).snakemake())
    )


@pytest.fixture(scope="session")
def finished(first: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A finished run of each worker's own. Tests must leave it as they found it."""
    return copy_workflow(first, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def clone(first: Workflow, tmp_path: Path) -> Workflow:
    """A finished run of a test's own, to be changed as it likes."""
    return copy_workflow(first, tmp_path)
