# Two commands for a newcomer: `make project` and `make test`. docs/development.md explains the rest.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
# Idle threads sleep instead of spinning: a seventh slower on a quiet machine, five times faster on a busy one.
export OMP_WAIT_POLICY ?= PASSIVE
VENV := .venv
VENV5 := .venv-transformers5
VENV_BENCH := .venv-bench
VENV_LOWEST := .venv-lowest
VENV_DIST := .venv-dist
# The address to which links of the published README lead, such as https://github.com/OWNER/NAME; "-" leaves them.
REPOSITORY ?= -

.PHONY: help project demo docs docs-serve docs-test test lint types suite kills test-transformers5 test-lowest families twins dist-check fuzz bench configs \
	clean clean-project

help:
	@echo "make project              train, evaluate, visualise and package a pipeline on the sample corpus"
	@echo "make demo                 try the project's pipeline in the browser (MODELS=… for others)"
	@echo "make docs                 build the documentation site, strictly; docs-serve shows it; docs-test runs what its pages show"
	@echo "make test                 lint, types, and the tests with their coverage"
	@echo "make kills                kill each way of writing 100 times (KILLS=…), each command ten times; a quarter of an hour"
	@echo "make test-transformers5   what depends on transformers, with transformers 5 and without spacy-transformers"
	@echo "make test-lowest          a part of the tests, with every library at its lower bound"
	@echo "make families             look at every family of token classifiers, and write docs/families.md (an hour)"
	@echo "make twins                check twins of published checkpoints, and write docs/checkpoints.md (five minutes)"
	@echo "make dist-check           build the sdist and the wheel, look into them, and install the wheel"
	@echo "make fuzz                 damaged files and random texts, for MINUTES=10 (or any other number)"
	@echo "make bench                speed beside the peers, in an environment of their own (about ten minutes, quiet machine)"
	@echo "make configs              write configs/ anew, with every setting that there is"
	@echo "make clean                remove the environments; trained pipelines stay"
	@echo "make clean-project        remove everything that the project made, trained pipelines too"

project: $(VENV)/installed
	$(VENV)/bin/python -m spacy project run all

# The project's own pipeline, which is trained first if there is none yet.
DEMO_MODEL := training/hf_ner_sample/model-calibrated
MODELS ?= $(DEMO_MODEL)
demo: $(VENV)/installed $(filter $(DEMO_MODEL),$(MODELS))
	$(VENV)/bin/python -m spacy hf-ner demo $(MODELS)

$(DEMO_MODEL): | $(VENV)/installed
	$(VENV)/bin/python -m spacy project run all

# mkdocs-material tells of its successor in every build; this is how it is asked not to.
export NO_MKDOCS_2_WARNING ?= 1

docs: $(VENV)/installed
	$(VENV)/bin/python -m mkdocs build

docs-serve: $(VENV)/installed
	$(VENV)/bin/python -m mkdocs serve

# Each block of code and each command that the pages show, one page after the other (a quarter of an hour).
docs-test: $(VENV)/installed
	RUN_PAGES=1 $(VENV)/bin/python -m pytest tests/site $(PYTEST)

test: lint types suite

lint: $(VENV)/installed
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check

types: $(VENV)/installed
	$(VENV)/bin/mypy

# PYTEST="--numprocesses 2" runs two processes; PYTEST="--durations 30" says what is slow.
suite: $(VENV)/installed
	$(VENV)/bin/python -m pytest --cov --cov-report=term:skip-covered $(PYTEST)

KILLS ?= 100
kills: $(VENV)/installed
	KILLS=$(KILLS) $(VENV)/bin/python -m pytest tests/interruptions/test_kills.py

# What depends on transformers: every test file that loads a network or a tokenizer. The others would do the same again.
TRANSFORMERS_TESTS := tests/model tests/pipe tests/cards tests/evaluation/test_card_results.py tests/conformance tests/families tests/twins tests/fuzz/test_targets.py \
	tests/checking/test_cross_validation.py tests/checking/test_subwords.py tests/cli/test_annotate.py tests/cli/test_annotate_shards.py \
	tests/cli/test_calibrate.py tests/cli/test_encoder.py tests/cli/test_export_onnx.py tests/cli/test_find_rate.py tests/cli/test_flags.py \
	tests/cli/test_init_config.py tests/cli/test_package.py tests/cli/test_rewrite.py tests/cli/test_span_groups.py tests/cli/test_tagger_commands.py tests/cli/test_train.py \
	tests/property/test_component_properties.py tests/runs tests/scale tests/serving tests/test_commands.py \
	tests/site/test_notebooks.py tests/test_saved_pipelines.py tests/test_where_to_add.py
test-transformers5: $(VENV5)/installed
	$(VENV5)/bin/python -m pytest $(TRANSFORMERS_TESTS) $(PYTEST)

# Every family of token classifiers, with both versions of transformers; docs/families.md is written anew.
families: $(VENV)/installed $(VENV5)/installed
	$(VENV)/bin/python -m tests.families.sweep $(FAMILIES)
	$(VENV5)/bin/python -m tests.families.sweep $(FAMILIES)

# Twins of published checkpoints, with both versions of transformers; docs/checkpoints.md is written anew.
twins: $(VENV)/installed $(VENV5)/installed
	$(VENV)/bin/python -m tests.twins.page
	$(VENV)/bin/python -m pytest tests/twins
	$(VENV5)/bin/python -m pytest tests/twins

# What of each room depends on other libraries. Exporting to ONNX is left out: it needs an onnxscript that knows
# the version of torch, which here is not the lower bound but the newest.
test-lowest: $(VENV_LOWEST)/installed
	$(VENV_LOWEST)/bin/python -m pytest tests/core tests/pipe/test_architectures.py tests/pipe/test_hf_ner.py \
		tests/conformance/test_serialisation.py tests/conformance/test_training.py tests/model/test_checkpoint.py \
		tests/test_saved_pipelines.py tests/corpus/test_formats.py tests/evaluation/test_scorers.py \
		tests/cli/test_convert.py

dist-check: $(VENV)/installed
	rm -rf dist $(VENV_DIST)
	$(VENV)/bin/python .ci/build_dist.py $(REPOSITORY) dist
	$(VENV)/bin/python -m twine check --strict dist/*
	$(PYTHON) -m venv $(VENV_DIST)
	$(VENV_DIST)/bin/python -m pip install --no-compile --constraint constraints.txt dist/*.whl
	$(VENV)/bin/python .ci/check_dist.py dist $(VENV_DIST)/bin/python

# The seed is printed; FUZZ="--seed 17 --batches 3 --targets converter" does the same again. What is found is added to
# a file that sums up all runs.
MINUTES ?= 10
fuzz: $(VENV)/installed
	$(VENV)/bin/python -m tests.fuzz --minutes $(MINUTES) --results docs/fuzz.jsonl $(FUZZ)
	$(VENV)/bin/python -m tests.fuzz --sums docs/fuzz.jsonl

# A quiet machine is wanted here, so threads wait as they do by default.
bench: $(VENV_BENCH)/installed
	env -u OMP_WAIT_POLICY $(VENV_BENCH)/bin/python benchmarks/peers.py $(BENCH)

$(VENV)/installed: pyproject.toml constraints.txt
	$(call install,$(VENV),dev$(comma)project,constraints.txt)

$(VENV5)/installed: pyproject.toml constraints-transformers5.txt
	$(call install,$(VENV5),test,constraints-transformers5.txt)

$(VENV_LOWEST)/installed: pyproject.toml constraints-lowest.txt
	$(call install,$(VENV_LOWEST),test,constraints-lowest.txt)

$(VENV_BENCH)/installed: pyproject.toml constraints.txt
	$(call install,$(VENV_BENCH),onnx$(comma)project,constraints.txt,spacy-huggingface-pipelines==0.0.4)

# What was trained stays: it took longer than an environment does.
clean:
	rm -rf $(VENV) $(VENV5) $(VENV_BENCH) $(VENV_LOWEST) $(VENV_DIST) dist benchmarks/results

clean-project:
	rm -rf assets training packages metrics visualisations rewritten project.lock corpus/converted

# Write configs/ anew, after a setting was added: they hold every setting that there is.
configs: $(VENV)/installed
	$(VENV)/bin/python .ci/complete_configs.py

# install(environment, extras, constraints, more packages): the stamp comes last, so what failed starts again. Python
# compiles what is imported; compiling all of torch and transformers would take most of a minute.
comma := ,
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "The pinned environments need Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --no-compile --constraint $(3) --editable '.[$(2)]' $(4)
	touch $@
endef
