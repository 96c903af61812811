import atexit
import os
import shlex
import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from layerwise.config import parse_config
from layerwise.config.licences import licences
from layerwise.errors import LayerwiseError
from layerwise.lineage.circumstances import COMMAND, CONFIG_FILES

min_version("9.27")


include: "rules/failures.smk"
include: "rules/plan.smk"


if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


try:
    CONFIG = parse_config(config, origin=", ".join(map(str, workflow.configfiles)))
except LayerwiseError as error:
    raise WorkflowError(str(error))

RUN = f"results/{CONFIG.run}"


pathvars:
    run=RUN,


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/resources.smk"
include: "rules/job.smk"


if CONFIG.corpus:

    include: "rules/download.smk"
    include: "rules/corpus.smk"
    include: "rules/align.smk"
    include: "rules/alignment_report.smk"
    include: "rules/stores.smk"
    include: "rules/features.smk"
    include: "rules/cca.smk"
    include: "rules/measures.smk"
    include: "rules/downstream.smk"
    include: "rules/report.smk"


if CONFIG.pretrain:

    include: "rules/pretrain.smk"


include: "rules/alone.smk"


rule all:
    default_target: True
    input:
        targets(),
    localrule: True


onsuccess:
    print_results()


# For the records of jobs; those on a cluster get the environment of the command that started the run.
os.environ.setdefault(COMMAND, shlex.join(["snakemake", *sys.argv[1:]]))
os.environ.setdefault(CONFIG_FILES, " ".join(map(str, workflow.configfiles)))

if workflow.is_main_process:
    # What was read to plan the run need not be read for the next one. A dry run, known only by then, writes nothing.
    atexit.register(lambda: workflow.dryrun or INDEX.save())
