"""The `snakemake` object of a job without a run of Snakemake, so that a script runs in a debugger.

    python -m pdb scripts/cca.py results/ci/cca/hubert-tiny/cca-phone.csv --configfile configs/ci.yaml

runs the script of the rule that makes that file, in the repository's root; its inputs must be there. The file
is written as in a run, but Snakemake does not know of it. What is used here has no stable interface: it is
that of Snakemake 9.27.
"""

import argparse
from pathlib import Path
from typing import Any

from snakemake.script import Snakemake


def mock_snakemake(script: str, arguments: list[str]) -> Any:
    """Return the object that the job of a file would get; ``arguments`` are those of the command line."""
    parser = argparse.ArgumentParser(prog=script, description="Run the job that makes a file.")
    parser.add_argument("target", help="a file that a rule of this script makes")
    parser.add_argument("--configfile", action="append", type=Path, default=[])
    parsed = parser.parse_args(arguments)
    job = _job_of(parsed.target, parsed.configfile)
    if job.params.get("script") != Path(script).name:
        parser.error(f"{parsed.target} is made by rule {job.rule.name} with {job.params.get('script')}")
    Path(job.log[0]).parent.mkdir(parents=True, exist_ok=True)
    values = (job.input, job.output, job.params, job.wildcards, job.threads, job.resources, job.log)
    return Snakemake(*values, job.dag.workflow.config, job.rule.name, None)


def _job_of(target: str, configs: list[Path]) -> Any:
    from snakemake.api import SnakemakeApi  # noqa: F401 (must be imported first)
    from snakemake.dag import DAG
    from snakemake.jobs import Job
    from snakemake.logging import LoggerManager, logger
    from snakemake.settings import types
    from snakemake.workflow import Workflow

    output = types.OutputSettings()
    workflow = Workflow(
        config_settings=types.ConfigSettings(configfiles=configs),
        resource_settings=types.ResourceSettings(cores=1),
        workflow_settings=types.WorkflowSettings(),
        logger_manager=LoggerManager(logger, output),
        storage_settings=types.StorageSettings(),
        dag_settings=types.DAGSettings(),
        output_settings=output,
        storage_provider_settings={},
    )
    workflow.include("Snakefile", overwrite_default_target=True)
    makers = [rule for rule in workflow.rules if rule.is_producer(target)]
    if not makers:
        raise SystemExit(f"no rule makes {target}; name a file of a run, and its --configfile")
    (rule,) = makers
    return Job(rule, DAG(workflow, rules=[rule]), rule.get_wildcards(target))
