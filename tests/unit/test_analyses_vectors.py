"""Readers of tables that map words and phones to vectors."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

from layerwise.analyses.vector_tables import missing_labels, read_vectors
from layerwise.errors import AnalysisError


def write(folder, text, name="glove.txt"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_glove_text(tmp_path):
    lines = (
        "the 0.5 -1 2e-1",
        "other 9 9 9",
        "at name@domain.com 1 2 3",
        ". . . 4 5 6",
        "cat 1 1 1",
        "cat 2 2 2",
    )
    table = read_vectors(write(tmp_path, "\n".join(lines) + "\n"), {"the", "cat", ". . .", "at", "unheard"})
    assert list(table.index) == [". . .", "cat", "the"]  # "at" is not "at name@domain.com"
    np.testing.assert_allclose(table.loc["the"], [0.5, -1, 0.2], rtol=1e-6)
    np.testing.assert_array_equal(table.loc[". . ."], [4, 5, 6])
    np.testing.assert_array_equal(table.loc["cat"], [1, 1, 1])  # the first of two
    assert (table.dtypes == np.float32).all()


def test_word2vec_header_trailing_spaces_and_crlf(tmp_path):
    table = read_vectors(write(tmp_path, "2 3\r\nthe 1 2 3 \r\ncat 4 5 6 \r\n"), ["the", "cat"])
    np.testing.assert_array_equal(table.to_numpy(), [[4, 5, 6], [1, 2, 3]])


def test_a_label_takes_its_own_spelling_then_lower_then_upper_case(tmp_path):
    table = read_vectors(
        write(tmp_path, "us 1 0\nUS 2 0\nIY 3 0\naa 4 0\nPolish 5 0\n"), ["us", "US", "iy", "AA"]
    )
    assert table[0].to_dict() == {"us": 1, "US": 2, "iy": 3, "AA": 4}
    with pytest.raises(AnalysisError, match="no vector for any of the 1 labels"):
        read_vectors(write(tmp_path, "Polish 5 0\n"), ["polish"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1 2 3\ncat 1 2\n", "glove.txt, line 2: 2 numbers after the label, expected 3"),
        ("the 1 2 3\ncat 1 2 3 4\n", "glove.txt, line 2: 4 numbers after the label, expected 3"),
        ("the 1 2 3\n\ncat 1 2 3\n", "glove.txt, line 2: 0 numbers after the label, expected 3"),
        ("the 1 2 3\ncat 1 x 3\n", "glove.txt, line 2 .'cat'.: could not convert"),
        ("the 1 2 3\ncat 1 nan 3\n", "glove.txt, line 2 .'cat'.: holds NaN or infinity"),
        ("", "glove.txt"),
        ("the\n", "glove.txt, line 1: 0 numbers"),
        ("the\t{'a': 1}\ncat\t[1, 2]\n", "glove.txt, line 2: expected label<TAB>"),
        ("the\t{'a': 1}\ncat\t{'a': 1\n", "glove.txt, line 2: expected label<TAB>"),
    ],
)
def test_bad_lines_are_named(text, message, tmp_path):
    with pytest.raises(AnalysisError, match=message):
        read_vectors(write(tmp_path, text), ["the", "cat"])


def test_qvec_attributes_are_zero_where_not_named(tmp_path):
    text = "cat\t{'noun.animal': 0.9, 'noun.food': 0.1}\nlie\t{'verb.motion': 1}\nrun\t{'verb.motion': 1.0}\n"
    table = read_vectors(write(tmp_path, text, "oracle.txt"), ["cat", "run"])
    np.testing.assert_allclose(table.loc["cat"], [0.9, 0.1, 0], rtol=1e-6)
    np.testing.assert_allclose(table.loc["run"], [0, 0, 1])


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_tables(name, tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "word": ["null", "NA", "cat"], "b": [0, 1, 0]})
    path = tmp_path / name
    if name == "t.parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if name == "t.tsv" else ",")
    table = read_vectors(path, ["null", "NA", "dog"])
    np.testing.assert_array_equal(table.loc[["null", "NA"]].to_numpy(), [[1, 0], [2, 1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,a\ncat,1\ndog,\n", r"t.csv, line 3 \('dog'\): column 'a' holds ''"),
        ("word,a\ncat,inf\n", r"t.csv, line 2 \('cat'\): column 'a' holds 'inf'"),
        ("word,a\ncat,1\ncat,2\n", "t.csv: two rows for 'cat'"),
        ("word\ncat\n", "t.csv: has no columns of numbers beside 'word'"),
        ("", "t.csv: not a readable table"),
    ],
)
def test_bad_tables_are_named(text, message, tmp_path):
    with pytest.raises(AnalysisError, match=message):
        read_vectors(write(tmp_path, text, "t.csv"), ["cat"])


def test_missing_file_and_missing_labels(tmp_path):
    with pytest.raises(AnalysisError, match=r"none.txt: no such file of vectors; .*`file` under `vectors`"):
        read_vectors(tmp_path / "none.txt", ["cat"])
    table = read_vectors(write(tmp_path, "cat 1 2\n"), ["cat", "dog", "emu"])
    missing = missing_labels(pd.Series(["emu", "cat", "dog", "emu"]), table)
    assert missing.to_dict("list") == {"label": ["emu", "dog"], "segments": [2, 1]}


def test_articulatory_features_tell_all_phones_apart(repository):
    phones = (
        "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
    )
    table = read_vectors(repository / "resources/phone-features.tsv", phones.split())
    assert list(table.index) == phones.split() and set(np.unique(table)) == {0, 1}
    assert not table.duplicated().any() and (table.sum() > 0).all()


def test_a_quotation_mark_is_a_token_of_a_tsv_and_a_byte_order_mark_is_none(tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text(
        '\ufeffword\ta\tb\nthe\t1\t2\n"\t3\t4\nof\t5\t6\nin\t7\t8\n"\t9\t9\nto\t1\t1\n', encoding="utf-8"
    )
    assert list(read_vectors(tsv, ["the", "of", "in", "to"]).index) == ["in", "of", "the", "to"]
    glove = tmp_path / "glove.txt"
    glove.write_text('\ufeffthe 1 2\n" 3 4\nof 5 6\n', encoding="utf-8")
    assert list(read_vectors(glove, ["the", "of"]).loc["the"]) == [1, 2]


@pytest.mark.parametrize(
    ("name", "text"),
    [("v.txt", "{} 1 2\n"), ("v.tsv", "word\ta\tb\n{}\t1\t2\n"), ("v.qvec", "{}\t{{'a': 1, 'b': 2}}\n")],
)
@pytest.mark.parametrize("word", ["\u0915\u093c", "\u0958", "caf\u00e9", "cafe\u0301"])
def test_a_word_is_found_however_its_accents_are_spelled(name, text, word, tmp_path):
    (tmp_path / name).write_text(text.format(word), encoding="utf-8")
    label = unicodedata.normalize("NFC", word)
    np.testing.assert_array_equal(read_vectors(tmp_path / name, [label]), [[1, 2]])
