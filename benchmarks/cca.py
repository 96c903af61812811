"""The CCA engine against itself with three trials, and against a straightforward implementation.

    python benchmarks/cca.py                  both comparisons
    python benchmarks/cca.py --paper-scale    only ours: a 12-layer base model at the size of the paper
    python benchmarks/cca.py --cuda           moments and scores on a GPU against this machine's cores

The straightforward side is timed for one pair of regularisers and one test part, and multiplied. Views are
drawn with a decaying spectrum, a mean, and shared factors, as features have. With ``--threads 1`` seconds
are CPU seconds, which a busy machine does not distort; ratios are what to quote.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from layerwise.analyses.labels import one_hot
from layerwise.cca import RIDGES, cross_validate
from layerwise.cca.crossval import score_parts
from layerwise.cca.moments import fixed_shift, part_moments
from layerwise.cca.pwcca import Mode
from layerwise.cca.scored import Scored
from layerwise.cca.splits import assign_parts, rotation
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

Array = NDArray[np.float64]
LAYERS = 12


def features(rng: np.random.Generator, source: Array, dim: int) -> NDArray[np.float32]:
    """Rows that mix a source with noise of a decaying spectrum; dimensions have means."""
    spectrum = np.arange(1, dim + 1) ** -0.5
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    noise = rng.standard_normal((len(source), dim), dtype=np.float32) * spectrum
    mixed = noise @ rotation + 0.3 * source @ rng.standard_normal((source.shape[1], dim))
    return (mixed + rng.standard_normal(dim)).astype(np.float32)


def frames(seed: int, n: int, dim: int, target_dim: int) -> tuple[Any, Any, Any]:
    """A layer, a target of frames, and utterances of 360 frames."""
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((n, 40))
    return features(rng, source, dim), features(rng, source, target_dim), np.arange(n) // 360


def segments(seed: int, n: int, dim: int, classes: int) -> tuple[Any, Any, Any, Any]:
    """Pooled segments, their one-hot labels, utterances of five segments, and the labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    source = rng.standard_normal((classes, 40))[labels] + rng.standard_normal((n, 40))
    shuffled = rng.permutation(n) // 5
    return features(rng, source, dim), one_hot(labels)[0], shuffled, labels


def naive(x: Array, y: Array, train: Any, test: Any, pair: tuple[float, float]) -> float:
    """Score one pair of ridges by going over the data: covariance, inverse roots, SVD, projection, QR."""
    whitened, directions = [], []
    for view, epsilon in zip((x, y), pair, strict=True):
        centred = view[train] - view[train].mean(axis=0)
        scale = 1 / np.maximum(centred.std(axis=0), 1e-12)
        ridge = epsilon * np.eye(view.shape[1])
        values, vectors = np.linalg.eigh(np.cov((centred * scale).T, bias=True) + ridge)
        root = vectors @ np.diag(1 / np.sqrt(values)) @ vectors.T
        whitened.append((centred * scale) @ root)
        directions.append(scale[:, None] * root)
    U, _, Vt = np.linalg.svd(whitened[0].T @ whitened[1] / len(whitened[0]), full_matrices=False)
    views = [view[test] - view[test].mean(axis=0) for view in (x, y)]
    variates = [views[0] @ directions[0] @ U, views[1] @ directions[1] @ Vt.T]
    norms = [np.linalg.norm(variate, axis=0) for variate in variates]
    live = norms[1] > 1e-6 * np.linalg.norm(directions[1] @ Vt.T, axis=0)
    rho = np.where(live, (variates[0] * variates[1]).sum(axis=0) / (norms[0] * norms[1]), 0)
    low = 0 if x.shape[1] < y.shape[1] else 1
    weights = np.zeros(len(rho))
    P, R = np.linalg.qr(variates[low][:, live])
    free = np.abs(np.diag(R)) > 1e-4 * np.linalg.norm(R, axis=0)
    weights[np.flatnonzero(live)] = np.abs(P.T @ views[low]).sum(axis=1) * free
    return float(weights @ rho / weights.sum())


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result; CPU seconds when a single thread is at work."""
    clock = time.process_time if single_threaded() else time.perf_counter
    start = clock()
    result = function()
    return clock() - start, result


def single_threaded() -> bool:
    """Whether all linear algebra runs in one thread."""
    return all(pool["num_threads"] == 1 for pool in threadpool_info())


def compare(title: str, x: Any, y: Any, groups: Any, labels: Any, skip_naive: bool) -> None:
    """Print one comparison."""
    n, dim = len(x), x.shape[1] + y.shape[1]
    part = assign_parts(n, groups=groups, labels=labels, seed=0)
    one_pass, _ = timed(lambda: part_moments(x, y, part, fixed_shift(x, y)))

    def ours(mode: Mode, **options: Any) -> Scored:
        chosen = ScoringOptions(**options)
        return score_parts(x, y, part, chosen, units=groups, permute=labels is not None, mode=mode)

    grid = len(RIDGES) ** 2
    three, _ = timed(lambda: ours("paper", permutations=0, epsilons=[1e-8, 1e-7, 1e-6, 1e-5, 1e-4]))
    ten, scored = timed(lambda: ours("corrected", permutations=0))
    with_null, permuted = timed(lambda: ours("corrected"))
    print(f"{title}: {n} x {x.shape[1]} vs {y.shape[1]}")
    speed = n * dim * dim / one_pass / 1e9
    print(f"  the pass                          {one_pass:8.2f} s  {speed:.0f} GFLOP/s")
    print(f"  3 trials, 25 pairs, all tried     {three:8.2f} s")
    print(f"  10 parts, {grid} pairs, climbing    {ten:8.2f} s  to 3 trials: {ten / three:.2f}")
    drawn, ratio = len(permuted.null), with_null / ten
    print(f"  the same and {drawn:3} permutations     {with_null:8.2f} s  to without: {ratio:.2f}")
    if not skip_naive:
        first = scored.trials.iloc[0]
        dev, test = rotation(10, derive_seed(0, "partition", 0))[0]
        rows = (np.flatnonzero((part != dev) & (part != test)), np.flatnonzero(part == test))
        pair = (float(first["epsilon_x"]), float(first["epsilon_y"]))
        one, score = timed(lambda: naive(x.astype(np.float64), y.astype(np.float64), *rows, pair))
        whole = one * grid * 10 / ten
        print(f"  straightforward, one pair and part{one:8.2f} s  whole grid / ours: {whole:.0f}")
        print(f"  difference of scores {abs(score - first['score']):.1e}", flush=True)


def paper_scale(threads: int) -> None:
    """Time every analysis of a 12-layer base model at the size of the paper, layers in parallel."""
    kinds: dict[str, Callable[[int], tuple[Any, ...]]] = {
        "180,000 frames vs 80 log-mel": lambda seed: frames(seed, 180_000, 768, 80),
        "180,000 frames vs 768 of T0": lambda seed: frames(seed, 180_000, 768, 768),
        "7,800 phones vs 39 labels": lambda seed: segments(seed, 7_800, 768, 39),
        "7,500 words vs 500 labels": lambda seed: segments(seed, 7_500, 768, 500),
    }
    total = 0.0
    for title, make in kinds.items():
        x, y, groups, *labels = make(0)

        def score(seed: int, x: Any = x, y: Any = y, groups: Any = groups, labels: Any = labels) -> Any:
            options = {"labels": labels[0]} if labels else {}
            return cross_validate(x, y, groups=groups, seed=seed, **options)

        with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
            seconds, _ = timed(lambda: list(pool.map(score, range(threads))))
        whole = seconds * 3 * LAYERS / threads
        total += whole
        print(
            f"{title}: {seconds:.1f} s for {threads} layer(s) at once; 3 samples x 12 layers: {whole:.0f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"together {total:.0f} s with intervals and permutations; peak memory {peak:.2f} GB, data included")


def cuda() -> None:
    """Compare moments and scores of a GPU with those of the CPU."""
    if not torch.cuda.is_available():
        print("no CUDA GPU here: nothing measured")
        return
    x, y, groups = frames(0, 180_000, 768, 768)
    part, shift = assign_parts(len(x), groups=groups), fixed_shift(x, y)
    part_moments(x[:9000], y[:9000], part[:9000], shift, device="cuda")
    slow, _ = timed(lambda: part_moments(x, y, part, shift))
    fast, _ = timed(lambda: part_moments(x, y, part, shift, device="cuda"))
    print(f"moments of 180,000 x (768 + 768): CPU {slow:.2f} s, CUDA {fast:.2f} s, ratio {slow / fast:.1f}")
    x, y, groups = frames(0, 60_000, 768, 80)
    score = partial(cross_validate, x, y, groups=groups)
    for permutations in (0, 19):
        slow, here = timed(partial(score, permutations=permutations))
        fast, there = timed(partial(score, permutations=permutations, device="cuda"))
        difference = (here.score - there.score).abs().max()
        print(
            f"60,000 x (768, 80), {permutations} permutations: CPU {slow:.2f} s, CUDA {fast:.2f} s, ratio "
            f"{slow / fast:.1f}; scores differ by at most {difference:.1e}",
            flush=True,
        )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-naive", action="store_true", help="time only the engine")
    parser.add_argument("--paper-scale", action="store_true")
    parser.add_argument("--cuda", action="store_true")
    arguments = parser.parse_args()
    if arguments.cuda:
        cuda()
    elif arguments.paper_scale:
        paper_scale(arguments.threads)
    else:
        with threadpool_limits(arguments.threads):
            x, y, groups = frames(0, 60_000, 768, 80)
            compare("frames", x, y, groups, None, arguments.skip_naive)
            x, y, groups, labels = segments(0, 7_500, 768, 500)
            compare("words", x, y, groups, labels, arguments.skip_naive)
            x, y, groups = frames(0, 60_000, 768, 768)
            compare("intra", x, y, groups, None, arguments.skip_naive)


if __name__ == "__main__":
    main()
