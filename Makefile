# Two commands are all that a newcomer needs: `make demo` and `make test`.
# Both set up what they need on a Debian or Ubuntu machine (as root, or with sudo).

VENV ?= .venv
PY := $(VENV)/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SCALE ?= 1

.PHONY: setup setup-test demo test check render bench clean

# Python 3.11 or later with venv; from Debian's packages where it is missing.
setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { command -v apt-get >/dev/null || { echo "Python 3.11 or later with venv is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	       $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3 python3-venv python3-pip; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; python3 here is $$(python3 --version)." >&2; exit 1; }
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# Tests also need a real browser and git.
setup-test: setup
	@for tool in chromium git; do command -v $$tool >/dev/null && continue; \
	  command -v apt-get >/dev/null || { echo "$$tool is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $$tool fonts-dejavu-core || exit 1; \
	done

# The labelled synthetic year: `make demo`, or `make demo ONCE=1` to print the table and stop.
demo: setup
	$(VENV)/bin/hub demo $(if $(ONCE),--once) --scale $(SCALE)

# Lint, types, import directions, rendered files, then every test.
test: check
	$(VENV)/bin/pytest

check: setup-test
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests bench
	$(VENV)/bin/lint-imports
	$(VENV)/bin/hub render --check

# Write what is rendered from the contracts.
render: setup
	$(VENV)/bin/hub render

bench: setup
	$(PY) bench/embedded.py

clean:
	rm -rf $(VENV) .hub .hub-demo build dist *.egg-info
