"""What watches a job from its start to its end. `_job` imports it by name: it is no part of a job's code."""

import logging
import sys
from pathlib import Path
from typing import Any

from layerwise.config import parse_config
from layerwise.config.corpora import corpus_files, corpus_of_job
from layerwise.config.licences import licences_of_job
from layerwise.files import write_json
from layerwise.jobs.alone import follow_run
from layerwise.jobs.full_disk import STATUS, full_disk
from layerwise.lineage.circumstances import circumstances, now
from layerwise.lineage.index import ContentIndex
from layerwise.lineage.watch import Code, check_contents, check_products

log = logging.getLogger("layerwise")

ROOT = Path(__file__).parent.parent
INDEX = Path(".snakemake/layerwise/content.json")  # the Snakefile writes it


class Watch:
    """Sees that code and inputs of a job stay what they were and its run lives; notes its circumstances."""

    def __init__(self, job: Any, inputs: dict[str, list[str]]) -> None:
        """Check that the job starts from what it was planned with. Raises LineageError if it does not.

        From here on the job ends when its run does.
        """
        follow_run()
        self._started = now()
        self._job = job
        self.inputs = inputs | self._listed()
        self._record = Path(job.output.get("record") or "")
        planned = job.params.get("code")
        self._code = Code(ROOT / "scripts" / job.params.script, job.params.plugins, ROOT) if planned else None
        if job.output.get("record"):
            check_products(job.input, self._record.parent)
        self._check("after the run was planned")

    def end(self) -> None:
        """Check it again. Raises LineageError if code or inputs were edited meanwhile."""
        self._check("while the job ran")

    def note(self, told: dict[str, Any]) -> None:
        """Write the circumstances of the job, and what it has told of them, beside its record."""
        job = self._job
        told = told | circumstances(ROOT, self._started, job.threads, dict(job.params.items()))
        told["licences"] = licences_of_job(
            parse_config(job.config), job.rule, dict(job.wildcards.items()), set(self.inputs)
        )
        write_json(told, self._record.parent / "runs" / self._record.name)

    def _listed(self) -> dict[str, list[str]]:
        """The files of the corpus that the job lists: Snakemake knows its folder only."""
        key = corpus_of_job(self._job.rule, dict(self._job.wildcards.items()))
        return {"files": corpus_files(parse_config(self._job.config), key)} if key else {}

    def _check(self, when: str) -> None:
        params = self._job.params
        if self._code is not None:
            self._code.check(params.code, when)
        check_contents(ContentIndex(INDEX), params.get("contents") or {}, self.inputs, when)


def end_if_full(error: BaseException, job: Any) -> None:
    """End the process, and say why, if the cause of an error is a full disk."""
    cause = full_disk(error, str(job.output[0]))
    if cause:
        logging.raiseExceptions = False  # the log may be on the same disk
        log.error("%s", cause)
        sys.exit(STATUS)
