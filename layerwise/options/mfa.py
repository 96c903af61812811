"""Options of the Montreal Forced Aligner (the section `alignment.mfa`)."""

import re
import zipfile
from pathlib import Path

from pydantic import Field

from layerwise.options.section import Section, TrackedPath
from layerwise.options.textgrid import PHONE_TABLE, PhoneSetName

MODELS = ("acoustic", "dictionary", "g2p")
DICTIONARY_SUFFIXES = (".dict", ".txt", "")
# Names of MFA's collection: the language, perhaps a region, and the kind of the phones.
_COLLECTION = re.compile(r"([a-z]+)(_[a-z]+)*_(arpa|cv|mfa|pinyin|prosodylab)")


class MfaOptions(Section):
    """Options of the Montreal Forced Aligner (`aligner: mfa`)."""

    acoustic: str | None = Field(
        default="english_us_arpa",
        description="Acoustic model: a name of MFA's model collection or a .zip file. "
        "None: train one on the corpus.",
        examples=["english_us_arpa"],
    )
    dictionary: str = Field(
        default="english_us_arpa",
        description="Pronunciations: a name of MFA's model collection or a file.",
        examples=["english_us_arpa"],
    )
    g2p: str | None = Field(
        default=None,
        description="Model that spells words missing from the dictionary: a name or a .zip file. "
        "None: such words are left out and listed.",
        examples=["english_us_arpa"],
    )
    train: bool = Field(
        default=False,
        description="Train the acoustic model on the corpus itself instead of using `acoustic`.",
        examples=[True],
    )
    phone_set: PhoneSetName = Field(
        default="auto",
        description="Phones of the dictionary, mapped on the 39 ARPAbet phones; `auto`: one of the English "
        "sets, if it knows them all; `keep`: the labels are analysed as they are (other languages).",
        examples=["keep"],
    )
    phone_table: TrackedPath | None = PHONE_TABLE
    min_score: float | None = Field(
        default=-3.0,
        lt=0,
        description="Utterances whose score lies so many spreads (robust standard deviations) below what is "
        "usual in the run are left out and listed: their transcript is probably wrong. Not tested below 20 "
        "utterances. None: never.",
        examples=[-4],
    )
    min_rate: float | None = Field(
        default=1.5,
        ge=0,
        description="Utterances with fewer phones in a second of speech are left out and listed: more is "
        "said than the transcript has. None: not tested.",
        examples=[1.0],
    )
    max_rate: float | None = Field(
        default=20.0,
        gt=0,
        description="Utterances with more phones in a second of speech are left out and listed: less is said "
        "than the transcript has. None: not tested.",
        examples=[25],
    )
    shards: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="The corpus is aligned in so many jobs; a speaker stays in one of them.",
        examples=[8],
    )
    timeout_minutes: float = Field(
        default=240.0, gt=0, description="One call of MFA is stopped after so long.", examples=[240]
    )

    def fault(self) -> str:
        """Say what is wrong with the files and names that these options hold, or return an empty string."""
        used = {kind: getattr(self, kind) for kind in MODELS}
        if self.train:
            used["acoustic"] = None
        for kind, value in used.items():
            if value is not None and (fault := _file_fault(kind, value)):
                return f"`alignment.mfa.{kind}`: {fault}"
        if self.min_rate is not None and self.max_rate is not None and self.min_rate >= self.max_rate:
            return f"`alignment.mfa.min_rate`: {self.min_rate:g} is not below `max_rate`: {self.max_rate:g}"
        if self.phone_table:
            if self.phone_set != "auto":
                return "`alignment.mfa.phone_set`: `phone_table` is given, too; keep one of them"
            if not Path(self.phone_table).is_file():
                return f"`alignment.mfa.phone_table`: {self.phone_table}: no such file; correct the path"
        elif self.phone_set == "auto":
            for kind, value in used.items():
                named = _COLLECTION.fullmatch(value or "")
                if named and named[1] != "english" and not Path(str(value)).exists():
                    return (
                        f"`alignment.mfa.phone_set`: {value} ({kind}) is {named[1].capitalize()}, and `auto` "
                        "maps on the phones of English; set `phone_set: keep`, or name a `phone_table`"
                    )
        return ""


def _file_fault(kind: str, value: str) -> str:
    """What is wrong with a file; names of MFA's collection have neither folder nor suffix."""
    path = Path(value)
    if not path.is_file():
        named = not path.suffix and not {"/", "\\"} & set(value)
        what = "is a folder" if path.is_dir() else "no such file"
        advice = "correct the path, or give a name of MFA's collection, such as english_us_arpa"
        return "" if named else f"{value}: {what}; {advice}"
    if kind == "dictionary":
        return _dictionary_fault(path)
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return f"{value} is no model of MFA, which are .zip files"
    return ""


def _dictionary_fault(path: Path) -> str:
    if path.suffix.lower() not in DICTIONARY_SUFFIXES:
        return (
            f"{path}: MFA refuses dictionaries named so; the suffix must be .dict or .txt (one "
            "dictionary for all speakers)"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return f"{path} is not in UTF-8 ({error}); save it so"
    if not text.strip():
        return f"{path} is empty; it needs lines of a word and its phones"
    return ""
