.PHONY: run reference test lint docs lock image always

PY := .venv/bin
VERSION = $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q;}' pyproject.toml)

run: .venv/.ready
	$(PY)/snakemake --cores all
	@echo "The report: results/demo/report/report.pdf and results/demo/report/report.html"

# Our values beside published ones: needs the network, and better a GPU (docs/measures.md).
reference: .venv/.ready
	$(PY)/snakemake --cores all --configfile configs/reference.yaml
	$(PY)/snakemake --cores all --configfile configs/reference.yaml configs/reference-other.yaml

test: lint
	sh tests/install_slurm.sh
	sh tests/install_validator.sh
	sh tests/install_latex.sh
	sh tests/install_browser.sh
	OMP_NUM_THREADS=1 $(PY)/pytest -n 2 tests/unit --cov-report= --cov
	OMP_NUM_THREADS=1 $(PY)/pytest -n 2 --dist worksteal tests/workflow

lint: .venv/.ready
	$(PY)/ruff check .
	$(PY)/ruff format --check .
	$(PY)/mypy
	$(PY)/lint-imports --no-cache
	$(PY)/snakefmt --check Snakefile rules
	$(PY)/snakemake --lint

docs: .venv/.ready
	$(PY)/python -m layerwise.config
	$(PY)/python -m layerwise.contracts
	$(PY)/python docs/pictures.py
	@mkdir -p build
	@# Not --quiet: that hides warnings from --strict.
	NO_MKDOCS_2_WARNING=1 $(PY)/mkdocs build --strict >build/docs.log 2>&1 || (grep -v '^INFO' build/docs.log; exit 1)
	@echo "The site: build/site/index.html"

lock: .venv/.ready
	PATH="$$PATH:.uv/bin" uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	    --all-extras --generate-hashes --no-header pyproject.toml -o envs/requirements.lock

# ENGINE=podman make image: with that program. docs/cluster.md says how to run the image, with Apptainer too.
ENGINE ?= docker
image:
	$(ENGINE) build --file envs/Containerfile --tag layerwise:$(VERSION) \
	    --build-arg COMMIT=$$(git rev-parse HEAD)$$(git diff --quiet HEAD || echo -edited) .

# PYTHON=python3.13 make run: with that Python.
.venv/.ready: envs/requirements.lock pyproject.toml $(if $(PYTHON),always)
	sh envs/setup.sh

always:
