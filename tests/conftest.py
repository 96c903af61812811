from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a test must not fail on one machine and pass on the next.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parents[1]
