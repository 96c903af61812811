"""ABX of layers: CPU seconds, memory and share of the arithmetic limit; beside fastabx if it is installed.

    python benchmarks/measures.py                        13 layers of 768 dimensions, 5,000 and 20,000
    python benchmarks/measures.py --layers 1 --phones 5000
    python benchmarks/measures.py --fastabx PYTHON       one layer; PYTHON (3.12) has fastabx

Phones are drawn so that contexts recur about as often as in read speech: 40 speakers, 39 labels whose
neighbours are few. Each layer is scored on triphones (within and across speakers), on phones in any
context, within and across speakers (at most five X speakers), and on speakers. The arithmetic limit is the
time that the cosines of the frames of all pairs of tokens take at the speed of a large product of float64
matrices, each pair once. Seconds are CPU seconds of one thread; ratios are what to quote.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.measures.abx_cells import Caps
from layerwise.measures.abx_items import slice_items
from layerwise.measures.abx_score import score_tokens

RATE = 50
SPEAKERS = 40
UTTERANCE = 100  # phones
TASKS: dict[str, dict[str, Any]] = {
    "triphone within": {"unit": "triphone", "by": ("prev", "next", "speaker")},
    "triphone across": {"unit": "triphone", "by": ("prev", "next"), "across": "speaker"},
    "phone any context, within": {"unit": "phone", "by": ("speaker",)},
    "phone any context, across": {"unit": "phone", "by": (), "across": "speaker", "few": 5},
    "speaker": {"unit": "triphone", "on": "speaker", "by": ("prev", "next", "label")},
}


def corpus(phones: int, seed: int) -> tuple[dict[str, int], dict[str, pd.DataFrame]]:
    """Frames of each utterance, and items by unit; phones last 4 frames on average."""
    rng = np.random.default_rng(seed)
    follow = [rng.permutation(39)[:8] for _ in range(39)]
    odds = np.arange(1, 9) ** -1.0
    rows, frames = [], {}
    for number in range(phones // UTTERANCE):
        label, clock = 0, 0.0
        name = f"u{number:04d}"
        for _ in range(UTTERANCE):
            label = int(rng.choice(follow[label], p=odds / odds.sum()))
            length = 0.03 + float(rng.integers(0, 11)) / 100
            rows.append(
                (name, f"s{number % SPEAKERS:02d}", round(clock, 2), round(clock + length, 2), f"p{label}")
            )
            clock += length
        frames[name] = int(clock * RATE) + 2
    items = pd.DataFrame(rows, columns=["utt_id", "speaker", "start", "end", "label"])
    one = items.groupby("utt_id")
    items = items.assign(prev=one["label"].shift(1), next=one["label"].shift(-1))
    wide = items.assign(start=one["start"].shift(1), end=one["end"].shift(-1))
    return frames, {"phone": items.dropna(ignore_index=True), "triphone": wide.dropna(ignore_index=True)}


def layer(frames: dict[str, int], dim: int, seed: int) -> dict[str, np.ndarray]:
    """Features of one layer: twenty factors and noise."""
    rng = np.random.default_rng(seed)
    mix = 2 * rng.standard_normal((20, dim), dtype=np.float32)
    return {
        name: rng.standard_normal((size, 20), dtype=np.float32) @ mix
        + rng.standard_normal((size, dim), dtype=np.float32)
        for name, size in frames.items()
    }


def flops_per_second(dim: int) -> float:
    """Speed of a product of matrices as large as fits the caches well."""
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, 2048, dim))
    product = left @ right.T
    begin = time.process_time()
    for _ in range(5):
        np.matmul(left, right.T, out=product)
    return 5 * 2 * len(left) * len(right) * dim / (time.process_time() - begin)


def pair_frames(items: pd.DataFrame, length: np.ndarray, task: dict[str, Any]) -> tuple[float, float]:
    """Pairs of tokens, and of their frames, that a task compares, each pair once: (number, number)."""
    sums = []
    for by in {task["by"], (*task["by"], task["across"])} if "across" in task else [task["by"]]:
        table = items.assign(one=1, length=length)
        groups = table.groupby(list(by)) if by else table.groupby("one")
        sums.append([(groups[name].sum() ** 2).sum() / 2 for name in ("one", "length")])
    across = abs(np.array(sums[0]) - np.array(sums[1])) if len(sums) > 1 else np.array(sums[0])
    share = 1.0
    if "few" in task:  # of the X speakers, but each pair of speakers in both directions
        share = min(1.0, 2 * task["few"] / (SPEAKERS - 1))
    return float(share * across[0]), float(share * across[1])


def measure(arguments: argparse.Namespace, phones: int) -> None:
    """Print a line for each task, summed over layers."""
    frames, items = corpus(phones, arguments.seed)
    speed = flops_per_second(arguments.dim)
    seconds = dict.fromkeys(TASKS, 0.0)
    limits, pairs, errors = {}, {}, {}
    reading = 0.0
    for number in range(arguments.layers):
        features = layer(frames, arguments.dim, arguments.seed + 1 + number)
        begin = time.process_time()
        sliced = {unit: slice_items(features, table, RATE) for unit, table in items.items()}
        reading += time.process_time() - begin
        for name, task in TASKS.items():
            options = {key: value for key, value in task.items() if key not in ("unit", "few")}
            of_unit = sliced[task["unit"]]
            begin = time.process_time()
            found = score_tokens(of_unit.tokens, of_unit.items, caps=Caps(across=task.get("few")), **options)
            seconds[name] += time.process_time() - begin
            pairs[name], shared = pair_frames(of_unit.items, of_unit.tokens.length, task)
            limits[name] = 2 * arguments.dim * shared / speed
            errors[name] = found.error
    print(
        f"{phones} phones, {sum(frames.values())} frames, "
        f"{arguments.layers} layers of {arguments.dim} dimensions"
    )
    print(f"  cutting tokens: {reading:.1f} s")
    for name, spent in seconds.items():
        limit = limits[name] * arguments.layers
        print(
            f"  {name:<26} {pairs[name]:>12,.0f} pairs  {spent:8.2f} s"
            f"  {1e6 * spent / arguments.layers / pairs[name]:7.2f} us each"
            f"  {100 * limit / spent:5.1f} % of the limit  error {errors[name]:.4f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  all: {sum(seconds.values()):.1f} s; peak {peak:.2f} GiB")


FASTABX = """
import json, sys, time, torch
from fastabx import Dataset, Subsampler, Task, Score
torch.set_num_threads(1)
folder, tasks = sys.argv[1], json.loads(sys.argv[2])
for name, task in tasks.items():
    data = Dataset.from_item(f"{folder}/{task['unit']}.csv", folder, 50, device="cpu", progress=False)
    across = [task["across"]] if "across" in task else None
    begin = time.process_time()
    few = Subsampler(None, task["few"]) if "few" in task else None
    made = Task(data, on=task.get("on", "label"), by=task["by"], across=across, subsampler=few)
    context = [column for column in task["by"] if column in ("prev", "next")]
    levels = [tuple(context)] * bool(context) + [c for c in task["by"] if c not in context] + (across or [])
    error = Score(made, "angular", progress=False).collapse(levels=levels)
    print(json.dumps([name, time.process_time() - begin, error]), flush=True)
"""


def beside(arguments: argparse.Namespace, phones: int) -> None:
    """Score one layer with fastabx and with ours: seconds, their ratio, and both errors."""
    frames, items = corpus(phones, arguments.seed)
    features = layer(frames, arguments.dim, arguments.seed + 1)
    ours = {}
    for name, task in TASKS.items():
        options = {key: value for key, value in task.items() if key not in ("unit", "few")}
        of_unit = slice_items(features, items[task["unit"]], RATE)
        begin = time.process_time()
        found = score_tokens(of_unit.tokens, of_unit.items, caps=Caps(across=task.get("few")), **options)
        ours[name] = (time.process_time() - begin, found.error)
    with tempfile.TemporaryDirectory() as folder:
        for unit, table in items.items():
            names = {"utt_id": "#file", "start": "onset", "end": "offset"}
            table.rename(columns=names).to_csv(Path(folder) / f"{unit}.csv", index=False)
        import torch

        for name, values in features.items():
            torch.save(torch.from_numpy(values), Path(folder) / f"{name}.pt")
        command = [arguments.fastabx, "-c", FASTABX, folder, json.dumps(TASKS)]
        lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(f"{phones} phones, one layer of {arguments.dim} dimensions, one thread")
    for line in lines.splitlines():
        name, seconds, error = json.loads(line)
        mine, own = ours[name]
        print(
            f"  {name:<26} ours {mine:7.2f} s  fastabx {seconds:7.2f} s  ratio {seconds / mine:5.1f}"
            f"  error {own:.7f} and {error:.7f}"
        )


def warm_up() -> None:
    """Compile, or read what was compiled."""
    frames, items = corpus(1000, 0)
    sliced = slice_items(layer(frames, 8, 0), items["phone"], RATE)
    score_tokens(sliced.tokens, sliced.items, by=("speaker",))


def main() -> None:
    """Run the comparison that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phones", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--layers", type=int, default=13)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fastabx", help="a Python that has fastabx")
    arguments = parser.parse_args()
    with threadpool_limits(1):
        warm_up()
        for phones in arguments.phones:
            (beside if arguments.fastabx else measure)(arguments, phones)


if __name__ == "__main__":
    main()
