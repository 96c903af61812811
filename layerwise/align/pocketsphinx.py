"""Forced alignment with PocketSphinx, whose pip wheel holds an English model and dictionary."""

import math
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pocketsphinx
from joblib import Parallel, delayed
from numpy.typing import NDArray

from layerwise.align.dictionary import in_dictionary, known_pronunciations
from layerwise.align.g2p import guess_pronunciations
from layerwise.align.intervals import Interval, Outcome, find_fault
from layerwise.align.lexicon import dictionary_lines, read_lexicon
from layerwise.corpus.audio import read_audio
from layerwise.errors import AlignmentError, AudioError
from layerwise.options.pocketsphinx import PocketsphinxOptions

RATE = 16_000
FRAMES_PER_SECOND = 100
HOP = RATE // FRAMES_PER_SECOND
PAD_FRAMES = 20
# Frame k of the decoder is a window of 410 samples from 160 k on. So many more zeros in front put its centre
# in the middle of the 10 ms that the frame stands for; without them every boundary is 10 ms early.
CENTRING = 125
DEFAULTS = PocketsphinxOptions()
MIN_SCORE = DEFAULTS.min_score
FILLERS = frozenset({"<s>", "</s>", "<sil>", "(NULL)", "[NOISE]", "[SPEECH]"})
# One unit of a decoder score in nats: logarithms to base 1.0001, shifted right by 10 bits.
NATS = 1024 * math.log(1.0001)
# A path is searched with the default beams, then with ever wider ones.
TRIES: tuple[dict[str, float], ...] = (
    {},
    {"beam": 1e-100, "pbeam": 1e-100, "wbeam": 1e-80},
    {"beam": 1e-300, "pbeam": 1e-300, "wbeam": 1e-300},
)


class _BestPath(NamedTuple):
    """Intervals of an utterance, and mean log scores of a frame in its words and between them."""

    intervals: tuple[Interval, ...]
    score: float
    silence_score: float


def align(
    manifest: pd.DataFrame,
    *,
    lexicon: Path | None = None,
    workers: int = 1,
    g2p: bool = DEFAULTS.g2p,
    min_score: float = MIN_SCORE,
) -> Iterator[Outcome]:
    """Align every utterance of a manifest, yielding outcomes in its order.

    Words come from PocketSphinx's dictionary and the ``lexicon`` file, with apostrophes at their edges only
    where they are listed so, possessives from their base word; with ``g2p`` a model of English spelling
    guesses the others, and the outcome's reason lists the guesses. An utterance with a word that is still
    unknown is dropped, and so is one whose score, the mean log score of a frame of speech relative to the
    likeliest senone, is below ``min_score``: its text is probably not what is said. The same holds for the
    frames between the words: there, more may be said than the text says.

    The search goes through the words with optional silences and all pronunciations, then through the phones
    of those it chose; one that finds no path is repeated with wider beams.

    Each outcome depends on its own audio and text alone, not on ``workers`` or the order.
    Raises AlignmentError for a bad lexicon, or if words must be guessed and g2p-en is not installed.
    """
    written = [str(text).split() for text in manifest["text"]]
    own = read_lexicon(lexicon) if lexicon else {}
    known = known_pronunciations({word for text in written for word in text}, own)
    texts = [[in_dictionary(word, known) for word in text] for text in written]
    words = {word for text in texts for word in text}
    known = {word: known[word] for word in words & known.keys()}
    guessed = guess_pronunciations(words - known.keys()) if g2p else {}
    with tempfile.TemporaryDirectory(prefix="layerwise-align-") as folder:
        dictionary = Path(folder) / "words.dict"
        dictionary.write_text("".join(dictionary_lines({**known, **guessed})), encoding="utf-8")
        jobs = (
            delayed(_align_utterance)(
                utt_id,
                path,
                text,
                guessed=sorted(guessed.keys() & set(text)),
                unknown=sorted(set(text) - known.keys() - guessed.keys()),
                dictionary=str(dictionary),
                min_score=min_score,
            )
            for utt_id, path, text in zip(manifest["utt_id"], manifest["audio_path"], texts, strict=True)
        )
        # joblib's loky workers start afresh and do not import the calling script, unlike multiprocessing's.
        yield from Parallel(n_jobs=workers, return_as="generator")(jobs)


def _align_utterance(
    utt_id: str,
    audio_path: str,
    text: list[str],
    *,
    guessed: list[str],
    unknown: list[str],
    dictionary: str,
    min_score: float,
) -> Outcome:
    if not text:
        return Outcome(utt_id, "dropped", "empty text")
    if unknown:
        digits = any(map(str.isdigit, "".join(unknown)))
        advice = "spell out digits, set `numbers: english` for the corpus, or add it" if digits else "add it"
        reason = f"word not in dictionary: {_quoted(unknown)}; {advice} to the lexicon"
        return Outcome(utt_id, "dropped", reason)
    try:
        waveform = read_audio(audio_path, RATE)
    except AudioError as error:
        return Outcome(utt_id, "failed", str(error))
    reason = ""
    for beams in TRIES:
        try:
            path = _search(_decoder(dictionary, **beams), waveform, text)
        except RuntimeError:
            _decoder.cache_clear()  # a decoder that has failed once is not to be trusted
            reason = "no path through the audio for this text; check the transcript"
        except AlignmentError as error:
            reason = str(error)
        else:
            if doubt := _doubt(path, min_score):
                return Outcome(utt_id, "dropped", f"{doubt}; check the transcript", path.score)
            note = f"pronunciation guessed: {_quoted(guessed)}" if guessed else ""
            return Outcome(utt_id, "aligned", note, path.score, path.intervals)
    return Outcome(utt_id, "failed", reason)


def _doubt(path: _BestPath, min_score: float) -> str:
    limit = f"{min_score:g} (`alignment.pocketsphinx.min_score`)"
    if path.score < min_score:
        return f"score below {limit}: the text is probably not what is said"
    if path.silence_score < min_score:
        return f"score of the silence below {limit}: probably more is said than the text says"
    return ""


def _quoted(words: list[str]) -> str:
    return ", ".join(map(repr, words))


@lru_cache(maxsize=len(TRIES))
def _decoder(dictionary: str, **options: float) -> Any:
    # The lattice's best path may give words too few frames for their phones: the second pass then fails.
    return pocketsphinx.Decoder(lm=None, dict=dictionary, bestpath=False, loglevel="FATAL", **options)


def _search(decoder: Any, waveform: NDArray[np.float32], text: list[str]) -> _BestPath:
    """Words first, then their phones."""
    front = np.zeros(PAD_FRAMES * HOP + CENTRING)
    padded = np.concatenate([front, waveform, np.zeros(PAD_FRAMES * HOP)])
    samples = np.round(np.clip(padded, -1, 1) * 32767).astype("<i2").tobytes()
    decoder.set_align_text(" ".join(text))
    _run(decoder, samples)
    decoder.set_alignment()
    _run(decoder, samples)
    alignment = decoder.get_alignment()  # its words and phones are views that die with it
    frames = len(waveform) // HOP
    intervals: list[Interval] = []
    found: list[str] = []
    scores = {"speech": 0, "silence": 0}
    durations = {"speech": 0, "silence": 0}
    for word in alignment:
        kind = "silence" if word.name in FILLERS else "speech"
        scores[kind] += word.score
        durations[kind] += word.duration
        if kind == "silence":
            continue
        phones = [Interval("phone", *_times(phone, frames), phone.name, len(found)) for phone in word]
        label = word.name.partition("(")[0]
        intervals.append(Interval("word", phones[0].start, phones[-1].end, label, len(found)))
        intervals.extend(phones)
        found.append(label)
    if found != text:
        raise AlignmentError("the alignment lacks words of the text; check the transcript")
    if fault := find_fault(intervals, frames / FRAMES_PER_SECOND):
        raise AlignmentError(f"{fault}: the text says more than the audio; check the transcript")
    means = {kind: scores[kind] * NATS / max(durations[kind], 1) for kind in scores}
    return _BestPath(tuple(intervals), means["speech"], means["silence"])


def _run(decoder: Any, samples: bytes) -> None:
    decoder.reinit_feat()  # forget the noise and cepstral mean of the audio before
    decoder.start_utt()
    decoder.process_raw(samples, full_utt=True)
    decoder.end_utt()


def _times(entry: Any, frames: int) -> tuple[float, float]:
    """Start and end in seconds, without the padding."""
    start = min(max(entry.start - PAD_FRAMES, 0), frames)
    end = min(max(entry.start + entry.duration - PAD_FRAMES, 0), frames)
    return start / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND
