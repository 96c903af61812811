"""The config, read and checked, and how the run was started."""

import os
import shlex
import sys

from layerwise.config import parse_config
from layerwise.errors import LayerwiseError
from layerwise.lineage.circumstances import COMMAND, CONFIG_FILES
from snakemake.exceptions import WorkflowError

try:
    CONFIG = parse_config(config, origin=", ".join(map(str, workflow.configfiles)))
except LayerwiseError as error:
    raise WorkflowError(str(error))

RUN = f"results/{CONFIG.run}"

# For the records of jobs; those on a cluster get the environment of the command that started the run.
os.environ.setdefault(COMMAND, shlex.join(["snakemake", *sys.argv[1:]]))
os.environ.setdefault(CONFIG_FILES, " ".join(map(str, workflow.configfiles)))
