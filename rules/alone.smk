"""One Snakemake at a time on a run; jobs end with it (layerwise/jobs/alone.py)."""

from snakemake.logging import logger as snakemake_logger

from layerwise.jobs.alone import RunLock, alone, check_run

if workflow.is_main_process:
    # Snakemake has no hook between what it parses and what it plans.
    workflow.execute = alone(
        workflow.execute,
        RunLock(".snakemake/layerwise", [CONFIG.run, *SHARED]),
        lambda: workflow.execution_settings,
        snakemake_logger.info,
        WorkflowError,
    )
else:
    try:
        check_run()
    except LayerwiseError as error:
        raise WorkflowError(str(error))
