#!/bin/sh
# Slurm for tests/workflow/test_slurm.py, where that harms nobody: root, apt-get, and no systemd (a container or
# a virtual machine for tests). Elsewhere those tests are skipped. SLURM=no leaves the machine as it is.
set -u
command -v slurmctld >/dev/null && exit 0
if [ "${SLURM:-}" = no ] || [ "$(id -u)" != 0 ] || [ -d /run/systemd/system ] || ! command -v apt-get >/dev/null; then
    echo "Slurm is not installed here: its tests will be skipped"
    exit 0
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if apt-get update -q >"$log" 2>&1 &&
    apt-get install -qy --no-install-recommends slurmctld slurmd slurm-client munge >>"$log" 2>&1; then
    echo "Installed Slurm for its tests"
else
    echo "Slurm cannot be installed here, its tests will be skipped: $(tail -1 "$log")"
fi
rm -f "$log"
