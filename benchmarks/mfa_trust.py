"""How often texts that are not said are found, and damaged recordings: the tests that guard `aligner: mfa`.

    python benchmarks/mfa_trust.py [--corpus READER:FOLDER ...]

Without MFA. Printed are, for the embedded prompts and each further corpus: phones of the dictionary in a
second of speech, and the shares of utterances beyond the limits with their own text, its first word, the
text twice, and another's; the share of recordings with a warning of damage, as they are and with damage
seeded. Then a simulation of the test of scores: normal scores that scatter as the 36 of MFA's example
prompts do.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.align.dictionary import known_pronunciations
from layerwise.align.intervals import Interval, Outcome
from layerwise.align.lexicon import read_lexicon
from layerwise.align.mfa_corpus import speech_seconds
from layerwise.align.mfa_trust import Limits, trusted
from layerwise.corpus.audio import read_audio
from layerwise.corpus.damage import find_damage
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.readers import read_corpus
from layerwise.options.mfa import MfaOptions

PROMPTS = Path(__file__).parents[1] / "resources" / "prompts"
DEFAULTS = MfaOptions()
RATE = 16_000
DRAWS = 10  # of others' texts
UTTERANCES, WRONG, LOWER = (50, 127, 1000), (0.0, 0.02, 0.1, 0.2, 0.4, 0.98), (7.0, 10.0)
RUNS = 100
PHONES = (5, 10, 15, 20, 30, 40, 60, 100)
OF_UTTERANCES, OF_PHONES = 1.2, 9.0  # standard deviations
Wave = NDArray[np.float32]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Texts that are not said, and damaged recordings.")
    parser.add_argument("--corpus", action="append", default=[], help="reader and folder")
    arguments = parser.parse_args()
    for named in (f"table:{PROMPTS / 'prompts.tsv'}", *arguments.corpus):
        reader, _, folder = named.partition(":")
        manifest = build_manifest(read_corpus(folder, reader), seed=1)[0]
        waves = [read_audio(path, RATE) for path in manifest["audio_path"]]
        print(f"\n{named}")
        judge_rates(manifest, waves)
        judge_damage(waves)
    print("\nscores")
    print(pd.DataFrame(simulate()).round(3).to_string(index=False))


def judge_rates(manifest: pd.DataFrame, waves: list[Wave]) -> None:
    """Rates with own texts, and shares beyond the limits. Utterances with unknown words are left out."""
    words = {word for text in manifest["text"] for word in text.split()}
    known = known_pronunciations(words, read_lexicon(PROMPTS / "lexicon.txt"))
    counts = {word: len(known[word][0].split()) for word in known}
    rows = [
        (
            sum(counts[word] for word in text.split()),
            counts[text.split()[0]],
            len(text.split()),
            speech_seconds(wave),
        )
        for text, wave in zip(manifest["text"], waves, strict=True)
        if counts.keys() >= set(text.split())
    ]
    phones, first, length, seconds = np.array(rows, float).T
    several = length > 1
    rng = np.random.default_rng(1)
    rates = phones / seconds
    low, high = np.sort(rates)[[0, -1]]
    shares = {
        "own": outside(rates),
        "first word": outside((first / seconds)[several]),
        "twice": outside(2 * rates),
        "another's": float(np.mean([outside(rng.permutation(phones) / seconds) for _ in range(DRAWS)])),
    }
    print(f"{len(rows)} of {len(manifest)} utterances, {low:.1f} to {high:.1f} phones in a second of speech")
    print("lowest:", *np.sort(rates)[:15].round(1))
    print("beyond the limits:", ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))


def outside(rates: NDArray[np.float64]) -> float:
    """Share of rates beyond the default limits."""
    return float(np.mean((rates < (DEFAULTS.min_rate or 0)) | (rates > (DEFAULTS.max_rate or np.inf))))


def judge_damage(waves: list[Wave]) -> None:
    """Shares of waves with a warning, as they are and with one damage each."""
    seeded: dict[str, Callable[[Wave, np.random.Generator], Wave]] = {
        "as they are": lambda wave, rng: wave,
        "a byte lost": lose_byte,
        "half a second of noise": add_noise,
        "40 ms lost": cut_gap,
        "offset of 0.1": lambda wave, rng: np.clip(wave + np.float32(0.1), -1, 1),
        "second half silent": lambda wave, rng: np.where(np.arange(len(wave)) < len(wave) // 2, wave, 0),
    }
    for name, damaged in seeded.items():
        rng = np.random.default_rng(1)
        hits = sum(bool(find_damage(damaged(wave, rng)[:, np.newaxis], RATE)) for wave in waves)
        print(f"damage, {name}: {hits} of {len(waves)}")


def lose_byte(wave: Wave, rng: np.random.Generator) -> Wave:
    """16-bit samples without one byte in their first three quarters."""
    content = (wave * 32767).astype("<i2").tobytes()
    place = int(rng.integers(len(content) * 3 // 4))
    content = content[:place] + content[place + 1 :] + b"\0"
    return (np.frombuffer(content, "<i2") / 32768).astype(np.float32)


def add_noise(wave: Wave, rng: np.random.Generator) -> Wave:
    """Full-scale noise somewhere."""
    place = int(rng.integers(max(len(wave) - RATE // 2, 1)))
    noise = np.clip(rng.normal(0, 0.7, len(wave[place : place + RATE // 2])), -1, 1).astype(np.float32)
    return np.concatenate([wave[:place], noise, wave[place + RATE // 2 :]])


def cut_gap(wave: Wave, rng: np.random.Generator) -> Wave:
    """Zeros for 40 ms, from a sample above a tenth of full scale."""
    loud = np.flatnonzero(np.abs(wave) > 0.1)
    place = int(rng.choice(loud)) if len(loud) else int(np.abs(wave).argmax())
    return np.concatenate([wave[:place], np.zeros(RATE // 25, np.float32), wave[place + RATE // 25 :]])


def simulate() -> list[dict[str, float]]:
    """Shares of right and wrong texts that the test of scores drops."""
    rows = []
    for utterances in UTTERANCES:
        for wrong in WRONG:
            for lower in LOWER:
                lost, found, total = 0, 0, 0
                rng = np.random.default_rng(1)
                for _ in range(RUNS):
                    bad = rng.random(utterances) < wrong
                    dropped = drop(rng, bad * lower)
                    lost, found, total = (
                        lost + (dropped & ~bad).sum(),
                        found + (dropped & bad).sum(),
                        total + bad.sum(),
                    )
                rows.append(
                    {
                        "utterances": utterances,
                        "wrong": wrong,
                        "lower": lower,
                        "lost": lost / (RUNS * utterances - total),
                        "found": found / total if total else np.nan,
                    }
                )
    return rows


def drop(rng: np.random.Generator, lower: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which of a run's utterances are dropped; scores are lower by so much than drawn."""
    phones = rng.choice(PHONES, len(lower))
    scores = -50 + rng.normal(0, np.hypot(OF_UTTERANCES, OF_PHONES / np.sqrt(phones))) - lower
    outcomes = [
        Outcome(str(number), "aligned", "", score, (Interval("word", 0, 1, "a", 0), *[PHONE] * count))
        for number, (score, count) in enumerate(zip(scores, phones, strict=True))
    ]
    manifest = pd.DataFrame({"utt_id": [item.utt_id for item in outcomes], "speaker": "s", "text": "a"})
    found = trusted(outcomes, manifest, Limits(DEFAULTS.min_score, None, None), {})
    return np.array([item.status == "dropped" for item in found])


PHONE = Interval("phone", 0, 1, "AH", 0)

if __name__ == "__main__":
    main()
