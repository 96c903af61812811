"""Made-up corpora in scripts of the world: table, audio, TextGrids and word vectors."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import soundfile

RATE = 16_000
STEP = 0.08  # seconds that a phone lasts
COLUMN = {"Devanagari": "विषय", "Arabic": "موضوع", "Thai": "หัวข้อ"}
# Made-up words, and their phones in IPA: no two labels alike, marks, joiners and tie bars among them.
WORDS = {
    "Devanagari": {
        "क्षत्रि": "k ʂ ə t̪ ɾ ɪ",
        "मैंगो": "m ɛ̃ː g oː",
        "में": "m eː",
        "शक्\u200dति": "ʃ ə k t̪ ɪ",
        "ज़ूम": "z uː m",
        "ट्रूषण": "ʈ ɾ uː ʂ ə ɳ",
        "घी": "gʱ iː",
        "चाँद": "t͡ʃ ãː d̪",
        "ॐकार": "oː m k ɑː ɾ",
        "छः": "t͡ʃʰ ə h",
    },
    "Arabic": {
        "كِتَاب": "k i t aː b",
        "كُتَّاب": "k u tː aː b",
        "قلم": "q a l a m",
        "می\u200cخوا": "m iː x aː",
        "ضوء": "dˤ a w ʔ",
        "شمس": "ʃ a m s",
        "غريب": "ɣ a r iː b",
        "عَين": "ʕ a j n",
        "پدر": "p e d æ r",
        "لا": "l aː",
    },
    "Thai": {
        "น้ำ": "n aː˦˥ m",
        "นำ": "n a m",
        "สวัสดี": "s a w a t d iː",
        "ครับ": "kʰ r a p̚",
        "ที่นี่": "tʰ iː n iː",
        "เก่ง": "k e ŋ",
        "ใจ": "t͡ɕ a j",
        "ผู้": "pʰ uː˥˩",
        "เรือ": "r ɯa",
        "ไม่": "m aː j",
    },
}


@dataclass(frozen=True)
class World:
    """A corpus: its script, the folder that holds it, its words and phones."""

    script: str
    folder: Path

    @property
    def words(self) -> dict[str, list[str]]:
        return {word: phones.split() for word, phones in WORDS[self.script].items()}

    @property
    def column(self) -> str:
        """Column with a class of each utterance."""
        return COLUMN[self.script]


def write_world(script: str, folder: Path, utterances: int = 48, words: int = 5) -> World:
    """Write prompts.tsv, audio, TextGrids (``grids``) and vectors.txt, where the last word has none.

    Ids, speakers, file names and classes are in the script too. Thai is written without spaces. Words are
    spelled decomposed in the TextGrids, composed in the transcripts.
    """
    import unicodedata

    world = World(script, folder)
    names = list(world.words)
    random = Random(script)
    rows = []
    (folder / "grids").mkdir(parents=True)
    for number in range(utterances):
        said = [random.choice(names) for _ in range(words)]
        utt_id = f"{names[number % 3]}-{number:02d}"
        _write_audio(
            folder / f"{names[0]}/{utt_id}.wav", [p for word in said for p in world.words[word]], number
        )
        grid = _textgrid([(unicodedata.normalize("NFD", word), world.words[word]) for word in said])
        (folder / "grids" / f"{utt_id}.TextGrid").write_text(grid, encoding="utf-8")
        rows.append(
            {
                "utt_id": utt_id,
                "audio_path": f"{names[0]}/{utt_id}.wav",
                "speaker": names[number % 4],
                "split": ("train", "train", "dev", "test")[number // 3 % 4],
                "text": ("" if script == "Thai" else " ").join(said),
                world.column: names[1 + (said[0] < said[1])],
            }
        )
    pd.DataFrame(rows).to_csv(folder / "prompts.tsv", sep="\t", index=False)
    generator = np.random.default_rng(0)
    vectors = [f"{word} {' '.join(f'{x:.4f}' for x in generator.normal(size=4))}\n" for word in names[:-1]]
    (folder / "vectors.txt").write_text("".join(vectors), encoding="utf-8")
    return world


def _write_audio(path: Path, phones: list[str], seed: int) -> None:
    """Each phone is two tones of its own, in a little noise."""
    path.parent.mkdir(exist_ok=True)
    time = np.arange(round(STEP * RATE)) / RATE
    tones = []
    for phone in phones:
        drawn = Random(phone)
        tones.append(
            sum(np.sin(2 * np.pi * drawn.uniform(200, 4000) * time) for _ in range(2)) * np.hanning(len(time))
        )
    noise = np.random.default_rng(seed).normal(0, 0.003, len(time) * len(phones))
    soundfile.write(path, 0.2 * np.concatenate(tones) + noise, RATE)


def _textgrid(words: list[tuple[str, list[str]]]) -> str:
    """Praat's short text format."""
    tiers: dict[str, list[tuple[int, int, str]]] = {"words": [], "phones": []}
    for word, phones in words:
        start = len(tiers["phones"])
        tiers["words"].append((start, start + len(phones), word))
        tiers["phones"] += [(start + place, start + place + 1, phone) for place, phone in enumerate(phones)]
    end = len(tiers["phones"]) * STEP
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{end}", "<exists>", "2"]
    for name, entries in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end}", str(len(entries))]
        for first, last, label in entries:
            lines += [f"{first * STEP}", f"{last * STEP}", f'"{label}"']
    return "\n".join(lines) + "\n"
