# `make demo` and `make test` need Python 3.10 to 3.13, git and make; everything else they install into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_BOARD ?= arduino_uno_r4_minima
DEMO_DIR ?= demo-out

# What the firmware tests cross-compile and run with, the browser that looks at reports, and the database of shared
# searches; Debian's names.
DEBIAN_TOOLS := cmake g++ gcc-arm-none-eabi libnewlib-arm-none-eabi \
	libstdc++-arm-none-eabi-newlib qemu-system-arm clang-format clang-tidy cppcheck \
	chromium chromium-driver fonts-dejavu-core postgresql
# For RISC-V and Arduino; by themselves, so that a distribution without one still has the others.
DEBIAN_RISCV_TOOLS := gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
DEBIAN_ARDUINO_TOOLS := arduino-builder arduino-core-avr
TOOLS := arm-none-eabi-gcc qemu-system-arm clang-format clang-tidy cppcheck cmake g++ \
	riscv64-unknown-elf-gcc qemu-system-riscv32 chromium chromedriver \
	pg_ctlcluster arduino-builder

# Tests that are run with the oldest releases too: fit, inspect, quantize, generate, and reading data.
LOWEST_TESTS := tests/cli/test_fit_cli.py tests/cli/test_inspect.py tests/cli/test_quantize_cli.py \
	tests/firmware/sources/test_generate.py tests/dataset tests/board
LOWEST := $(VENV)/lowest

.PHONY: demo test lint lowest audit dist tools clean

demo: $(VENV)/.installed
	$(BIN)/edgecompress demo --board $(DEMO_BOARD) -o $(DEMO_DIR) --force

test: $(VENV)/.installed-test tools lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ""

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Some tests with the oldest releases that pyproject.toml allows, in an environment of their own.
lowest: $(VENV)/.installed-test
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --python $(BIN)/python \
		--output-file $(LOWEST).txt pyproject.toml
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST) --requirement $(LOWEST).txt \
		pytest pytest-xdist hypothesis pyyaml
	env -u PYTHONDONTWRITEBYTECODE PYTHONPATH=. $(LOWEST)/bin/python -m pytest -n 2 $(LOWEST_TESTS)

audit: $(VENV)/.installed-test
	$(BIN)/python .ci/audit.py

# A release: the same bytes for the same commit.
dist: $(VENV)/.installed-test
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

# As root on Debian the cross compilers and the emulators are installed; otherwise the tests that
# need them skip, and this says what to install.
tools:
	@missing=; for tool in $(TOOLS); do \
		command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	riscv64-unknown-elf-gcc -print-file-name=picolibc.specs 2>/dev/null | grep -q / || \
		missing="$$missing picolibc"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		export DEBIAN_FRONTEND=noninteractive; apt-get update -q && \
		apt-get install -y -q --no-install-recommends $(DEBIAN_TOOLS) && \
		{ apt-get install -y -q --no-install-recommends $(DEBIAN_RISCV_TOOLS) || \
			echo "Tests of RISC-V will skip."; } && \
		{ apt-get install -y -q --no-install-recommends $(DEBIAN_ARDUINO_TOOLS) || \
			echo "Tests of Arduino's builder will skip."; }; \
	else echo "Tests that need$$missing will skip. On Debian or Ubuntu, as root:"; \
		echo "  apt-get install $(DEBIAN_TOOLS) $(DEBIAN_RISCV_TOOLS) $(DEBIAN_ARDUINO_TOOLS)"; fi

clean:
	rm -rf $(VENV) $(DEMO_DIR) build dist
