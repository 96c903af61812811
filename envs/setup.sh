#!/bin/sh
# Create .venv from the lock file, with the Python that PYTHON names, or else python3, or else any installed one in
# the range of pyproject.toml. uv is fetched by pip if it is not on the PATH.
set -eu

range=$(sed -n 's/^requires-python = "\(.*\)"$/\1/p' pyproject.toml)

fail() {
    echo "envs/setup.sh: $*" >&2
    exit 1
}

version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

in_range() {
    "$1" -c 'import sys
low, high = [tuple(map(int, end.split("."))) for end in sys.argv[1].replace(">=", "").split(",<")]
sys.exit(not low <= sys.version_info[:2] < high)' "$range" 2>/dev/null
}

asked=${PYTHON:-}
if [ -n "$asked" ]; then
    found=$(version "$asked") || fail "PYTHON=$asked does not run; name the command or path of an installed Python $range"
    in_range "$asked" || fail "PYTHON=$asked is Python $found, layerwise needs $range"
fi

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    [ -x .uv/bin/uv ] || "${asked:-python3}" -m pip install --quiet --target .uv uv ||
        fail "uv is not on the PATH and ${asked:-python3} has no pip to fetch it with; install either"
    uv=.uv/bin/uv
fi

if [ -x .venv/bin/python ]; then
    there=$(version .venv/bin/python) || fail ".venv is broken (its Python does not run): rm -r .venv, then try again"
    [ -z "$asked" ] || [ "$found" = "$there" ] ||
        fail ".venv has Python $there and PYTHON asks for $found: rm -r .venv, then try again"
    in_range .venv/bin/python || fail ".venv has Python $there, layerwise needs $range: rm -r .venv, then try again"
else
    python=$asked
    if [ -z "$python" ] && in_range python3; then
        python=python3
    fi
    [ -n "$python" ] || python=$("$uv" python find --quiet --no-project --no-python-downloads "$range") ||
        fail "no installed Python is $range (python3 is $(version python3 || echo missing)); install one or name it by PYTHON"
    "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
fi

"$uv" pip sync --quiet --python .venv/bin/python envs/requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch .venv/.ready
