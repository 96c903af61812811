#!/usr/bin/env python3
"""Stands in for the command `mfa` of version 3.4: same arguments, same output tree, same ways to fail.

It aligns by spreading the words evenly. `MFA_STANDIN` names a folder: its plan.json says what goes wrong, and
calls.jsonl is written to it. Unlike MFA, which passes unknown options on without a word, it refuses them.

The plan: `crash` or `hang` in the `first` or `second` try; utterances that are `narrow` (absent, but for wide
beams) or `hopeless`, `doubtful` (exported without a likelihood, but for wide beams) or `unscored` (always);
`scores` of utterances; `unk`: a word that is not in the dictionary is written as `<unk>`; `to_the_end`: the
last word ends with the file, in frames of 10 ms.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
import wave
import zipfile
from pathlib import Path
from typing import Any

STATE = Path(os.environ["MFA_STANDIN"])
PLAN = json.loads((STATE / "plan.json").read_text())
DICTIONARIES = (".dict", ".txt", ".yaml", ".yml")
FRAME = 0.01
ANALYSIS = [
    *("file", "begin", "end", "speaker", "overall_log_likelihood", "speech_log_likelihood"),
    *("phone_duration_deviation", "max_running_short_interval", "snr", "intensity_deviation"),
]
FLAGS = {"--clean", "--quiet", "--no_tokenization", "--single_speaker"}
VALUES = {"--temporary_directory", "--num_jobs", "--output_format", "--g2p_model_path"}
TRAIN_VALUES = {"--output_directory"}
PASSED_ON = {"--beam", "--retry_beam"}  # to the aligner's parameters: MFA takes them after the paths only


def refuse(message: str) -> None:
    print(f"Usage: mfa [OPTIONS]\nTry 'mfa --help' for help.\nError: {message}", file=sys.stderr)
    sys.exit(2)


def parse(command: str, arguments: list[str]) -> tuple[list[Path], dict[str, str]]:
    paths: list[Path] = []
    options: dict[str, str] = {}
    rest = list(arguments)
    count = {"align": 4, "train": 3}[command]
    while rest:
        item = rest.pop(0)
        if item in FLAGS:
            options[item] = "yes"
        elif item in VALUES | (TRAIN_VALUES if command == "train" else PASSED_ON):
            if item in PASSED_ON and len(paths) < count:
                refuse(f"{item} would be taken for the corpus directory")
            options[item] = rest.pop(0)
        elif item.startswith("-"):
            refuse(f"No such option: {item}")
        else:
            paths.append(Path(item))
    if len(paths) != count:
        refuse(f"{count} paths expected, got {len(paths)}")
    return paths, options


def root() -> Path:
    folder = Path(os.environ.get("MFA_ROOT_DIR", "~/Documents/MFA")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "command_history.yaml").write_text("- mfa\n")
    return folder


def database(options: dict[str, str], corpus: Path) -> None:
    """MFA names its working folder after the corpus; what a killed run left there fails without --clean."""
    folder = Path(options.get("--temporary_directory", root())) / corpus.name
    file = folder / f"{corpus.name}.db"
    if file.exists() and "--clean" not in options:
        sys.exit("sqlite3.OperationalError: table corpus already exists; previous run ended in an error")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text("unfinished")


def pronunciations(path: Path, phones: set[str] | None = None) -> dict[str, list[str]]:
    """The first pronunciation of each word whose phones the acoustic model has; words as MFA knows them."""
    if path.suffix not in DICTIONARIES:
        refuse(f"{path} does not have the correct extension for a dictionary: {', '.join(DICTIONARIES)}")
    found: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        if not line.strip():
            continue
        word, *rest = line.split()
        if not rest:
            sys.exit(f"DictionaryError: Error parsing line {number} of {path}: did not have a pronunciation")
        while re.match(r"\b(\d+\.\d+|1)\b", rest[0]):
            rest.pop(0)
        if phones is None or set(rest) <= phones:
            found.setdefault(unicodedata.normalize("NFKC", word).lower(), rest)
    if not found:
        sys.exit(f"DictionaryFileError: No words were found in the dictionary path {path}")
    return found


def audio_seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2), path
        return sound.getnframes() / 16_000


def spread(words: list[str], lexicon: dict[str, list[str]], g2p: bool, seconds: float) -> dict[str, object]:
    tiers: dict[str, list[list[Any]]] = {"words": [], "phones": []}
    frames = round(seconds / FRAME)
    first, last = (5, frames) if PLAN.get("to_the_end") else (5, frames - 5)
    known = [lexicon.get(word) or (["AH0"] if g2p else ["spn"]) for word in words]
    count = sum(map(len, known))
    if PLAN.get("to_the_end"):  # the last two phones have a frame each
        edges = [first + (last - 2 - first) * place // max(count - 2, 1) for place in range(count - 1)]
        edges += [last - 1, last]
    else:
        edges = [first + (last - first) * place // count for place in range(count + 1)]
    times = [round(edge * FRAME, 2) for edge in edges]
    place = 0
    for word, phones in zip(words, known, strict=True):
        label = "<unk>" if PLAN.get("unk") and word not in lexicon and not g2p else word
        tiers["words"].append([times[place], times[place + len(phones)], label])
        for phone in phones:
            tiers["phones"].append([times[place], times[place + 1], phone])
            place += 1
    for entries in tiers.values():  # as MFA does in JSON: all that end within two frames of the file's end
        for entry in entries:
            entry[1] = seconds if seconds - entry[1] < 2 * FRAME else entry[1]
    rows = {name: {"type": "interval", "entries": entries} for name, entries in tiers.items()}
    return {"start": 0, "end": seconds, "tiers": rows}


def go_wrong(options: dict[str, str]) -> None:
    attempt = "second" if "--beam" in options else "first"
    if PLAN.get("crash") == attempt:
        print("Traceback (most recent call last):\n  ...\nKaldiFatalError: no memory", file=sys.stderr)
        sys.exit(1)
    if PLAN.get("hang") == attempt:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (STATE / "pids").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)


def align(paths: list[Path], options: dict[str, str]) -> None:
    corpus, dictionary, acoustic, output = paths
    if not corpus.is_dir() or not dictionary.is_file():
        refuse(f"{corpus} or {dictionary} does not exist")
    if not zipfile.is_zipfile(acoustic):
        refuse(f"{acoustic} is not an acoustic model")
    if "--g2p_model_path" in options and not Path(options["--g2p_model_path"]).is_file():
        refuse("no such G2P model")
    lexicon = pronunciations(dictionary, model_phones(acoustic))
    audio = sorted(corpus.glob("*/*.wav"))
    database(options, corpus)
    go_wrong(options)
    wide = int(options.get("--beam", 10)) >= 100
    lost = set(PLAN.get("hopeless", [])) | (set() if wide else set(PLAN.get("narrow", [])))
    empty = set(PLAN.get("unscored", [])) | (set() if wide else set(PLAN.get("doubtful", [])))
    if all(path.stem in lost for path in audio):
        print("NoAlignmentsError:\n\nThere were no successful\nalignments for 1 utterances.", file=sys.stderr)
        sys.exit(1)
    output.mkdir(parents=True)
    with (output / "alignment_analysis.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(ANALYSIS)
        for path in audio:  # what could not be aligned has a row, too
            words = path.with_suffix(".lab").read_text(encoding="utf-8").split()
            seconds = audio_seconds(path)
            if path.stem not in lost:
                target = output / path.parent.name / f"{path.stem}.json"
                target.parent.mkdir(exist_ok=True)
                grid = spread(words, lexicon, "--g2p_model_path" in options, seconds)
                target.write_text(json.dumps(grid, indent=4, ensure_ascii=False), encoding="utf-8")
            speech: object = PLAN.get("scores", {}).get(path.stem, -48.25)
            if not any(word in lexicon for word in words) and "--g2p_model_path" not in options:
                speech = ""
            scores = ["", "", "", "", ""] if path.stem in lost | empty else [-50.5, speech, 1.5, 3, 12.5]
            rows.writerow([path.stem, 0.0, seconds, path.parent.name, *scores, ""])


def model_phones(acoustic: Path) -> set[str] | None:
    """The phones that a model was trained with, if it says so."""
    with zipfile.ZipFile(acoustic) as packed:
        return set(json.loads(packed.read("phones.json"))) if "phones.json" in packed.namelist() else None


def train(paths: list[Path], options: dict[str, str]) -> None:
    """Write a model and, next to it, the dictionary with probabilities of what was seen in training."""
    corpus, dictionary, model = paths
    assert corpus.is_dir() and dictionary.is_file()
    lexicon = pronunciations(dictionary)
    database(options, corpus)
    go_wrong(options)
    if PLAN.get("no_model"):
        return
    texts = [path.read_text(encoding="utf-8").split() for path in sorted(corpus.glob("*/*.lab"))]
    seen = sorted({word for words in texts for word in words} & lexicon.keys())
    if not seen:
        sys.exit("KaldiFatalError: no word of the corpus is in the dictionary")
    with zipfile.ZipFile(model, "w") as packed:
        packed.writestr("meta.json", json.dumps(sorted(path.stem for path in corpus.glob("*/*.wav"))))
        packed.writestr("phones.json", json.dumps(sorted({p for word in seen for p in lexicon[word]})))
    if not PLAN.get("no_dictionary"):
        lines = [f"{word}\t0.99\t0.2\t1.1\t0.9\t{' '.join(lexicon[word])}\n" for word in seen]
        (model.parent / f"{dictionary.stem}.dict").write_text("".join(lines), encoding="utf-8")


def download(kind: str, name: str) -> None:
    if not PLAN.get("network"):
        sys.exit(f"requests.exceptions.ConnectionError: cannot reach the models; {kind} {name}")
    folder = root() / "pretrained_models" / kind
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "dictionary":
        (folder / f"{name}.dict").write_text(PLAN["network"])
        return
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as packed:
        packed.writestr("meta.json", "{}")


def main() -> None:
    command, *arguments = sys.argv[1:]
    with (STATE / "calls.jsonl").open("a") as stream:
        stream.write(json.dumps({"argv": sys.argv[1:], "root": os.environ.get("MFA_ROOT_DIR")}) + "\n")
    if command == "version":
        print(PLAN.get("version", "3.4.3"))
    elif command == "model" and arguments[0] == "download":
        download(*arguments[1:])
    elif command in ("align", "train"):
        root()
        paths, options = parse(command, arguments)
        {"align": align, "train": train}[command](paths, options)
    else:
        refuse(f"No such command '{command}'.")


main()
