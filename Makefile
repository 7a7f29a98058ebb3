# Everything a developer does, by name. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DIORAMA := .build/release/diorama
PICTURE := output/text-to-image.png

# The Python of `bench` and `goldens`. Its environment is made from PyPI, in .venv, the first time; another one
# that has the packages is taken with `make bench PYTHON=/path/to/python`.
PYTHON ?= .venv/bin/python
SYSTEM_PYTHON ?= python3

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the system packages that are missing (libpng, libjpeg, OpenBLAS)
	@tools/setup.sh

.PHONY: build
build: setup ## Build the command in release: .build/release/diorama
	swift build -c release --product diorama

.PHONY: demo
demo: build ## Build and render graphs/text-to-image.json; prints the picture's path
	@mkdir -p $(dir $(PICTURE))
	$(DIORAMA) render graphs/text-to-image.json --output $(PICTURE)
	@echo "The picture: $(CURDIR)/$(PICTURE)"

.PHONY: test
test: setup ## Build everything in release and run every test; only failures are shown, then the sum
	swift build -c release --build-tests
	swift test -c release --skip-build --disable-xctest --quiet

.PHONY: bench
bench: build python-bench ## Measure Diorama and diffusers side by side; writes Benchmarks/results
	$(PYTHON) Benchmarks/bench.py

.PHONY: goldens
goldens: python-golden ## Write every file of Tests/Golden again from its reference
	for script in $(filter-out %/pipeline.py,$(wildcard tools/golden/*.py)); do echo "$$script"; $(PYTHON) $$script; done
	$(PYTHON) tools/golden/pipeline.py --all

.PHONY: format
format: ## Format the Swift sources in place
	git ls-files -z '*.swift' | xargs -0 swift format -i --parallel

.PHONY: lint
lint: ## Check the format of the Swift sources and the length of every file
	git ls-files -z '*.swift' | xargs -0 swift format lint --strict --parallel
	@tools/lengths.sh

.PHONY: clean
clean: ## Remove what was built and rendered (the Python environment stays)
	rm -rf .build output Benchmarks/results

# A Python environment is needed only when PYTHON was not given.
.PHONY: python-bench python-golden
ifeq ($(PYTHON),.venv/bin/python)
python-bench: .venv/bench.ready
python-golden: .venv/golden.ready
endif

.venv/bench.ready: Benchmarks/requirements.txt
.venv/golden.ready: tools/golden/requirements.txt
.venv/%.ready: | .venv/bin/python
	@echo "Installing $< into .venv (once; some gigabytes)"
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv/bin/python:
	$(SYSTEM_PYTHON) -m venv .venv || { rm -rf .venv; echo "Python 3.10 or newer with venv is needed (Debian: apt-get install python3-venv)" >&2; exit 1; }
