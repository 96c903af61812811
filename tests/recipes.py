"""The recipes of CONTRIBUTING.md, taken from the page: added to a copy of the repository, or from outside."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"# (\S+\.py)(?:, in (\w+))?\n")
# kind: the module of its recipe
MODULES = {
    "models": "layerwise/models/gru.py",
    "analyses": "layerwise/analyses/manner.py",
    "measures": "layerwise/measures/isotropy.py",
    "tasks": "layerwise/tasks/first_phone.py",
    "aligners": "layerwise/align/csv_intervals.py",
    "readers": "layerwise/corpus/kaldi.py",
}
SPEC_IMPORTS = """from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import ACCURACY
from layerwise.specs.spec import AlignerSpec, AnalysisSpec, MeasureSpec, ModelSpec, ReaderSpec, TaskSpec
"""


@dataclass(frozen=True)
class Block:
    """A block of Python: its file, the tuple or class of that file that it goes into, and the code."""

    path: str
    inside: str
    code: str


def python_blocks() -> list[Block]:
    """All blocks of Python of the page that name their file."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = []
    for language, code in FENCE.findall(page):
        title = TITLE.match(code)
        if language == "python" and title:
            blocks.append(Block(title[1], title[2] or "", code.removeprefix(title[0])))
    return blocks


def add_to_repository(folder: Path, kind: str) -> None:
    """Follow the recipe of a kind in a copy of the repository: the module, its options, the line."""
    for path in _options_of(kind):
        for block in _blocks(path):
            file = folder / path
            if block.inside:  # a key: into the section that is there
                _insert(file, rf"(class {block.inside}\(.*?)(?=\n\n\n|\Z)", "\n" + block.code.rstrip())
            else:
                _insert(file, r"(.*?)(?=class AlignmentOptions)", block.code + "\n\n")
            name = re.findall(r"class (\w+)", block.code)
            if name:
                specs = folder / f"layerwise/specs/{kind}.py"
                line = f"from {path.removesuffix('.py').replace('/', '.')} import {name[0]}\n"
                _insert(specs, r'(\A""".*?"""\n\n)', line)
    (module,) = _blocks(MODULES[kind])
    (folder / module.path).write_text(module.code, encoding="utf-8")
    (spec,) = _blocks(f"layerwise/specs/{kind}.py")
    _insert(
        folder / spec.path,
        rf"({spec.inside}\b[^=\n]* = \(\n?.*?)(?=\n?\)\n)",
        "\n" + textwrap.indent(spec.code.rstrip(), "    ") + ",",
    )


def write_plugin(folder: Path, kind: str) -> Path:
    """Follow the recipe of a kind outside the repository: one file with the code and its spec."""
    (module,) = _blocks(MODULES[kind])
    (spec,) = _blocks(f"layerwise/specs/{kind}.py")
    options = [block.code for path in _options_of(kind) for block in _blocks(path) if not block.inside]
    file = folder / Path(module.path).name
    dotted = module.path.removesuffix(".py").replace("/", ".")
    line = spec.code.replace(f'"{dotted}:', '"')
    line = re.sub(r"\n    section=.*", "", line)
    head = (
        "from pydantic import Field\n\nfrom layerwise.options.section import Section\n\n\n" if options else ""
    )
    parts = [
        module.code,
        head,
        *options,
        SPEC_IMPORTS,
        "\nSPECS = [\n" + textwrap.indent(line.rstrip(), "    ") + ",\n]\n",
    ]
    file.write_text("\n".join(parts), encoding="utf-8")
    return file


def _blocks(path: str) -> list[Block]:
    return [block for block in python_blocks() if block.path == path]


def _options_of(kind: str) -> list[str]:
    return ["layerwise/options/alignment.py"] if kind == "aligners" else []


def _insert(file: Path, after: str, text: str) -> None:
    """Insert text after what a pattern finds first."""
    content = file.read_text(encoding="utf-8")
    match = re.search(after, content, re.DOTALL)
    assert match, f"{file}: nothing like {after}"
    file.write_text(content[: match.end(1)] + text + content[match.end(1) :], encoding="utf-8")
