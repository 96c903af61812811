"""From the files that the stages of a run wrote to the tables of the run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS, QUALITY
from layerwise.contracts.corpus import EXCLUDED, MANIFEST, SPLIT_COUNTS, WARNINGS
from layerwise.contracts.run_tables import RUN_TABLES, columns
from layerwise.contracts.spec import Table
from layerwise.contracts.tasks import TASK_EXCLUSIONS
from layerwise.contracts.vectors import MISSING_VECTORS
from layerwise.errors import ReportError
from layerwise.report.choice import choice
from layerwise.report.comparisons import single_and_weighted, task_contrasts, task_peaks
from layerwise.report.contrasts import control_contrasts, curve_contrasts, last_block_contrasts
from layerwise.report.curves import headlines
from layerwise.report.details import label_tables, regularisers, training
from layerwise.report.evidence import Evidence
from layerwise.report.facts import RunFacts
from layerwise.report.published import published_values, read_published
from layerwise.report.ranking import agreement, head_agreement
from layerwise.report.raw import (
    read_cannot,
    read_downstream,
    read_infeasible,
    read_inter,
    read_left_out,
    read_measures,
    read_nulls,
    read_scores,
    read_sizes,
    read_traits,
    read_units,
    read_weights,
)
from layerwise.report.run_tables import RunTables
from layerwise.report.shapes import peaks
from layerwise.report.summary import influential, layer_summary, learning
from layerwise.report.tables import downstream_summary
from layerwise.report.task_counts import read_task_counts
from layerwise.report.yardsticks import measure_agreement, side_by_side


@dataclass(frozen=True, kw_only=True)
class RawFiles:
    """Files of a run that its tables are made from; sequences may be empty.

    Attributes:
        manifest: corpus/manifest.parquet.
        excluded: corpus/excluded.csv.
        intervals: alignment/intervals.parquet.
        quality: alignment/quality.csv.
        scores: cca/{model}/{analysis}.csv.
        units: cca/{model}/{analysis}.units.parquet.
        nulls: cca/{model}/{analysis}.null.parquet.
        sizes: cca/{model}/{analysis}.sizes.csv.
        traits: cca/{model}/{analysis}.traits.csv.
        infeasible: cca/{model}/{analysis}.infeasible.csv.
        inter: cca/inter/{a}-vs-{b}.csv.
        measured: measures/{model}/{measure}.csv.
        measures_excluded: measures/{model}/{measure}.excluded.csv.
        measures_infeasible: measures/{model}/{measure}.infeasible.csv.
        published: files of published values, as those in resources/published.
        downstream: downstream/{model}/{task}.csv.
        weights: downstream/{model}/{task}.weights.csv.
        decodes: downstream/{model}/{task}.decodes.csv.
        curves: downstream/{model}/{task}.curves.csv.
        task_utterances: downstream/{model}/{task}.utterances.parquet.
        task_exclusions: downstream/{model}/{task}.excluded.csv.
        missing_vectors: vectors/{analysis}.missing.csv.
        splits: corpus/splits.csv and corpora/{name}/splits.csv.
        warnings: corpus/warnings.csv and corpora/{name}/warnings.csv.
        corpora_excluded: corpora/{name}/excluded.csv.
        corpora_quality: corpora/{name}/alignment/quality.csv.
    """

    manifest: Path
    excluded: Path
    intervals: Path
    quality: Path
    scores: tuple[Path, ...] = ()
    units: tuple[Path, ...] = ()
    nulls: tuple[Path, ...] = ()
    sizes: tuple[Path, ...] = ()
    traits: tuple[Path, ...] = ()
    infeasible: tuple[Path, ...] = ()
    inter: tuple[Path, ...] = ()
    measured: tuple[Path, ...] = ()
    measures_excluded: tuple[Path, ...] = ()
    measures_infeasible: tuple[Path, ...] = ()
    published: tuple[Path, ...] = ()
    downstream: tuple[Path, ...] = ()
    weights: tuple[Path, ...] = ()
    decodes: tuple[Path, ...] = ()
    curves: tuple[Path, ...] = ()
    task_utterances: tuple[Path, ...] = ()
    task_exclusions: tuple[Path, ...] = ()
    missing_vectors: tuple[Path, ...] = ()
    splits: tuple[Path, ...] = ()
    warnings: tuple[Path, ...] = ()
    corpora_excluded: tuple[Path, ...] = ()
    corpora_quality: tuple[Path, ...] = ()

    @classmethod
    def of(cls, paths: Mapping[str, str | Sequence[str]]) -> "RawFiles":
        """Make it from paths by the names of its attributes; other names are passed over."""
        made: dict[str, Any] = {}
        for name in (entry.name for entry in fields(cls)):
            value = paths[name]
            made[name] = Path(value) if isinstance(value, str) else tuple(map(Path, value))
        return cls(**made)


def gather(files: RawFiles, facts: RunFacts) -> RunTables:
    """Read the files of a run once and compute every table.

    Raises `ReportError` for a bad file, and for a model, an analysis, a task or a metric in it that
    ``facts`` does not have.
    """
    scores, runs = read_scores(files.scores), read_downstream(files.downstream)
    weights, inter = read_weights(files.weights), read_inter(files.inter)
    lacking = _infeasible(files.infeasible)
    measured, unmeasured = read_measures(files.measured), read_cannot(files.measures_infeasible)
    _check_names(facts, pd.concat([scores, lacking]), runs, weights, inter)
    _check_measures(facts, measured, unmeasured)
    evidence = Evidence(scores, read_units(files.units), read_nulls(files.nulls))
    best = peaks(evidence, facts)
    summary = layer_summary(evidence, read_traits(files.traits), best, facts)
    tasks = downstream_summary(runs)
    counts = read_task_counts(files.task_utterances, facts)
    curves = headlines(summary, measured, facts)
    compared = single_and_weighted(counts, runs, facts)
    errors, confused, levels = label_tables(files.decodes, compared, facts)
    agreeing, undefined = agreement(counts, curves, weights, facts)
    made = RunTables(
        layer_scores=scores,
        layer_summary=summary,
        peaks=best,
        influential=influential(evidence),
        learning=learning(read_sizes(files.sizes)),
        regularisers=regularisers(scores),
        control_contrasts=control_contrasts(evidence, best, facts),
        curve_contrasts=curve_contrasts(evidence, facts),
        last_block_contrasts=last_block_contrasts(evidence, facts),
        downstream=runs,
        downstream_summary=tasks,
        task_peaks=task_peaks(counts, facts),
        single_weighted=compared,
        task_contrasts=task_contrasts(counts, runs, facts),
        choice=choice(counts, runs, weights, curves, facts),
        weights=weights,
        agreement=agreeing,
        head_agreement=head_agreement(counts, facts),
        label_errors=errors,
        confusions=confused,
        training=training(files.curves, runs, compared, facts),
        chance=levels,
        omissions=pd.concat([lacking, undefined], ignore_index=True),
        inter_scores=inter,
        measures=measured,
        measure_agreement=measure_agreement(evidence, summary, measured, facts),
        side_by_side=side_by_side(summary, measured, facts),
        published=published_values(measured, read_published(files.published), facts),
        measure_omissions=unmeasured,
        exclusions=_exclusions(files),
        utterances=_utterances(files),
        segments=_segments(files.intervals),
        warnings=_of_corpora(WARNINGS, files.warnings, "warnings"),
        splits=_of_corpora(SPLIT_COUNTS, files.splits, "splits"),
    )
    return RunTables(
        **{
            name: getattr(made, name) if table.more else _in_order(table, getattr(made, name))
            for name, table in RUN_TABLES.items()
        }
    )


def _check_names(
    facts: RunFacts, scores: pd.DataFrame, runs: pd.DataFrame, weights: pd.DataFrame, inter: pd.DataFrame
) -> None:
    models = {*scores["model"], *runs["model"], *weights["model"], *inter["model_a"], *inter["model_b"]}
    for name in sorted(models):
        facts.model(str(name))
    for name in sorted(set(scores["analysis"])):
        facts.analysis(str(name))
    for task, metric in sorted(set(zip(runs["task"], runs["metric"], strict=True))):
        known = [entry.name for entry in facts.task(str(task)).metrics]
        if metric not in known:
            raise ReportError(
                f"metric {metric!r} of task {task!r} is in the tables, but the task is measured by "
                f"{' and '.join(map(repr, known))}: train it again"
            )
    for task in sorted(set(weights["task"])):
        facts.task(str(task))


def _check_measures(facts: RunFacts, measured: pd.DataFrame, unmeasured: pd.DataFrame) -> None:
    for table in (measured, unmeasured):
        for model, measure in sorted(set(zip(table["model"], table["measure"], strict=True))):
            facts.model(str(model))
            facts.measure(str(measure))
    for measure, variant in sorted(set(zip(measured["measure"], measured["variant"], strict=True))):
        facts.measure(str(measure)).variant(str(variant))


def _infeasible(paths: Iterable[Path]) -> pd.DataFrame:
    """Analyses that cannot be run, as rows of omissions without a task; equal reasons are said once."""
    rows = []
    table = read_infeasible(paths)
    for (model, analysis), group in table.groupby(["model", "analysis"], sort=True):
        reasons = group.groupby("reason", sort=False)["sample"].agg(
            lambda numbers: ", ".join(map(str, numbers))
        )
        said = "; ".join(f"sample set {numbers}: {reason}" for reason, numbers in reasons.items())
        rows.append((model, "", analysis, said))
    return pd.DataFrame(rows, columns=columns("omissions"), dtype=str)


def _exclusions(files: RawFiles) -> pd.DataFrame:
    found = [*_of_corpus(files.excluded), *_of_alignment(files.quality)]
    found += [lost for path in files.corpora_excluded for lost in _of_corpus(path)]
    found += [lost for path in files.corpora_quality for lost in _of_alignment(path)]
    found += dict.fromkeys(_task_exclusions(files.task_exclusions))
    left_out = read_left_out(files.measures_excluded)
    found += [
        (f"measure {row.measure}", f"{row.model}: {row.item}", str(row.reason))
        for row in left_out.itertuples()
    ]
    for path in files.missing_vectors:
        stage = f"vectors {path.name.removesuffix('.missing.csv')}"
        found += [
            (stage, str(row.label), f"no vector ({row.segments} segments)")
            for row in contracts.read(MISSING_VECTORS, path).itertuples()
        ]
    return pd.DataFrame(found, columns=columns("exclusions"), dtype=str)


def _of_corpus(path: Path) -> Iterable[tuple[str, str, str]]:
    stage = f"corpus {_corpus_name(path)}".strip()
    for row in contracts.read(EXCLUDED, path).itertuples():
        yield (stage, str(row.utt_id), str(row.reason))


def _of_alignment(path: Path) -> Iterable[tuple[str, str, str]]:
    stage = f"alignment {_corpus_name(path)}".strip()
    quality = contracts.read(QUALITY, path)
    for row in quality[quality["status"] != "aligned"].itertuples():
        yield (stage, str(row.utt_id), str(row.reason))


def _corpus_name(path: Path) -> str:
    """Name of the corpus of tasks that a file in ``corpora/{name}`` is about; empty for the analysed one."""
    folders = path.parts[:-1]
    return folders[folders.index("corpora") + 1] if "corpora" in folders else ""


def _task_exclusions(paths: Iterable[Path]) -> Iterable[tuple[str, str, str]]:
    """What a task left out, for each model that it was trained on."""
    for path in paths:
        for row in contracts.read(TASK_EXCLUSIONS, path).itertuples():
            yield (f"task {row.task}", str(row.utt_id), str(row.reason))


def _in_order(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table in the order of its contract."""
    return frame[[column.name for column in table.columns if not column.optional or column.name in frame]]


def _utterances(files: RawFiles) -> pd.DataFrame:
    manifest, quality = contracts.read(MANIFEST, files.manifest), contracts.read(QUALITY, files.quality)
    found = quality.set_index("utt_id").reindex(manifest["utt_id"]).reset_index()
    if found["status"].isna().any():
        utt_id = found["utt_id"][found["status"].isna()].iloc[0]
        raise ReportError(f"{files.quality}: no row for utterance {utt_id}; run the alignment again")
    return pd.DataFrame(
        {
            "utt_id": manifest["utt_id"],
            "split": manifest["split"],
            "seconds": manifest["samples"] / manifest["sample_rate"],
            **{name: found[name] for name in ("status", "score")},
            **{name: found[name].astype(int) for name in ("words", "phones")},
        }
    )


def _of_corpora(table: Table, paths: Iterable[Path], name: str) -> pd.DataFrame:
    """A table of all corpora, one below the other, for the run's table of a name."""
    read = [contracts.read(table, path).assign(corpus=_corpus_name(path)) for path in paths]
    found = [rows for rows in read if len(rows)]  # empty ones have no types to keep
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns(name))


def _segments(intervals: Path) -> pd.DataFrame:
    """Labels of each tier, the most frequent first."""
    table = contracts.read(INTERVALS, intervals)
    counts = table.groupby(["tier", "label"], sort=True).size().rename("segments").reset_index()
    return counts.sort_values(["tier", "segments"], ascending=[True, False], kind="stable", ignore_index=True)
