# Shortcuts for the commands of the README.
PYTHON := .venv/bin/python

.PHONY: app test check format benchmark audit

app: .venv/app
	$(PYTHON) app.py

test: .venv/test
	$(PYTHON) -m pytest

check: .venv/test  ## what CI runs
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pytest

format: .venv/test
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

benchmark: .venv/app
	$(PYTHON) -m rwae.benchmark

audit: .venv/audit  ## known weaknesses of what is pinned; asks pypi.org, and says so if it cannot
	.venv/audit/bin/pip-audit --strict --no-deps --disable-pip \
		-r requirements.txt -r tests/requirements.txt || { echo \
		"Not passed: a package has a known weakness (listed above), or pypi.org, which knows" \
		"them, could not be asked about one. In that case try again with a network."; exit 1; }

.venv/app: requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -r requirements.txt
	touch $@

.venv/test: requirements.txt tests/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -r requirements.txt -r tests/requirements.txt
	touch $@

.venv/audit:
	python3 -m venv .venv
	python3 -m venv $@
	$@/bin/pip install -q pip-audit==2.10.1
