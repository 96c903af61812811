"""Accuracy of the embedded aligner: against the exact times of a speech synthesiser, and against MFA.

    python benchmarks/alignment.py [--sentences 100] [--mfa FOLDER] [--fixture FOLDER]
    python benchmarks/alignment.py --limits [--sentences 100]

Festival (Debian packages festival, festvox-kallpc16k, festvox-us-slt-hts) reads sentences of the embedded
corpus aloud and writes down when each phone ends. PocketSphinx aligns the same speech, and for each voice the
differences of the boundaries are printed, by phone class, in words where both chose the same pronunciation.

With --limits only the score limit is judged: the share of recorded prompts that are not aligned, by limit,
with their own text and with that of a prompt of about the same length.

With --mfa the utterances of an MFA corpus folder with its output beside it (`corpus/`, `aligned-textgrid/`)
are compared as well. --fixture writes the shortest sentences of each voice and their times, for the unit
tests.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import soundfile
from praatio import textgrid

from layerwise.align.boundaries import agreement
from layerwise.align.intervals import Interval, Outcome, interval_table
from layerwise.align.pocketsphinx import MIN_SCORE, align
from layerwise.corpus.audio import read_audio

PROMPTS = Path(__file__).parents[1] / "resources" / "prompts"
LEXICON = PROMPTS / "lexicon.txt"
# Voice of Festival -> Debian package.
VOICES = {"kal_diphone": "festvox-kallpc16k", "cmu_us_slt_arctic_hts": "festvox-us-slt-hts"}
LIMITS = (-4.5, MIN_SCORE, -3.5, -3.0)
SHOWN = ["tier", "group", "boundaries", "compared", "bias_ms", "median_ms", "within_20ms", "within_50ms"]
SCHEME = """
(define (save text name)
  (let ((utt (utt.synth (eval (list 'Utterance 'Text text)))) (out (fopen (string-append name ".times") "w")))
    (utt.save.wave utt (string-append name ".wav") 'riff)
    (mapcar (lambda (segment)
        (format out "%s\\t%s\\t%s\\t%s\\n" (item.name segment) (item.feat segment "end")
          (item.feat segment "R:SylStructure.parent.parent.name")
          (item.feat segment "R:SylStructure.parent.parent.word_end")))
      (utt.relation.items utt 'Segment))
    (fclose out)))
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Accuracy of the embedded aligner.")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--mfa", type=Path)
    parser.add_argument("--fixture", type=Path)
    parser.add_argument("--limits", action="store_true")
    arguments = parser.parse_args()
    if arguments.limits:
        judge_limits(arguments.sentences)
        return
    if arguments.mfa:
        compare_with_mfa(arguments.mfa)
    _check_packages()
    prompts = pd.read_csv(PROMPTS / "prompts.tsv", sep="\t")
    sentences = prompts[prompts["text"].str.count(" ") >= 4].drop_duplicates("text")
    sentences = sentences.sample(arguments.sentences, random_state=0).sort_values("utt_id")
    for voice in VOICES:
        with tempfile.TemporaryDirectory() as folder:
            reference = synthesise(voice, sentences, Path(folder))
            manifest = _manifest(Path(folder), dict(zip(sentences["utt_id"], sentences["text"], strict=True)))
            report(voice, manifest, reference)
            if arguments.fixture:
                _save_fixture(arguments.fixture, voice, manifest, reference)


def judge_limits(sentences: int) -> None:
    """Print the share of prompts that are not aligned, with their own and with another's text."""
    prompts = pd.read_csv(PROMPTS / "prompts.tsv", sep="\t").drop_duplicates("text")
    prompts = prompts.sample(sentences, random_state=0)
    prompts["audio_path"] = [str(PROMPTS / path) for path in prompts["audio_path"]]
    prompts["frames"] = [soundfile.info(path).frames for path in prompts["audio_path"]]
    own = prompts.sort_values("frames")
    swapped = own.assign(text=own["text"].to_numpy().reshape(-1, 2)[:, ::-1].ravel())
    for limit in LIMITS:
        lost = [
            sum(outcome.status != "aligned" for outcome in align(table, lexicon=LEXICON, min_score=limit))
            for table in (own, swapped)
        ]
        shares = [f"{100 * count / sentences:.1f} %" for count in lost]
        print(f"limit {limit:g}: own text {shares[0]}, another's {shares[1]}", flush=True)


def synthesise(voice: str, sentences: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write one WAV file per sentence and return the interval table of the synthesiser's own times."""
    script = SCHEME + f"(voice_{voice})\n"
    sentence: Any
    for sentence in sentences.itertuples():
        script += f'(save "{sentence.text}." "{folder / sentence.utt_id}")\n'
    (folder / "speak.scm").write_text(script)
    subprocess.run(["festival", "-b", str(folder / "speak.scm")], check=True)
    return interval_table(_read_times(folder / f"{utt_id}.times") for utt_id in sentences["utt_id"])


def _read_times(path: Path) -> Outcome:
    segments = pd.read_csv(path, sep="\t", names=["phone", "end", "word", "word_end"])
    segments["start"] = segments["end"].shift(fill_value=0.0)
    spoken = segments[segments["phone"] != "pau"]
    intervals: list[Interval] = []
    for index, (_, phones) in enumerate(spoken.groupby("word_end")):
        word = str(phones["word"].iloc[0]).lower()
        intervals.append(Interval("word", phones["start"].iloc[0], phones["end"].iloc[-1], word, index))
        phone: Any
        for phone in phones.itertuples():
            label = {"ax": "AH"}.get(phone.phone, phone.phone.upper())
            intervals.append(Interval("phone", phone.start, phone.end, label, index))
    return Outcome(path.stem, "aligned", intervals=tuple(intervals))


def _manifest(folder: Path, texts: dict[str, str]) -> pd.DataFrame:
    paths = [folder / f"{utt_id}.wav" for utt_id in texts]
    return pd.DataFrame({"utt_id": list(texts), "audio_path": map(str, paths), "text": texts.values()})


def report(name: str, manifest: pd.DataFrame, reference: pd.DataFrame) -> None:
    """Align, and print yield and agreement with the reference."""
    outcomes = list(align(manifest, lexicon=LEXICON))
    aligned = sum(outcome.status == "aligned" for outcome in outcomes)
    table = agreement(reference, interval_table(outcomes)).query("boundary == 'both'")
    print(f"\n{name}: {aligned} of {len(manifest)} utterances aligned")
    print(table[SHOWN].round(3).to_string(index=False), flush=True)


def compare_with_mfa(folder: Path) -> None:
    """Compare with the TextGrids that MFA wrote, which show the words it did not know as <unk>."""
    reference, texts = [], {}
    for path in sorted((folder / "aligned-textgrid").rglob("*.TextGrid")):
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
        words = [
            Interval("word", start, end, label, index)
            for index, (start, end, label) in enumerate(grid.getTier("words").entries)
        ]
        phones = [
            Interval("phone", start, end, label, _word_at(words, start))
            for start, end, label in grid.getTier("phones").entries
        ]
        reference.append(Outcome(path.stem, "aligned", intervals=(*words, *phones)))
        (lab,) = (folder / "corpus").rglob(f"{path.stem}.lab")
        texts[path.stem] = lab.read_text().lower().strip()
    manifest = _manifest(next((folder / "corpus").rglob("*.wav")).parent, texts)
    report("MFA", manifest, interval_table(reference))


def _word_at(words: list[Interval], time: float) -> int:
    return next((word.word_index for word in words if word.start <= time < word.end), -1)


def _save_fixture(folder: Path, voice: str, manifest: pd.DataFrame, reference: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plain = manifest[~manifest["text"].str.contains(r"\b\w\b")]  # no single letters
    shortest = plain.assign(length=plain["text"].str.len()).nsmallest(2, "length")
    utterance: Any
    for utterance in shortest.itertuples():
        name = folder / f"{voice}-{utterance.utt_id}"
        waveform = read_audio(utterance.audio_path)
        soundfile.write(f"{name}.ogg", waveform, 16_000, format="OGG", subtype="OPUS")
        times = reference[reference["utt_id"] == utterance.utt_id].drop(columns="utt_id")
        times.round(4).to_csv(f"{name}.tsv", sep="\t", index=False)


def _check_packages() -> None:
    """Exit with what to install if Festival or a voice is missing."""
    if shutil.which("festival") is None:
        raise SystemExit(f"festival is missing: apt-get install festival {' '.join(VOICES.values())}")
    listed = subprocess.run(
        ["festival", "-b", "(print (voice.list))"], capture_output=True, text=True, check=True
    )
    missing = [package for voice, package in VOICES.items() if voice not in listed.stdout]
    if missing:
        raise SystemExit(f"voices of Festival are missing: apt-get install {' '.join(missing)}")


if __name__ == "__main__":
    main()
