"""Simulated corpora of which the truth is known.

A corpus has speakers, of uneven numbers of utterances, of uneven lengths; each speaker has an offset in the
layer and a habit in the target (class frequencies, or an offset). Frames are correlated in time (AR(1)).
Layers are partly noise in common, as in a residual stream, and one of their dimensions is 3,000 times
larger than the others. Targets are labels of segments, frames, or words whose phones are known.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What corpora are drawn from.

    ``strengths`` say how much each layer holds of the target. ``by_speaker``: intervals are over speakers,
    else over utterances. ``own``: how much each layer holds of words beyond
    their phones (target "words").
    """

    name: str
    target: str
    strengths: tuple[float, ...] = (0.0, 0.0, 0.0)
    dims: int = 12
    classes: int = 10
    by_speaker: bool = False
    speakers: int = 40
    utterances: int = 40
    length: float = 25
    speaker_effect: float = 0.7
    persistence: float = 0.9
    phones: int = 6
    own: float = 0.0
    population: int = 0

    def loadings(self, rows: int) -> Array:
        """What the target, or its classes, look like in a layer: the same in every corpus."""
        rng = np.random.default_rng([self.population, rows])
        return rng.standard_normal((rows, self.dims)) * rng.uniform(0.2, 2, self.dims)


@dataclass(frozen=True)
class Corpus:
    """Layers (n, dim), their target (n,) or (n, dim), and each row's utterance, speaker and unit.

    ``given`` are the phones of words.
    """

    layers: list[Array]
    target: NDArray[np.generic]
    utterance: NDArray[np.int64]
    speaker: NDArray[np.int64]
    unit: NDArray[np.int64]
    given: Array | None = None


def draw(world: World, rng: np.random.Generator) -> Corpus:
    """Draw a corpus of a world."""
    shares = rng.dirichlet(np.full(world.speakers, 3.0))
    speaker = np.concatenate(
        [np.arange(world.speakers), rng.choice(world.speakers, world.utterances - world.speakers, p=shares)]
    )
    lengths = np.maximum(world.length / 4, world.length * rng.lognormal(0, 0.5, world.utterances)).astype(int)
    utterance = np.repeat(np.arange(world.utterances), lengths)
    of_row = speaker[utterance]
    content, target, given = _CONTENT[world.target](world, rng, of_row, lengths)
    shared = _noise(world, rng, lengths)
    layers = []
    for strength in world.strengths:
        offsets = world.speaker_effect * rng.standard_normal((world.speakers, world.dims))
        layer = strength * content + (shared + _noise(world, rng, lengths)) / np.sqrt(2) + offsets[of_row]
        layer[:, 0] *= 3e3
        layers.append(layer)
    return Corpus(layers, target, utterance, of_row, of_row if world.by_speaker else utterance, given)


def _noise(world: World, rng: np.random.Generator, lengths: NDArray[np.int64], dims: int = 0) -> Array:
    """Unit variance; correlated in time within each utterance where the target are frames."""
    dims = dims or world.dims
    if world.target != "frames":
        return rng.standard_normal((int(lengths.sum()), dims))
    rho = world.persistence
    pieces = []
    for length in lengths:
        steps = rng.standard_normal((length, dims)) * np.sqrt(1 - rho**2)
        steps[0] /= np.sqrt(1 - rho**2)
        pieces.append(lfilter([1], [1, -rho], steps, axis=0))
    return np.concatenate(pieces)


def _habits(world: World, rng: np.random.Generator, of_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """A class for each row: some are frequent, and more so with some speakers."""
    frequency = np.arange(1, world.classes + 1) ** -0.7
    habits = np.cumsum(rng.dirichlet(20 * frequency / frequency.sum(), world.speakers), axis=1)
    found: NDArray[np.int64] = (rng.random((len(of_row), 1)) > habits[of_row]).sum(axis=1)
    return np.minimum(found, world.classes - 1)


Content = tuple[Array, NDArray[np.generic], Array | None]


def _labels(
    world: World, rng: np.random.Generator, of_row: NDArray[np.int64], _lengths: NDArray[np.int64]
) -> Content:
    labels = _habits(world, rng, of_row)
    return world.loadings(world.classes)[labels], labels, None


def _frames(
    world: World, rng: np.random.Generator, of_row: NDArray[np.int64], lengths: NDArray[np.int64]
) -> Content:
    frames = _noise(world, rng, lengths, world.phones)
    offsets = world.speaker_effect * rng.standard_normal((world.speakers, world.phones))
    return frames @ world.loadings(world.phones), frames + offsets[of_row], None


def _words(
    world: World, rng: np.random.Generator, of_row: NDArray[np.int64], _lengths: NDArray[np.int64]
) -> Content:
    """Words, and the phones of each token, which vary; a layer holds phones and perhaps words too."""
    words = _habits(world, rng, of_row)
    spelling = np.random.default_rng(world.population).standard_normal((world.classes, world.phones))
    phones = spelling[words] + 0.4 * rng.standard_normal((len(words), world.phones))
    content = phones @ world.loadings(world.phones) + world.own * world.loadings(world.classes)[words]
    return content, words, phones


_CONTENT = {"labels": _labels, "frames": _frames, "words": _words}


def of_twelve_speakers(world: World) -> World:
    """Return the world whose corpora have twelve speakers, over which intervals are."""
    return replace(world, name=f"{world.name}, 12 speakers", by_speaker=True, speakers=12, utterances=60)
