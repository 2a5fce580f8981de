# Shortcuts for the commands of the README.
PYTHON := .venv/bin/python

.PHONY: app test check format benchmark

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

.venv/app: requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -r requirements.txt
	touch $@

.venv/test: requirements.txt tests/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install -q -r requirements.txt -r tests/requirements.txt
	touch $@
