# Every command of this project; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -qq --disable-pip-version-check
TRAIN_PIP := .venv-train/bin/pip install -qq --disable-pip-version-check
MANIFEST ?= $(firstword $(wildcard ../shared/audio/manifest.jsonl) recordings/manifest.jsonl)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-flow check fuzz format evaluate corpus train bench bench-pipeline bench-uploads bench-tagging lock clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: .venv/ready  ## make .venv with all that running needs

.venv/ready: locks/run.txt pyproject.toml
	@echo "Setting up .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r locks/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-to-test: .venv/ready locks/dev.txt
	@$(PIP) --require-hashes -r locks/dev.txt
	@touch $@

run: .venv/ready  ## start Tandem here: API, workers, queue; Ctrl-C stops it
	@$(BIN)/tandem up

demo: .venv/ready  ## real recordings become transcripts with tags, in a temporary folder
	@$(BIN)/tandem demo

test: .venv/ready-to-test  ## all tests, on real Valkey, SQLite, PostgreSQL and Whisper
	@$(BIN)/python -m pytest -q

test-flow: .venv/ready-to-test  ## the stories in tests/flow: read these first
	@$(BIN)/python -m pytest tests/flow -v

evaluate: .venv/ready-to-test  ## word error rate and tags of the present models, with figures
	@$(BIN)/python -m pytest tests/evaluation -q -s -p no:randomly

corpus: .venv/ready-to-test  ## is the training corpus sound? counts of each label, agreement of the annotators
	@$(BIN)/python -m training.validate $(AGAINST)

.venv-train/ready: locks/run.txt locks/encoder.txt pyproject.toml
	@echo "Setting up .venv-train (once; some minutes)"
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@$(TRAIN_PIP) --require-hashes -r locks/run.txt
	@$(TRAIN_PIP) --no-deps --require-hashes -r locks/encoder.txt
	@$(TRAIN_PIP) --no-build-isolation --editable ".[train]"
	@touch $@

train: .venv-train/ready  ## the tagger's model again, from the data: build/model, in about two hours
	@mkdir -p build
	@.venv-train/bin/python -m training.train build/network.pt
	@.venv-train/bin/python -m training.export build/network.pt build/model
	@.venv-train/bin/python -m training.calibrate build/model

bench: .venv/ready-to-test  ## transcription beside faster-whisper; MANIFEST=clips with references
	@PYTHONPATH=. $(BIN)/python bench/transcription.py $(MANIFEST)

bench-pipeline: .venv/ready-to-test  ## what the pipeline adds to the engine: alone, in a burst, for a long recording
	@$(BIN)/python -m bench.pipeline

bench-uploads: .venv/ready-to-test  ## what sending in one request, in parts, and sealing cost
	@$(BIN)/python -m bench.uploads

bench-tagging: .venv-train/ready  ## what tagging costs, beside an unquantised BERT-base
	@PYTHONPATH=. .venv-train/bin/python bench/tagging.py

check: .venv/ready-to-test  ## style, types, the direction of imports, secrets, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/secrets
	@$(BIN)/python .ci/audit

fuzz: .venv/ready-to-test  ## hurt recordings and odd requests, some minutes; SEED=1
	@$(BIN)/python -m bench.fuzz_audio $(or $(SEED),1) 2000
	@$(BIN)/python -m bench.fuzz_api $(or $(SEED),1) 150

format: .venv/ready-to-test  ## put the code in order
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: .venv/ready-to-test  ## refresh the locked dependencies
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header pyproject.toml --output-file locks/run.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra dev --constraint locks/run.txt pyproject.toml --output-file locks/dev.txt

clean:  ## remove .venv, .venv-train and all caches (recordings in data/ and build/ stay)
	@rm -rf .venv .venv-train .mypy_cache .ruff_cache .pytest_cache .hypothesis
