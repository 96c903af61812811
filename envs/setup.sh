#!/bin/sh
# Create .venv from the lock file. Needs Python with pip; uv is fetched by pip if it is not on the PATH.
set -eu
PYTHON=${PYTHON:-python3}
if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    [ -x .uv/bin/uv ] || "$PYTHON" -m pip install --quiet --target .uv uv
    uv=.uv/bin/uv
fi
[ -x .venv/bin/python ] || "$uv" venv --quiet --python 3.11 .venv
"$uv" pip sync --quiet --python .venv/bin/python envs/requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch .venv/.ready
