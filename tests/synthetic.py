"""Small corpora in the layouts of Fluent Speech Commands and SLURP, spoken by a synthesiser.

With flite (Debian package `flite`) the sentences are spoken by its voices at several speeds and pitches;
without it each word is a noise of its own, in the pitch of its speaker. Either way the classes can be told
from the audio.
"""

import csv
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16_000
VOICES = [
    (voice, stretch, pitch)
    for voice, pitches in (("kal16", (95, 130)), ("awb", (110, 140)), ("rms", (90, 120)), ("slt", (160, 210)))
    for stretch, pitch in zip((0.9, 1.15), pitches, strict=True)
] + [("kal16", 1.0, 180), ("awb", 0.8, 170), ("rms", 1.3, 150), ("slt", 1.0, 130)]
COMMANDS = [
    ("Turn on the lights", "activate", "lights", "none"),
    ("Switch the lights on in the kitchen", "activate", "lights", "kitchen"),
    ("Lights off in the bedroom", "deactivate", "lights", "bedroom"),
    ("Turn up the heat", "increase", "heat", "none"),
    ("Lower the heat in the bedroom", "decrease", "heat", "bedroom"),
    ("Play the music, please", "activate", "music", "none"),
    ("Stop the music", "deactivate", "music", "none"),
    ("Louder", "increase", "volume", "none"),
    ("Turn the volume down", "decrease", "volume", "none"),
    ("Bring me the newspaper", "bring", "newspaper", "none"),
]
SENTENCES = [
    ("wake me up at eight o'clock", "alarm", "set"),
    ("set an alarm for six", "alarm", "set"),
    ("cancel my alarm", "alarm", "remove"),
    ("remove the alarm at nine", "alarm", "remove"),
    ("what will the weather be like tomorrow", "weather", "query"),
    ("is it going to rain", "weather", "query"),
    ("play some jazz", "play", "music"),
    ("play my favourite song", "play", "music"),
    ("add milk to the shopping list", "lists", "createoradd"),
    ("put bread on my list", "lists", "createoradd"),
]


def have_flite() -> bool:
    return shutil.which("flite") is not None


def write_fluent(folder: Path, utterances: int = 300, speakers: int = 12, flite: bool | None = None) -> Path:
    """Write Fluent Speech Commands: no speaker is in two splits."""
    names = [f"speaker{number:02d}" for number in range(speakers)]
    held_out = max(1, speakers // 6)
    splits = {
        "valid": names[:held_out],
        "test": names[held_out : 2 * held_out],
        "train": names[2 * held_out :],
    }
    say = _Speaker(have_flite() if flite is None else flite)
    (folder / "data").mkdir(parents=True)
    for split, voices in splits.items():
        with (folder / f"data/{split}_data.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(["", "path", "speakerId", "transcription", "action", "object", "location"])
            for number in range(utterances * len(voices) // speakers):
                name = voices[number % len(voices)]
                text, *slots = COMMANDS[number // len(voices) % len(COMMANDS)]
                audio = f"wavs/speakers/{name}/{split}-{number:04d}.wav"
                _write(folder / audio, say(text, names.index(name), number))
                table.writerow([number, audio, name, text, *slots])
    return folder


def write_slurp(folder: Path, prompted: int = 15, flite: bool | None = None) -> Path:
    """Write SLURP: each prompt is read once and recorded by two microphones; speakers are in all splits.

    Each sentence is ``prompted`` times: three in five for training, one each for devel and test.
    """
    say = _Speaker(have_flite() if flite is None else flite)
    annotations = folder / "dataset/slurp"
    annotations.mkdir(parents=True)
    held_out = max(1, prompted // 5)
    splits = ["devel"] * held_out + ["test"] * held_out
    splits += ["train"] * (prompted - len(splits))
    speakers, tables = {}, dict.fromkeys(("train", "devel", "test"), "")
    prompts = [(split, *sentence) for split in splits for sentence in SENTENCES]
    for number, (split, text, scenario, action) in enumerate(prompts):
        voice = number * 7 % len(VOICES)
        audio = say(text, voice, number)
        far = np.convolve(audio, np.full(5, 0.2), "same") * 0.5
        far += np.random.default_rng(number).normal(0, 0.003, len(far))
        stem = f"audio-{1_490_000_000 + number}"
        recordings = {f"{stem}-headset.flac": audio, f"{stem}.flac": far}
        for name, samples in recordings.items():
            _write(folder / "audio/slurp_real" / name, samples)
        speakers[str(number)] = {"recordings": {name: {"usrid": f"FE-{voice:03d}"} for name in recordings}}
        sentence = {
            "slurp_id": number,
            "sentence": text,
            "intent": f"{scenario}_{action}",
            "scenario": scenario,
            "action": action,
            "recordings": [{"file": name, "wer": 0, "status": "correct"} for name in recordings],
        }
        tables[split] += f"{json.dumps(sentence)}\n"
    for split, lines in tables.items():
        (annotations / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    (annotations / "metadata.json").write_text(json.dumps(speakers), encoding="utf-8")
    return folder


class _Speaker:
    """Says a sentence in one of the voices; the same voice says it once."""

    def __init__(self, flite: bool) -> None:
        self._say = _flite if flite else _noise
        self._said: dict[tuple[str, int], NDArray[np.float64]] = {}

    def __call__(self, text: str, voice: int, number: int) -> NDArray[np.float64]:
        """Samples; ``number`` tells repetitions of a sentence by one voice apart: level and silence."""
        key = (text, voice % len(VOICES))
        if key not in self._said:
            self._said[key] = self._say(*key)
        random = Random(number)
        silence = np.zeros(random.randrange(RATE // 4))
        return np.concatenate([silence, self._said[key] * random.uniform(0.5, 0.9), silence[::2]])


def _flite(text: str, voice: int) -> NDArray[np.float64]:
    name, stretch, pitch = VOICES[voice]
    options = ["--setf", f"duration_stretch={stretch}", "--setf", f"int_f0_target_mean={pitch}"]
    command = ["flite", "-voice", name, *options, "-t", text, "-o", "/dev/stdout"]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(spoken[44:], "<i2") / 32768


def _noise(text: str, voice: int) -> NDArray[np.float64]:
    """Three noises a word, each with the formants that the word draws, on the pulses of the voice."""
    _, stretch, pitch = VOICES[voice]
    words: Sequence[str] = text.lower().strip(".").split()
    parts = [_sound(Random(f"{word} {third}"), stretch, pitch) for word in words for third in range(3)]
    return np.concatenate(parts)


def _sound(random: Random, stretch: float, pitch: float) -> NDArray[np.float64]:
    time = np.arange(round(0.08 * stretch * RATE)) / RATE
    formants = [random.uniform(*band) for band in ((300, 900), (900, 2500), (2500, 3800))]
    tone = sum(
        np.exp(-(((harmonic * pitch - formant) / 150) ** 2)) * np.sin(2 * np.pi * harmonic * pitch * time)
        for harmonic in range(1, int(4000 / pitch))
        for formant in formants
    )
    return np.asarray(tone * 0.1 * np.hanning(len(time)))


def _write(path: Path, samples: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -0.99, 0.99), RATE)
