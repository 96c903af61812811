from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a test must not fail on one machine and pass on the next.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parents[1]


# One small run and its page that can be explored, for all tests of it; other tests need none of the imports.


@pytest.fixture(scope="session")
def page_facts():
    """Two trained models, their random twins and a baseline."""
    import report_tables

    return report_tables.run_facts(("hubert-tiny", "wav2vec2-tiny"))


@pytest.fixture(scope="session")
def page_tables(page_facts, tmp_path_factory):
    """Tables of that run, with decodes and scores of the alignment."""
    import report_page

    return report_page.tables_of(page_facts, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def page_file(page_tables, page_facts, tmp_path_factory, repository):
    """The page of that run."""
    import report_page

    return report_page.make_page(page_tables, page_facts, tmp_path_factory.mktemp("page"), repository)
