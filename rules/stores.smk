"""A store that is about to be made anew is set aside, and removed when the new one is there."""

from layerwise.jobs.stores import forget, set_aside


class StoresAside(logging.Filter):
    """Sees which extractions start and end. Snakemake deletes their outputs just after it says so."""

    def __init__(self):
        super().__init__()
        self.started = {}

    def filter(self, record):
        event = getattr(getattr(record, "event", None), "name", None)
        if event == "JOB_INFO":
            store = self._store(record)
            # Not known before: while this file is read, a dry run looks like any other.
            idle = workflow.dryrun or workflow.touch
            if store and not idle and not record.reason.startswith("Forced"):
                set_aside(store)
            self.started[record.jobid] = store
        elif event == "JOB_FINISHED" and self.started.get(record.job_id):
            forget(self.started.pop(record.job_id))
        return True

    def _store(self, record):
        """The store that a job makes; None if it makes none."""
        folder = {"extract": "features", "task_extract": "corpora/{corpus}/features"}
        if record.rule_name not in folder:
            return None
        pattern = f"{RUN}/{folder[record.rule_name]}/{{model}}.zarr"
        return Path(pattern.format(**dict(record.wildcards)))


if workflow.is_main_process:
    snakemake_logger.addFilter(StoresAside())
