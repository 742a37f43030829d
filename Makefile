# Two commands do all the set-up on a machine with Python 3.11 or newer:
#   make demo    makes .venv, installs scanpick, runs its main job on simulated drives, says where the report is
#   make test    makes .venv, installs scanpick with what its tests need, runs the suite

PYTHON ?= python3
VENV := .venv
LIGHT := .venv-light
BIN := $(VENV)/bin
SOURCES := src tests benchmarks

.PHONY: demo test light oracles oracles-large check format benchmark clean

demo: $(VENV)/.installed
	$(BIN)/scanpick demo --out demo-output

# One process a core; a test that is about threads asks for them itself.
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The light install, in an environment of its own: nothing but what `pip install .` brings.
light: $(LIGHT)/.installed
	.ci/light

# Readers of annotation tools, which read what exporters write; apart from ours, since they pin what we use, too.
oracles: .venv-oracles/.installed

# Those that take half a gigabyte and more. tests/exporters/test_oracles.py asks them where they are there.
oracles-large: .venv-oracle-datumaro/.installed .venv-oracle-supervisely/.installed

check: $(VENV)/.installed-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# KITTI's labels are read from the folder that SCANPICK_TEST_DATA names.
benchmark: $(VENV)/.installed-peers
	$(BIN)/python -m benchmarks.selection
	$(BIN)/python -m benchmarks.geometry
	$(BIN)/python -m benchmarks.evaluation "$${SCANPICK_TEST_DATA:?names the folder with kitti_label_2_all.zip}/kitti_label_2_all.zip"

clean:
	rm -rf $(VENV) $(LIGHT) .venv-oracle* demo-output build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# A copy, not a link to the sources: what the package forgets to bring is missed here.
$(LIGHT)/.installed: pyproject.toml constraints.txt $(shell find src -name '*.py')
	rm -rf $(LIGHT) build
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt .
	touch $@

.venv-oracles/.installed: tests/exporters/oracles/requirements.txt
	$(PYTHON) -m venv .venv-oracles
	.venv-oracles/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r $<
	touch $@

.venv-oracle-datumaro/.installed:
	$(PYTHON) -m venv .venv-oracle-datumaro
	.venv-oracle-datumaro/bin/python -m pip install --quiet --disable-pip-version-check --no-compile datumaro==1.13.12
	touch $@

.venv-oracle-supervisely/.installed:
	$(PYTHON) -m venv .venv-oracle-supervisely
	.venv-oracle-supervisely/bin/python -m pip install --quiet --disable-pip-version-check --no-compile supervisely==6.74.51
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,umap]'
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-peers: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,peers]'
	touch $@ $(VENV)/.installed
