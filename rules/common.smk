"""Names, paths and functions that the rules share. Nothing is written here: a dry run leaves no trace."""

import atexit
import json
import os
import re
import shutil
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

from layerwise.align.mfa_process import INSTALL as MFA_INSTALL
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.corpus.entries import AUDIO_SUFFIXES
from layerwise.files import files_below as find_files, sha256_file
from layerwise.lineage.code import code_digest
from layerwise.lineage.index import ContentIndex
from layerwise.lineage.watch import read_record
from layerwise.report.names import (
    COLUMN,
    PAGE,
    TABULAR,
    FACTS_NAME,
    caption_name,
    figure_names,
    latex_names,
    printed_names,
)
from layerwise.specs.checkpoints import model_type
from layerwise.specs.sources import family_of, hub_id, parse_source
from layerwise.specs.spec import AlignerSpec, HeadSpec, ReaderSpec

ROOT = Path(workflow.basedir)
LOCK = ROOT / "envs/requirements.lock"
MANIFEST = "<run>/corpus/manifest.parquet"
INTERVALS = "<run>/alignment/intervals.parquet"
SAMPLES = [f"<run>/samples/{number}.parquet" for number in range(CONFIG.samples.number)]
SEGMENTS = "<run>/samples/segments.parquet"
MODELS = {entry.name: entry for entry in CONFIG.all_models()}
# What is extracted: the models, and what analyses compare them with that is stored as a model is.
STORES = {entry.name: entry for entry in CONFIG.all_stores()}
ANALYSES = CONFIG.analysis_specs
MEASURES = CONFIG.measure_specs
TASKS = CONFIG.task_specs
# Corpora that only tasks use.
CORPORA = CONFIG.task_corpora
UNTRACKABLE = re.compile(r"[{}]|<[a-z][a-z0-9_]*>")
FORESEEN = "<run>/samples/infeasible.csv"
REPORT = "<run>/report/report.pdf"
# What is made again to see whether it changed. When one of these is done, all jobs that wait for it are
# planned anew: same bytes end the wave. For that, each takes them all as `replanned` (docs/lineage.md).
SELECTION = "<run>/samples/selection.parquet"
REPLANNED = [MANIFEST, INTERVALS, *SAMPLES, SEGMENTS, SELECTION]
# What a run writes that other runs in the same folder may write too.
SHARED = []
INDEX = ContentIndex(".snakemake/layerwise/content.json")

if workflow.is_main_process:
    # What was read to plan a run need not be read for the next. A dry run, known only by then, writes nothing.
    atexit.register(lambda: workflow.dryrun or INDEX.save())


def one_of(names):
    """A wildcard that is one of these names."""
    return "|".join(map(re.escape, names)) or "none"


@cache
def code_of(path, plugins):
    """The digest of a script's code as it was when the run was planned."""
    return code_digest(path, plugins, ROOT)


def runs(name, plugins=(), lock=LOCK):
    """Params of the job of a script: its name, the digest of its code, that of the lock of its environment.

    ``plugins`` is the code of the specs that it runs, or a function of the wildcards that gives it. (Snakemake
    does not compare params whose function looks at the job's input.)
    """
    path = ROOT / "scripts" / f"{name}.py"
    if callable(plugins):
        code = lambda wildcards: code_of(path, tuple(plugins(wildcards)))
    else:
        code = code_of(path, tuple(plugins))
    return {
        "script": path.name,
        "plugins": plugins if callable(plugins) else list(plugins),
        "code": code,
        "environment": sha256_file(lock),
    }


def contents(**roles):
    """Params: the digests of what users bring, by the role of the input; such inputs are `ancient`.

    Files that rules make are compared by Snakemake. ``roles`` are files, or functions of the wildcards.
    """

    def digests(wildcards):
        if workflow.dryrun and not Path(RUN).exists():
            return {}  # nothing to compare with: do not read a whole corpus
        return {role: content_of(files, wildcards) for role, files in roles.items()}

    return {"contents": digests}


def content_of(files, wildcards):
    """One digest of the files among these that users bring."""
    files = files(wildcards) if callable(files) else files
    files = [files] if isinstance(files, str) else files
    made = ("<run>/", f"{RUN}/")
    return INDEX.digest_of(file for file in files if not file.startswith(made))


def options(section, *leave_out):
    """A section of the config as plain values, without the keys that do not change results."""
    return section.model_dump(mode="json", exclude=set(leave_out)) if section else {}


def entry_of(analysis):
    """What a job needs to run an analysis, as plain values."""
    spec = ANALYSES[analysis]
    return {
        "plugin": spec.code,
        "plain": spec.plain,
        "split": spec.split,
        "given": {given.name: given.code for given in spec.given},
        "own": own_options(analysis),
    }


def measure_entry(measure):
    """What a job needs to run a measure, as plain values."""
    spec = MEASURES[measure]
    return {"plugin": spec.code, "own": options(CONFIG.options_of(spec))}


def files_below(folder, suffixes=None):
    """All files below a folder, or those with one of the suffixes, as the readers find them."""
    return [path.as_posix() for path in find_files(folder, suffixes) if path.is_file()]


def trackable(files):
    """The files that Snakemake can track by name; it reads braces, and names in angle brackets, as wildcards."""
    return [file for file in files if not UNTRACKABLE.search(file)]


def others(files):
    """Digests of the other files, for a param."""
    return {file: INDEX.digest(file) for file in files if UNTRACKABLE.search(file)}


def targets():
    """What a plain `snakemake` makes: all that people read, so that what was deleted of it comes back."""
    wanted = ancient(REPLANNED) + deliverables() if CONFIG.corpus else []
    if CONFIG.pretrain:
        wanted += [f"<run>/models/{name}-tiny" for name in CONFIG.pretrain.objectives]
    return wanted


def print_results():
    """The last line of a run: where to look."""
    for target in (REPORT, "<run>/report/report.html"):
        path = target.replace("<run>", RUN)
        if Path(path).exists():
            print(f"Done: {path}", file=sys.stderr)
