# Everything a developer does, by name. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DIORAMA := .build/release/diorama
PICTURE := output/text-to-image.png
CLIP_VOCABULARY := .build/golden/open_clip/bpe_simple_vocab_16e6.txt.gz
TOKENIZER_LINES := .build/golden/tokenizers

# The Python of `bench`, `goldens` and `tokenizers`. Its environment is made from PyPI, in .venv, the first time; another one
# that has the packages is taken with `make bench PYTHON=/path/to/python`.
PYTHON ?= .venv/bin/python
SYSTEM_PYTHON ?= python3

# Options of Benchmarks/bench_runtime.py in `bench`, such as --quick.
RUNTIME ?=

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
test: setup ## Build everything in release and run every test, the example package's too; only failures are shown
	swift build -c release --build-tests
	swift test -c release --skip-build --disable-xctest --quiet
	swift test --package-path Examples/CustomNode --disable-xctest --quiet

.PHONY: figures
figures: setup ## Print how far every number is from diffusers and ComfyUI, as the tests measure it
	swift build -c release --build-tests
	DIORAMA_FIGURES=1 swift test -c release --skip-build --disable-xctest --filter 'GoldenRunTests|GuidanceNodeTests|DioramaSamplingTests' \
		| grep -E 'relative|picture:'

.PHONY: samples
samples: build ## Render each graph into samples/; look at the pictures before committing them
	for graph in graphs/*.json; do \
		name=$$(basename $$graph .json); \
		if grep -q SaveImageJPEG $$graph; then extension=jpg; else extension=png; fi; \
		$(DIORAMA) render $$graph --output samples/$$name.$$extension; \
	done

.PHONY: bench
bench: build python-bench ## Measure kernels, models, a picture and a batch beside PyTorch (2 hours; RUNTIME=--quick 40 min)
	$(PYTHON) Benchmarks/bench.py
	$(PYTHON) Benchmarks/bench_batch.py
	$(PYTHON) Benchmarks/bench_runtime.py $(RUNTIME)

.PHONY: bench-batch
bench-batch: build python-bench ## Only the batches of bench, and the cost of items and nodes
	$(PYTHON) Benchmarks/bench_batch.py

.PHONY: goldens
goldens: python-golden $(CLIP_VOCABULARY) ## Write the files of Tests/Golden again from their references
	for name in ops randn layers weights models autoencoder_file families spellings true_sizes encoders blocks lora lora_layers guidance sampling images image_nodes quantize tile_nodes mask_nodes latent_nodes text_nodes format_nodes workflows qwen_t5_tokenizers encoder_spellings; do echo "$$name.py"; $(PYTHON) tools/golden/$$name.py; done
	$(PYTHON) tools/golden/clip_tokenizer.py $(CLIP_VOCABULARY)
	$(PYTHON) tools/golden/pipeline.py --all

# CLIP's vocabulary, as the PyPI package open_clip_torch carries it; the package itself is not installed.
$(CLIP_VOCABULARY): | python-golden
	$(PYTHON) -m pip download --quiet --no-deps --only-binary :all: --dest .build/golden 'open_clip_torch>=2.24,<4'
	$(PYTHON) -m zipfile -e .build/golden/open_clip_torch-*.whl .build/golden

.PHONY: tokenizers
tokenizers: setup python-golden $(CLIP_VOCABULARY) ## Compare the ids of 10,000 lines with Hugging Face's, by CLIP's and large trained vocabularies
	$(PYTHON) tools/golden/tokenizer_lines.py $(CLIP_VOCABULARY) $(TOKENIZER_LINES)
	swift build -c release --build-tests
	DIORAMA_TOKENIZER_VOCABULARIES=$(CURDIR)/$(TOKENIZER_LINES) swift test -c release --skip-build --disable-xctest \
		--filter WholeVocabularyTests | grep -E 'differ|issue|Test run'

.PHONY: docs
docs: build ## Write docs/Nodes.md from the declarations of the nodes
	$(DIORAMA) nodes --markdown > .build/Nodes.md
	mv .build/Nodes.md docs/Nodes.md

.PHONY: format
format: ## Format the Swift sources in place
	git ls-files -z '*.swift' | xargs -0 swift format -i --parallel

.PHONY: lint
lint: ## Check the format of the Swift sources and the length of every file
	git ls-files -z '*.swift' | xargs -0 swift format lint --strict --parallel
	@tools/lengths.sh

.PHONY: clean
clean: ## Remove what was built and rendered (the Python environment stays)
	rm -rf .build output Benchmarks/results Examples/CustomNode/.build

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
