# Flare's two commands are `make run` and `make test`; plain `make` lists the rest.
# Needed beforehand: git, make, Python 3.11 to 3.13 with venv. Nothing else, and no root.

VENV := .venv
BIN := $(VENV)/bin
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
VERSION := import sys; print(sys.version_info[:2])
# `PYTHON=python3.12 make run` picks another interpreter; otherwise the first that will do.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(or $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c '$(SUITABLE)' >/dev/null 2>&1 && { echo "$$each"; break; }; done),python3)
endif
# uv is quicker where it is installed; pip is always enough.
UV := $(shell command -v uv 2>/dev/null)
SPEC := pyproject.toml hatch_build.py web/ui/package-lock.json
# A stamp says: this interpreter's packages are as the files named after it want them.
CORE := $(VENV)/.stamp-core-$(notdir $(PYTHON))
FULL := $(VENV)/.stamp-full-$(notdir $(PYTHON))
WORKERS ?= 2
TESTS ?=
# Kept apart: a comma written inside $(call …) would end the argument.
EVERYTHING := -c constraints.txt -e '.[engines,dev]'

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where this is set, as in many containers, each test process and each server it starts would read every source anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check test-fast torture test-browser pictures setup ui browser docs format lock sbom audit wheel image-check clean
.DELETE_ON_ERROR:

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(CORE) ## Start Flare on this machine with the demo night on it
	@exec $(BIN)/flare up --demo

test: $(FULL) ## Everything: lint, types, every test on both engines, in a browser when there is one
	@if [ "$$CI" = true ]; then $(MAKE) --no-print-directory browser || echo "make browser failed; browser tests will say so" >&2; fi
	@$(MAKE) --no-print-directory lint
	@# A browser's driver keeps an event loop running in its process: its tests get processes of their own.
	@# Chromium may never answer when a context is ended whose service worker is just starting (it stays so upstream):
	@# what failed runs once more, alone, and is named; only a second failure is one.
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -q -m browser $(TESTS); browser=$$?; \
	if [ $$browser -eq 1 ]; then echo "once more, alone: the browser tests that failed" >&2; \
	$(BIN)/pytest -n 1 -q -m browser --last-failed $(TESTS); browser=$$?; fi; \
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not browser" $(TESTS) && [ $$browser -eq 0 -o $$browser -eq 5 ]

check: lint test-fast ## Lint, types and the quick tests: before every commit, under a minute

.PHONY: lint
lint: $(FULL)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "the formatter would change files: make format" >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary

test-fast: $(FULL) ## The quick tests: no engines, no browser, nothing slow, fewer examples
	@FLARE_TEST_SEEDS=$${FLARE_TEST_SEEDS:-40} $(BIN)/pytest -n $(WORKERS) -q --hypothesis-profile=check \
		-m "not engines and not browser and not slow and not scale" $(TESTS)

torture: $(FULL) ## Kill, cut off, fill up and restart everything for minutes, on real engines
	@FLARE_TEST_TORTURE=1 $(BIN)/pytest -q tests/faults tests/live $(TESTS)

test-browser: $(FULL) browser ## The tests that drive a real Chromium
	@$(BIN)/pytest -m browser tests/browser $(TESTS)

setup: $(FULL) ## Only install, everything tests need included

ui: export FLARE_UI := required
ui: $(CORE) ## Build the wall's map anew where its sources changed, and say why if it can't be
	$(call install,the wall's map,--no-deps -e .)

format: $(FULL) ## Let ruff order imports and lay out the code
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format .

docs: $(FULL) ## Write docs/reference from the code: states, refusals, settings, bounds, commands
	@$(BIN)/python -m tools.make_docs

pictures: $(FULL) browser ## Take the README's pictures of this build: look at them before you commit them
	@$(BIN)/python -m tests.support.pictures

browser: $(FULL) ## Find a Chromium for the tests, or fetch one (apt as root, else into .cache)
	@$(BIN)/python -m tests.support.chromium

lock: $(FULL) ## Write the constraints anew (newer versions: make lock UPGRADE=--upgrade)
	@compile() { $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE) "$$@"; } && \
	compile --all-extras -o constraints.txt >/dev/null && \
	compile --all-extras -c constraints.txt --generate-hashes --no-annotate -o constraints-hashes.txt >/dev/null && \
	compile -c constraints.txt --generate-hashes --no-annotate -o constraints-run.txt >/dev/null && \
	touch $(CORE) $(FULL) && wc -l constraints*.txt

sbom: $(FULL) ## Write what Flare is made of to dist/sbom.cdx.json (CycloneDX, from the locks)
	@mkdir -p dist && $(BIN)/python -m tools.make_sbom dist/sbom.cdx.json

audit: $(FULL) ## Ask PyPI and npm for known holes in what is locked (needs both themselves: a mirror has no advisories)
	@$(BIN)/uv tool run --from pip-audit==2.10.1 pip-audit --strict --disable-pip --require-hashes \
		-r constraints-run.txt -s pypi --progress-spinner off
	@cd web/ui && npm audit --omit=dev

wheel: $(FULL) ## Build the wheel into dist/
	@rm -rf dist && FLARE_UI=required $(BIN)/python -m hatchling build -t wheel

image-check: $(FULL) ## Read Dockerfile and compose.yaml as an engine would, without one
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	@$(BIN)/pytest -q tests/house/test_image.py

clean: ## Remove what was installed, built or cached (never your data)
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis build dist web/static/built web/ui/node_modules

# $(1): what to install in words, $(2): pip's arguments. A venv made by uv has no pip, hence ensurepip.
define install
@[ "$(origin PYTHON)" = file ] || \
	[ "$$($(PYTHON) -c '$(VERSION)' 2>&1)" = "$$($(BIN)/python -c '$(VERSION)' 2>&1)" ] || { \
	echo "$(VENV) was not made by $(PYTHON); make clean takes it away, then try again" >&2; exit 1; }
@echo "installing $(1) into $(VENV) …"
@if [ -n "$(UV)" ]; then VIRTUAL_ENV=$(VENV) "$(UV)" pip install --quiet $(2); else \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	$(BIN)/python -m pip install --quiet $(2); fi
endef

$(CORE): $(SPEC) constraints.txt | $(BIN)/python
	$(call install,Flare,-c constraints.txt -e .)
	@touch $@

# CI installs by hash. Hashes and an editable install cannot share one call, hence two.
$(FULL): $(SPEC) constraints.txt constraints-hashes.txt | $(BIN)/python
ifeq ($(CI),true)
	$(call install,what Flare and its tests need (by hash),--require-hashes -r constraints-hashes.txt)
	$(call install,Flare,--no-build-isolation --no-deps -e .)
else
	$(call install,Flare with its tests and engines,$(EVERYTHING))
endif
	@touch $(CORE) $@

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 && "$(PYTHON)" -c '$(SUITABLE)' 2>/dev/null || { \
		echo "Flare needs Python 3.11 to 3.13; install one (Debian: apt-get install python3-venv) or name it: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "this Python cannot make virtual environments (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --python "$$(command -v "$(PYTHON)")" $(VENV); else "$(PYTHON)" -m venv $(VENV); fi
