"""What a dry run finds out, written down for `layerwise status`: so the two never disagree.

As in scripts/_mock.py, what is used here of Snakemake has no stable interface: it is that of 9.27.
"""

import atexit
import json
import os

from layerwise.config.corpora import corpus_of_job
from layerwise.lineage.plan import PLAN


def why_it_runs(reason):
    """What Snakemake found of a job, by kind."""
    followed = {str(file) for file in reason.updated_input_run}
    updated = {str(file) for file in reason.updated_input}
    changed = reason.params_changed
    return {
        "missing": sorted(map(str, reason.missing_output)),
        "incomplete": sorted(map(str, reason.incomplete_output)),
        "updated": sorted(updated - followed),
        "followed": sorted(followed),
        "inputs": bool(reason.input_changed),
        "params": (
            [*sorted(changed.only_old), "->", *sorted(changed.only_new)]
            if changed
            else []
        ),
        "unknown": bool(reason.no_metadata),
        "said": str(reason),
    }


def what_it_reads(job):
    """Its inputs by role; of a corpus the files."""
    files = {
        role: [files] if isinstance(files, str) else list(files)
        for role, files in job.input.items()
    }
    key = corpus_of_job(job.rule.name, dict(job.wildcards_dict))
    return files | ({"files": contents_of_corpus(key)} if key else {})


def write_plan():
    """All jobs of the plan, one a line."""
    dag = workflow.dag
    if dag is None or not workflow.dryrun:  # planning failed, and says so
        return
    lines = [
        {
            "rule": job.rule.name,
            "wildcards": dict(job.wildcards_dict),
            "output": list(map(str, job.output)),
            "input": what_it_reads(job),
            "params": dict(job.params.items()),
            "runs": dag.needrun(job),
            "reason": why_it_runs(dag.reason(job)),
        }
        for job in dag.jobs
        if job.output
    ]
    text = "".join(json.dumps(line, default=str) + "\n" for line in lines)
    Path(os.environ[PLAN]).write_text(text, encoding="utf-8")


if workflow.is_main_process and PLAN in os.environ:
    atexit.register(write_plan)
