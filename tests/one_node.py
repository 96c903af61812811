"""A Slurm of one node on this machine, without accounting, systemd or cgroups; root starts and stops it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "munged", "sbatch", "squeue")
CONF = Path("/etc/slurm/slurm.conf")
MARK = "# a test of layerwise wrote this"
CPUS, MEMORY_MB = 4, 16_000  # told, not real


def missing() -> str:
    """Why no Slurm can be started here; nothing if it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can start Slurm"
    absent = [name for name in PACKAGES if shutil.which(name) is None]
    if absent:
        return f"Slurm is not installed ({', '.join(absent)}): sh tests/install_slurm.sh"
    if CONF.exists() and not CONF.read_text().startswith(MARK):
        return f"this machine belongs to a cluster ({CONF})"
    return ""


@contextmanager
def one_node(folder: Path) -> Iterator[None]:
    """Start munge, the controller and a node with a made-up GPU, wait until it is idle, and stop them."""
    host = socket.gethostname().partition(".")[0]
    CONF.parent.mkdir(parents=True, exist_ok=True)
    CONF.write_text(_conf(host, folder))
    gres = CONF.with_name("gres.conf")
    gres.write_text(f"{MARK}\nNodeName={host} Name=gpu File=/dev/null\n")
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    own_munge = _start_munge()
    try:
        subprocess.run(["slurmctld", "-i"], check=True)
        subprocess.run(["slurmd"], check=True)
        end = time.monotonic() + 30
        while "idle" not in (state := _output("sinfo", "-h", "-p", "cpu", "-o", "%T")):
            assert time.monotonic() < end, f"{state}\n{(folder / 'slurmctld.log').read_text()[-2000:]}"
            time.sleep(0.2)
        yield
    finally:
        _output("scancel", "--full", "--user", "root")
        for name in ("slurmd", "slurmctld"):
            _stop(folder / f"{name}.pid")
        if own_munge:
            _stop(Path("/run/munge/munged.pid"))
        CONF.unlink()
        gres.unlink()


def _start_munge() -> bool:
    if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
        return False
    for folder in ("/run/munge", "/var/log/munge", "/var/lib/munge"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        shutil.chown(folder, "munge", "munge")
    subprocess.run(
        ["runuser", "-u", "munge", "--", shutil.which("munged") or "munged", "--force"], check=True
    )
    return True


def _stop(pid_file: Path) -> None:
    with suppress(OSError, ValueError):
        process = int(pid_file.read_text())
        os.kill(process, signal.SIGTERM)
        for _ in range(100):
            os.kill(process, 0)  # until it is gone
            time.sleep(0.1)
        os.kill(process, signal.SIGKILL)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def _conf(host: str, folder: Path) -> str:
    return f"""{MARK}
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmUser=root
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=300
KillWait=2
SchedulerParameters=sched_interval=2,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
GresTypes=gpu
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
NodeName={host} NodeAddr=127.0.0.1 CPUs={CPUS} RealMemory={MEMORY_MB} Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES DefaultTime=10 MaxTime=1440 State=UP
"""
