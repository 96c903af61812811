#!/usr/bin/env python3
"""Stands in for the command `mfa` of version 3.4: same arguments, same output tree, same ways to fail.

It aligns by spreading the words evenly. `MFA_STANDIN` names a folder: its plan.json says what goes wrong
(`crash` or `hang` in the `first` or `second` try, `narrow` and `hopeless` utterances), and calls.jsonl is
written to it. Unlike MFA, which passes unknown options on without a word, it refuses them.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time
import wave
import zipfile
from pathlib import Path

STATE = Path(os.environ["MFA_STANDIN"])
PLAN = json.loads((STATE / "plan.json").read_text())
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


def pronunciations(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *rest = line.split()
        found.setdefault(word, [item for item in rest if not re.fullmatch(r"[\d.]+", item)])
    return found


def audio_seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2), path
        return sound.getnframes() / 16_000


def spread(words: list[str], lexicon: dict[str, list[str]], g2p: bool, seconds: float) -> dict[str, object]:
    tiers: dict[str, list[list[object]]] = {"words": [], "phones": []}
    width = (seconds - 0.1) / len(words)
    for place, word in enumerate(words):
        start = 0.05 + place * width
        tiers["words"].append([start, start + width, word])
        phones = lexicon.get(word) or (["AH0"] if g2p else ["spn"])
        for number, phone in enumerate(phones):
            step = width / len(phones)
            last = start + width if number == len(phones) - 1 else start + (number + 1) * step
            tiers["phones"].append([start + number * step, last, phone])
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
    lexicon = pronunciations(dictionary)
    audio = sorted(corpus.glob("*/*.wav"))
    database(options, corpus)
    go_wrong(options)
    wide = int(options.get("--beam", 10)) >= 100
    lost = set(PLAN.get("hopeless", [])) | (set() if wide else set(PLAN.get("narrow", [])))
    done = [path for path in audio if path.stem not in lost]
    if not done:
        print("NoAlignmentsError:\n\nThere were no successful\nalignments for 1 utterances.", file=sys.stderr)
        sys.exit(1)
    output.mkdir(parents=True)
    with (output / "alignment_analysis.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "begin", "end", "speaker", "overall_log_likelihood", "speech_log_likelihood"])
        for path in done:
            words = path.with_suffix(".lab").read_text(encoding="utf-8").split()
            seconds = audio_seconds(path)
            target = output / path.parent.name / f"{path.stem}.json"
            target.parent.mkdir(exist_ok=True)
            grid = spread(words, lexicon, "--g2p_model_path" in options, seconds)
            target.write_text(json.dumps(grid, indent=4))
            rows.writerow([path.stem, 0.0, seconds, path.parent.name, -50.5, -48.25])


def train(paths: list[Path], options: dict[str, str]) -> None:
    corpus, dictionary, model = paths
    assert corpus.is_dir() and dictionary.is_file()
    database(options, corpus)
    go_wrong(options)
    if not PLAN.get("no_model"):
        with zipfile.ZipFile(model, "w") as packed:
            packed.writestr("meta.json", json.dumps(sorted(path.stem for path in corpus.glob("*/*.wav"))))


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
