"""Specs and their registry: ours, plug-in files, entry points, and what is refused."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerwise.config.load import parse_config
from layerwise.errors import ConfigError, ModelError
from layerwise.specs.code import load_object
from layerwise.specs.metrics import ACCURACY, PER
from layerwise.specs.registry import BUILT_IN, Registry, registry
from layerwise.specs.sources import family_of, hub_id, parse_source
from layerwise.specs.spec import AnalysisSpec, ModelSpec, ReaderSpec, TaskSpec

PLUGIN = """
from layerwise.specs.spec import ModelSpec, ReaderSpec

SPECS = [
    ModelSpec(name="mine", title="Mine", code="load", files=("*.pt",)),
    ReaderSpec(name="jsonl", title="JSON lines", code="read", files="files"),
]


def files(path):
    yield path


def load(location, options): ...
def read(path): ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for plug-in files, which are modules of this process until the test ends."""
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path
    registry.cache_clear()


def plugin(folder: Path, text: str, name: str = "my_plugin_file.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: f"{type(spec).__name__}-{spec.name}")
def test_the_code_of_each_spec_is_there(spec: AnalysisSpec | TaskSpec) -> None:
    assert load_object(spec.code) is not None


def test_specs_of_a_plugin_file_name_their_code_within_it(folder: Path) -> None:
    path = plugin(folder, PLUGIN)
    known = registry((path,))
    model, reader = known.find(ModelSpec, "mine"), known.find(ReaderSpec, "jsonl")
    assert model.code == f"{path}:load" and callable(load_object(model.code))
    assert model.origin == reader.origin == path
    (folder / "weights").mkdir()
    (folder / "weights/a.pt").touch()
    assert model.files_of(folder / "weights") == [folder / "weights/a.pt"]
    assert reader.files_of(folder / "corpus.jsonl") == [folder / "corpus.jsonl"]
    source = parse_source("random:mine:weights", known)
    assert (source.family, source.location, source.random) == ("mine", "weights", True)
    assert family_of(source, None, known) == model
    assert "mine" not in registry().names("models")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SPECS = [1]", "1 in SPECS is no spec"),
        ("SPEC = []", "no object 'SPECS'"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError"),
        (PLUGIN.replace('"mine"', '"whisper"'), "'whisper' exists already"),
    ],
)
def test_a_bad_plugin_file_is_named(folder: Path, text: str, message: str) -> None:
    path = plugin(folder, text)
    with pytest.raises(ConfigError, match=message) as error:
        registry((path,))
    assert path in str(error.value)


def test_a_plugin_file_must_be_there_and_have_a_name_of_its_own(folder: Path) -> None:
    with pytest.raises(ConfigError, match="is no Python file"):
        registry((str(folder / "gone.py"),))
    with pytest.raises(ConfigError, match="no such file"):
        load_object(f"{folder / 'gone.py'}:load")
    with pytest.raises(ConfigError, match="a module named 'json' exists already"):
        registry((plugin(folder, "SPECS = []", "json.py"),))


OPTIONS = """
from pydantic import Field
from layerwise.options.section import Section
from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import F1
from layerwise.specs.spec import AnalysisSpec, TaskSpec


class Options(Section):
    depth: int = Field(default=1, ge=1, description="How deep.", examples=[2])


RECIPE = TrainingRecipe("topic", superb_learning_rate=1e-4, learning_rates=(1e-2,), epochs=3)
SPECS = [
    AnalysisSpec(name="depth", title="Depth", method="", code="DEPTH", unit="word", options=Options),
    TaskSpec(name="topic", title="Topic", code="a.b:Topic", metric=F1, recipe=RECIPE, options=Options),
]
"""


def test_options_from_outside_are_checked_and_have_defaults(folder: Path) -> None:
    good = {
        "plugins": [plugin(folder, OPTIONS)],
        "corpus": {"path": "x"},
        "models": ["a/b"],
        "analyses": ["depth"],
        "tasks": ["topic"],
    }
    config = parse_config({**good, "options": {"depth": {"depth": 3}}})
    given = config.options_of(config.analysis("depth"))
    left_out = config.options_of(config.registry.find(TaskSpec, "topic"))
    assert given and given.model_dump() == {"depth": 3}
    assert left_out and left_out.model_dump() == {"depth": 1}
    with pytest.raises(ConfigError, match=r"`options\.deph`: no plug-in of this run .* depth, topic"):
        parse_config({**good, "options": {"deph": {}}})
    with pytest.raises(ConfigError, match="depht"):
        parse_config({**good, "options": {"depth": {"depht": 3}}})
    with pytest.raises(ConfigError, match="a list of Python files is needed"):
        parse_config({**good, "plugins": good["plugins"][0]})


def installed(folder: Path, target: str) -> None:
    """Install a package with one entry point, as pip leaves it."""
    info = folder / "their_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[layerwise.models]\ntheirs = {target}\n")
    (folder / "their_models.py").write_text(
        "from layerwise.specs.spec import ModelSpec\n"
        "THEIRS = ModelSpec(name='theirs', title='Theirs', code='their_models:load')\nOTHER = 1\n"
    )
    sys.path.insert(0, str(folder))
    registry.cache_clear()


def test_specs_of_installed_packages_are_found(folder: Path) -> None:
    installed(folder, "their_models:THEIRS")
    found = registry().find(ModelSpec, "theirs")
    assert found.code == "their_models:load" and "entry point theirs" in found.origin


@pytest.mark.parametrize(
    ("target", "message"),
    [("their_models:OTHER", "is no ModelSpec"), ("their_models:GONE", "cannot be loaded")],
)
def test_a_bad_entry_point_is_named(folder: Path, target: str, message: str) -> None:
    installed(folder, target)
    with pytest.raises(ConfigError, match=f"entry point theirs .*{message}"):
        registry()


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'cca-phone'\? known analyses: "):
        registry().find(AnalysisSpec, "cca-phones")
    with pytest.raises(ConfigError, match="is no spec"):
        Registry([1])  # type: ignore[list-item]
    with pytest.raises(ModelError, match="unknown family 'whispr'; did you mean 'whisper'"):
        parse_source("whispr:tiny")


def test_a_family_of_transformers_checkpoints_follows_their_type() -> None:
    source = parse_source("openai/whisper-tiny")
    assert hub_id(source.source) == "openai/whisper-tiny" and source.family is None
    assert family_of(source, "whisper").name == "whisper"
    assert family_of(source, "hubert").name == family_of(source, None).name == "huggingface"
    assert parse_source("huggingface:openai/whisper-tiny").location == "openai/whisper-tiny"


def test_a_metric_knows_which_end_is_better() -> None:
    assert ACCURACY.sign == -PER.sign == 1
