# Everything runs in .venv, made here from the hashed requirements in requirements/. Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The scenarios of the rules that are lived once more with --full.
TWINS = $(shell grep -lE "Twins|Lived" tests/policies/test_*.py)

.PHONY: setup demo demo-sftp test test-long test-browser test-office docs figures fuzz check release-check format bench bench-large lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "rostersync needs Python 3.11 or newer: set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q rostersync
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'from rostersync.reports.html.assets import compile_templates as c; c()'
	touch $@

demo: setup
	$(BIN)/python examples/demo.py

demo-sftp: setup
	$(BIN)/python examples/demo.py --sftp

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not long and not browser and not office"

test-long: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "long and not browser and not office"
	TESTS_TWINS=1 $(BIN)/python -m pytest -n 2 -q -m "not long" --dist worksteal $(TWINS)

# Needs Chromium on the path: apt-get install chromium.
test-browser: setup
	$(BIN)/python -m pytest -n 2 -q -m browser

# Needs LibreOffice Calc on the path: apt-get install libreoffice-calc-nogui.
test-office: setup
	$(BIN)/python -m pytest -n 2 -q -m office

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes the parts of docs/reports.md that are made of the tables in the code.
docs: setup
	$(BIN)/python -m rostersync.reports.handbook docs/reports.md

# Runs every test that needs no other program, and writes the figures of docs/security.md from what they tried.
figures: setup
	rm -rf build/figures
	TESTS_FIGURES=build/figures $(BIN)/python -m tests.fuzzing.engine archive --seconds 60
	TESTS_FIGURES=build/figures $(BIN)/python -m tests.fuzzing.engine importer --seconds 300
	TESTS_FIGURES=build/figures $(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not browser and not office"
	$(BIN)/python -m tests.docs.security_figures build/figures

bench: setup
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.cliffs
	$(BIN)/python -m benchmarks.download
	$(BIN)/python -m benchmarks.plot

# A million students: half an hour, 10 GiB of disk, 16 GiB of memory.
bench-large: setup
	$(BIN)/python -m benchmarks.run --sizes L
	$(BIN)/python -m benchmarks.plot

# Floors, known vulnerabilities of everything locked, a bill of materials in dist/. Fails where it cannot look them up.
release-check: setup
	$(BIN)/python -m release.check

# Mutated bytes against the readers for a quarter of an hour each; better with atheris in .venv (pip install atheris).
fuzz: setup
	$(BIN)/python -m tests.fuzzing.engine archive --seconds 900
	$(BIN)/python -m tests.fuzzing.engine importer --seconds 900

# Needs uv on the path; the lock files hold hashes and no index address.
lock:
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes pyproject.toml -o requirements/runtime.lock
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --extra dev pyproject.toml -o requirements/dev.lock
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes requirements/peers.in -o requirements/peers.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache
