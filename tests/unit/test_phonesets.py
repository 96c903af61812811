"""The tables of phone sets: complete, on the analysis set, and told apart."""

import logging
import tomllib
import unicodedata
from pathlib import Path

import pytest

from layerwise.align.intervals import PHONES
from layerwise.align.phonesets import (
    NOISE,
    PHONE_SETS,
    SILENCE,
    detect_phone_set,
    phone_set,
    read_phone_table,
)
from layerwise.errors import AlignmentError


def inventory(name):
    """Labels of a phone set as its makers list them."""
    text = (Path(__file__).parent.parent / f"data/phonesets/{name}.txt").read_text(encoding="utf-8")
    return [label for line in text.splitlines() if not line.startswith("# ") for label in line.split()]


@pytest.mark.parametrize("name", ["mfa-ipa", "sampa", "timit"])
def test_every_label_of_the_inventory_is_known(name):
    assert [label for label in inventory(name) if phone_set(name).phone(label) is None] == []


@pytest.mark.parametrize("name", PHONE_SETS)
def test_tables_lead_to_all_39_phones_and_nothing_else(name):
    known = phone_set(name)
    assert {*known.phones.values(), *known.reserved.values()} == {*PHONES, SILENCE, NOISE}


@pytest.mark.parametrize(
    ("name", "label", "phone"),
    [
        ("arpabet", "AH0", "AH"), ("arpabet", "ah1", "AH"), ("arpabet", "ZH", "ZH"), ("arpabet", "AX", "AH"),
        ("arpabet", "", SILENCE), ("arpabet", "sil", SILENCE), ("arpabet", "spn", NOISE),
        ("arpabet", "Q", None),
        ("timit", "ax-h", "AH"), ("timit", "HV", "HH"), ("timit", "h#", SILENCE), ("timit", "bcl", "B"),
        ("mfa-ipa", "tʰ", "T"), ("mfa-ipa", "d̪", "DH"), ("mfa-ipa", "ɫ̩", "L"), ("mfa-ipa", "AH", None),
        ("sampa", "{", "AE"), ("sampa", "D", "DH"), ("sampa", "d", "D"), ("sampa", "<p:>", SILENCE),
        ("keep", "ʂ", "ʂ"), ("keep", "", SILENCE), ("keep", "spn", NOISE),
    ],
)  # fmt: skip
def test_examples(name, label, phone):
    assert phone_set(name).phone(label) == phone


def test_composed_and_decomposed_letters_are_the_same():
    for form in ("NFC", "NFD"):
        assert phone_set("mfa-ipa").phone(unicodedata.normalize(form, "ç")) == "HH"


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ("SH IY1 HH AE1 D sil spn", "arpabet"),
        ("sh iy hh ae d", "arpabet"),
        ("h# sh ix hv eh dcl jh ih", "timit"),
        ("ʃ i h æ d", "mfa-ipa"),
        ("S i: h { d <p:>", "sampa"),
        ("S i: h { d ü", "sampa"),
    ],
)
def test_sets_are_told_apart(labels, name):
    assert detect_phone_set(labels.split()).name == name


def test_unknown_sets_are_refused_with_the_labels():
    with pytest.raises(AlignmentError, match=r"lacks 'ㅏ', 'ㅓ'\); .*`phone_set: keep`"):
        detect_phone_set(["ㅏ", "ㅏ", "ㅓ", "T"])
    with pytest.raises(AlignmentError, match="unknown phone set 'ipa'"):
        phone_set("ipa")


def test_labels_that_the_set_lacks_are_said(caplog):
    with caplog.at_level(logging.WARNING):
        assert detect_phone_set(["ʃ", "i", "h", "æ", "d", "s", "t", "ʁ", "x", "o\u02d0"]).name == "mfa-ipa"
    assert "phone set mfa-ipa lacks '\u0281', 'x', 20.0 % of the labels" in caplog.text
    caplog.clear()
    detect_phone_set(["SH", "IY1", "HH", "AE1", "D"])
    assert not caplog.text


def test_joins_are_of_one_phone():
    timit = phone_set("timit")
    assert timit.joined("tcl", "ch") and timit.joined("TCL", "T") and not timit.joined("kcl", "t")
    for closure, releases in timit.joins.items():
        assert all(timit.phone(label) is not None for label in (closure, *releases))


def test_tables_ship_with_the_package(repository):
    settings = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]
    shipped = {
        path
        for pattern in settings["package-data"]["layerwise"]
        for path in (repository / "layerwise").glob(pattern)
    }
    assert {path.name for path in shipped} == {f"{name}.tsv" for name in (*PHONE_SETS, "silence", "noise")}


@pytest.mark.parametrize("name", [*PHONE_SETS, "keep"])
@pytest.mark.parametrize("label", ["[SIL]", "PAU", "H#", "{SL}", "<Silence>", "Sp", "(pause)"])
def test_silence_is_known_in_any_case_and_brackets(name, label):
    assert phone_set(name).phone(label) == SILENCE


@pytest.mark.parametrize("label", ["[laughter]", "{BR}", "NSN", "br", "<UNK>", "[z]"])
def test_sounds_and_whatever_is_in_brackets_are_no_phones(label):
    assert {phone_set(name).phone(label) for name in PHONE_SETS} == {NOISE}


def test_a_config_may_name_more_silences():
    assert phone_set("arpabet").phone("qq") is None
    assert phone_set("arpabet", ("QQ",)).phone("qq") == SILENCE
    assert phone_set("keep", ("qq",)).phone("qq") == SILENCE and phone_set("keep").phone("br") == "br"


def test_a_table_of_the_users_own(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text(
        "\ufefflabel\tphone\n# tones go\na\u02e5\ta\na\u02e9\ta\nc\u0327\t\u00e7\nq\t-\nhh\t?\n",
        encoding="utf-8",
    )
    own = read_phone_table(path, ("zz",))
    assert own.own and [own.phone(label) for label in ("a\u02e5", "a\u02e9", "\u00e7")] == [
        "a",
        "a",
        "\u00e7",
    ]
    assert [own.phone(label) for label in ("q", "hh", "sil", "spn", "zz", "[laughter]")] == [
        *(SILENCE, NOISE, SILENCE, NOISE, SILENCE, NOISE)
    ]
    assert own.phone("b") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a a\n", r"own\.tsv, line 1: 'a a': write the label, a tab and the phone"),
        ("a\ta\nb\t\n", "line 2"),
        ("a\ta\na\te\n", r"line 2: 'a' is 'a' above"),
        (None, "cannot read the table"),
    ],
)
def test_bad_tables_are_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "own.tsv").write_text(content)
    with pytest.raises(AlignmentError, match=message):
        read_phone_table(tmp_path / "own.tsv")
