"""A run that fails ends with one line: the cause, and of each job that failed rule, wildcards and log file."""

import atexit
import logging
import sys
from pathlib import Path

from snakemake.logging import logger as snakemake_logger

from layerwise.jobs.failures import Failure, keep_log, planning_cause, shortened
from layerwise.jobs.full_disk import says_full


class Failures(logging.Filter):
    """Sees what Snakemake logs: what starts, fails and is finished. Cuts lists of hundreds of input files."""

    def __init__(self):
        super().__init__()
        self.jobs, self.failed, self.said = {}, {}, {}
        self.error, self.final = "", False

    def filter(self, record):
        event = getattr(getattr(record, "event", None), "name", None)
        if event == "JOB_INFO":
            self.jobs[record.jobid] = (record.wildcards, record.resources)
            if workflow.is_main_process and not workflow.dryrun:
                for log in record.log:  # which Snakemake is about to delete
                    keep_log(log)
        elif event == "JOB_FINISHED":
            self.failed.pop(record.job_id, None)
        elif event == "JOB_ERROR":
            record.input = shortened(record.input)
            said = record.rule_msg or self.said.pop(record.thread, "")
            self._add(vars(record), said, [])
            if self.failed[record.jobid].for_the_user():
                no_more_tries(record.jobid)
        elif event == "GROUP_ERROR":
            undone = [
                info for info in record.job_error_info if not _made(info["output"])
            ]
            for info in undone:
                self._add(info, record.msg, record.aux_logs)
        elif record.levelno >= logging.ERROR:
            self.error = self.said[record.thread] = record.getMessage()
        return True

    def _add(self, info, said, logs):
        wildcards, resources = self.jobs.get(info["jobid"], ({}, {}))
        self.failed[info["jobid"]] = Failure(
            info["rule_name"],
            dict(wildcards),
            str(said or ""),
            (*map(str, info["log"]), *map(str, logs)),
            resources.get("mem_mb", 0),
            resources.get("runtime", 0),
        )

    def tell(self):
        """The last lines of a run that failed; what a job could make good at its next try is no failure."""
        if self.failed and self.final:
            lines = [failure.line() for failure in self.failed.values()]
        elif self.error and (self.final or not self.jobs or says_full(self.error)):
            lines = [f"Failed: {planning_cause(self.error)}"]
        else:
            return
        print("\n".join(lines), file=sys.stderr)


def no_more_tries(jobid):
    """Spend the `retries` of a job: it would fail again. (Snakemake 9.27 has no interface for that.)"""
    dag = workflow.dag
    for job in dag.needrun_jobs():
        if not job.is_group() and dag.jobid(job) == jobid:
            job.attempt = max(job.attempt, job.restart_times + 1)


def _made(files):
    return all(Path(file).exists() for file in files)


FAILURES = Failures()
snakemake_logger.addFilter(FAILURES)
if workflow.is_main_process:
    # After all that Snakemake itself has to say.
    atexit.register(FAILURES.tell)


onerror:
    FAILURES.final = True
