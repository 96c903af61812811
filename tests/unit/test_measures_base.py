"""The job of a measure: what it sees, the rows that it writes, and what is said where it cannot be run."""

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource

from layerwise import contracts
from layerwise.contracts.measures import CANNOT, LEFT_OUT, VALUES
from layerwise.errors import AnalysisError
from layerwise.measures.base import Measure, Measured, MeasureRequest, over_layers, run_measure

LAYERS = ("C1", "T0", "T1", "T1+ln")


def sample(*rows):
    columns = ["kind", "utt_id", "speaker", "label", "start", "end", "segment"]
    return pd.DataFrame(rows, columns=columns)


def request(**changes):
    frames = {
        layer: {utt_id: np.full((4, 2), number) for utt_id in "abz"} for number, layer in enumerate(LAYERS)
    }
    samples = [
        sample(("utterance", "b", "s", "", 0, 1, -1), ("phone", "b", "s", "AH", 0, 0.1, 1)),
        sample(
            ("utterance", "a", "r", "", 0, 1, -1),
            ("phone", "b", "s", "AH", 0, 0.1, 1),
            ("phone", "a", "r", "IY", 0, 0.1, 0),
        ),
    ]
    intervals = pd.DataFrame(
        [
            ("b", "phone", 0.1, 0.2, "IY", 0),
            ("b", "phone", 0.0, 0.1, "AH", 0),
            ("a", "phone", 0.0, 0.1, "IY", 0),
            ("z", "phone", 0.0, 0.1, "IY", 0),
            ("z", "word", 0.0, 0.1, "eat", 0),
        ],
        columns=["utt_id", "tier", "start", "end", "label", "word_index"],
    )
    given = {
        "name": "level",
        "source": FakeSource(frames),
        "samples": samples,
        "intervals": intervals,
        "speakers": {"a": "r", "b": "s", "z": "s"},
        "protocol": "corrected",
        "seed": 1,
        "threads": 2,
    }
    return MeasureRequest(**{**given, **changes})


def level(asked):
    """The mean of a layer, upside down in a second variant."""

    def of_layer(layer):
        frames = asked.source.frames(layer, asked.utterances)[0]
        for variant, sign in (("up", 1), ("down", -1)):
            yield {
                "variant": variant,
                "value": sign * frames.mean(),
                "low": np.nan,
                "high": np.nan,
                "n": len(frames),
            }

    return Measured(over_layers(asked, of_layer), [("1 phone", "too short")])


def test_a_row_for_each_layer_and_variant_from_the_lowest_layer_upwards(tmp_path):
    values, left_out, cannot = run_measure(Measure(level), request())
    assert values[["layer", "variant", "value", "n"]].to_numpy().tolist() == [
        [layer, variant, sign * number, 8]
        for number, layer in enumerate(LAYERS)
        for variant, sign in (("down", -1), ("up", 1))
    ]
    assert set(values["measure"]) == {"level"} and set(values["model"]) == {"fake"}
    assert values["layer_index"].is_monotonic_increasing
    assert left_out.to_numpy().tolist() == [["fake", "level", "1 phone", "too short"]] and cannot.empty
    for contract, table in ((VALUES, values), (LEFT_OUT, left_out), (CANNOT, cannot)):
        contracts.write(contract, table, tmp_path / "table.csv")
        assert len(contracts.read(contract, tmp_path / "table.csv")) == len(table)


def test_it_sees_the_sampled_utterances_and_no_others():
    """What tasks store beside them must not change a measure."""
    asked = request()
    assert asked.utterances == ["a", "b"]
    tokens = asked.tokens("phone")
    assert tokens[["utt_id", "label", "speaker"]].to_numpy().tolist() == [
        ["a", "IY", "r"],
        ["b", "AH", "s"],
        ["b", "IY", "s"],
    ]
    assert asked.segments("phone")[["segment", "label"]].to_numpy().tolist() == [[0, "IY"], [1, "AH"]]


@pytest.mark.parametrize(("method", "words"), [("tokens", "no aligned words"), ("segments", "has no words")])
def test_a_measure_that_cannot_be_run_is_a_row_with_the_reason(method, words, tmp_path):
    measure = Measure(lambda asked: getattr(asked, method)("word"))
    values, left_out, cannot = run_measure(measure, request())
    assert values.empty and left_out.empty
    ((model, name, reason),) = cannot.to_numpy().tolist()
    assert (model, name) == ("fake", "level") and words in reason and "level" not in reason
    contracts.write(VALUES, values, tmp_path / "table.csv")


def test_a_fault_names_model_layer_and_measure():
    def of_layer(layer):
        if layer == "T1":
            raise AnalysisError("12 values are NaN")
        return ()

    with pytest.raises(AnalysisError, match="fake, layer T1, level: 12 values are NaN"):
        run_measure(Measure(lambda asked: Measured(over_layers(asked, of_layer))), request())
