"""The site of `make docs`: complete, and nothing in it is fetched from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=repository,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_home_is_the_readme_and_its_links_and_pictures_work(site: Path) -> None:
    home = (site / "index.html").read_text()
    assert "Which layer of a speech model knows what?" in home
    local = [link for link in re.findall(r'(?:href|src)="([^":#]+)[#"]', home) if not link.startswith("/")]
    assert {"config.html", "figure.png", "results.html"} <= set(local)
    assert not [link for link in local if not (site / link).exists()]


def test_every_module_has_a_page_with_its_signatures(repository: Path, site: Path) -> None:
    package = repository / "layerwise"
    for path in package.rglob("*.py"):
        if path.name == "__main__.py":
            continue
        page = (site / "api" / path.relative_to(repository)).with_suffix(".html")
        if path.name == "__init__.py":
            page = page.with_name("index.html")
        assert page.exists(), page
    models = (site / "api/layerwise/models/index.html").read_text()
    assert 'id="layerwise.models.load_model"' in models
    assert not re.search(r":(func|class|meth|mod):", models)


def test_a_browser_fetches_nothing_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r'<(?:script|img|iframe)[^>]* src="https?:|<link[^>]*stylesheet[^>]*href="https?:')
    for page in site.rglob("*.html"):
        assert not fetched.search(page.read_text()), page
