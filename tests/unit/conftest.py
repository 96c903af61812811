"""Fixtures of the page that can be explored: one small run, and its page, for all tests of it."""

import pytest


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
