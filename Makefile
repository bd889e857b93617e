# All a new machine needs: git, make, gcc and Python >= 3.11 with venv. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python that .venv is made with; the newest that is found unless it is named: make PYTHON=/path/to/python3
PYTHON ?=
# Test processes at once: more than two cores, since the long tests wait more than they reckon.
WORKERS ?= 3
# Further arguments for pytest: make pytest ARGS="tests/sla -x"
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
QUICKSTART := config/quickstart/agent.yml
HOST := config/quickstart/host.yml
PIP_TOOLS := pip-tools==7.6.2
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/python -m piptools compile --quiet --upgrade \
	--generate-hashes --allow-unsafe --strip-extras --all-build-deps --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options pyproject.toml

.PHONY: help install dev run host demo-stack dashboards test check packages format lint types layers pytest bench torture lock grafana-schema clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(RUN_READY)  ## The environment in .venv with the agent, nothing else

dev: $(DEV_READY)  ## The environment with everything that developing and testing need

run: $(RUN_READY)  ## Start the agent on the quick start: the simulated city, and this host, its gateway, its resolver
	@mkdir -p var
	@printf '%s\n' \
	  "Look at http://127.0.0.1:9610/ and /metrics there, or: $(VENV)/bin/sla-agent targets --config.file $(QUICKSTART)" \
	  "A county is cut off 20 s after the lab is ready; half a minute later: $(VENV)/bin/sla-agent faults --config.file $(QUICKSTART)" \
	  "All of it is simulated, and its ledger var/quickstart-lab.db says so. For your own targets: make host" \
	  "Stop with Ctrl-C."
	@exec $(PY) -m agent.lab --config.file $(QUICKSTART)

host: $(RUN_READY)  ## Start the agent without the simulated city: this host, its gateway, its resolver, your targets
	@mkdir -p var
	@printf '%s\n' \
	  "Look at http://127.0.0.1:9610/ and /metrics there, or: $(VENV)/bin/sla-agent targets --config.file $(HOST)" \
	  "Add targets at the end of $(HOST), then: curl -X POST http://127.0.0.1:9610/-/reload" \
	  "Stop with Ctrl-C. The ledger is var/quickstart.db; without that file it begins anew."
	@exec $(VENV)/bin/sla-agent run --config.file $(HOST)

demo-stack: $(RUN_READY)  ## The simulated city, the agent, Prometheus and Alertmanager, all on loopback: ARGS="--accelerate 60"
	@exec $(PY) -m dashboards.stack $(ARGS)

dashboards: $(RUN_READY)  ## Write dashboards/grafana/*/*.json anew from dashboards/builders
	@$(PY) -m dashboards.builders

test: packages check  ## Install what the tests need (as root: Debian packages too) and run everything

check: lint types layers pytest  ## Format, lint, types, layers, tests

packages:
	@.ci/packages

format: $(DEV_READY)  ## Rewrite the code in the house's format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: $(DEV_READY)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: $(DEV_READY)
	$(PY) -m mypy

layers: $(DEV_READY)
	$(VENV)/bin/lint-imports

pytest: $(DEV_READY)
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: $(DEV_READY)  ## The benchmarks, each a ratio against a peer in the same run
	$(PY) -m bench $(ARGS)

# Every wait in these tests has its own deadline; how long they take in all is the caller's choice (docs/reliability.md)
torture: $(DEV_READY)  ## The long fault tests
	SLA_TEST_DEEP=1 $(PY) -m pytest -m torture -s --timeout 0 $(ARGS)

lock:  ## Make requirements/*.txt anew from pyproject.toml: the newest versions, with hashes
	$$(.ci/python "$(PYTHON)") -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_TOOLS)
	$(COMPILE) --output-file requirements/run.txt
	$(COMPILE) --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt

# The tests read the committed file; npm is asked for here alone, as Debian's pulls in 500 packages
grafana-schema:  ## Make tests/data/grafana/dashboard.schema.json anew from Grafana's types (Node.js 18 and npm)
	mkdir -p build
	rm -rf build/grafana-schema && cp -r tests/dashboards/schema build/grafana-schema
	cd build/grafana-schema && npm ci --ignore-scripts --no-audit --no-fund && node make.mjs > schema.json
	cp build/grafana-schema/schema.json tests/data/grafana/dashboard.schema.json

clean:  ## Remove what was built; the ledger in var/ stays
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Installed by hash, the project itself last and editable; a stamp says for what state of the lock.
$(VENV)/.made:
	@python=$$(.ci/python "$(PYTHON)") && echo "making $(VENV) with $$python ($$("$$python" -V))" && "$$python" -m venv $(VENV)
	@touch $@

$(RUN_READY): $(VENV)/.made requirements/run.txt pyproject.toml
	@$(call install,requirements/run.txt)
	@touch $@

$(DEV_READY): $(RUN_READY) requirements/dev.txt
	@$(call install,requirements/dev.txt)
	@touch $@

define install
echo "installing $(1)"; \
$(PIP) install --quiet --require-hashes -r $(1); \
$(PIP) install --quiet --no-deps --no-build-isolation --editable .
endef
