"""Why a job failed, in one line: from what the scheduler says, and from the end of the job's log."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerwise.jobs.full_disk import NO_SPACE_LEFT, STATUS, remedy, says_full

KEPT = 9  # earlier logs of a job
TAIL_BYTES = 100_000
LONGEST = 600

_NAMED = r"^(?:\d\d:\d\d:\d\d )?((?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)"
_ERRORS = (
    re.compile(_NAMED + r": ?\S.*)$"),
    re.compile(_NAMED + r")$"),
    re.compile(r"^((?:srun|slurmstepd|sbatch): error: .*)$"),
)
_HEADER = re.compile(r"^\w+( in .*, line \d+)?:$")
_STATUS = re.compile(r"SLURM status is: '([A-Z_]+)")
_EXITED = re.compile(r"returned non-zero exit status (\d+)")
_KILLED = re.compile(r"SIGKILL|non-zero exit status (137|-9)\b|^Killed$", re.MULTILINE)
_MEMORY = re.compile(
    r"oom[-_ ]kill|out[ _-]of[ _-]memory|exceeded (?:job |step )?memory limit|memory limit", re.IGNORECASE
)
_TIME = re.compile(r"DUE TO TIME LIMIT", re.IGNORECASE)

# What to do, by the scheduler's word for the end of a job.
_ENDS = {
    "OUT_OF_MEMORY": "over memory: it asked for {mem_mb} MB; give it more: "
    "--set-resources {rule}:mem_mb={more_mem}",
    "TIMEOUT": "over time: it asked for {runtime} minutes; give it more: "
    "--set-resources {rule}:runtime={more_time}",
    "DEADLINE": "over the deadline of the cluster; ask for less time: --set-resources {rule}:runtime=MINUTES",
    "CANCELLED": "cancelled by scancel; run again to go on",
    "PREEMPTED": "preempted by another job; run again to go on",
    "NODE_FAIL": "its node failed; run again to go on",
    "BOOT_FAIL": "its node did not boot; run again to go on",
    "KILLED": "killed (signal 9), most often because the machine ran out of memory; run fewer jobs at once "
    "(--cores, --resources mem_mb=MB) or on a machine with more memory",
}


# Errors that a second try cannot mend: what a user brought or asked for is wrong. (A network may come back.)
KINDS = ("Config", "Corpus", "Audio", "Alignment", "Model", "Analysis", "Infeasible", "Task", "Report")
FOR_THE_USER = frozenset(f"{kind}Error" for kind in KINDS)


@dataclass(frozen=True)
class Failure:
    """A job that failed: ``said`` is what the scheduler or Snakemake wrote of it, ``logs`` its log files.

    ``mem_mb`` and ``runtime`` (minutes) are what it had asked for.
    """

    rule: str
    wildcards: Mapping[str, str]
    said: str
    logs: tuple[str, ...]
    mem_mb: int = 0
    runtime: int = 0

    def line(self) -> str:
        """Return rule, wildcards, cause and log file in one line."""
        chosen = ", ".join(f"{name}={value}" for name, value in self.wildcards.items())
        where = f" [{chosen}]" if chosen else ""
        log = next((path for path in self.logs if Path(path).is_file()), "none was written")
        return f"Failed: {self.rule}{where}: {self.cause()} (log: {log})"

    def cause(self) -> str:
        """Return the scheduler's reason with its remedy, else the last error in the logs."""
        texts = [tail(path) for path in self.logs]
        end = self._end("\n".join([self.said, *texts]))
        if end:
            return _ENDS[end].format(
                rule=self.rule,
                mem_mb=self.mem_mb or "the default of",
                runtime=self.runtime or "the default of",
                more_mem=2 * self.mem_mb or "MB",
                more_time=2 * self.runtime or "MINUTES",
            )
        said = self.said.strip().splitlines()
        if status := _EXITED.search(self.said):
            if int(status[1]) == STATUS and not any(NO_SPACE_LEFT in text for text in texts):
                return remedy("the results or the log")
            said = [f"it ended with exit status {status[1]} before it could log; its traceback is above"]
        errors = (last_error(text) for text in texts)
        return next((error for error in errors if error), said[-1].strip() if said else "no cause was logged")

    def for_the_user(self) -> bool:
        """Whether the job ended with an error that it will end with again."""
        return bool(self.logs) and last_error(tail(self.logs[0])).partition(":")[0] in FOR_THE_USER

    def _end(self, text: str) -> str | None:
        status = _STATUS.search(self.said)
        if status and status[1] in _ENDS:
            return status[1]
        errors = any(last_error(tail(path)) for path in self.logs[:1])
        if errors:  # the job itself could still say why
            return None
        if _TIME.search(text):
            return "TIMEOUT"
        if status and _MEMORY.search(text):
            return "OUT_OF_MEMORY"
        return "KILLED" if _KILLED.search(text) else None


def tail(path: str | Path) -> str:
    """Return the end of a log; nothing if there is none."""
    try:
        with Path(path).open("rb") as stream:
            stream.seek(max(0, Path(path).stat().st_size - TAIL_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def last_error(text: str) -> str:
    """Return the last line that names an error, without its time of day; nothing if none does."""
    lines = text.splitlines()
    for pattern in _ERRORS:
        for line in reversed(lines):
            if match := pattern.match(line):
                return match[1][:LONGEST]
    return ""


def planning_cause(text: str) -> str:
    """Return what is wrong in an error of Snakemake outside of jobs: without its place and traceback."""
    if says_full(text) and NO_SPACE_LEFT not in text:
        return remedy("Snakemake's notes (.snakemake)")
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1 and _HEADER.match(lines[0]):
        lines = lines[1:]
    ends = (
        index for index, line in enumerate(lines) if line.startswith(('File "', "Wildcards:", "Traceback"))
    )
    told = lines[: next(ends, len(lines))]
    return "; ".join(line for line in told if line not in ("", "Error:"))[: 2 * LONGEST]


def keep_log(path: str | Path) -> None:
    """Rename the log ``NAME.log`` of an earlier start to ``NAME.1.log`` and so on; the newest nine stay."""
    path = Path(path)
    if not path.is_file() or not path.stat().st_size:
        return
    pattern = re.compile(rf"{re.escape(path.stem)}\.(\d+){re.escape(path.suffix)}")
    earlier = [int(match[1]) for other in path.parent.iterdir() if (match := pattern.fullmatch(other.name))]
    number = max(earlier, default=0) + 1
    path.rename(path.with_name(f"{path.stem}.{number}{path.suffix}"))
    for old in earlier:
        if old <= number - KEPT:
            path.with_name(f"{path.stem}.{old}{path.suffix}").unlink(missing_ok=True)


def shortened(paths: Iterable[str], most: int = 3) -> list[str]:
    """Return the first paths of a list, and how many more there are."""
    paths = list(paths)
    return paths if len(paths) <= most else [*paths[:most], f"and {len(paths) - most} more"]
