# Everything the three users run. Tools are pinned and kept in .tools; nothing is installed elsewhere.
#
#   make demo     the whole job, step by step, on this machine
#   make test     what CI runs
#   make help     everything else

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

export CARGO_TARGET_DIR ?= $(CURDIR)/target
export SAM_CLI_TELEMETRY := 0

TOOLS  := $(CURDIR)/.tools
LAMBDA := $(TOOLS)/cargo-lambda/bin
SAM    := $(TOOLS)/aws-sam-cli/bin
E2E    := $(TOOLS)/e2e
DENY   := $(TOOLS)/cargo-deny/bin/cargo-deny
DENY_VERSION := 0.20.2
LOCAL  := CARGO_LAMBDA=$(LAMBDA)/cargo-lambda cargo run --locked --quiet --package local --

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- running ---------------------------------------------------------------------------------------

.PHONY: demo run invoke
demo: $(TOOLS)/cargo-lambda.done ## the whole job, step by step: exit status 0 only if each step truly happened
	$(LOCAL) demo

run: $(TOOLS)/cargo-lambda.done ## the local stack, until Ctrl-C
	$(LOCAL) run

invoke: $(TOOLS)/cargo-lambda.done ## one function with one sample: make invoke EVENT=events/start-sms.json
	@test -n "$${EVENT:-$(EVENT)}" || { echo "which event? make invoke EVENT=events/start-sms.json"; exit 2; }
	$(LOCAL) invoke $(EVENT)

# --- checking --------------------------------------------------------------------------------------

.PHONY: test lint unit mutants fuzz template audit e2e browser cost
test: lint unit mutants fuzz template e2e browser cost ## all checks and tests

lint: need-cargo $(DENY) ## formatting, clippy, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	tests/pure-domain
	tests/linked-sdks
	tests/links
	$(DENY) check --hide-inclusion-graph bans licenses sources

audit: $(DENY) ## known vulnerabilities of dependencies (needs the RustSec database from the network)
	$(DENY) check advisories

unit: need-cargo ## the rules, the store contract on an embedded DynamoDB, the handlers over events/, the simulation
	cargo test --locked --workspace

mutants: need-cargo need-python ## remove each term of each condition of each write: a test must fail every time
	tests/mutants

SECONDS_EACH ?= 10
fuzz: need-cargo ## arbitrary input for what comes from outside: make fuzz SECONDS_EACH=600
	SECONDS_EACH=$(SECONDS_EACH) tests/fuzz/run

template: $(TOOLS)/aws-sam-cli.done ## the SAM template, as SAM and cfn-lint see it
	$(SAM)/sam validate --lint --template-file infra/template.yaml
	$(SAM)/cfn-lint infra/template.yaml

e2e: need-cargo need-node $(TOOLS)/ministack.done $(E2E).done ## on an emulated cloud: the store contract, the deployed template, other languages' libraries
	cargo build --locked --bins
	cargo build --locked --package integration --example interop --example facts
	MINISTACK=$(TOOLS)/ministack/bin/ministack $(E2E)/bin/python tests/e2e/ministack.py cargo test --locked --package integration store_contract
	MINISTACK=$(TOOLS)/ministack/bin/ministack BOOTSTRAP_DIR=$(CARGO_TARGET_DIR)/debug $(E2E)/bin/pytest tests/e2e

browser: browser-stack ## the login page in Chromium, on the local stack: make browser FILES=codes.test.mjs for some
	cd tests/browser && node --test --test-concurrency=2 --test-reporter=spec $(FILES)

cost: need-node need-valgrind release-binaries ## what an operation costs, against tests/bench/baseline.json: round trips, instructions, allocations, sizes
	cd tests/bench && node --test gate.test.mjs && node gate.mjs

# --- measuring and showing -------------------------------------------------------------------------

.PHONY: bench baseline curve simulate screenshots page-figures release-binaries browser-stack
comma := ,
PEERS := $(filter-out $(subst $(comma), ,$(WITHOUT)),go node python)
bench: need-node need-valgrind release-binaries ## functions beside floors and, for a login's, peers in other languages, 20 minutes once built: WITHOUT=python,node,go leaves peers out
	cargo build --locked --release --package floor
	cargo build --locked --release --package floor --config 'profile.release.opt-level=3' --target-dir $(CARGO_TARGET_DIR)/anchors
	$(if $(PEERS),PEER_TOOLS=$(TOOLS)/bench-python tests/bench/peers/build $(PEERS))
	cd tests/bench && WITHOUT=$(WITHOUT) node main.mjs

baseline: need-node need-valgrind release-binaries ## the figures that `make cost` compares with, written anew
	cd tests/bench && node gate.mjs record

release-binaries: need-cargo
	@echo "building the functions as they are deployed, but for this machine: eight minutes at first"
	cargo build --locked --release --bins
	cargo build --locked --package local

curve: need-cargo ## draw the day of pumping anew: tests/pumping/curve.svg
	cargo run --locked --package pumping --example plot

simulate: need-cargo ## what breaks first at 1,000, 10,000 and 100,000 starts per second, and what to raise
	cargo run --locked --package growth

screenshots: browser-stack ## pictures of every screen in .local/screenshots, and anew those that the README shows
	cd tests/browser && node screenshots.mjs

page-figures: browser-stack ## what the login page costs and how quick it is, also as .local/page-figures.json
	cd tests/browser && node figures.mjs $(CURDIR)/.local/page-figures.json

browser-stack: need-cargo need-chromium $(TOOLS)/browser.done
	cargo build --locked --bins
	cargo build --locked --package local

# --- deploying -------------------------------------------------------------------------------------

.PHONY: build
build: $(TOOLS)/aws-sam-cli.done $(TOOLS)/cargo-lambda.done ## what sam deploy takes
	PATH="$(LAMBDA):$$PATH" $(SAM)/sam build --beta-features

# --- tools -----------------------------------------------------------------------------------------

.PHONY: need-cargo need-python need-node need-chromium need-valgrind clean
need-cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs"; exit 1; }
need-python:
	@command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.11 or later"; exit 1; }
need-node:
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or later"; exit 1; }

need-chromium:
	@[[ -x "$${CHROMIUM:-$$(command -v chromium || true)}" ]] || { [[ "$${CI:-}" == true && $$(id -u) == 0 ]] \
	  && apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium; } \
	  || { echo "chromium is missing: apt-get install chromium, or set CHROMIUM to a browser's path"; exit 1; }

need-valgrind:
	@command -v valgrind >/dev/null || { [[ "$${CI:-}" == true && $$(id -u) == 0 ]] \
	  && apt-get update -qq && apt-get install -qq --yes --no-install-recommends valgrind; } \
	  || { echo "valgrind is missing: apt-get install valgrind"; exit 1; }
	@command -v openssl >/dev/null || { echo "openssl is missing: apt-get install openssl"; exit 1; }

$(TOOLS)/%.done: infra/tools/%.txt | need-cargo need-python
	rm -rf $(TOOLS)/$* && python3 -m venv $(TOOLS)/$*
	$(TOOLS)/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(E2E).done: tests/e2e/requirements.txt tests/e2e/package-lock.json | need-python need-node
	rm -rf $(E2E) && python3 -m venv $(E2E)
	$(E2E)/bin/pip install --quiet --disable-pip-version-check --requirement tests/e2e/requirements.txt
	cd tests/e2e && npm ci --no-fund --no-audit --silent
	touch $@

$(TOOLS)/browser.done: tests/browser/package-lock.json | need-node
	cd tests/browser && npm ci --no-fund --no-audit --silent
	mkdir -p $(TOOLS) && touch $@

$(DENY): | need-cargo
	@echo "building cargo-deny $(DENY_VERSION), once: about four minutes"
	CARGO_TARGET_DIR=$(TOOLS)/build cargo install --quiet --locked --version $(DENY_VERSION) --root $(TOOLS)/cargo-deny cargo-deny
	rm -rf $(TOOLS)/build

clean: ## remove what was built, and the tools
	rm -rf $(CARGO_TARGET_DIR) $(TOOLS) .local .aws-sam tests/e2e/node_modules tests/browser/node_modules \
	  tests/bench/peers/node/node_modules tests/bench/peers/node/dist tests/bench/peers/go/bin
