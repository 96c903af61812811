"""Our own specs: their code, names, sources and metrics."""

import pytest

from layerwise.errors import ConfigError, ModelError
from layerwise.specs.code import load_object
from layerwise.specs.metrics import ACCURACY, PER
from layerwise.specs.registry import BUILT_IN, registry
from layerwise.specs.sources import family_of, hub_id, parse_source
from layerwise.specs.spec import AnalysisSpec, TaskSpec


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: f"{type(spec).__name__}-{spec.name}")
def test_the_code_of_each_spec_is_there(spec: AnalysisSpec | TaskSpec) -> None:
    assert load_object(spec.code) is not None


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'cca-phone'\? known analyses: "):
        registry().find(AnalysisSpec, "cca-phones")
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
