# Each target installs what it needs into .venv: Python 3.11 to 3.13 with pip and venv is all that must be there.

BIN := .venv/bin
# The first of these that is fit makes .venv; who gives PYTHON means that one alone.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
FIT := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Tests wait for much: half as many at once again as there are cores.
WORKERS := $(shell echo $$(($(CORES) * 3 / 2)))
export UV_PROJECT_ENVIRONMENT := .venv
# As pip does, trust what the machine trusts: many networks have a certificate authority of their own.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),true,false)
# Processes start again and again: what one has compiled, the next reads.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev test check synth bench faults clean ready

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: ready ## the local cloud, in the foreground, with a demo in it
	@$(BIN)/wecelebrate up

test: ready ## all tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: ready ## format, lint, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy infra layers functions tests

synth: ready ## the CloudFormation templates, into cdk.out
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cdk synth --quiet

bench: ready ## how fast it is, with pass or fail (ONLY=<name> for one)
	@$(BIN)/wecelebrate bench $(if $(ONLY),--only $(ONLY))

faults: ready ## what breaks, and what it costs, with pass or fail (ONLY=<words of a test's name> for one)
	@WECELEBRATE_FAULTS=full $(BIN)/pytest -q $(if $(ONLY),-k "$(ONLY)") tests/faults tests/cache/test_protocol.py tests/cache/test_single_flight.py tests/functions/test_cache_isolation.py tests/core/feeds/test_feeds_mutations.py

clean: ## remove the local cloud's data and all that was installed or built
	@if [ -x $(BIN)/wecelebrate ]; then $(BIN)/wecelebrate down --erase || true; fi
	@rm -rf .venv .local cdk.out layers/vendor/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready: .venv/.ready

# A .venv without pip was left half made. uv comes in the version that uv.lock names, by pip; all else by uv, as locked:
# `uv run` does what `uv sync` does, and says so in one line instead of one for each package.
.venv/.ready: pyproject.toml uv.lock layers/core/pyproject.toml
	@if ! $(BIN)/python -c "$(FIT)" 2>/dev/null || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  chosen=; seen=; \
	  for python in $(PYTHONS); do \
	    if $$python -c "$(FIT)" 2>/dev/null; then chosen=$$python; break; fi; \
	    version=$$($$python --version 2>/dev/null) && seen="$${seen:+$$seen, }$$python is $$version"; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 is needed; $${seen:-not found: $(PYTHONS)}." \
	      "Give the path of one: make PYTHON=..." >&2; \
	    exit 1; \
	  fi; \
	  echo "making .venv with $$($$chosen --version)"; \
	  if ! said=$$($$chosen -m venv --clear .venv 2>&1); then \
	    rm -rf .venv; \
	    $$chosen -c 'import ensurepip, venv' 2>/dev/null || said="it comes without venv or pip; \
	on Debian and Ubuntu, install $$($$chosen -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	    echo "$$chosen cannot make .venv: $$said" >&2; \
	    exit 1; \
	  fi; \
	fi
	@uv=$$(awk '/^name = "uv"$$/ {getline; gsub(/[^0-9.]/, ""); print; exit}' uv.lock); \
	if [ "$$($(BIN)/uv --version 2>/dev/null | awk '{print $$2}')" != "$$uv" ]; then \
	  echo "installing uv $$uv"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$uv"; \
	fi
	@echo "installing what uv.lock names"
	@quiet=; [ -t 2 ] || quiet=--quiet; \
	$(BIN)/uv run --frozen --exact $$quiet --python $(BIN)/python true
	@touch .venv/.ready
