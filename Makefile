# Fresh machine with Python 3, make and git: `make demo` and `make test` do all the rest.
# Three environments, apart: emulator (its packages leak into the functions), sam (pins another botocore), dev.
# A fourth, audit, for `make audit` alone.

TOOLS := build/tools
AUDIT := build/audit-tools
PY := $(TOOLS)/dev/bin/python
UV := $(TOOLS)/uv/bin/uv
PINS := $(addprefix local/pins/,emulator.txt sam.txt dev.txt)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Nothing of the user's shell or AWS profile reaches a tool, a test or a function.
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
unexport AWS_REGION PYTHONPATH PYTHONHOME VIRTUAL_ENV
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_DEFAULT_REGION := us-east-1
export SAM_CLI_TELEMETRY := 0
export UV_SYSTEM_CERTS := 1
export UV_NO_CONFIG := 1
# What is compiled stays out of the tree, and is compiled once.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
# Nothing stays in the system's temporary folder.
export TMPDIR := $(CURDIR)/build/tmp
$(shell mkdir -p build/tmp)
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help demo up down test test-e2e test-layers test-integration test-unit lint audit bench replay storm sbom pins

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(TOOLS)/.ready build/local/.built ## the whole stack on this machine with sample files [ONCE=1] [FAULTS=1] [FILE=path.csv]
	@$(PY) -m local.demo $(if $(ONCE),--once) $(if $(FAULTS),--faults) $(if $(FILE),--file "$(FILE)")

up: $(TOOLS)/.ready build/local/.built ## the same stack in the background, empty, described by .local/stack.json
	@$(PY) -m local.stack up

down: ## stop it
	@if [ -x $(PY) ]; then $(PY) -m local.stack down; fi

test: $(TOOLS)/.ready ## all tests, on a machine that never saw the project
	@$(MAKE) --no-print-directory --jobs=4 test-e2e test-layers test-integration test-unit

# The stack's tests take longest, and mostly wait: the others leave them the processor.
LAYERS := tests/integration/test_layers.py
test-e2e: build/local/.built
	@$(PY) -m pytest tests/e2e
test-layers: build/local/.built
	@$(PY) -m pytest $(LAYERS)
test-integration: $(TOOLS)/.ready
	@nice -n 5 $(PY) -m pytest tests/integration --ignore $(LAYERS)
test-unit: $(TOOLS)/.ready
	@nice -n 5 $(PY) -m pytest tests/unit

lint: $(TOOLS)/.ready ## format, lint, types, template
	@$(TOOLS)/dev/bin/ruff format --check -q . && $(TOOLS)/dev/bin/ruff check -q .
	@$(TOOLS)/dev/bin/pyright
	@$(TOOLS)/sam/bin/sam validate --lint --region us-east-1

audit: $(AUDIT)/.ready ## the template by checkov's rules, all pins by known vulnerabilities
	@$(AUDIT)/bin/checkov --skip-download --framework cloudformation --file template.yaml --compact --quiet
	@$(AUDIT)/bin/python -m local.audit

bench: $(TOOLS)/.ready build/local/.built ## speed and cost, against baselines [ONLY=name]
	@$(PY) -m tests.bench $(ONLY)

replay: $(TOOLS)/.ready ## a book of invoices, day by day through the real code [FILE=path.csv]
	@$(PY) -m local.replay $(if $(FILE),"$(FILE)")

storm: $(TOOLS)/.ready build/local/.built ## everything at once, with faults: 2,000 borrowers, ten minutes at most [BORROWERS=n]
	@$(PY) -m local.storm $(if $(BORROWERS),--borrowers $(BORROWERS))

sbom: $(TOOLS)/.ready ## what is in the layers, and under which licences: build/sbom/
	@$(PY) -m local.sbom

pins: $(UV) ## compile every *.in into its *.txt again
	@for file in layers/vendor/requirements layers/sheets/requirements local/pins/{emulator,sam,dev,audit}; do \
		$(UV) pip compile --python-version 3.13 --generate-hashes --no-header --upgrade -q $$file.in -o $$file.txt; \
	done

# ── environments ───────────────────────────────────────────────────────────────────────────────────
$(UV):
	@echo "· uv"
	@python3 -m venv $(TOOLS)/uv && $(TOOLS)/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

$(TOOLS)/.ready: $(UV) $(PINS) layers/cobranza/pyproject.toml cli/pyproject.toml .python-version
	@echo "· environments: emulator, sam, dev"
	@for name in emulator sam dev; do \
		$(UV) venv --quiet --clear --python 3.13 $(TOOLS)/$$name \
			|| { echo "Python 3.13 not found, and uv could not download one: install it and try again" >&2; exit 1; }; \
		$(UV) pip sync --quiet --require-hashes --python $(TOOLS)/$$name local/pins/$$name.txt; \
	done
	@# No worker of a function may write bytecode, and each would compile boto3 anew.
	@env -u PYTHONPYCACHEPREFIX $(TOOLS)/emulator/bin/python -m compileall -q -j 2 $(TOOLS)/emulator/lib
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(TOOLS)/dev -e layers/cobranza -e cli
	@touch $@

# checkov pins much and is large: it is made when somebody asks for it.
$(AUDIT)/.ready: $(UV) local/pins/audit.txt .python-version
	@echo "· environment: audit"
	@$(UV) venv --quiet --clear --python 3.13 $(AUDIT)
	@$(UV) pip sync --quiet --require-hashes --python $(AUDIT) local/pins/audit.txt
	@touch $@

# The emulator runs functions on this machine: layers are built for it, apart from a build for AWS.
build/local/.built: $(TOOLS)/.ready template.yaml $(shell find layers functions -type f -not -path '*/__pycache__/*')
	@echo "· sam build for this machine"
	@WHEELS_FOR=host PYTHON=$(CURDIR)/$(TOOLS)/uv/bin/python RUNTIME=$(CURDIR)/$(TOOLS)/emulator/bin/python \
		$(TOOLS)/sam/bin/sam build \
		--build-dir build/local --cached --cache-dir build/sam-cache --parallel > build/sam-build.log 2>&1 \
		|| { cat build/sam-build.log; exit 1; }
	@touch $@
