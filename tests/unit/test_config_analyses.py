"""Entries of `analyses:`: names, and mappings that make variants of analyses."""

import json

import pytest

from layerwise.config import parse_config
from layerwise.config.docs import config_page, config_schema
from layerwise.errors import ConfigError
from layerwise.options.analyses import AnalysisEntry
from layerwise.specs.analyses import ANALYSES
from layerwise.specs.variants import variant

GOOD = {"corpus": {"path": "a.tsv"}, "models": ["facebook/hubert-base-ls960"]}
VECTORS = {"cca-glove": {"file": "g.txt"}, "cca-types": {"file": "g.txt", "split": "type"}}


def specs(*entries, **more):
    return parse_config({**GOOD, "vectors": VECTORS, **more, "analyses": list(entries)}).analysis_specs


def refused(*entries, **more):
    with pytest.raises(ConfigError) as caught:
        parse_config({**GOOD, "vectors": VECTORS, **more, "analyses": list(entries)}, origin="my.yaml")
    return str(caught.value)


def test_a_mapping_makes_a_variant_of_a_plain_analysis():
    found = specs("cca-word", {"analysis": "cca-word", "given": ["phones", "duration"]})
    assert list(found) == ["cca-word", "cca-word-given-phones-duration"]
    plain, given = found.values()
    assert given.title == "CCA-word given phones, duration" and given.plain == plain.plain == "cca-word"
    assert "(CCA-word given phones, duration)" in given.method
    assert given.needs == {"intervals"} and not plain.needs
    assert given.codes == [
        plain.code,
        "layerwise.analyses.givens.bag_of_phones:bag_of_phones",
        "layerwise.analyses.givens.duration:duration",
    ]
    assert given.options is None and given.unit == "word" and given.split == "utterance"


def test_names_say_what_is_changed_unless_there_is_a_name():
    split = {"analysis": "cca-glove", "split": "type"}
    found = specs(split, {**split, "given": ["logmel"]}, {"analysis": "cca-word", "name": "words"})
    assert list(found) == ["cca-glove-by-type", "cca-glove-by-type-given-logmel", "words"]
    assert found["words"].title == "CCA-word (word identity)"
    assert found["cca-glove-by-type"].split == "type"
    assert specs("cca-types")["cca-types"].split == "type"
    assert (
        specs({"analysis": "cca-types", "split": "utterance"})["cca-types-by-utterance"].split == "utterance"
    )


def test_variants_share_options_and_needs_reach_planning():
    config = parse_config(
        {**GOOD, "vectors": VECTORS, "analyses": [{"analysis": "cca-glove", "given": ["logmel"]}, "cca-f0"]}
    )
    spec = config.analysis_specs["cca-glove-given-logmel"]
    assert config.options_of(spec) == config.vectors["cca-glove"]
    assert spec.needs == {"vectors", "logmel"}
    assert not spec.of_logmel  # nothing of log-mel is left without log-mel
    assert [entry.name for entry in config.all_stores()][-1] == "prosody"
    assert "prosody" not in [entry.name for entry in config.all_models()]
    assert parse_config(GOOD).all_stores() == parse_config(GOOD).all_models()


@pytest.mark.parametrize(
    ("entries", "parts"),
    [
        (["cca-fone"], ["`analyses`", "did you mean 'cca-phone'"]),
        ([{"analysis": "cca-fone"}], ["`analyses`", "did you mean 'cca-phone'"]),
        ([{"given": ["phones"]}], ["`analyses.0.analysis`", "required"]),
        ([{"analysis": "cca-word", "gven": []}], ["`analyses.0.gven`", "did you mean `given`"]),
        ([{"analysis": "cca-word", "given": ["fones"]}], ["`given: fones` is unknown", "phones, duration"]),
        (
            [{"analysis": "cca-word", "given": ["neighbours"]}],
            ["`given: neighbours` does not fit cca-word", "phones, duration, logmel, speaker"],
        ),
        ([{"analysis": "cca-mel", "given": ["phones"]}], ["does not fit cca-mel; it may be speaker"]),
        ([{"analysis": "mi-word", "given": ["phones"]}], ["does not fit mi-word; nothing can be given"]),
        ([{"analysis": "cca-speaker", "given": ["speaker"]}], ["nothing can be given"]),
        ([{"analysis": "cca-word", "given": ["speaker", "speaker"]}], ["names one thing twice"]),
        (
            [{"analysis": "cca-phone", "split": "type"}],
            ["`split: type` does not fit cca-phone", "`vectors`", "cca-phone-previous", "cca-phone-next"],
        ),
        ([{"analysis": "cca-word", "split": "word"}], ["`analyses.0.split`", "'utterance' or 'type'"]),
        (["cca-mel", "cca-mel"], ["'cca-mel' is there twice", "`name:`"]),
        (
            [{"analysis": "cca-word", "name": "a"}, {"analysis": "cca-phone", "name": "a"}],
            ["'a' is there twice"],
        ),
        ([{"analysis": "cca-word", "name": "cca-mel"}], ["`name: cca-mel` is that of another analysis"]),
        ([{"analysis": "cca-word", "name": "a/b"}], ["`analyses.0.name`"]),
        ([3], ["`analyses.0`", "found 3"]),
    ],
)
def test_wrong_entries_are_named_with_the_key_and_what_would_do(entries, parts):
    message = refused(*entries)
    for part in ["my.yaml", *parts]:
        assert part in message


def test_prosody_is_no_model():
    assert "prosody is no model" in refused("cca-word", models=["prosody"])


@pytest.mark.parametrize(
    ("entries", "more", "key"),
    [
        (["cca-intra"], {"samples": {"frame_utterances": 9}}, "`samples.frame_utterances`: 9 cannot fill"),
        (["cca-types"], {"samples": {"words": 9}}, "`samples.words`: 9 cannot fill `cca.parts: 10`"),
    ],
)
def test_what_no_corpus_could_run_is_refused(entries, more, key):
    assert key in refused(*entries, **more)
    specs("cca-word", **more)
    if "frame_utterances" in key:
        specs(*entries, **more, protocol="paper")  # single frames are dealt there


def test_the_schema_for_editors_takes_names_and_mappings():
    items = json.loads(config_schema())["properties"]["analyses"]["items"]
    assert {"type": "string"} in items["anyOf"]
    assert {"$ref": "#/$defs/AnalysisEntry"} in items["anyOf"]


def test_the_page_lists_keys_of_entries_and_givens():
    page = config_page()
    assert "`analyses:`" in page and "| `given` |" in page
    assert "- givens: `phones`, `neighbours`, `duration`, `logmel`, `speaker`" in page


def test_a_name_alone_is_the_plain_spec_itself():
    assert all(variant(spec, AnalysisEntry(analysis=spec.name), {}) is spec for spec in ANALYSES)
