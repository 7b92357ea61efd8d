# Everything that is done to this repository, by name. `make help` lists it.
# `./...` stops at nested modules, so what is for all of them goes through scripts/each-module.

.DEFAULT_GOAL := help
SHELL := bash

# Time that each fuzz target runs, rounds of each benchmark, and where the rounds' raw output is kept.
FUZZTIME ?= 10s
ROUNDS ?= 20
BENCHTIME ?= 60ms
# How many random changes `make mutate` tries, and which ones: the same SEED draws the same.
NUMBER ?= 50
SEED ?= 1
# Which benchmarks; a regular expression for go test -bench.
BENCH ?= .

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nVariables: FUZZTIME=%s NUMBER=%s SEED=%s ROUNDS=%s BENCHTIME=%s BENCH=%s\n' '$(FUZZTIME)' '$(NUMBER)' '$(SEED)' '$(ROUNDS)' '$(BENCHTIME)' '$(BENCH)'

.PHONY: test
test: ## Run all unit tests and examples of the root module; needs only Go
	go test -shuffle=on ./...

.PHONY: race
race: ## Run the same under the race detector, but for the checks of the tree itself
	go test -race -shuffle=on $$(go list ./... | grep -Ev '/(internal/house|internal/mutate|docs)$$')

.PHONY: lint
lint: ## Check formatting, go.mod, go vet, staticcheck and govulncheck in every module, the tools pinned
	scripts/lint

.PHONY: vet
vet: ## Run go vet in every module
	scripts/each-module go vet ./...

.PHONY: cross
cross: ## Compile and vet for macOS, Windows and 32 bits
	scripts/cross

.PHONY: release-check
release-check: ## Make a release that nobody sees, and import, run and copy from it; needs a committed tree
	scripts/release-check

.PHONY: doc-commands
doc-commands: ## Run every command that README, docs/ and the examples name; those of a release are left to release-check
	scripts/doc-commands

.PHONY: provider
provider: ## Vet and test one provider, P=name, with its example and documentation
	scripts/provider '$(P)'

.PHONY: live
live: ## Make five calls to the real service of P=name; skips without a sandbox key in its variables
	scripts/live '$(P)'

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	scripts/fuzz $(FUZZTIME)

.PHONY: mutate
mutate: ## Make NUMBER random changes, one at a time, and fail if the tests notice fewer than 95 %
	scripts/mutate '$(NUMBER)' '$(SEED)'

.PHONY: modules
modules: ## Vet and test the nested modules, but for integration
	scripts/each-module --nested --except integration bash -c 'go vet ./... && go test -shuffle=on ./...'

.PHONY: api
api: ## Write the listing of the exported API (api/*.txt); commit it with the change
	go run ./internal/apilist api

.PHONY: api-check
api-check: ## Fail if the listing is not what the code exports
	go run ./internal/apilist -check api

.PHONY: consumer
consumer: ## Show what a program that imports only client compiles
	go test -count=1 -run 'TestL3' -v ./internal/house

.PHONY: nightly
nightly: ## The tests that take longer than a change can wait for: another system, and the long suites of other projects on the stack
	scripts/cross freebsd/arm64
	scripts/lint --all
	scripts/release-check --all
	scripts/integration-install
	cd integration && STANDPIPE_NIGHTLY=1 go test -count=1 -timeout 40m -run TestSuitesOnTheStack ./judge
	cd integration && STANDPIPE_NIGHTLY=1 go test -count=1 -timeout 40m -run TestPartsThroughFaults ./s3
	cd integration && STANDPIPE_NIGHTLY=1 go test -count=1 -timeout 40m -run TestW26 ./inbox ./river
	cd recipes/sdks/telemetry && go test -count=1 -timeout 40m -tags datadogv2 -run TestP .
	cd integration && STANDPIPE_NIGHTLY=1 go test -count=1 -timeout 40m -run TestD6_EightProcessesOneKey ./redis
	$(MAKE) valkey

.PHONY: integration
integration: ## Install the real servers and run the tests against them
	scripts/integration-install
	scripts/integration-test

.PHONY: valkey
valkey: ## Run all tests of on/redis against the valkey-server of the path, as `make integration` installs it
	cd integration && STANDPIPE_INTEGRATION=required STANDPIPE_REDIS=valkey-server go test -count=1 -timeout 15m ./redis

.PHONY: npm-lock
npm-lock: ## Write integration/package-lock.json anew after a change to package.json
	scripts/npm-lock

.PHONY: bench
bench: ## Measure against peers in shuffled rounds and print the tables
	scripts/bench '$(ROUNDS)' '$(BENCHTIME)' '$(BENCH)'

.PHONY: bench-size
bench-size: ## Measure what importing the client adds to a binary
	cd bench && go run ./size

.PHONY: bench-s3
bench-s3: ## Measure puts and gets of 256 MiB against minio-go and aws-sdk-go-v2
	cd bench && go run ./s3

.PHONY: bench-inbox
bench-inbox: ## Measure inbox, on/river and River alone on one Postgres, POSTGRES=its DSN
	cd bench && go run ./inbox -postgres '$(POSTGRES)'

.PHONY: bench-redis
bench-redis: ## Measure on/redis and redis_rate, eight processes on one key of one Redis, REDIS=its host and port
	cd bench && go run ./redis -redis '$(REDIS)'

.PHONY: bench-inbox-rows
bench-inbox-rows: ## Measure an inbox that knows a million events against an empty one, POSTGRES=its DSN
	cd bench && go run ./inbox -postgres '$(POSTGRES)' -rows 1000000

.PHONY: compare
compare: ## Put the behaviours that matter to peers, live, print what happens and write docs/compare.md
	cd compare && go run ./cmd/compare -out ../docs/compare.md

.PHONY: work
work: ## Write a go.work over all modules, for editors; git ignores it
	scripts/work

.PHONY: tidy
tidy: ## Run go mod tidy in every nested module
	scripts/each-module --nested go mod tidy
