import pytest
import yaml

from layerwise.config import parse_config, read_config
from layerwise.config.docs import config_page, config_schema
from layerwise.errors import ConfigError
from layerwise.specs.spec import AlignerSpec

GOOD = {"corpus": {"path": "a.tsv"}, "models": ["facebook/hubert-base-ls960"]}


def refused(content):
    with pytest.raises(ConfigError) as caught:
        parse_config(content, origin="my.yaml")
    return str(caught.value)


def test_defaults_fill_a_minimal_config():
    config = parse_config(GOOD)
    assert config.protocol == "corrected"
    assert config.corpus
    assert config.corpus.reader == "table"
    assert list(config.analysis_specs) == ["cca-intra", "cca-mel", "cca-phone", "cca-word"]


def test_model_name_is_derived_from_its_source():
    (entry,) = parse_config(GOOD).models
    assert (entry.name, entry.source) == ("hubert-base-ls960", "facebook/hubert-base-ls960")


def test_controls_are_added():
    names = [entry.name for entry in parse_config(GOOD).all_models()]
    assert names == ["hubert-base-ls960", "random-hubert-base-ls960", "logmel"]


def test_twin_can_be_switched_off():
    models = [{"name": "a", "source": "x/a", "twin": False}]
    assert [entry.name for entry in parse_config({**GOOD, "models": models}).all_models()] == ["a", "logmel"]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ({"modles": []}, ["my.yaml", "`modles`", "did you mean `models`", "facebook/hubert-base-ls960"]),
        ({"corpus": {"path": "a", "raeder": "x"}}, ["`corpus.raeder`", "did you mean `reader`"]),
        ({"corpus": {"path": "a", "reader": "libri"}}, ["`corpus.reader`", "'libri'", "librispeech"]),
        ({"corpus": {}}, ["`corpus.path`", "required", "path: "]),
        ({"seed": "one"}, ["`seed`", "integer", "'one'", "seed: 1"]),
        ({"protocol": "papr"}, ["`protocol`", "'papr'", 'protocol: "corrected"']),
        ({"aligner": "pocketsphynx"}, ["`aligner`", "did you mean 'pocketsphinx'"]),
        ({"alignment": {"mfa": {"shard": 2}}}, ["`alignment.mfa.shard`", "did you mean `shards`"]),
        ({"analyses": ["cca-fone"]}, ["`analyses`", "did you mean 'cca-phone'"]),
        ({"analyses": ["cca-mel", "cca-mel"]}, ["`analyses`", "twice"]),
        ({"tasks": ["asrr"]}, ["`tasks`", "'asrr'", "pr"]),
        ({"tasks": [{"task": "ic", "corpus": "fsc"}]}, ["`tasks`", "no corpus 'fsc' in `corpora`"]),
        ({"tasks": [{"task": "ic", "haed": "mlp"}]}, ["`tasks.0.haed`", "did you mean `head`"]),
        ({"tasks": [{"task": "ic", "head": "blstm"}]}, ["`tasks`", "it may be linear, mlp"]),
        ({"tasks": [{"task": "pr", "label": "text"}]}, ["`tasks`", "lexicon, alignment"]),
        ({"tasks": ["classification"]}, ["`tasks`", "add `label:`"]),
        ({"tasks": ["pr", {"task": "pr", "seeds": 2}]}, ["`tasks.1.seeds`"]),
        ({"tasks": ["pr", {"task": "pr", "epochs": 2}]}, ["`tasks`", "twice", "`name:`"]),
        ({"corpora": {"a b": {"path": "x"}}}, ["`corpora`", "'a b' is no name"]),
        ({"corpora": {"fsc": {"path": "x", "raeder": "y"}}}, ["`corpora.fsc.raeder`", "mean `reader`"]),
        (
            {"corpora": {"fsc": {"path": "x", "reader": "fluent"}}},
            ["`corpora.fsc.reader`", "fluent-", "line: `reader"],
        ),
        (
            {"corpora": {"a": {"path": "x", "slurp": {"recordings": ["near"]}}}},
            ["`corpora.a.slurp.recordings.0`", "'headset'"],
        ),
        (
            {"corpora": {"a": {"path": "x", "librispeech": {"dev": ["d"], "test": ["d"]}}}},
            ["`corpora.a.librispeech`", "'d' is named twice"],
        ),
        ({"corpus": {"path": "a", "download": ["librispeech-dev"]}}, ["`corpus.download`", "dev-clean"]),
        ({"models": [{"name": "a/b", "source": "x"}]}, ["`models.0.name`", "'a/b'"]),
        ({"cca": {"parts": 2}}, ["`cca.parts`", "greater than or equal to 3"]),
        ({**GOOD, "protocol": "paper", "cca": {"parts": 5}}, ["`cca.trials`", "at least 6"]),
        ({"corpus": {"path": "a", "min_seconds": 40}}, ["`corpus`", "must be below max_seconds"]),
        ({"models": [{"name": "fbank", "source": "logmel"}]}, ["`models.0`", "`logmel`"]),
        ({"extraction": {"device": "gpu"}}, ["`extraction.device`", "'gpu'"]),
        ({"cca": {"epsilons": []}}, ["`cca.epsilons`", "at least one"]),
    ],
)
def test_errors_name_key_problem_and_remedy(content, parts):
    message = refused(content)
    for part in parts:
        assert part in message


def test_two_models_of_one_name():
    message = refused({**GOOD, "models": ["a/hubert", "b/hubert"]})
    assert "two models are named 'hubert'" in message


def test_random_and_baseline_entries_are_controls():
    models = ["random:facebook/hubert-base-ls960", "logmel"]
    entries = parse_config({**GOOD, "models": models}).all_models()
    assert [entry.name for entry in entries] == ["random-hubert-base-ls960", "logmel"]
    assert {entry.supervision for entry in entries} == {"none"}


def test_nothing_to_do():
    assert "nothing to do" in refused({"run": "empty"})


def test_corpus_without_models():
    assert "`models:` is empty" in refused({"corpus": {"path": "a.tsv"}})


def test_all_wrong_keys_are_reported_at_once():
    message = refused({"sed": 1, "runn": "x"})
    assert "`sed`" in message and "`runn`" in message


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(ConfigError, match="no such config file"):
        read_config(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("run: [")
    with pytest.raises(ConfigError, match=r"broken\.yaml: not valid YAML"):
        read_config(broken)
    broken.write_text("- a\n- b\n")
    with pytest.raises(ConfigError, match="expected `key: value` lines"):
        read_config(broken)


def test_each_aligner_has_its_own_section():
    config = parse_config({**GOOD, "alignment": {"mfa": {"shards": 3}}})
    for spec in config.registry.all(AlignerSpec).values():
        section = config.options_of(spec)
        assert spec.options
        assert isinstance(section, spec.options)
        assert section.model_dump().get("shards") == (3 if spec.name == "mfa" else None)


@pytest.mark.parametrize(
    "name", ["config.yaml", *[f"configs/{n}.yaml" for n in ("hub", "paper", "pretrain", "reference")]]
)
def test_shipped_configs_are_valid(repository, name):
    assert read_config(repository / name).run


def test_paper_config_has_the_eleven_models(repository):
    config = read_config(repository / "configs/paper.yaml")
    assert len(config.models) == 11
    assert config.protocol == "paper"


def test_generated_documentation_is_current(repository):
    assert (repository / "docs/config.md").read_text() == config_page()
    assert (repository / "docs/config.schema.json").read_text() == config_schema()


def test_every_default_is_what_the_page_says():
    page = config_page()
    for section in yaml.safe_load(parse_config(GOOD).model_dump_json()):
        assert f"`{section}`" in page


def test_each_measure_has_its_own_section():
    config = parse_config({**GOOD, "measures": ["abx", "word-map", "units", "probes"]})
    for spec in config.measure_specs.values():
        assert spec.options and isinstance(config.options_of(spec), spec.options)
        assert spec.headline in [variant.name for variant in spec.whole_variants()]


def test_second_alignment_needs_its_folder():
    message = refused({**GOOD, "alignment": {"compare": {"phone_set": "mfa-ipa"}}})
    assert "`alignment.compare.path`" in message and "`path: " in message
    second = {"path": "second", "phone_set": "mfa-ipa"}
    compare = parse_config({**GOOD, "alignment": {"compare": second}}).alignment.compare
    assert compare
    assert compare.path == "second" and compare.phone_set == "mfa-ipa"


GLOVE = {"cca-glove": {"file": "glove.txt"}, "cca-features": {"file": "phones.tsv", "unit": "phone"}}


def test_names_of_vectors_are_analyses():
    config = parse_config({**GOOD, "vectors": GLOVE, "analyses": ["cca-mel", "cca-glove", "cca-features"]})
    assert config.vectors["cca-glove"].unit == "word" and config.vectors["cca-features"].unit == "phone"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"analyses": ["cca-gloove"]}, ["`analyses`", "unknown name 'cca-gloove'", "known analyses"]),
        ({"vectors": {"cca-mel": {"file": "x"}}}, ["`vectors`", "'cca-mel' is a built-in analysis"]),
        ({"vectors": {"a/b": {"file": "x"}}}, ["`vectors`", "'a/b' is no name"]),
        (
            {"vectors": {"mine": {"fle": "x"}}, "analyses": ["mine"]},
            ["unknown key `vectors.mine.fle`", "`file`"],
        ),
        ({"inter": {"pairs": [["hubert-base-ls960", "b"]]}}, ["`inter.pairs`", "no model 'b'", "logmel"]),
        ({"inter": {"pairs": [["logmel", "logmel"]]}}, ["`inter.pairs`", "with itself"]),
        (
            {"inter": {"pairs": [["hubert-base-ls960", "logmel"]], "trials": 6}},
            ["`inter.trials`", "`cca.parts` must be at least 12"],
        ),
    ],
)
def test_wrong_vectors_and_pairs_are_named(change, parts):
    message = refused({**GOOD, **change})
    assert all(part in message for part in parts), message


def test_a_task_on_another_corpus():
    corpora = {
        "slurp": {"path": "s", "reader": "slurp", "slurp": {"recordings": ["headset"]}},
        "unused": {"path": "u"},
    }
    tasks = [
        "pr",
        {"task": "pr", "corpus": "slurp"},
        {"task": "slurp-action", "corpus": "slurp", "epochs": 7},
    ]
    config = parse_config({**GOOD, "corpora": corpora, "tasks": tasks})
    specs = config.task_specs
    assert list(specs) == ["pr", "pr-on-slurp", "slurp-action-on-slurp"]
    assert specs["pr"].needs == {"intervals"} and specs["pr-on-slurp"].needs == {"lexicon"}
    assert list(config.task_corpora) == ["slurp"]
    options = config.reader_options(config.corpora["slurp"])
    assert options and options.model_dump() == {"recordings": ("headset",), "synthetic": False}
    assert config.corpus and config.reader_options(config.corpus) is None
    assert config.training_of("slurp-action-on-slurp").epochs == 7
    assert config.training_of("pr").epochs is None


def mfa_refused(**options):
    return refused({**GOOD, "aligner": "mfa", "alignment": {"mfa": options}})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acoustic": "/no/such.zip"}, "`alignment.mfa.acoustic`: /no/such.zip: no such file"),
        ({"dictionary": "german.dict"}, "`alignment.mfa.dictionary`: german.dict: no such file"),
        ({"dictionary": "folder/words"}, "`alignment.mfa.dictionary`: folder/words: no such file"),
        ({"g2p": "g2p.zip"}, "`alignment.mfa.g2p`: g2p.zip: no such file"),
        ({"dictionary": "german_mfa"}, "`alignment.mfa.phone_set`: german_mfa (dictionary) is German"),
        ({"acoustic": "mandarin_china_mfa"}, "mandarin_china_mfa (acoustic) is Mandarin"),
        ({"phone_table": "none.tsv"}, "`alignment.mfa.phone_table`: none.tsv: no such file"),
        ({"phone_table": "none.tsv", "phone_set": "keep"}, "`phone_table` is given, too"),
        ({"min_rate": 20}, "`alignment.mfa.min_rate`: 20 is not below `max_rate`: 20"),
        ({"min_score": 3}, "`alignment.mfa.min_score`"),
    ],
)
def test_what_mfa_cannot_use_is_refused(options, message):
    assert message in mfa_refused(**options)
    if "min_score" not in options:  # what is not used may wait for its file
        assert parse_config({**GOOD, "alignment": {"mfa": options}})


def test_files_of_mfa_are_looked_into(tmp_path):
    for name, written, message in (
        ("words.csv", b"no N OW1", "the suffix must be .dict or .txt"),
        ("words.yaml", b"default: no.dict", "the suffix must be .dict or .txt"),
        ("words.dict", b" \n", "is empty"),
        ("words.txt", "caf\u00e9 k a".encode("latin-1"), "is not in UTF-8"),
    ):
        (tmp_path / name).write_bytes(written)
        found = mfa_refused(dictionary=str(tmp_path / name))
        assert "`alignment.mfa.dictionary`" in found and message in found
    (tmp_path / "model.zip").write_text("no archive")
    assert "is no model of MFA" in mfa_refused(acoustic=str(tmp_path / "model.zip"))
    assert "is a folder" in mfa_refused(dictionary=str(tmp_path))
    (tmp_path / "words.dict").write_text("no N OW1")
    good = {"dictionary": str(tmp_path / "words.dict"), "acoustic": None, "min_score": None}
    content = {**GOOD, "aligner": "mfa", "alignment": {"mfa": good}}
    assert parse_config(content).alignment.mfa.min_score is None
    trained = {**good, "acoustic": "/no/such.zip", "train": True}
    assert parse_config({**content, "alignment": {"mfa": trained}})


def test_mfa_aligns_the_analysed_corpus_only():
    tasks = [{"task": "pr", "corpus": "other", "label": "alignment"}]
    content = {**GOOD, "aligner": "mfa", "corpora": {"other": {"path": "o"}}, "tasks": tasks}
    assert "aligns the analysed corpus only" in refused(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corpus": {"path": ""}}, "`corpus.path`: .*blank; name a file or folder"),
        ({"corpus": {"path": "a\0b"}}, "`corpus.path`: holds the character NUL"),
        (
            {"alignment": {"textgrid": {"tolerance": float("nan")}}},
            "`alignment.textgrid.tolerance`: .*finite",
        ),
        ({"alignment": {"textgrid": {"overlap": float("inf")}}}, "`alignment.textgrid.overlap`: .*finite"),
        ({"downstream": {"seeds": 10**12}}, "`downstream.seeds`: 1000000000000 is too large"),
        ({"samples": {"number": 10**6}}, "`samples.number`: .*1000"),
    ],
)
def test_values_that_no_key_can_mean(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_config({"corpus": {"path": "data/x"}, "models": ["logmel"], **change})
    parse_config(
        {"corpus": {"path": "data/x"}, "models": ["random:resources/models/hubert-tiny"], "seed": 10**30}
    )


def test_a_config_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("run: caf\u00e9".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"mine\.yaml: not UTF-8"):
        read_config(path)
