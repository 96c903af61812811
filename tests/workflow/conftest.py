import pytest
from running import Workflow, copy_repository


@pytest.fixture
def fresh(repository, tmp_path) -> Workflow:
    """A copy in which nothing has run."""
    return copy_repository(repository, tmp_path)


@pytest.fixture(scope="session")
def finished(repository, tmp_path_factory) -> Workflow:
    """A copy in which configs/ci.yaml has run to the end. Tests must leave it as they found it."""
    workflow = copy_repository(repository, tmp_path_factory.mktemp("finished"))
    workflow.snakemake()
    return workflow
