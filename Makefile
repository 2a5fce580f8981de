# Shortcuts for the commands of the README, and what developers need.
PYTHON := .venv/bin/python

.PHONY: app quick test lint types check check-js format benchmark constraints audit mutants fuzz \
	hostile

app: .venv/app
	$(PYTHON) app.py

quick: .venv/test  ## the tests that are not slow: two minutes on two cores
	$(PYTHON) -m pytest -m "not slow"

test: .venv/test  ## all tests
	$(PYTHON) -m pytest

lint: .venv/test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: .venv/test
	$(PYTHON) -m mypy

check: lint types check-js test  ## what CI runs

check-js:  ## the page's JavaScript and styles: linter, format and unit tests
	@if command -v npm > /dev/null; then \
		{ [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; } && \
		npm run lint && npm test; \
	else echo "Skipped the checks of JavaScript: node and npm are not installed."; fi

format: .venv/test
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

benchmark: .venv/app
	$(PYTHON) -m rwae.benchmark

mutants: .venv/test  ## removes each control of SECURITY.md in a copy, whose test must fail; minutes
	$(PYTHON) tests/mutants.py

constraints: .venv/uv  ## newer versions into constraints.txt and requirements.lock; see the script
	PATH="$(CURDIR)/.venv/uv/bin:$$PATH" $(PYTHON) .ci/constraints.py

audit: .venv/audit  ## known weaknesses of what is pinned; asks pypi.org, and says so if it cannot
	.venv/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt || { echo \
		"Not passed: a package has a known weakness (listed above), or pypi.org, which knows" \
		"them, could not be asked about one. In that case try again with a network."; exit 1; }

hostile: .venv/test  ## what input costs that is made to do harm, and what stays of it
	$(PYTHON) tests/hostile.py

fuzz: .venv/test  ## content that breaks the readers of files, for ten minutes; see tests/fuzz.py
	$(PYTHON) -m pip install -q 'atheris>=3,<4'
	$(PYTHON) tests/fuzz.py

.venv/app: requirements.txt constraints.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -c constraints.txt -r requirements.txt
	touch $@

.venv/test: requirements.txt tests/requirements.txt constraints.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -c constraints.txt -r requirements.txt -r tests/requirements.txt
	touch $@

.venv/uv:
	python3 -m venv .venv
	python3 -m venv $@
	$@/bin/pip install -q uv==0.13.9

.venv/audit:
	python3 -m venv .venv
	python3 -m venv $@
	$@/bin/pip install -q pip-audit==2.10.1
