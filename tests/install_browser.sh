#!/bin/sh
# Chromium for tests/unit/test_report_browser.py, where that harms nobody: root, apt-get, and no systemd (a container
# or a virtual machine for tests). Elsewhere these tests are skipped. BROWSER=no leaves the machine as it is.
set -u
command -v chromium >/dev/null && exit 0
if [ "${BROWSER:-}" = no ] || [ "$(id -u)" != 0 ] || [ -d /run/systemd/system ] || ! command -v apt-get >/dev/null; then
    echo "Chromium is not installed here: its tests will be skipped"
    exit 0
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if apt-get update -q >"$log" 2>&1 && apt-get install -qy --no-install-recommends chromium >>"$log" 2>&1; then
    echo "Installed Chromium for the tests of the report"
else
    echo "Chromium cannot be installed here, its tests will be skipped: $(tail -1 "$log")"
fi
rm -f "$log"
