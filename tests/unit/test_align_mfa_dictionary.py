"""The dictionary of MFA: refused where it cannot be used, cut to the corpus, completed by the lexicon."""

import json
import zipfile
from pathlib import Path

import pytest

from layerwise.align.mfa_dictionary import Coverage, write_dictionary
from layerwise.errors import AlignmentError

TEXTS = ("dreams of l'homme", "dream's no 'cause", "no iax")


def written(folder: Path, content: str, **options: object) -> tuple[list[str], Coverage]:
    (folder / "given.dict").write_text(content, encoding="utf-8")
    options = {"texts": TEXTS, **options}
    coverage = write_dictionary(folder / "given.dict", folder / "new.dict", **options)  # type: ignore[arg-type]
    return (folder / "new.dict").read_text(encoding="utf-8").splitlines(), coverage


def test_it_is_cut_to_the_words_of_the_corpus(tmp_path: Path) -> None:
    lines, coverage = written(
        tmp_path,
        "A AH0\nDREAM D R IY1 M\n'S Z\nl'\tL\nhomme\tAH1 M\nNo\t0.99\t0.04\t0.52\t1.11\tN OW1\n"
        "no(2) N AO1\ncause K AH0 Z\nsofa S OW1 F AH0\n<unk> spn\n[laughter] spn\n{LG} spn\n<eps> sil\n"
        ";;; a comment\n!SIL sil\n",
    )
    assert lines == [
        "DREAM\tD R IY1 M",
        "'S\tZ",
        "l'\tL",
        "homme\tAH1 M",
        "no\t0.99\t0.04\t0.52\t1.11\tN OW1",
        "no\tN AO1",
        "cause\tK AH0 Z",
        "<unk>\tspn",
        "[laughter]\tspn",
        "{LG}\tspn",
        "<eps>\tsil",
        "!SIL\tsil",
    ]
    assert (coverage.tokens, coverage.known) == (8, 3)
    assert coverage.missing == ("dream's", "dreams", "iax", "l'homme", "of")


def test_words_of_a_script_without_spaces_are_found_in_parts(tmp_path: Path) -> None:
    lines, coverage = written(
        tmp_path,
        "\u6211 w o\n\u5b66\u751f \u0255 \u0282\n\u662f \u0282 \u0279\n\u4ed6 t a\n",
        texts=["\u6211\u662f\u5b66\u751f", "\u6211\u54ed"],
    )
    assert lines == ["\u6211\tw o", "\u5b66\u751f\t\u0255 \u0282", "\u662f\t\u0282 \u0279"]
    assert (coverage.known, coverage.missing) == (1, ("\u6211\u54ed",))


def test_with_a_g2p_model_all_of_it_is_kept(tmp_path: Path) -> None:
    lines, coverage = written(tmp_path, "a AH0\nsofa S OW1 F AH0\n", cut=False)
    assert lines == ["a\tAH0", "sofa\tS OW1 F AH0"] and coverage.known == 0


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("\u092a\u093e\u0928\u0940", "\u092a\u093e\u0928\u0940"),
        ("caf\u00e9", "cafe\u0301"),
        ("istanbul", "\u0130stanbul"),
    ],
)
def test_words_are_found_however_they_are_composed(tmp_path: Path, said: str, spelled: str) -> None:
    lines, coverage = written(tmp_path, f"{spelled} P A\n", texts=[said])
    assert lines == [f"{said}\tP A"] and coverage.known == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"given\.dict: a dictionary without words"),
        ("no N OW1\nyes\n", r"given\.dict, line 2: 'yes' has no phones"),
        ("no 0.9 0.1\n", r"line 1: 'no 0\.9 0\.1' has no phones"),
        (
            "der d e\u02d0\u0250\nund \u028a n t\n",
            r"none of the 7 words of the corpus .'no', .*it has 'der', 'und'.*g2p",
        ),
    ],
)
def test_an_unfit_one_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(AlignmentError, match=message):
        written(tmp_path, content)


def test_one_in_other_phones_than_the_acoustic_model_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "model.zip"
    with zipfile.ZipFile(model, "w") as packed:
        packed.writestr("model/meta.json", json.dumps({"phones": ["N", "OW1", "K", "AH0"]}))
    with pytest.raises(
        AlignmentError, match=r"can be said in the phones of .*model\.zip, which lacks 'n', 'o'"
    ):
        written(tmp_path, "no n o\n", acoustic=model)
    lines, coverage = written(tmp_path, "no N OW1\ncause k AH0\n<unk> spn\n", acoustic=model)
    assert len(lines) == 3 and coverage.known == 2 and coverage.foreign == ("k",)
    assert "phones not of the acoustic model: 'k'" in str(coverage) and "'cause" in str(coverage)
    model.write_text("no archive")
    with pytest.raises(AlignmentError, match="no acoustic model"):
        written(tmp_path, "no N OW1\n", acoustic=model)


def test_one_in_another_encoding_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.dict").write_bytes("caf\u00e9 k a\n".encode("latin-1"))
    for name in ("latin", "none"):
        with pytest.raises(
            AlignmentError, match=rf"{name}\.dict: cannot read .*`alignment\.mfa\.dictionary`"
        ):
            write_dictionary(tmp_path / f"{name}.dict", tmp_path / "new.dict", texts=TEXTS)


def test_the_lexicon_is_added_with_each_vowel_stressed_in_turn(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("iax AY AE K S\npsst P S T\n")
    lines, coverage = written(
        tmp_path, "a\t0.99\t0.04\t0.52\t1.11\tAH0\nno\tN OW1\n", lexicon=tmp_path / "own.txt"
    )
    assert lines == ["no\tN OW1", "iax\tAY1 AE0 K S", "iax\tAY0 AE1 K S"]
    assert coverage.added == 3


def test_lexicon_and_dictionary_must_share_their_phones(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("iax AY AE K S\n")
    assert "iax\tAY AE K S" in written(tmp_path, "a AH\n", lexicon=tmp_path / "own.txt")[0]
    with pytest.raises(AlignmentError, match=r"given\.dict: not in ARPAbet"):
        written(tmp_path, "a \u0259\n", lexicon=tmp_path / "own.txt")
