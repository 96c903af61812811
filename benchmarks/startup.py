"""What starting costs: imports of each job, planning, and a whole run; two checkouts side by side.

    python benchmarks/startup.py --before OTHER           imports and planning
    python benchmarks/startup.py --before OTHER --run     also a whole default run of each, from nothing

Both checkouts use the environment that runs this file. CPU seconds are those of the process and its children
(median of the repeats), memory is the largest of any one process. Planning is `snakemake -n`, and is compared
with that of a workflow of one empty rule; for that of the default run both must hold its results. Prints CSV.
"""

import argparse
import ast
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
EMPTY = 'rule all:\n    output:\n        touch("done"),\n'
# Plug-ins that the default run loads in these jobs, where they are no imports of the script.
PLUGINS = {
    "align": "layerwise.align.pocketsphinx",
    "cca": "layerwise.analyses.labels",
    "downstream": "layerwise.tasks.recognition",
    "extract": "layerwise.models.conv_stem",
    "manifest": "layerwise.corpus.table",
}


class Cost(NamedTuple):
    """CPU seconds and peak memory in MB."""

    seconds: float
    megabytes: float


def main() -> None:
    """Measure both checkouts and print what each costs, and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, required=True, help="another checkout to compare with")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--run", action="store_true", help="also whole runs, each in a copy without results")
    arguments = parser.parse_args()
    trees = (arguments.before.resolve(), ROOT)
    print("what,before_s,after_s,ratio,before_mb,after_mb")
    scripts = sorted(path.name for path in (ROOT / "scripts").glob("[a-z]*.py"))
    for name in scripts:
        report(
            f"imports of {name}", [repeated(imports(tree, name), tree, arguments.repeats) for tree in trees]
        )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Snakefile").write_text(EMPTY)
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all"]
        report("planning nothing", [repeated(command, Path(folder), arguments.repeats)] * 2)
    report("planning the default run", [repeated(command, tree, arguments.repeats) for tree in trees])
    if arguments.run:
        report("the default run", [whole_run(tree) for tree in trees])


def imports(tree: Path, script: str) -> list[str]:
    """Return the command that imports what a script imports, and the plug-in that it loads."""
    content = ast.parse((tree / "scripts" / script).read_text(encoding="utf-8"))
    lines = [ast.unparse(node) for node in content.body if isinstance(node, ast.Import | ast.ImportFrom)]
    plugin = PLUGINS.get(Path(script).stem, "").replace(".", "/") + ".py"
    if (tree / plugin).is_file():
        lines.append(f"import {PLUGINS[Path(script).stem]}")
    return [sys.executable, "-c", "\n".join(lines)]


def repeated(command: Sequence[str], folder: Path, repeats: int) -> Cost:
    """Run a command several times in a folder; the first time, which fills caches, does not count."""
    costs = [cost(command, folder) for _ in range(repeats + 1)][1:]
    return Cost(statistics.median(c.seconds for c in costs), max(c.megabytes for c in costs))


def cost(command: Sequence[str], folder: Path) -> Cost:
    """Run a command; its output is shown if it fails."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{folder / 'scripts'}", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(output.read().decode(errors="replace"))
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def whole_run(tree: Path) -> Cost:
    """Run the default workflow of a checkout's last commit from nothing, on two cores."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", str(tree), folder], check=True)
        return cost([sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"], Path(folder))


def report(what: str, costs: Sequence[Cost]) -> None:
    """Print one line."""
    before, after = costs
    ratio = before.seconds / after.seconds
    print(
        f"{what},{before.seconds:.2f},{after.seconds:.2f},{ratio:.2f},{before.megabytes:.0f},{after.megabytes:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
