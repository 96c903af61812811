"""Words of transcripts in any script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.corpus.text import is_tag, normalise_text, spellings, tags_of

SCRIPTS = {
    "Devanagari": ["में", "मैं", "हिन्दी"],
    "Tamil": ["நன்றி", "நான்"],
    "Bengali": ["বাংলা", "বাংলো"],
    "Thai": ["น้ำ", "นำ", "สวัสดี"],
    "pointed Hebrew": ["שָׁלוֹם", "שִׁיר", 'צה"ל'],
    "vowelled Arabic": ["كِتَاب", "كُتَّاب", "می\u200cخواهم"],
    "IPA": ["t͡ʃʰaː˥˩", "tʃaː", "ɹ̩"],
    "Greek": ["λόγος"],
    "Korean": ["한국어"],
}


@pytest.mark.parametrize("words", SCRIPTS.values(), ids=SCRIPTS)
def test_a_word_of_any_script_is_one_word_and_different_words_differ(words: list[str]) -> None:
    found = normalise_text(" ".join(words)).split()
    assert found == [unicodedata.normalize("NFC", word) for word in words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t STOP--now, e.g. here/there", "don't stop now e g here there"),
        ("goin' home with 'em 'cause it's o'clock", "goin' home with 'em 'cause it's o'clock"),
        ("'Hello there,' he said; ‘yes’", "hello there he said yes"),
        ("rock 'n' roll, the dogs' bowl", "rock 'n' roll the dogs' bowl"),
        ("co\u00adop \ufeffstart a\u200bb", "coop start a b"),
        ("İstanbul STRASSE straße ΛΌΓΟΣ", "istanbul strasse straße λόγος"),
        ("ﬁne Ｗｉｄｅ", "fine wide"),
        ("cafe\u0301", "caf\u00e9"),
        ("call 911 now", "call 911 now"),
        ("press pound [laughter] <unk> {breath} (coughs)", "press pound"),
        ("the king (long live the king) (clears throat)", "the king long live the king"),
        ("🙂 - ' \u2026", ""),
    ],
)
def test_words_of_a_transcript(text: str, words: str) -> None:
    assert normalise_text(text) == words


def test_tags_are_told() -> None:
    assert tags_of("so [laughter] he (coughs) <unk> said {SL} (and so on)") == [
        *("[laughter]", "(coughs)", "<unk>", "{SL}")
    ]
    assert is_tag("[noise]") and is_tag(" <sil> ") and not is_tag("(all of it)") and not is_tag("[")


def test_a_word_is_looked_up_as_it_is_spelled_before_it_loses_apostrophes() -> None:
    assert spellings("goin'") == ("goin'", "goin") and spellings("don't") == ("don't",)


@given(st.text(max_size=60))
def test_any_text_normalises_once_and_for_all(text: str) -> None:
    words = normalise_text(text)
    assert normalise_text(words) == words
    assert words == " ".join(words.split()) and unicodedata.is_normalized("NFC", words)


@given(st.text(alphabet=st.characters(categories=["Lo", "Mn", "Mc", "Ll"]), min_size=1, max_size=12))
def test_letters_and_marks_are_kept(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    if composed != composed.lower() or any(unicodedata.decomposition(c).startswith("<") for c in composed):
        return
    letters = [c for c in composed if unicodedata.category(c)[0] == "L"]
    assert [c for c in normalise_text(text) if unicodedata.category(c)[0] == "L"] == letters
