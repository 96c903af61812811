"""Names and paths that the rules share. Nothing is written here: a dry run leaves no trace."""

import re
import sys
from pathlib import Path

from layerwise.align.registry import ALIGNERS
from layerwise.cca.analyses import ANALYSES
from layerwise.corpus.readers import AUDIO_SUFFIXES, READERS
from layerwise.errors import CorpusError
from layerwise.hub import hub_id
from layerwise.lineage import source_files
from layerwise.report.names import TABLE_NAMES, figure_names, latex_names

ROOT = Path(workflow.basedir)
MODEL_SUFFIXES = {".json", ".safetensors", ".bin", ".pt", ".pth", ".pkl"}
# Family of models that are their authors' files -> names of these below the location ("": it is the file).
CHECKPOINT_FILES = {
    "avhubert": [""],
    "fastvgs": ["best_bundle.pth", "args.pkl"],
    "vghubert": ["best_bundle.pth", "args.pkl"],
}
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

# What tables, figures and report are made from.
FACTS = {
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
    """The parts of the config that the report states."""
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
    }


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


def corpus_files():
    """What the manifest is made from: the table and its audio, or audio and text of the folder."""
    path = Path(CONFIG.corpus.path)
    if not path.exists():
        raise WorkflowError(
            f"`corpus.path`: {path} does not exist; put the corpus there or correct the path "
            "(`corpus.download` fetches LibriSpeech)"
        )
    if path.is_dir():
        return files_below(path, AUDIO_SUFFIXES | {".txt", ".lab"})
    try:
        audio = {entry.audio_path for entry in READERS[CONFIG.corpus.reader](path)}
    except CorpusError as error:
        raise WorkflowError(str(error))
    return [
        path.as_posix(),
        *sorted(item.as_posix() for item in audio if item.is_file()),
    ]


def fetched_corpus_files(wildcards):
    """The same, once the corpus has been downloaded."""
    checkpoints.download_corpus.get()
    return corpus_files()


def pretrain_files():
    """The audio of the pre-training folders."""
    for folder in CONFIG.pretrain.data:
        if not Path(folder).is_dir():
            raise WorkflowError(
                f"`pretrain.data`: {folder} is not a folder; put speech there or correct the path"
            )
    return [
        file
        for folder in CONFIG.pretrain.data
        for file in files_below(folder, AUDIO_SUFFIXES)
    ]


def hub_record(model):
    """Record of a hub model's commit and files; models of the same source and revision share one."""
    entry = MODELS[model]
    same = [
        name
        for name, other in MODELS.items()
        if (hub_id(other.source), other.revision)
        == (hub_id(entry.source), entry.revision)
    ]
    return f"{RUN}/models/{same[0]}.json"


def needs_weights(record):
    """Whether any model of a hub record is more than a random-initialised twin."""
    path = f"{RUN}/models/{record}.json"
    return any(
        hub_record(name) == path
        for name, entry in MODELS.items()
        if hub_id(entry.source) and not entry.source.startswith("random:")
    )


def model_files(wildcards):
    """Files of a model in a local folder or checkpoint, the record of one from the hub; else nothing."""
    source = MODELS[wildcards.model].source.removeprefix("random:")
    if hub_id(source):
        return [hub_record(wildcards.model)]
    family, _, location = source.partition(":")
    if Path(source).is_dir():
        return files_below(source, MODEL_SUFFIXES)
    if family not in CHECKPOINT_FILES:
        return []
    files = [Path(location, name) for name in CHECKPOINT_FILES[family]]
    for file in files:
        if not file.is_file():
            raise WorkflowError(
                f"model `{wildcards.model}`: {file} does not exist; put the authors' file there "
                "(docs/models-checkpoints.md says where to get it), correct `source:`, or take the model out"
            )
    return [file.as_posix() for file in files]


def mfa_model(kind):
    """The file that the config names, or where a model of MFA's collection is put; nothing if none is named."""
    name = getattr(CONFIG.alignment.mfa, kind)
    if name is None:
        return []
    suffix = "dict" if kind == "dictionary" else "zip"
    return name if Path(name).is_file() else f"{RUN}/alignment/mfa/{kind}.{suffix}"


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
