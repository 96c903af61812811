"""Make the embedded corpus from Debian's package of the Asterisk core prompts.

Reads ``transcripts.tsv`` beside this file, writes ``audio/*.ogg`` and ``prompts.tsv``. Equal inputs and equal
versions of ffmpeg give equal bytes. Needs ``dpkg-deb`` and ``ffmpeg`` (``apt-get install ffmpeg``):

    apt-get download asterisk-core-sounds-en-g722
    python resources/prompts/make_corpus.py asterisk-core-sounds-en-g722_1.6.1-1_all.deb
"""

import argparse
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pandas as pd
import soundfile

from layerwise.files import write_aside, write_text
from layerwise.seeds import derive_seed

HERE = Path(__file__).parent
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
SPEAKER = "allison"
SHARES = {"train": 0.70, "dev": 0.15, "test": 0.15}
FORMAT = ("-ac", "1", "-ar", "16000", "-c:a", "libopus", "-b:a", "32k")
BITEXACT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
NEAR = 0.25  # texts that differ in at most this share of their words stay in one split
TRIES = 300
SEED = 0


def unpack(package: Path, folder: Path) -> Path:
    """Extract the package and return the folder of its sounds."""
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder / SOUNDS


def encode(source: Path, target: Path) -> float:
    """Turn G.722 into 16 kHz mono Ogg without dates or random serial numbers; return its seconds."""
    read = ("-f", "g722", "-i", str(source))
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *read, *FORMAT, *BITEXACT, str(target)], check=True)
    return float(soundfile.info(target).duration)


def word_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein distance between two texts, counted in words."""
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, right in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def group_texts(texts: Sequence[str]) -> list[int]:
    """Number the texts so that equal and nearly equal ones, directly or in a chain, share a number."""
    words = [text.split() for text in texts]
    group = list(range(len(texts)))
    for i, first in enumerate(words):
        for j, second in enumerate(words[:i]):
            longest = max(len(first), len(second))
            if abs(len(first) - len(second)) > NEAR * longest or group[i] == group[j]:
                continue
            if word_distance(first, second) <= NEAR * longest:
                group = [group[j] if number == group[i] else number for number in group]
    return group


def assign(sizes: dict[int, tuple[int, float]], random: Random) -> tuple[float, dict[int, str]]:
    """Deal groups, given as (prompts, seconds), to splits in random order.

    Returns how far the shares of prompts and of seconds are from ``SHARES``, and the split of each group.
    """
    order = sorted(sizes)
    random.shuffle(order)
    prompts = sum(count for count, _ in sizes.values())
    seconds = sum(length for _, length in sizes.values())
    lack = {split: [share, share] for split, share in SHARES.items()}
    chosen = {}
    for group in order:
        split = max(lack, key=lambda name: sum(lack[name]))
        chosen[group] = split
        lack[split][0] -= sizes[group][0] / prompts
        lack[split][1] -= sizes[group][1] / seconds
    missing = len(SHARES) - len(set(chosen.values()))
    return missing + sum(abs(part) for parts in lack.values() for part in parts), chosen


def split_prompts(prompts: pd.DataFrame) -> pd.Series:
    """Split by scenario, the same words always on one side.

    ``prompts`` has scenario, text and seconds. Like texts of several scenarios go with the first.
    """
    groups = pd.Series(group_texts(prompts["text"].tolist()), index=prompts.index)
    home = prompts["scenario"].groupby(groups).first()
    sizes = prompts["seconds"].groupby(groups).agg(["size", "sum"])
    chosen: dict[int, str] = {}
    for scenario in sorted(home.unique()):
        own = {g: (int(sizes["size"][g]), float(sizes["sum"][g])) for g in home.index[home == scenario]}
        random = Random(derive_seed(SEED, "split", scenario))
        chosen |= min((assign(own, random) for _ in range(TRIES)), key=lambda attempt: attempt[0])[1]
    return groups.map(chosen)


def main() -> None:
    """Write the audio and the table of the corpus."""
    parser = argparse.ArgumentParser(description="Make the embedded corpus.")
    parser.add_argument("package", type=Path, help="asterisk-core-sounds-en-g722*.deb")
    package = parser.parse_args().package
    prompts = pd.read_csv(HERE / "transcripts.tsv", sep="\t", keep_default_na=False)
    prompts.insert(0, "utt_id", prompts["prompt"].str.replace("/", "-"))
    prompts = prompts.sort_values("utt_id", ignore_index=True)
    prompts["audio_path"] = "audio/" + prompts["utt_id"] + ".ogg"
    prompts["speaker"] = SPEAKER
    with tempfile.TemporaryDirectory() as folder, write_aside(HERE / "audio") as audio:
        sounds = unpack(package, Path(folder))
        audio.mkdir()
        prompts["seconds"] = [
            encode(sounds / f"{prompt}.g722", audio / f"{utt_id}.ogg")
            for prompt, utt_id in zip(prompts["prompt"], prompts["utt_id"], strict=True)
        ]
    prompts["split"] = split_prompts(prompts)
    columns = ["utt_id", "audio_path", "speaker", "split", "scenario", "text"]
    write_text(prompts[columns].to_csv(sep="\t", index=False, lineterminator="\n"), HERE / "prompts.tsv")


if __name__ == "__main__":
    main()
