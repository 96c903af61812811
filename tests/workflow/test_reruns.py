"""The table "change -> what reruns", row by row, on a finished run: a dry run after each change.

Rows at which nothing may rerun share a dry run; where it plans a job, the files that cause it are looked for.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from running import Workflow

Change = Callable[[str], str]

REPORT_ON = {"figures", "report"}
TABLES_ON = {"tables", "views"} | REPORT_ON
CCA_ON = {"cca"} | TABLES_ON
# Whether an analysis can be run is asked of its own code.
ANALYSES_ON = {"feasibility"} | CCA_ON
DOWNSTREAM_ON = {"downstream"} | TABLES_ON
FEATURES_ON = {"extract"} | CCA_ON | DOWNSTREAM_ON
SAMPLES_ON = {"samples", "selection", "feasibility"} | FEATURES_ON
ALIGN_ON = {"align", "textgrids", "alignment_figure", "worst_alignments"} | SAMPLES_ON
ALL = {"manifest"} | ALIGN_ON

CONFIG = "configs/ci.yaml"
MODELS = ["hubert-tiny", "logmel", "random-hubert-tiny"]
FEASIBILITY_MESSAGE = "Looking for analyses that cannot be run"
TABLES_MESSAGES = [
    "Cutting the tables into curves and layers",
    "Drawing the figures",
    "Gathering the tables",
    "Writing the report",
]

# Code of families, analyses, aligners and readers that configs/ci.yaml does not name, and of other programs.
UNUSED = [
    "layerwise/align/librispeech.py",
    "layerwise/align/mfa.py",
    "layerwise/align/mfa_analysis.py",
    "layerwise/align/mfa_command.py",
    "layerwise/align/mfa_corpus.py",
    "layerwise/align/mfa_dictionary.py",
    "layerwise/align/mfa_process.py",
    "layerwise/align/mfa_trust.py",
    "layerwise/align/textgrid.py",
    "layerwise/align/textgrid_reader.py",
    "layerwise/analyses/givens/bag_of_phones.py",
    "layerwise/analyses/givens/duration.py",
    "layerwise/analyses/givens/logmel.py",
    "layerwise/analyses/givens/neighbours.py",
    "layerwise/analyses/givens/speaker.py",
    "layerwise/analyses/inter.py",
    "layerwise/analyses/intra.py",
    "layerwise/analyses/neighbours.py",
    "layerwise/analyses/prosody.py",
    "layerwise/analyses/speaker.py",
    "layerwise/analyses/vector_tables.py",
    "layerwise/analyses/vectors.py",
    "layerwise/config/docs.py",
    "layerwise/config/load.py",
    "layerwise/config/schema.py",
    "layerwise/corpus/fluent.py",
    "layerwise/corpus/folder.py",
    "layerwise/corpus/librispeech.py",
    "layerwise/corpus/slurp.py",
    "layerwise/cli/crate.py",
    "layerwise/cli/status.py",
    "layerwise/cli/compare.py",
    "layerwise/cli/verify.py",
    "layerwise/cli/why.py",
    "layerwise/config/licences.py",
    "layerwise/jobs/failures.py",
    "layerwise/jobs/requests.py",
    "layerwise/lineage/circumstances.py",
    "layerwise/lineage/code.py",
    "layerwise/lineage/crate.py",
    "layerwise/lineage/crate_entities.py",
    "layerwise/lineage/graph.py",
    "layerwise/lineage/index.py",
    "layerwise/lineage/plan.py",
    "layerwise/lineage/watch.py",
    "layerwise/measures/base.py",
    "layerwise/measures/clusters.py",
    "layerwise/measures/mutual_information.py",
    "layerwise/models/avhubert.py",
    "layerwise/models/fastvgs.py",
    "layerwise/models/prosody.py",
    "layerwise/models/vghubert.py",
    "layerwise/models/wav2vec2_bert.py",
    "layerwise/models/whisper.py",
    "layerwise/options/alignment.py",
    "layerwise/options/inter.py",
    "layerwise/options/mfa.py",
    "layerwise/options/mutual_information.py",
    "layerwise/options/pretraining.py",
    "layerwise/options/report.py",
    "layerwise/options/textgrid.py",
    "layerwise/options/vectors.py",
    "layerwise/pretrain/train.py",
    "layerwise/specs/licences.py",
    "layerwise/report/compare/configs.py",
    "layerwise/report/compare/differences.py",
    "layerwise/report/compare/figures.py",
    "layerwise/report/compare/findings.py",
    "layerwise/report/compare/measures.py",
    "layerwise/report/compare/runs.py",
    "layerwise/report/compare/tasks.py",
    "layerwise/report/compare/write.py",
    "layerwise/specs/registry.py",
    "layerwise/specs/sources.py",
    "layerwise/specs/variants.py",
    "scripts/_watch.py",
    "scripts/inter.py",
    "scripts/measure.py",
    "scripts/pretrain.py",
    "scripts/vectors.py",
]
TOUCHED = [
    "envs/requirements.lock",
    "resources/models/hubert-tiny/model.safetensors",
    "resources/prompts/lexicon.txt",
    "results/ci/corpus/manifest.parquet",
    "results/ci/features/hubert-tiny.digest.json",
]
# A new line in each registry.
REGISTRIES = {
    "models": 'ModelSpec(name="new", title="New", code="layerwise.models.new:load", files=("",))',
    "analyses": 'AnalysisSpec(name="new", title="", method="", code="layerwise.analyses.new:X", unit="word")',
    "givens": 'GivenSpec(name="new", title="", code="layerwise.analyses.new:X", units=frozenset({"word"}))',
    "measures": 'MeasureSpec(name="new", title="", method="", code="layerwise.measures.new:X", '
    'quantity="", unit="word", variants=(), headline="")',
    "heads": 'HeadSpec(name="new", title="New", code="layerwise.tasks.heads.new:X")',
    "tasks": 'TaskSpec(name="new", title="New", code="layerwise.tasks.new:X", metric=PER, recipes=())',
    "aligners": 'AlignerSpec(name="new", title="New", code="layerwise.align.new:align")',
    "readers": 'ReaderSpec(name="new", title="New", code="layerwise.corpus.new:read")',
}


def touch(path: Path) -> None:
    later = time.time() + 2
    os.utime(path, (later, later))


@contextmanager
def edited(workflow: Workflow, changes: Mapping[str, Change]) -> Iterator[None]:
    """Change files for the time of a block; afterwards they have their old bytes."""
    with ExitStack() as undo:
        for name, change in changes.items():
            path = workflow.path(name)
            before = path.read_bytes()
            undo.callback(path.write_bytes, before)
            path.write_text(change(before.decode()))
            touch(path)
        yield


def comment(text: str) -> str:
    return text + "\n# a change\n"


def statement(text: str) -> str:
    return text + "\nCHANGED = True\n"


def replace(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def registered(kind: str, line: str) -> Change:
    """Add a line to a registry."""

    def change(text: str) -> str:
        opening = f"\n{kind.upper()} = (\n"
        assert opening in text
        return text.replace(opening, f"{opening}    {line},\n")

    return change


def check_nothing_reruns(workflow: Workflow, changes: Mapping[str, Change]) -> None:
    """Make all changes at once; where something reruns, name the changes that cause it."""
    with edited(workflow, changes):
        planned = workflow.planned()
    assert not planned, f"{dict(planned)} because of {', '.join(causes(workflow, changes))}"


def causes(workflow: Workflow, changes: Mapping[str, Change]) -> list[str]:
    """Halve changes that rerun something until each that does is alone."""
    names = list(changes)
    if len(names) < 2:
        return names
    found = []
    for half in (names[: len(names) // 2], names[len(names) // 2 :]):
        part = {name: changes[name] for name in half}
        with edited(workflow, part):
            planned = workflow.planned()
        found += causes(workflow, part) if planned else []
    return found


def test_touched_files_comments_and_texts_rerun_nothing(finished: Workflow) -> None:
    code = [
        path.relative_to(finished.folder).as_posix()
        for folder in ("layerwise", "scripts")
        for path in finished.path(folder).rglob("*.py")
    ]
    assert len(code) > 100
    for name in TOUCHED:
        touch(finished.path(name))
    texts = {
        "layerwise/models/base.py": replace('"""What every', '"""A change. What every'),
        "layerwise/options/scoring.py": replace('description="Number of', 'description="How many are the'),
        "layerwise/cca/pwcca.py": replace("\n\n\n", "\n\n\n\n"),
    }
    check_nothing_reruns(finished, dict.fromkeys(code, comment) | texts)


def test_edits_of_what_the_run_does_not_use_rerun_nothing(finished: Workflow) -> None:
    lines = {f"layerwise/specs/{kind}.py": registered(kind, line) for kind, line in REGISTRIES.items()}
    check_nothing_reruns(finished, dict.fromkeys(UNUSED, statement) | lines)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("layerwise/errors.py", statement, ALL),
        ("layerwise/corpus/audio.py", statement, ALL),
        ("layerwise/corpus/table.py", statement, ALL),
        ("layerwise/align/pocketsphinx.py", statement, ALIGN_ON),
        ("layerwise/align/textgrid_writer.py", statement, {"textgrids", "worst_alignments", "report"}),
        ("layerwise/sampling.py", statement, SAMPLES_ON),
        ("layerwise/models/base.py", statement, FEATURES_ON),
        ("layerwise/features/pooling.py", statement, FEATURES_ON),
        ("layerwise/cca/pwcca.py", statement, ANALYSES_ON),
        ("layerwise/analyses/engine.py", statement, CCA_ON),
        ("layerwise/analyses/foresight.py", statement, {"feasibility"}),
        ("layerwise/cca/paired.py", statement, TABLES_ON),
        ("layerwise/tasks/fit.py", statement, DOWNSTREAM_ON),
        ("layerwise/report/gather.py", statement, TABLES_ON),
        ("layerwise/report/figures/style.py", statement, {"alignment_figure", *REPORT_ON}),
        ("layerwise/report/document.py", statement, {"report"}),
        # A default is code of the jobs that check it; else it counts where no config overrides it.
        ("layerwise/options/scoring.py", replace("default=200", "default=199"), ANALYSES_ON),
        ("layerwise/options/corpus.py", replace("default=30.0", "default=29.0"), ALL),
        ("layerwise/specs/tasks.py", replace("epochs=60", "epochs=61"), DOWNSTREAM_ON),
        ("layerwise/specs/analyses.py", replace('"CCA-mel (log', '"CCA of mel (log'), TABLES_ON),
        ("resources/prompts/lexicon.txt", comment, ALIGN_ON),
        ("envs/requirements.lock", comment, ALL),
    ],
)
def test_an_edit_reruns_its_stage_and_what_follows(
    finished: Workflow, name: str, change: Change, expected: set[str]
) -> None:
    with edited(finished, {name: change}):
        assert set(finished.planned()) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tasks/classification.py", [f"scenario on every layer of {model}" for model in MODELS]),
        ("tasks/recognition.py", [f"pr on every layer of {model}" for model in MODELS]),
        (
            "analyses/mel.py",
            ["cca-mel of hubert-tiny", "cca-mel of random-hubert-tiny", FEASIBILITY_MESSAGE],
        ),
        (
            "models/logmel.py",
            [
                "Encoding the corpus with logmel",
                "cca-mel of hubert-tiny",
                "cca-mel of random-hubert-tiny",
                "cca-phone of logmel",
                "pr on every layer of logmel",
                "scenario on every layer of logmel",
            ],
        ),
    ],
)
def test_an_edited_plug_in_reruns_the_jobs_that_chose_it(
    finished: Workflow, name: str, expected: list[str]
) -> None:
    with edited(finished, {f"layerwise/{name}": statement}):
        plan = finished.plan()
    assert plan.messages == sorted(expected + TABLES_MESSAGES)


def test_an_edited_task_that_the_run_does_not_use_reruns_nothing(finished: Workflow) -> None:
    with edited(finished, {"layerwise/tasks/classification.py": statement}):
        plan = finished.plan("--config", "tasks=[pr]")
    assert plan.messages == TABLES_MESSAGES  # since there is a task less


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("parts: 5", "parts: 6", ANALYSES_ON),
        ("epochs: 3", "epochs: 4", DOWNSTREAM_ON),
        ("phones_per_label: 40", "phones_per_label: 41", SAMPLES_ON),
        ("number: 2", "number: 3", SAMPLES_ON),
        ("objective: masked cluster prediction", "objective: clusters\n    recipe: hubert", TABLES_ON),
        ("run: ci", "run: ci\nreport:\n  smallest_effect: 0.05", TABLES_ON),
        ("tasks: [pr, scenario]", "tasks: [pr, scenario]\nextraction:\n  threads: 2", set()),
        ("epochs: 3", "epochs: 3\n  threads: 2", set()),
        # What is stored for tasks stays when they go.
        ("tasks: [pr, scenario]", "tasks: [scenario]", TABLES_ON),
        ("tasks: [pr, scenario]", "tasks: []", TABLES_ON),
        ("analyses: [cca-mel", "extraction: {batch_seconds: 20}\nanalyses: [cca-mel", set()),
        ("tasks: [pr, scenario]", "tasks: [pr, scenario, asr]", DOWNSTREAM_ON),
        ("analyses: [cca-mel", "extraction: {shards: 2}\nanalyses: [cca-mel", FEATURES_ON | {"extract_part"}),
    ],
)
def test_an_edited_key_reruns_the_rules_that_use_it(
    finished: Workflow, old: str, new: str, expected: set[str]
) -> None:
    with edited(finished, {CONFIG: replace(old, new)}):
        assert set(finished.planned()) == expected


def test_an_added_model_runs_only_its_own_jobs(finished: Workflow) -> None:
    line = "analyses: [cca-mel"
    added = "  - name: second\n    source: resources/models/hubert-tiny\n    twin: false\n"
    with edited(finished, {CONFIG: replace(line, added + line)}):
        plan = finished.plan()
    assert plan.messages == sorted(
        [
            "Encoding the corpus with second",
            "cca-mel of second",
            "cca-phone of second",
            "pr on every layer of second",
            "scenario on every layer of second",
            *TABLES_MESSAGES,
        ]
    )


def test_a_renamed_model_runs_only_its_own_jobs(finished: Workflow) -> None:
    with edited(finished, {CONFIG: replace("name: hubert-tiny", "name: renamed")}):
        plan = finished.plan()
    names = ["renamed", "random-renamed"]
    own = ("Encoding the corpus with {}", "cca-mel of {}", "cca-phone of {}")
    tasks = ("pr on every layer of {}", "scenario on every layer of {}")
    assert plan.messages == sorted(
        [*(line.format(name) for name in names for line in (*own, *tasks)), *TABLES_MESSAGES]
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("cca-intra", ["cca-intra of hubert-tiny", "cca-intra of random-hubert-tiny"]),
        (
            "{analysis: cca-phone, given: [duration]}",
            [f"cca-phone-given-duration of {model}" for model in MODELS],
        ),
        (
            "cca-f0",
            ["Encoding the corpus with prosody", *(f"cca-f0 of {model}" for model in MODELS)],
        ),
    ],
)
def test_an_added_analysis_runs_only_itself(finished: Workflow, entry: str, expected: list[str]) -> None:
    with edited(finished, {CONFIG: replace("[cca-mel, ", f"[{entry}, cca-mel, ")}):
        plan = finished.plan()
    assert plan.messages == sorted([*expected, FEASIBILITY_MESSAGE, *TABLES_MESSAGES])


def test_an_added_measure_runs_only_itself(finished: Workflow) -> None:
    with edited(finished, {CONFIG: replace("tasks: [pr", "measures: [word-map]\ntasks: [pr")}):
        plan = finished.plan()
    assert plan.messages == sorted([*(f"word-map of {model}" for model in MODELS), *TABLES_MESSAGES])


def test_changed_audio_is_seen(finished: Workflow) -> None:
    first, second, *_ = sorted(finished.path("resources/prompts/audio").glob("*.ogg"))
    whole = first.read_bytes()
    try:
        first.write_bytes(second.read_bytes())
        touch(first)
        assert "manifest" in finished.planned()
    finally:
        first.write_bytes(whole)
