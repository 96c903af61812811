"""Is the embedded corpus whole and consistent?"""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pocketsphinx
import pytest
import soundfile

PROMPTS = Path(__file__).parents[2] / "resources" / "prompts"
VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
CONSONANTS = {"CH", "DH", "HH", "JH", "NG", "SH", "TH", "ZH"} | set("BDFGKLMNPRSTVWYZ")


@pytest.fixture(scope="module")
def prompts() -> pd.DataFrame:
    table = pd.read_csv(PROMPTS / "prompts.tsv", sep="\t", keep_default_na=False)
    info = [soundfile.info(PROMPTS / path) for path in table["audio_path"]]
    return table.assign(
        seconds=[item.duration for item in info],
        form=pd.Series([(item.samplerate, item.channels, item.format) for item in info]),
    )


@pytest.fixture(scope="module")
def make_corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_corpus", PROMPTS / "make_corpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lexicon() -> pd.DataFrame:
    lines = (PROMPTS / "lexicon.txt").read_text(encoding="utf-8").splitlines()
    words, phones = zip(*(line.split("\t") for line in lines), strict=True)
    return pd.DataFrame(
        {"entry": words, "word": [re.sub(r"\(\d\)$", "", word) for word in words], "phones": phones}
    )


def test_columns_and_ids(prompts: pd.DataFrame) -> None:
    columns = ["utt_id", "audio_path", "speaker", "split", "scenario", "text"]
    assert list(prompts.columns[:6]) == columns
    assert prompts["utt_id"].is_unique
    assert prompts["utt_id"].is_monotonic_increasing
    assert not (prompts[columns] == "").any(axis=None)


def test_audio_is_16_khz_mono_ogg_of_at_least_half_a_second(prompts: pd.DataFrame) -> None:
    assert set(prompts["form"]) == {(16000, 1, "OGG")}
    assert prompts["seconds"].min() >= 0.5


def test_audio_decodes_to_its_length_and_is_not_silent(prompts: pd.DataFrame) -> None:
    row: Any
    for row in prompts.iloc[::25].itertuples():
        wave, _ = soundfile.read(PROMPTS / row.audio_path, dtype="float32")
        assert len(wave) == round(row.seconds * 16000), row.utt_id
        assert abs(wave).max() > 0.05, row.utt_id


def test_folder_holds_the_listed_files_only(prompts: pd.DataFrame) -> None:
    found = {path.relative_to(PROMPTS).as_posix() for path in (PROMPTS / "audio").iterdir()}
    assert found == set(prompts["audio_path"])


def test_total_duration_and_size(prompts: pd.DataFrame) -> None:
    assert 22 * 60 < prompts["seconds"].sum() < 27 * 60
    assert sum(path.stat().st_size for path in PROMPTS.rglob("*") if path.is_file()) < 14e6


def test_texts_are_lower_case_words(prompts: pd.DataFrame) -> None:
    bad = [text for text in prompts["text"] if not re.fullmatch(r"[a-z']+( [a-z']+)*", text)]
    assert bad == []


def test_every_word_has_a_pronunciation(prompts: pd.DataFrame, lexicon: pd.DataFrame) -> None:
    dictionary = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    known = {line.split(maxsplit=1)[0] for line in dictionary.read_text(encoding="utf-8").splitlines()}
    spoken = {word for text in prompts["text"] for word in text.split()}
    assert spoken - known - set(lexicon["word"]) == set()


def test_lexicon_entries_are_needed_once_and_in_arpabet(prompts: pd.DataFrame, lexicon: pd.DataFrame) -> None:
    spoken = {word for text in prompts["text"] for word in text.split()}
    assert set(lexicon["word"]) <= spoken
    assert lexicon["entry"].is_unique
    assert {phone for phones in lexicon["phones"] for phone in phones.split(" ")} <= VOWELS | CONSONANTS


def test_splits_keep_their_proportions(prompts: pd.DataFrame) -> None:
    shares = prompts.groupby("split")["seconds"].sum() / prompts["seconds"].sum()
    assert shares.to_dict() == pytest.approx({"train": 0.70, "dev": 0.15, "test": 0.15}, abs=0.02)


def test_every_scenario_is_in_every_split(prompts: pd.DataFrame) -> None:
    counts = pd.crosstab(prompts["scenario"], prompts["split"])
    assert 10 <= len(counts) <= 20
    assert counts.to_numpy().min() >= 1
    assert counts.sum(axis=1).min() >= 8


def test_no_text_is_in_two_splits(prompts: pd.DataFrame) -> None:
    assert (prompts.groupby("text")["split"].nunique() == 1).all()


def test_table_follows_from_the_transcripts(prompts: pd.DataFrame) -> None:
    source = pd.read_csv(PROMPTS / "transcripts.tsv", sep="\t", keep_default_na=False)
    source["utt_id"] = source["prompt"].str.replace("/", "-")
    columns = ["utt_id", "scenario", "text"]
    expected = source[columns].sort_values("utt_id", ignore_index=True)
    pd.testing.assert_frame_equal(prompts[columns], expected)


def test_splits_can_be_made_again(prompts: pd.DataFrame, make_corpus: ModuleType) -> None:
    assert make_corpus.split_prompts(prompts).tolist() == prompts["split"].tolist()


def test_like_texts_are_one_group(make_corpus: ModuleType) -> None:
    texts = ["press one to go", "goodbye", "press two to go", "press two to stop", "goodbye", "press one"]
    group = make_corpus.group_texts(texts)
    assert group[0] == group[2] == group[3]  # the first and the third of them only through the second
    assert group[1] == group[4]
    assert len(set(group)) == 3


def test_word_distance_counts_insertions_deletions_substitutions(make_corpus: ModuleType) -> None:
    assert make_corpus.word_distance(list("abcd"), list("acde")) == 2
    assert make_corpus.word_distance([], ["a", "b"]) == 2


def test_exclusions_are_listed_with_a_reason(prompts: pd.DataFrame) -> None:
    excluded = pd.read_csv(PROMPTS / "excluded.tsv", sep="\t", keep_default_na=False)
    assert (excluded["reason"] != "").all()
    assert set(excluded["prompt"].str.replace("/", "-")).isdisjoint(prompts["utt_id"])
    assert len(excluded) + len(prompts) == 568


def test_licence_and_origin_are_shipped() -> None:
    licence = (PROMPTS / "LICENSE").read_text(encoding="utf-8")
    assert "Allison Smith" in licence
    assert "CREATIVE COMMONS PUBLIC LICENSE" in licence
    assert "CC BY-SA 3.0" in (PROMPTS / "README.md").read_text(encoding="utf-8")
