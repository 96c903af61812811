"""Names and paths that the rules share. Nothing is written here: a dry run leaves no trace."""

import re
import sys
from dataclasses import asdict
from pathlib import Path

from layerwise.align.registry import ALIGNERS
from layerwise.analyses.run import ANALYSES
from layerwise.corpus.readers import AUDIO_SUFFIXES, READERS
from layerwise.errors import CorpusError
from layerwise.specs.sources import hub_id
from layerwise.lineage import source_files
from layerwise.report.names import FACTS_NAME, TABLE_NAMES, figure_names, latex_names
from layerwise.specs.analyses import vector_analysis
from layerwise.specs.registry import registry
from layerwise.specs.spec import AnalysisSpec, TaskSpec

ROOT = Path(workflow.basedir)
LOCK = "envs/requirements.lock"
MANIFEST = f"{RUN}/corpus/manifest.parquet"
INTERVALS = f"{RUN}/alignment/intervals.parquet"
SAMPLES = [f"{RUN}/samples/{number}.parquet" for number in range(CONFIG.samples.number)]
SEGMENTS = f"{RUN}/samples/segments.parquet"
MODELS = {entry.name: entry for entry in CONFIG.all_models()}
# Whether `snakemake` is to fetch the corpus. One that is in place is never touched.
CORPUS_MISSING = (
    CONFIG.corpus and CONFIG.corpus.download and not Path(CONFIG.corpus.path).exists()
)
REPORT = f"{RUN}/report/report.pdf"
TABLES = [f"{RUN}/tables/{name}.csv" for name in TABLE_NAMES]
FACTS = f"{RUN}/tables/{FACTS_NAME}"
# Analyses of a table of vectors, and that table.
VECTORS = {
    name: CONFIG.vectors[name] for name in CONFIG.analyses if name in CONFIG.vectors
}
# Log-mel is compared with labels only: with frames it would be compared with itself.
SCORES = [
    f"{RUN}/cca/{model}/{name}.csv"
    for model in MODELS
    for name in CONFIG.analyses
    if model != "logmel" or name in VECTORS or ANALYSES[name].of_logmel
]
INTER = [f"{RUN}/cca/inter/{a}-vs-{b}.csv" for a, b in CONFIG.inter.pairs]
TASK_STEMS = [
    f"{RUN}/downstream/{model}/{name}" for model in MODELS for name in CONFIG.tasks
]

# What the tables are made from.
RAW = {
    "manifest": MANIFEST,
    "excluded": f"{RUN}/corpus/excluded.csv",
    "intervals": INTERVALS,
    "quality": f"{RUN}/alignment/quality.csv",
    "stores": ancient([f"{RUN}/features/{model}.zarr" for model in MODELS]),
    "digests": [f"{RUN}/features/{model}.digest.json" for model in MODELS],
    "scores": SCORES,
    "inter": INTER,
    "missing_vectors": [f"{RUN}/vectors/{name}.missing.csv" for name in VECTORS],
    "downstream": [f"{stem}.csv" for stem in TASK_STEMS],
    "weights": [f"{stem}.weights.csv" for stem in TASK_STEMS],
    "task_exclusions": [f"{stem}.excluded.csv" for stem in TASK_STEMS],
}


wildcard_constraints:
    model="|".join(map(re.escape, MODELS)) or "none",
    analysis="|".join(map(re.escape, CONFIG.analyses)) or "none",
    model_a="|".join(map(re.escape, MODELS)) or "none",
    model_b="|".join(map(re.escape, MODELS)) or "none",
    task="|".join(map(re.escape, CONFIG.tasks)) or "none",


def code(script):
    """The source files of a rule: its script and every module that this imports, but no other aligner."""
    unused = tuple(entry for name, entry in ALIGNERS.items() if name != CONFIG.aligner)
    files = source_files(ROOT / "scripts" / f"{script}.py", ROOT, unused)
    return [path.relative_to(ROOT).as_posix() for path in files]


def record(artifact):
    """Path of the provenance record of the job whose first artifact this is (relative to the run)."""
    return f"{RUN}/lineage/{'.'.join(Path(artifact).parts)}.json"


def options(section, *leave_out):
    """A section of the config as plain values, without the keys that do not change results."""
    return section.model_dump(mode="json", exclude=set(leave_out))


def files_below(folder, suffixes=None):
    """All files below a folder, or those with one of the suffixes, sorted."""
    files = (item for item in Path(folder).rglob("*") if item.is_file())
    return sorted(
        item.as_posix()
        for item in files
        if not suffixes or item.suffix.lower() in suffixes
    )


def facts_params():
    """What the report states of the config and of the specs that it names."""
    return {
        "run": CONFIG.run,
        "protocol": CONFIG.protocol,
        "seed": CONFIG.seed,
        "models": [options(entry) for entry in MODELS.values()],
        "corpus": CONFIG.corpus.path,
        "description": CONFIG.corpus.description,
        "aligner": CONFIG.aligner,
        "samples": CONFIG.samples.number,
        "trials": CONFIG.cca.trials,
        "analyses": [analysis_params(name) for name in CONFIG.analyses],
        "tasks": [task_params(name) for name in CONFIG.tasks],
    }


def analysis_params(name):
    """What the report states of an analysis."""
    if name in VECTORS:
        spec = vector_analysis(name, VECTORS[name])
    else:
        spec = registry().find(AnalysisSpec, name)
    fields = "name title method unit measure higher_is_better reference own_reference"
    return {field: getattr(spec, field) for field in fields.split()}


def task_params(name):
    """What the report states of a task."""
    spec = registry().find(TaskSpec, name)
    return {"name": spec.name, "title": spec.title, "metric": asdict(spec.metric)}


def figure_files(suffix):
    """Paths of all figures of the run in one format."""
    return [
        f"{RUN}/figures/{stem}.{suffix}"
        for stem in figure_names(CONFIG.analyses, CONFIG.tasks, CONFIG.inter.pairs)
    ]


def latex_files():
    """Paths of the LaTeX tables of the run."""
    names = latex_names(CONFIG.analyses, CONFIG.tasks)
    return [f"{RUN}/tables/{name}.tex" for name in names]


def compared_alignment():
    """The agreement with a second alignment, where the config names one."""
    return [f"{RUN}/tables/alignment_agreement.csv"] if CONFIG.alignment.compare else []


def caption(path):
    """Caption of a figure in the report of Snakemake; figures of a single analysis share one."""
    stem = Path(path).stem
    if stem in CONFIG.analyses:
        stem = "layer"
    return f"../report/{'inter' if stem.startswith('inter-') else stem}.rst"


def targets():
    """What a plain `snakemake` makes."""
    wanted = [REPORT] if CONFIG.corpus else []
    if CONFIG.corpus:
        wanted.append(f"{RUN}/alignment/textgrids")
    if CONFIG.pretrain:
        wanted += [
            f"{RUN}/models/{objective}-tiny" for objective in CONFIG.pretrain.objectives
        ]
    return wanted


def print_results():
    """The last line of a run: where to look."""
    for target in targets():
        if Path(target).exists():
            print(f"Done: {target}", file=sys.stderr)
