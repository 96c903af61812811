"""Calls of the Montreal Forced Aligner, each in a world of its own.

Standard library only: this runs in the environment of MFA (envs/mfa.yaml), where layerwise is not installed.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from layerwise.errors import AlignmentError

MAJOR_VERSION = 3  # version 4 changes what `mfa align` takes
SUFFIXES = {"acoustic": ".zip", "dictionary": ".dict", "g2p": ".zip"}
OUTPUTS = (".json", ".TextGrid")
NO_ALIGNMENTS = "There were no successful alignments"
# MFA's own beams are 10 and 40; these are ten times as wide.
WIDE_BEAMS = ("--beam", "100", "--retry_beam", "400")
START_SECONDS = 300.0  # of a command without a corpus
QUOTED_LINES = 12
INSTALL = (
    "run snakemake with `--sdm conda`, which installs envs/mfa.yaml, or put MFA on the PATH "
    "(`conda create -n mfa -c conda-forge montreal-forced-aligner=3.4`, `conda activate mfa`). "
    "Without MFA, set `aligner: pocketsphinx` (installed with layerwise) or `aligner: textgrid` "
    "(alignments that you have)"
)


class MfaError(AlignmentError):
    """A call of MFA failed or was stopped."""


def align_shard(
    corpus: Path,
    dictionary: Path,
    acoustic: Path,
    output: Path,
    *,
    g2p: Path | None = None,
    threads: int = 1,
    seconds: float | None = None,
) -> None:
    """Align one packed shard with ``mfa align``; pack what comes out into ``output``, a ZIP file.

    MFA leaves out what it cannot align without saying so. Such files are tried once more with
    ``WIDE_BEAMS``. ``output`` holds the trees of both tries, ``1/`` and ``2/``: ``speaker/utterance.json`` or
    ``.TextGrid`` and ``alignment_analysis.csv``. A shard without utterances gives an empty archive.

    Raises:
        MfaError: MFA is missing or of another major version, its first try fails (the message quotes its last
            lines) or takes longer than ``seconds``. The second try may fail: its files are given up.
    """
    with _workplace() as place:
        folder = _unpack([corpus], place / "corpus")
        trees = [place / "aligned-1", place / "aligned-2"]
        models = [str(dictionary.resolve()), str(acoustic.resolve())]
        spelling = ["--g2p_model_path", str(g2p.resolve())] if g2p else []
        if list(folder.rglob("*.wav")):
            check_version(place)
            _align(place, folder, models, trees[0], spelling, threads, seconds)
            if lost := _absent(folder, trees[0]):
                print(f"{len(lost)} files came out unaligned; trying them with {' '.join(WIDE_BEAMS)}")
                again = _part(folder, lost)
                try:
                    _align(place, again, models, trees[1], [*spelling, *WIDE_BEAMS], threads, seconds)
                except MfaError as error:
                    print(f"given up: {error}")
        _pack(trees, output)


def train_model(
    corpora: Sequence[Path],
    dictionary: Path,
    output: Path,
    *,
    g2p: Path | None = None,
    threads: int = 1,
    seconds: float | None = None,
) -> None:
    """Train an acoustic model with ``mfa train`` on all shards of a corpus. Raises MfaError if MFA fails."""
    with _workplace() as place:
        folder = _unpack(corpora, place / "corpus")
        check_version(place)
        model = place / "model.zip"
        spelling = ["--g2p_model_path", str(g2p.resolve())] if g2p else []
        arguments = [str(folder), str(dictionary.resolve()), str(model), *spelling]
        _call(place, "train", arguments, threads, seconds)
        if not model.is_file():
            raise MfaError("`mfa train` ended without an error but wrote no model; see its messages above")
        _move(model, output)


def fetch_model(kind: str, name: str, output: Path) -> None:
    """Copy a model of MFA's collection: the installed one, or else a download.

    ``kind`` is ``acoustic``, ``dictionary`` or ``g2p``. Installed models lie in ``pretrained_models`` of
    ``MFA_ROOT_DIR`` (by default ``~/Documents/MFA``), which is read but not written.

    Raises:
        MfaError: it is not installed and cannot be downloaded.
    """
    installed = Path(os.environ.get("MFA_ROOT_DIR", "~/Documents/MFA")).expanduser()
    with _workplace() as place:
        for root in (installed, place / "root"):
            path = root / "pretrained_models" / kind / f"{name}{SUFFIXES[kind]}"
            if root != installed:
                _download(place, kind, name, installed)
            if path.is_file():
                copy = place / path.name
                shutil.copyfile(path, copy)
                _move(copy, output)
                return
    raise MfaError(f"`mfa model download {kind} {name}` ended without an error but left no {path.name}")


def check_version(place: Path) -> str:
    """Return the version of ``mfa``. Raises MfaError if there is none or its major version is another."""
    lines = _run(place, [_program(), "version"], "`mfa version`", START_SECONDS)
    found = re.search(r"\b(\d+)\.\d+\S*", " ".join(lines))
    if found is None or int(found[1]) != MAJOR_VERSION:
        raise MfaError(
            f"`mfa version` says {' '.join(lines)!r}, version {MAJOR_VERSION} is needed: {INSTALL}"
        )
    return found[0]


def _program() -> str:
    program = shutil.which("mfa")
    if program is None:
        raise MfaError(f"the Montreal Forced Aligner (`mfa`) is not on the PATH: {INSTALL}")
    return program


def _align(
    place: Path,
    folder: Path,
    models: Sequence[str],
    tree: Path,
    options: Sequence[str],
    threads: int,
    seconds: float | None,
) -> None:
    try:
        arguments = [str(folder), *models, str(tree), "--output_format", "json", *options]
        _call(place, "align", arguments, threads, seconds)
    except MfaError as error:
        if NO_ALIGNMENTS not in " ".join(str(error).split()):
            raise
        print("nothing in this corpus could be aligned")


def _download(place: Path, kind: str, name: str, installed: Path) -> None:
    try:
        command = [_program(), "model", "download", kind, name]
        _run(place, command, f"`mfa model download {kind} {name}`", START_SECONDS)
    except MfaError as error:
        raise MfaError(
            f"the {kind} model {name!r} is not installed in {installed} and cannot be downloaded; run "
            f"`mfa model download {kind} {name}` where there is a network, or name a file. {error}"
        ) from error


def _call(place: Path, command: str, arguments: Sequence[str], threads: int, seconds: float | None) -> None:
    """One ``mfa`` command on a corpus. Options follow the paths: MFA takes those it passes on only there."""
    guards = ["--temporary_directory", str(place / "temporary"), "--clean", "--num_jobs", str(threads)]
    _run(place, [_program(), command, *arguments, *guards], f"`mfa {command}`", seconds)


def _run(place: Path, command: Sequence[str], name: str, seconds: float | None) -> list[str]:
    """Run a command in a process group of its own, pass its messages on, and return the last of them.

    Raises:
        MfaError: it failed, or was killed with all its children after ``seconds``.
    """
    print("$", " ".join(command), flush=True)
    environment = {**os.environ, "MFA_ROOT_DIR": str(place / "root"), "NO_COLOR": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    last: deque[str] = deque(maxlen=QUOTED_LINES)
    reader = threading.Thread(target=_pass_on, args=(process.stdout, last), daemon=True)
    reader.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise MfaError(
            f"{name} did not end within {seconds:g} s and was stopped; raise `alignment.mfa.timeout_minutes` "
            f"or `alignment.mfa.shards`, or leave out overlong utterances. {_quote(last)}"
        ) from None
    except BaseException:
        _kill(process)
        raise
    reader.join(timeout=10)
    if process.returncode != 0:
        raise MfaError(f"{name} failed with exit status {process.returncode}. {_quote(last)}")
    return list(last)


def _pass_on(stream: Iterable[str], last: deque[str]) -> None:
    for line in stream:
        sys.stdout.write(line)
        sys.stdout.flush()
        if line.strip():
            last.append(line.rstrip())


def _kill(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _quote(lines: Iterable[str]) -> str:
    quoted = "\n  ".join(lines)
    return f"Its last lines:\n  {quoted}" if quoted else "It said nothing."


@contextmanager
def _workplace() -> Iterator[Path]:
    """A fresh folder on the local disk (``TMPDIR``): what a killed job left in its own is never met again."""
    with tempfile.TemporaryDirectory(prefix="layerwise-mfa-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _unpack(archives: Sequence[Path], parent: Path) -> Path:
    """Unpack into a folder named by the content: MFA names its database after the folder."""
    digest = hashlib.sha256()
    for archive in archives:
        digest.update(archive.read_bytes())
    folder = parent / digest.hexdigest()[:16]
    folder.mkdir(parents=True)
    for archive in archives:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    return folder


def _absent(folder: Path, tree: Path) -> list[Path]:
    """Audio files of a corpus that have no alignment."""
    there = {path.stem for path in tree.rglob("*") if path.suffix in OUTPUTS}
    return sorted(path for path in folder.rglob("*.wav") if path.stem not in there)


def _part(folder: Path, audio: Sequence[Path]) -> Path:
    """A corpus of some files of another, named by their names and the other's content."""
    names = "\n".join(path.relative_to(folder).as_posix() for path in audio)
    part = folder.parent / hashlib.sha256(f"{folder.name}\n{names}".encode()).hexdigest()[:16]
    for path in audio:
        for file in (path, path.with_suffix(".lab")):
            target = part / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    return part


def _pack(trees: Sequence[Path], output: Path) -> None:
    """Pack trees as ``1/``, ``2/``, ...; equal trees give equal bytes."""
    aside = output.with_name(f".{output.name}.aside")
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, tree in enumerate(trees, start=1):
            for path in sorted(path for path in tree.rglob("*") if path.is_file()):
                name = f"{number}/{path.relative_to(tree).as_posix()}"
                packed.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    aside.replace(output)


def _move(path: Path, output: Path) -> None:
    """Move a file, perhaps across file systems, so that ``output`` is there whole or not at all."""
    aside = output.with_name(f".{output.name}.aside")
    shutil.copyfile(path, aside)
    aside.replace(output)
