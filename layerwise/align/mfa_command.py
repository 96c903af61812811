"""Calls of the Montreal Forced Aligner, each in a world of its own.

Standard library only: this runs in the environment of MFA (envs/mfa.yaml), where layerwise is not installed.
"""

import hashlib
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

from layerwise.align.mfa_analysis import NAME as ANALYSIS
from layerwise.align.mfa_analysis import aligned, read_analysis
from layerwise.align.mfa_process import START_SECONDS, MfaError, check_version, program, run, workplace

SUFFIXES = {"acoustic": ".zip", "dictionary": ".dict", "g2p": ".zip"}
OUTPUTS = (".json", ".TextGrid")
NO_ALIGNMENTS = "There were no successful alignments"
# MFA's own beams are 10 and 40; these are ten times as wide.
WIDE_BEAMS = ("--beam", "100", "--retry_beam", "400")


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

    MFA leaves out what it cannot align without saying so, and exports what only its first pass could.
    Such files are tried once more with ``WIDE_BEAMS``. ``output`` holds the trees of both tries, ``1/`` and
    ``2/``: ``speaker/utterance.json`` or ``.TextGrid`` and ``alignment_analysis.csv``. A shard without
    utterances gives an empty archive.

    Raises:
        MfaError: MFA is missing or of another major version, its first try fails (the message quotes its last
            lines) or takes longer than ``seconds``. The second try may fail: its files are given up.
    """
    with workplace() as place:
        folder = _unpack([corpus], place / "corpus")
        trees = [place / "aligned-1", place / "aligned-2"]
        models = [str(dictionary.resolve()), str(acoustic.resolve())]
        spelling = ["--g2p_model_path", str(g2p.resolve())] if g2p else []
        if list(folder.rglob("*.wav")):
            check_version(place)
            _align(place, folder, models, trees[0], spelling, threads, seconds)
            if lost := _unaligned(folder, trees[0]):
                print(f"trying them with {' '.join(WIDE_BEAMS)}")
                again = _part(folder, lost)
                try:
                    _align(place, again, models, trees[1], [*spelling, *WIDE_BEAMS], threads, seconds)
                except MfaError as error:
                    print(f"given up: {error}")
                else:
                    _unaligned(again, trees[1])
        _pack(trees, output)


def train_model(
    corpora: Sequence[Path],
    dictionary: Path,
    output: Path,
    *,
    learned: Path | None = None,
    g2p: Path | None = None,
    threads: int = 1,
    seconds: float | None = None,
) -> None:
    """Train an acoustic model with ``mfa train`` on all shards of a corpus.

    MFA writes the dictionary with the probabilities that it has learned, of pronunciations and of silences
    beside them, next to the model; it goes to ``learned``, with those lines of ``dictionary`` whose words
    MFA left out. Raises MfaError if MFA fails.
    """
    with workplace() as place:
        folder = _unpack(corpora, place / "corpus")
        check_version(place)
        model = place / "trained" / "model.zip"
        model.parent.mkdir()
        spelling = ["--g2p_model_path", str(g2p.resolve())] if g2p else []
        arguments = [str(folder), str(dictionary.resolve()), str(model), *spelling]
        _call(place, "train", arguments, threads, seconds)
        if not model.is_file():
            raise MfaError("`mfa train` ended without an error but wrote no model; see its messages above")
        if learned:
            written = sorted(model.parent.glob("*.dict"))
            if not written:
                print("MFA has learned no probabilities of pronunciations; its dictionary stays as it was")
            completed = _completed(written[0] if written else dictionary, dictionary)
            whole = place / "learned.dict"
            whole.write_text(completed, encoding="utf-8")
            _move(whole, learned)
        _move(model, output)


def fetch_model(kind: str, name: str, output: Path) -> None:
    """Copy a model of MFA's collection: the installed one, or else a download.

    ``kind`` is ``acoustic``, ``dictionary`` or ``g2p``. Installed models lie in ``pretrained_models`` of
    ``MFA_ROOT_DIR`` (by default ``~/Documents/MFA``), which is read but not written.

    Raises:
        MfaError: it is not installed and cannot be downloaded.
    """
    installed = Path(os.environ.get("MFA_ROOT_DIR", "~/Documents/MFA")).expanduser()
    with workplace() as place:
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
        command = [program(), "model", "download", kind, name]
        run(place, command, f"`mfa model download {kind} {name}`", START_SECONDS)
    except MfaError as error:
        raise MfaError(
            f"the {kind} model {name!r} is not installed in {installed} and cannot be downloaded; run "
            f"`mfa model download {kind} {name}` where there is a network, or name a file. {error}"
        ) from error


def _call(place: Path, command: str, arguments: Sequence[str], threads: int, seconds: float | None) -> None:
    """One ``mfa`` command on a corpus. Options follow the paths: MFA takes those it passes on only there."""
    guards = ["--temporary_directory", str(place / "temporary"), "--clean", "--num_jobs", str(threads)]
    run(place, [program(), command, *arguments, *guards], f"`mfa {command}`", seconds)


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


def _unaligned(folder: Path, tree: Path) -> list[Path]:
    """Audio files of a corpus that MFA's last pass did not align, counted in the log."""
    table = tree / ANALYSIS
    analysis = read_analysis(table.read_bytes()) if table.is_file() else None
    audio = sorted(folder.rglob("*.wav"))
    exported = {path.stem for path in tree.rglob("*") if path.suffix in OUTPUTS}
    doubtful = {name for name in exported if not aligned(name, analysis)}
    lost = [path for path in audio if path.stem not in exported - doubtful]
    if lost:
        print(
            f"{len(lost)} of {len(audio)} files came out unaligned; {len(doubtful)} of them were exported "
            "all the same, without a likelihood"
        )
    return lost


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


def _completed(learned: Path, given: Path) -> str:
    """A dictionary of MFA with the lines of another for words that it lacks; MFA knows words by this form."""
    lines = learned.read_text(encoding="utf-8").splitlines()
    known = {_word(line) for line in lines if line.strip()}
    lines += [
        line
        for line in given.read_text(encoding="utf-8").splitlines()
        if line.strip() and _word(line) not in known
    ]
    return "\n".join([*lines, ""])


def _word(line: str) -> str:
    return unicodedata.normalize("NFKC", line.split()[0]).lower()


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
