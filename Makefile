# `make demo` and `make test` need Python 3.10 to 3.13, git and make; everything else they install into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_BOARD ?= arduino_uno_r4_minima
DEMO_DIR ?= demo-out

# What the firmware tests cross-compile and run with; Debian's names.
DEBIAN_TOOLS := cmake g++ gcc-arm-none-eabi libnewlib-arm-none-eabi \
	libstdc++-arm-none-eabi-newlib qemu-system-arm clang-format clang-tidy cppcheck

.PHONY: demo test lint tools clean

demo: $(VENV)/.installed
	$(BIN)/edgecompress demo --board $(DEMO_BOARD) -o $(DEMO_DIR) --force

test: $(VENV)/.installed-test tools lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ""

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

# As root on Debian the cross compiler and the emulator are installed; otherwise the tests that
# need them skip, and this says what to install.
tools:
	@missing=; for tool in arm-none-eabi-gcc qemu-system-arm clang-format clang-tidy cppcheck cmake g++; do \
		command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends $(DEBIAN_TOOLS); \
	else echo "Tests that need$$missing will skip. On Debian or Ubuntu, as root:"; \
		echo "  apt-get install $(DEBIAN_TOOLS)"; fi

clean:
	rm -rf $(VENV) $(DEMO_DIR) build dist
