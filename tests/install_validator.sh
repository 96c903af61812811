#!/bin/sh
# The validator of RO-Crates for tests/unit/test_crate.py, in an environment of its own: it wants older packages than
# the lock has. Without it those tests are skipped. CRATES=no leaves it out.
set -u
there=.uv/validator
[ -x $there/bin/rocrate-validator ] && exit 0
[ "${CRATES:-}" = no ] && exit 0
uv=uv
command -v uv >/dev/null || uv=.uv/bin/uv
log=$(mktemp)
if "$uv" venv --quiet --clear --python .venv/bin/python $there >"$log" 2>&1 &&
    "$uv" pip install --quiet --python $there/bin/python roc-validator==0.13.0 rocrate >>"$log" 2>&1; then
    echo "Installed the validator of RO-Crates for its tests"
else
    rm -rf $there
    echo "The validator of RO-Crates cannot be installed here, its tests will be skipped: $(tail -1 "$log")"
fi
rm -f "$log"
