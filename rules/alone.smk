"""One Snakemake at a time on a run; jobs end with it (layerwise/jobs/alone.py)."""

from snakemake.logging import logger as snakemake_logger

from layerwise.jobs.alone import RunLock, check_run

RUN_LOCK = RunLock(".snakemake/layerwise", [CONFIG.run, *SHARED])
EXECUTE = workflow.execute


def execute_alone(**settings):
    """Plan and run under the lock; Snakemake has no hook between what it parses and what it plans.

    Snakemake's own locks outlive a kill, and one run that ends removes those of others: they are left off.
    """
    dry = settings["executor_plugin"].common_settings.dryrun_exec
    if not dry and workflow.execution_settings.lock:
        try:
            held = RUN_LOCK.acquire(snakemake_logger.info)
        except LayerwiseError as error:
            raise WorkflowError(str(error))
        workflow.execution_settings.lock = not held
    return EXECUTE(**settings)


if workflow.is_main_process:
    workflow.execute = execute_alone
else:
    try:
        check_run()
    except LayerwiseError as error:
        raise WorkflowError(str(error))
