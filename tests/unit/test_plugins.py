"""Specs from outside: plug-in files and entry points, and what is said where one cannot be used."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layerwise.config.load import parse_config
from layerwise.errors import ConfigError
from layerwise.specs import registry as module
from layerwise.specs.registry import Registry, registry
from layerwise.specs.spec import AnalysisSpec, ModelSpec, ReaderSpec, TaskSpec

SPECS = """
from pydantic import Field
from layerwise.options.section import Section
from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import F1
from layerwise.specs.spec import AnalysisSpec, ModelSpec, ReaderSpec, TaskSpec


class Options(Section):
    depth: int = Field(default=1, ge=1, description="How deep.", examples=[2])


RECIPES = (TrainingRecipe("linear", learning_rates=(1e-2,), epochs=3),)
SPECS = [
    ModelSpec(name="net", title="Net", code="load", files=("",)),
    AnalysisSpec(name="depth", title="Depth", method="", code="DEPTH", unit="word", options=Options),
    TaskSpec(
        name="topic", title="Topic", code="a.b:Topic", metric=F1, labels=("topic",), recipes=RECIPES,
        options=Options,
    ),
    ReaderSpec(name="lines", title="Lines", code="read", files="files"),
]


def files(path):
    return [path / "b", path / "a"]
"""
GOOD = {"corpus": {"path": "x"}, "models": ["net:weights.pt"], "tasks": ["topic"], "analyses": ["depth"]}


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Write plug-in files, each by a name that no other test has imported."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(text: str) -> str:
        path = tmp_path / f"plugin_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        return path.as_posix()

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refused(content: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(content)
    return str(caught.value)


def test_code_and_files_without_a_module_are_in_the_plug_in_file(plugin: Callable[[str], str]) -> None:
    path = plugin(SPECS)
    specs = registry((path,))
    assert specs.find(ModelSpec, "net").code == f"{path}:load"
    assert specs.find(TaskSpec, "topic").code == "a.b:Topic"
    assert specs.find(AnalysisSpec, "depth").origin == path
    reader = specs.find(ReaderSpec, "lines")
    assert reader.code == f"{path}:read"
    assert reader.files_of(Path("corpus")) == [Path("corpus/a"), Path("corpus/b")]
    assert "depth" not in registry().names("analyses")


def test_a_single_spec_needs_no_list(plugin: Callable[[str], str]) -> None:
    path = plugin(SPECS + "\nSPECS = SPECS[0]\n")
    assert registry((path,)).find(ModelSpec, "net").title == "Net"


def test_options_from_outside_are_checked_and_have_defaults(plugin: Callable[[str], str]) -> None:
    good = {**GOOD, "plugins": [plugin(SPECS)]}
    config = parse_config({**good, "options": {"depth": {"depth": 3}}})
    given = config.options_of(config.analysis_specs["depth"])
    left_out = config.options_of(config.registry.find(TaskSpec, "topic"))
    assert given and given.model_dump() == {"depth": 3}
    assert left_out and left_out.model_dump() == {"depth": 1}
    message = refused({**good, "options": {"deph": {}}})
    assert "`options.deph`: no plug-in of this run" in message and "depth, topic" in message
    assert "depht" in refused({**good, "options": {"depth": {"depht": 3}}})
    assert "unknown name 'depth'" in refused({**GOOD, "models": ["a/b"], "tasks": []})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import nothing_of_that_name", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("SPEC = 1", "no object 'SPECS'"),
        ("SPECS = ['net']", "'net' in SPECS is no spec"),
        (SPECS.replace('name="depth"', 'name="cca-mel"'), "analyses 'cca-mel' exists already; rename it"),
    ],
)
def test_a_file_that_is_no_plug_in_is_named(plugin: Callable[[str], str], text: str, expected: str) -> None:
    path = plugin(text)
    message = refused({**GOOD, "plugins": [path]})
    assert path in message and expected in message


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert "missing.py is no Python file" in refused({**GOOD, "plugins": [f"{tmp_path}/missing.py"]})
    assert "a list of Python files is needed" in refused({**GOOD, "plugins": "mine.py"})


def test_a_file_named_like_a_module_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "json.py").write_text(SPECS)
    message = refused({**GOOD, "plugins": [f"{tmp_path}/json.py"]})
    assert "a module named 'json' exists already; rename the file" in message


class Point:
    """An entry point."""

    name, value = "net", "their_models:NET"

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def load(self) -> Any:
        if isinstance(self.spec, Exception):
            raise self.spec
        return self.spec


def test_entry_points_are_specs_of_their_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def offer(spec: Any) -> Registry:
        points = {"layerwise.models": [Point(spec)]}
        monkeypatch.setattr(module, "entry_points", lambda group: points.get(group, []))
        return registry.__wrapped__()

    net = ModelSpec(name="net", title="Net", code="their_models.net:load")
    assert offer(net).find(ModelSpec, "net").origin == "entry point net (their_models:NET)"
    with pytest.raises(ConfigError, match=r"their_models:NET\) of group layerwise\.models: is no ModelSpec"):
        offer("net")
    with pytest.raises(ConfigError, match=r"their_models:NET.*cannot be loaded: broken"):
        offer(ImportError("broken"))


def test_what_is_no_spec_of_a_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no spec: use one of ModelSpec, AnalysisSpec"):
        Registry(["net"])  # type: ignore[list-item]
