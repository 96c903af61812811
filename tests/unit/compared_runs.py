"""Finished runs with synthetic numbers, on disk, for the tests of their comparison."""

import json

import report_tables as synthetic

from layerwise.report.facts import write_facts
from layerwise.report.gather import RawFiles, gather
from layerwise.report.names import FACTS_NAME
from layerwise.report.run_tables import write_tables

ANALYSES = ("cca-phone", "cca-word")


def write_run(folder, facts, table=None, results=None, config=None, **corpus):
    """Write a run of scores and task results (default: none) as the workflow lays it out."""
    table = synthetic.scores(facts, ANALYSES) if table is None else table
    results = synthetic.downstream(facts, {}) if results is None else results
    tasks = {name: synthetic.TASKS[name] for name in sorted(set(results["task"]))}
    pair = ("model", "task")
    files = {
        **synthetic.corpus_files(folder / "corpus", **corpus),
        **synthetic.score_files(table, folder / "cca"),
        "downstream": synthetic.write(results, folder / "downstream", names=pair),
        "task_utterances": synthetic.write(
            synthetic.utterances(results), folder / "downstream", names=pair, ending="utterances.parquet"
        ),
        "weights": synthetic.write(
            synthetic.weights(facts, tasks), folder / "downstream", names=pair, ending="weights.csv"
        ),
    }
    write_tables(gather(RawFiles(**files), facts), folder / "tables")
    write_facts(facts, folder / "tables" / FACTS_NAME)
    (folder / "lineage").mkdir()
    for job, params in (config or {}).items():
        record = {"rule": job.split(".")[0], "params": params, "artifacts": {}, "inputs": {}}
        (folder / "lineage" / f"{job}.json").write_text(json.dumps(record))
    return folder


def changed(table, amount, **where):
    """A table with an amount added to score (or value) in some rows."""
    column = "score" if "score" in table else "value"
    rows = [
        table[name].isin(values if isinstance(values, list) else [values]) for name, values in where.items()
    ]
    return table.assign(
        **{column: table[column] + amount * sum(row.astype(int) for row in rows).eq(len(rows))}
    )
