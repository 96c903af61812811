"""envs/setup.sh: which Python becomes .venv, and what it says where none will do; with stand-ins."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "sed", "touch", "mkdir", "dirname", "cp")

# Answers the two questions that setup.sh asks of an interpreter, as version {version} would.
PYTHON = """#!{python}
import collections, sys
version = collections.namedtuple("version", "major minor")({major}, {minor})
sys.version_info, sys.executable = version, "{path}"
code = sys.argv[2]
sys.argv = ["-c", *sys.argv[3:]]
exec(code)
"""

UV = """#!/bin/sh
echo "$@" >> calls
case "$1 $2" in
    "python find") {find} ;;
    "venv --quiet") mkdir -p .venv/bin && cp "$4" .venv/bin/python ;;
esac
"""


class Setup:
    """A folder with setup.sh and a PATH that holds nothing but what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        (root / "envs").mkdir()
        shutil.copy(ROOT / "pyproject.toml", root)
        shutil.copy(ROOT / "envs/setup.sh", root / "envs")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.uv("exit 2")

    def _write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def uv(self, find: str) -> None:
        self._write(self.bin / "uv", UV.format(find=find))

    def python(self, name: str, version: str) -> Path:
        path = self.root / name
        major, minor = version.split(".")
        return self._write(path, PYTHON.format(python=sys.executable, major=major, minor=minor, path=path))

    def run(self, asked: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "PYTHON": asked}
        command = [str(self.bin / "sh"), "envs/setup.sh"]
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)

    @property
    def chosen(self) -> str:
        calls = (self.root / "calls").read_text().splitlines()
        venv = next(call for call in calls if call.startswith("venv"))
        return str(Path(venv.split()[3]).relative_to(self.root))


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_python3_is_used_where_it_is_in_range(setup: Setup, version: str) -> None:
    setup.python("bin/python3", version)
    assert setup.run().returncode == 0
    assert setup.chosen == "bin/python3"
    assert (setup.root / ".venv/.ready").exists()


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_uv_finds_another_where_python3_is_out_of_range(setup: Setup, version: str) -> None:
    setup.python("bin/python3", version)
    setup.uv(f"echo {setup.python('elsewhere/python3.12', '3.12')}")
    assert setup.run().returncode == 0
    assert setup.chosen == "elsewhere/python3.12"


def test_python_names_the_interpreter(setup: Setup) -> None:
    setup.python("bin/python3", "3.11")
    setup.python("bin/python3.13", "3.13")
    assert setup.run("python3.13").returncode == 0
    assert setup.chosen == "bin/python3.13"
    assert setup.run("python3.13").returncode == 0  # again, with the .venv there


def test_errors_say_what_is_wrong_and_what_to_do(setup: Setup) -> None:
    failed = setup.run()
    assert failed.returncode == 1
    assert "no installed Python is >=3.11,<3.14 (python3 is missing)" in failed.stderr
    setup.python("bin/python3", "3.9")
    assert "(python3 is 3.9)" in setup.run().stderr
    assert "PYTHON=python3 is Python 3.9, layerwise needs >=3.11,<3.14" in setup.run("python3").stderr
    assert "PYTHON=python3.99 does not run" in setup.run("python3.99").stderr
    (setup.bin / "uv").unlink()
    assert "uv is not on the PATH and python3 has no pip to fetch it with" in setup.run().stderr


def test_a_venv_of_another_python_is_kept_and_named(setup: Setup) -> None:
    setup.python("bin/python3.12", "3.12")
    setup.python(".venv/bin/python", "3.11")
    refused = setup.run("python3.12")
    assert refused.returncode == 1
    assert ".venv has Python 3.11 and PYTHON asks for 3.12: rm -r .venv" in refused.stderr
    setup.python(".venv/bin/python", "3.10")
    assert ".venv has Python 3.10, layerwise needs >=3.11,<3.14: rm -r .venv" in setup.run().stderr
    setup.python(".venv/bin/python", "3.13")
    assert setup.run().returncode == 0


def test_a_broken_venv_is_named(setup: Setup) -> None:
    setup._write(setup.root / ".venv/bin/python", "#!/bin/sh\nexit 1\n")
    assert ".venv is broken" in setup.run().stderr
