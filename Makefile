# Two commands are all a newcomer needs: `make demo` and `make test`.
# PYTHON picks the interpreter (3.10 to 3.12); the first one that works is taken.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.10 python3; do \
	$$p -c 'import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
START = @date +%s > $(VENV)/.start
TOOK = @echo "== $(1): $$(( $$(date +%s) - $$(cat $(VENV)/.start) )) s"

.PHONY: demo test test-tensorrt test-socketcan test-hil check bench format clean
demo: $(VENV)/.cpu
	$(START)
	$(BIN)/dms engines build
	$(call TOOK,engines)
	$(START)
	$(BIN)/dms demo
	$(call TOOK,run)

test: $(VENV)/.dev
	$(BIN)/dms engines build
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone and not tensorrt and not socketcan"
	$(BIN)/python -m pytest -m "alone and not tensorrt and not socketcan"

# Five proofs of the TensorRT back end, without TensorRT and without a GPU; what they prove and what not: README, "On a Jetson".
PROOFS := parser api driver plans parity
test-tensorrt: $(PROOFS:%=test-tensorrt-%)

$(PROOFS:%=test-tensorrt-%): test-tensorrt-%: $(VENV)/.tensorrt
	@echo "== TensorRT proof: $*"
	@$(BIN)/python -m pytest -q -m '' $(wildcard tests/inference/test_inference_tensorrt_$*.py tests/inference/test_inference_tensorrt_$*_*.py)

# Every bench scenario, at signal level; `make test` plays a few of them.
test-hil: $(VENV)/.cpu
	$(BIN)/dms hil run --all --jobs 2

# On this kernel where it has CAN, else inside user-mode Linux (Debian: apt install user-mode-linux can-utils); never skipped.
test-socketcan: $(VENV)/.dev
	$(BIN)/python -m tools.socketcan.run

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py

bench: $(VENV)/.cpu
	$(BIN)/dms engines build
	$(BIN)/dms bench

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "dms needs Python 3.10, 3.11 or 3.12 with venv; name it: make demo PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)

# The system's GStreamer bindings (PyGObject) are made visible where the distribution's Python is the same version.
$(VENV)/.cpu: pyproject.toml | $(VENV)/bin/python
	$(START)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[cpu]'
	$(call TOOK,install)
	@touch $@

$(VENV)/.tensorrt: pyproject.toml $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[cpu,dev,test-tensorrt]'
	$(BIN)/dms engines build
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.cpu
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[cpu,dev]'
	@touch $@
