#!/bin/sh
# LaTeX for tests/unit/test_report_latex.py, where that harms nobody: root, apt-get, and no systemd (a container or
# a virtual machine for tests). Elsewhere that test is skipped. LATEX=no leaves the machine as it is.
set -u
command -v pdflatex >/dev/null && kpsewhich booktabs.sty >/dev/null && exit 0
if [ "${LATEX:-}" = no ] || [ "$(id -u)" != 0 ] || [ -d /run/systemd/system ] || ! command -v apt-get >/dev/null; then
    echo "LaTeX is not installed here: its test will be skipped"
    exit 0
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if apt-get update -q >"$log" 2>&1 &&
    apt-get install -qy --no-install-recommends texlive-latex-base texlive-latex-recommended >>"$log" 2>&1; then
    echo "Installed LaTeX for its test"
else
    echo "LaTeX cannot be installed here, its test will be skipped: $(tail -1 "$log")"
fi
rm -f "$log"
