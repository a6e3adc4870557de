# Each target first installs the packages that it needs into .venv. You only need Python 3.11 to 3.13, pip and venv.

BIN := .venv/bin
# The first of these commands that has a supported version creates .venv. If PYTHON is set, only PYTHON is tried.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Run 1.5 test workers for each core, because tests often wait for other processes.
ENV ?= dev
WORKERS := $(shell echo $$(($(CORES) * 3 / 2)))
# `make test` ends after this time as failed, and prints which tests are running. CI would print nothing at its own limit.
SESSION_SECONDS ?= 4200
# The modules outside tests/faults that `make faults` runs: modules with slow tests, and modules whose size depends on
# WECELEBRATE_FAULTS.
FULL_SIZE = $(shell grep -rlwE --include='test_*.py' 'FULL|mark\.slow' tests | grep -v ^tests/faults/ | sort)
export UV_PROJECT_ENVIRONMENT := .venv
# uv and Node.js then trust the same certificates as the machine. Many company networks have their own certificate authority.
CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))
export UV_SYSTEM_CERTS ?= $(if $(CERTIFICATES),true,false)
ifneq ($(CERTIFICATES),)
export NODE_EXTRA_CA_CERTS ?= $(CERTIFICATES)
endif
# Make Python write bytecode, even if the developer has disabled it. Many processes import the same modules.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev test check clients openapi synth preflight deploy destroy bench load faults mutants clean ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: ready ## run the local cloud in the foreground, with demo data
	@$(BIN)/wecelebrate up

test: ready ## run all tests but the slow ones
	@$(BIN)/pytest -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  --session-timeout $(SESSION_SECONDS)

check: ready ## check format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --num-workers $(CORES) infra layers functions tests

clients: ready ## build the Python client and the TypeScript client of the API in build/clients
	@$(BIN)/python -m infra.clients build/clients

openapi: ready ## check the OpenAPI document, with the rules of Redocly and Spectral
	@$(BIN)/pytest -q tests/functions/test_openapi.py tests/functions/test_openapi_lint.py

synth: ready ## write the CloudFormation templates of ENV=dev to cdk.out
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cdk synth --quiet -c environment=$(ENV)

preflight: ready ## check whether the AWS account is ready for a deploy of ENV=dev
	@$(BIN)/wecelebrate preflight --env $(ENV)

deploy: ready ## deploy ENV=dev on AWS
	@$(BIN)/wecelebrate deploy --env $(ENV)

destroy: ready ## delete ENV=dev on AWS, with its data
	@$(BIN)/wecelebrate destroy --env $(ENV)

bench: ready ## run the benchmarks; each row passes or fails (ONLY=<name> runs one benchmark)
	@$(BIN)/wecelebrate bench $(if $(ONLY),--only $(ONLY))

load: ready ## send the requests of USERS=500 visitors (RAMP=1 adds visitors until something breaks)
	@$(BIN)/wecelebrate load $(if $(USERS),--users $(USERS)) $(if $(RAMP),--ramp)

faults: ready ## run the slow tests, and the fault injection tests at full size (ONLY=<part of a test name> selects tests)
	@WECELEBRATE_FAULTS=full $(BIN)/pytest -q $(if $(ONLY),-k "$(ONLY)") tests/faults tests/cache/test_single_flight.py $(FULL_SIZE)

mutants: ready ## check that the tests notice small changes of the code (ONLY=<part of a path> selects modules)
	@$(BIN)/python -m tests.mutants $(ONLY)

clean: ## remove the data of the local cloud, and all installed or built files (YES=1 does not ask)
	@if [ -x $(BIN)/wecelebrate ]; then \
	  set -- "$(CURDIR)"; \
	  if [ "$${WECELEBRATE_HOME:-$$1}" != "$$1" ]; then set -- "$$WECELEBRATE_HOME" "$$1"; fi; \
	  for home in "$$@"; do \
	    WECELEBRATE_HOME="$$home" $(BIN)/wecelebrate down --erase $(if $(YES),--yes || true,|| { \
	      echo "nothing more was removed; without a question: make clean YES=1" >&2; exit 1; }); \
	  done; \
	elif [ -d .local ] && [ -z "$(YES)" ]; then \
	  echo "the local cloud has data in .local: make clean YES=1 removes it" >&2; exit 1; \
	fi
	@rm -rf .venv .local build cdk.out layers/vendor/build tools/clients/.venv tools/load/.venv tools/*/node_modules
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready: .venv/.ready ## install the packages

# If .venv has no pip, its creation was interrupted, so it is created again. pip installs the version of uv that is in
# uv.lock. Then uv installs all other packages in the versions of uv.lock. `uv sync` would do the same as `uv run`, but
# would print one line for each package.
.venv/.ready: pyproject.toml uv.lock layers/core/pyproject.toml
	@if ! $(BIN)/python -c "$(SUPPORTED)" 2>/dev/null || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  chosen=; unsupported=; \
	  for python in $(PYTHONS); do \
	    if $$python -c "$(SUPPORTED)" 2>/dev/null; then chosen=$$python; break; fi; \
	    version=$$($$python --version 2>/dev/null) && \
	      unsupported="$${unsupported:+$$unsupported, }$$python is $$version"; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 is needed; $${unsupported:-not found: $(PYTHONS)}." \
	      "Install one of them, or give its path: make PYTHON=..." >&2; \
	    exit 1; \
	  fi; \
	  echo "creating .venv with $$($$chosen --version)"; \
	  if ! output=$$($$chosen -m venv --clear .venv 2>&1); then \
	    rm -rf .venv; \
	    $$chosen -c 'import ensurepip, venv' 2>/dev/null || output="it has no venv or no pip; \
	on Debian and Ubuntu, install $$($$chosen -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	    echo "$$chosen cannot create .venv: $$output" >&2; \
	    exit 1; \
	  fi; \
	fi
	@uv=$$(awk '/^name = "uv"$$/ {getline; gsub(/[^0-9.]/, ""); print; exit}' uv.lock); \
	if [ "$$($(BIN)/uv --version 2>/dev/null | awk '{print $$2}')" != "$$uv" ]; then \
	  echo "installing uv $$uv"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$uv"; \
	fi
	@echo "installing the packages of uv.lock"
	@quiet=; [ -t 2 ] || quiet=--quiet; \
	$(BIN)/uv run --frozen --exact $$quiet --python $(BIN)/python true
	@touch .venv/.ready
