"""What planning costs: `snakemake -n` of the paper's run, of many models, and of many utterances.

    python benchmarks/planning.py                                        all three, and smaller ones
    python benchmarks/planning.py --models 50 200 --utterances 30000 300000
    python benchmarks/planning.py --profile 200                          where the time of 200 models goes

Everything is made up and empty: corpora, checkpoints, and the files that checkpoints of the workflow give, so
that planning sees all jobs. CPU seconds and peak memory are those of the process. Prints CSV.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("Snakefile", "config.yaml", "configs", "envs", "layerwise", "report", "rules", "scripts")
PAPER = (
    *(f"LibriSpeech/{subset}/1/2/1-2.trans.txt" for subset in ("dev-clean", "dev-other", "test-clean")),
    *(f"LibriSpeech/{subset}/1/2/1-2-0000.flac" for subset in ("dev-clean", "test-clean", "train-clean-100")),
    "LibriSpeech/train-clean-100/1/2/1-2.trans.txt",
    *(f"fluent_speech_commands_dataset/data/{split}_data.csv" for split in ("train", "valid", "test")),
    "fluent_speech_commands_dataset/wavs/speakers/a/1.wav",
    *(f"slurp/{split}.jsonl" for split in ("train", "devel", "test")),
    *(f"slurp/dataset/slurp/{split}.jsonl" for split in ("train", "devel", "test")),
    "slurp/audio/slurp_real/a.flac",
    "models/avhubert/base_vox_iter5.pt",
    "models/avhubert/large_vox_iter5.pt",
    *(
        f"models/fast-vgs{plus}-coco/{name}"
        for plus in ("", "-plus")
        for name in ("best_bundle.pth", "args.pkl")
    ),
)
CONTENTS = {
    "_data.csv": "path,speakerId,transcription,action,object,location\n"
    "wavs/speakers/a/1.wav,a,lights on,activate,lights,none\n",
    ".jsonl": '{"slurp_id": 1, "sentence": "a", "action": "b", "scenario": "c", '
    '"recordings": [{"file": "a.flac"}]}\n',
}
READ = ("corpus/manifest.parquet", "alignment/intervals.parquet", "samples/segments.parquet")


def main() -> None:
    """Measure what was asked for and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, nargs="*", default=[20, 200])
    parser.add_argument("--utterances", type=int, nargs="*", default=[3_000, 300_000])
    parser.add_argument("--profile", type=int, metavar="MODELS", help="profile planning instead")
    arguments = parser.parse_args()
    if arguments.profile:
        with repository() as folder:
            many_models(folder, arguments.profile)
            planned(folder, "many.yaml", "-m", "cProfile", "-s", "cumulative")
        return
    print("what,jobs,wall_s,cpu_s,peak_mb")
    with repository() as folder:
        for name in PAPER:
            path = folder / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(next((text for ending, text in CONTENTS.items() if name.endswith(ending)), ""))
        report("configs/paper.yaml", folder, "configs/paper.yaml")
    for number in arguments.models:
        with repository() as folder:
            many_models(folder, number)
            report(f"{number} models", folder, "many.yaml")
    for number in arguments.utterances:
        with repository() as folder:
            many_utterances(folder, number)
            time.sleep(2)  # files younger than that are read again at the next start
            report(f"{number} utterances for the first time", folder, "many.yaml")
            report(f"{number} utterances", folder, "many.yaml")


@contextmanager
def repository() -> Iterator[Path]:
    """A copy of what planning reads."""
    with tempfile.TemporaryDirectory() as name:
        for part in NEEDED:
            source = ROOT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, Path(name, part))
        for part in ("prompts", "models"):
            shutil.copytree(ROOT / "resources" / part, Path(name, "resources", part))
        yield Path(name)


def many_models(folder: Path, number: int) -> None:
    """A run of so many models, each a folder of its own, with the analyses and tasks of the default run."""
    config = yaml.safe_load((folder / "configs/ci.yaml").read_text())
    analyses = ["cca-intra", "cca-mel", "cca-phone", "cca-word"]
    names = [f"m{index}" for index in range(number)]
    for name in names:
        shutil.copytree(folder / "resources/models/hubert-tiny", folder / "models" / name)
    models = [{"name": name, "source": f"models/{name}", "twin": False} for name in names]
    write_config(
        folder, config | {"models": models, "analyses": analyses, "tasks": ["pr", "asr", "scenario"]}
    )


def many_utterances(folder: Path, number: int) -> None:
    """A run whose corpus has so many utterances, each a file of its own, which has come past its samples."""
    config = yaml.safe_load((folder / "configs/ci.yaml").read_text())
    rows = ["utt_id\taudio_path\ttext\tspeaker\tsplit"]
    for index in range(number):
        audio = Path("corpus", str(index // 1000), f"{index}.flac")
        if index % 1000 == 0:
            (folder / audio).parent.mkdir(parents=True)
        (folder / audio).touch()
        rows.append(f"u{index}\t{audio.relative_to('corpus')}\tsome words\ts{index // 100}\ttrain")
    (folder / "corpus/table.tsv").write_text("\n".join(rows) + "\n")
    for name in (*READ, "samples/0.parquet", "samples/1.parquet", "samples/selection.parquet"):
        path = folder / "results/many" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    write_config(folder, config | {"corpus": {"path": "corpus/table.tsv"}})


def write_config(folder: Path, config: dict[str, object]) -> None:
    """Write the config of a made-up run."""
    (folder / "many.yaml").write_text(yaml.safe_dump(config | {"run": "many"}))


def report(what: str, folder: Path, config: str) -> None:
    """Plan a run and print what it cost."""
    begun = time.monotonic()
    process, output = planned(folder, config, "-m")
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    text = output.read_text()
    if status:
        sys.exit(f"{what}: planning failed:\n{text[-3000:]}")
    jobs = next(line.split()[1] for line in text.splitlines() if line.startswith("total "))
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{what},{jobs},{wall:.1f},{cpu:.1f},{usage.ru_maxrss // 1024}", flush=True)


def planned(folder: Path, config: str, *python: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a dry run; return its process and the file of its output."""
    output = folder / "plan.log"
    command = [sys.executable, *python, "snakemake", "-n", "--cores", "1", "--configfile", config]
    with output.open("wb") as stream:
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=stream, stderr=stream), output


if __name__ == "__main__":
    main()
