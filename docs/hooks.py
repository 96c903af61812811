"""What `mkdocs build` does beside its plug-ins: pages from files outside docs/, and notebooks as pages."""

import json
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# file outside docs/ -> page
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "results/README.md": "results.md",
}
TITLES = {"contributing.md": "Contributing", "changelog.md": "Changelog", "results.md": "What a run writes"}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put notebooks and pages from outside docs/ into the navigation."""
    notebooks = [f"notebooks/{path.stem}.md" for path in _notebooks()]
    extra = [
        {TITLES[page]: page} for source, page in PAGES.items() if page in TITLES and (ROOT / source).exists()
    ]
    config.nav = [*(config.nav or []), *([{"Notebooks": notebooks}] if notebooks else []), *extra]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add those pages to the site."""
    for source, page in PAGES.items():
        if (ROOT / source).exists():
            files.append(File.generated(config, page, content=_move_links(ROOT / source, page)))
    for path in _notebooks():
        page = f"notebooks/{path.stem}.md"
        files.append(File.generated(config, page, content=_notebook_page(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Keep links that leave docs/ as text, for the site has no such file."""
    path = DOCS / page.file.src_uri
    return _relink(markdown, path.parent, page.file.src_uri) if path.exists() else markdown


def on_page_content(html: str, **_: Any) -> str:
    """Drop the roles of docstrings, as in :func:`load_model`: Markdown has none."""
    return re.sub(r":(?:func|class|meth|mod|data):(?=<code>)", "", html)


def _notebooks() -> list[Path]:
    return sorted((DOCS / "notebooks").glob("*.ipynb"))


def _move_links(source: Path, page: str) -> str:
    return _relink(source.read_text(encoding="utf-8"), source.parent, page)


def _relink(markdown: str, folder: Path, page: str) -> str:
    """Links of a file in ``folder``, as links of ``page``; those to files that the site lacks become text."""

    def moved(link: re.Match[str]) -> str:
        image, text, target, anchor = link[1], link[2], link[3], link[4] or ""
        if not target or re.match(r"[a-z]+:", target):
            return link[0]
        path = Path(os.path.normpath(folder / target))
        if path.is_relative_to(DOCS):
            inside = re.sub(r"\.ipynb$", ".md", path.relative_to(DOCS).as_posix())
        elif path.relative_to(ROOT).as_posix() in PAGES:
            inside = PAGES[path.relative_to(ROOT).as_posix()]
        else:
            return text if path.exists() else link[0]
        return f"{image}[{text}]({os.path.relpath(inside, Path(page).parent)}{anchor})"

    return LINK.sub(moved, markdown)


def _notebook_page(path: Path) -> str:
    """An executed notebook as Markdown, with its pictures inside."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts.append(_fenced(source, "python"))
            parts.extend(_shown(output) for output in cell["outputs"])
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _fenced("".join(output["text"]), "text")
    if output["output_type"] == "error":
        raise ValueError(f"a cell of a notebook ended with {output['ename']}: {output['evalue']}")
    data = output["data"]
    if "image/png" in data:
        return f'<img alt="output" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
    return _fenced("".join(data["text/plain"]), "text")


def _fenced(text: str, language: str) -> str:
    return f"~~~~{language}\n{text.rstrip()}\n~~~~"
