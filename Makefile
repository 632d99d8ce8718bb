# `make run` shows what this machine's libssl does; `make test` proves the binding.

# Go is often installed where a bare shell does not look.
export PATH := $(PATH):/usr/local/go/bin

GO := scripts/env.sh go

# A cached result says nothing about a libssl that was upgraded since.
TESTFLAGS ?= -count=1

.DEFAULT_GOAL := help
.PHONY: help run test check lint race matrix errata coverage-table mutants bench bench-dropin asan build setup docker compose clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: build ## print the conformance report of the libssl on this machine
	@bin/sslconform run

test: ## run the tests of every module
	@scripts/setup.sh test
	$(GO) test $(TESTFLAGS) work

check: lint test race ## what a change has to pass

lint: ## gofmt, vet, staticcheck, the C warnings, the README's program
	@scripts/setup.sh run
	@scripts/lint.sh

race: ## the tests under the race detector, with every Go pointer stored into C memory checked
	@scripts/setup.sh test
	GOEXPERIMENT=cgocheck2 $(GO) test -race $(TESTFLAGS) work

matrix: build ## the tests and the clauses beside libssl 1.1.1, 3.0, 3.5, 3.6 and 4.0 (VERSIONS="trixie sid")
	@scripts/setup.sh test
	@TESTFLAGS="$(TESTFLAGS)" scripts/matrix.sh $(VERSIONS)

# Of the versions that the last `make matrix` ran, or else of this machine's.
errata: build ## write docs/manual-errata.md
	@bin/sslconform errata -o docs/manual-errata.md $(wildcard bin/matrix/*.json)

coverage-table: ## write docs/coverage.md: each C function of the session API, its Go name, a test
	@$(GO) run -buildvcs=false ./internal/coverage

# In the module's directory: the faults are found from there.
mutants: build ## libraries that lie, preloaded: does the runner name the right clause of each?
	@$(GO) -C cmd/sslconform run -buildvcs=false ./internal/mutants ../../bin/sslconform

# Five minutes. For a part of it, which is printed and not written: make bench BENCHFLAGS="-run full -rounds 3"
bench: ## measure beside C, crypto/tls and go-openssl, and write docs/performance.md
	@scripts/setup.sh run
	$(GO) run ./bench $(or $(BENCHFLAGS),-o docs/performance.md)

# go-openssl does not build on OpenSSL 4.0: there BENCHTAGS= leaves it out.
BENCHTAGS ?= goopenssl
bench-dropin: ## measure package openssl beside the standard library and go-openssl, and write docs/performance-dropin.md
	@scripts/setup.sh run
	$(GO) run -buildvcs=false -tags "$(BENCHTAGS)" ./bench/dropin $(or $(BENCHFLAGS),-o docs/performance-dropin.md)

asan: ## the tests of the root package, of the drop-in and of tests under the address sanitizer, leaks included
	@scripts/setup.sh test
	@scripts/asan.sh $(TESTFLAGS)

# Freed C memory is overwritten, so that whoever still uses it shows.
stress: ## the long form of the stress and cut tests, under the race detector: a few minutes
	@scripts/setup.sh test
	LIBSSL_LONG=1 MALLOC_PERTURB_=165 $(GO) test -race $(TESTFLAGS) -run 'Stress|Cut' ./tests

leak: ## the long form of the leak tests: 10,000 handshakes
	@scripts/setup.sh test
	LIBSSL_LONG=1 $(GO) test $(TESTFLAGS) -run Leak ./tests

FUZZTIME ?= 30s
fuzz: ## run each Fuzz function for FUZZTIME, 30s
	@scripts/setup.sh test
	@scripts/env.sh scripts/fuzz.sh $(FUZZTIME)

# No VCS stamp: git refuses to look into a checkout that belongs to another user.
build: ## build bin/sslconform
	@scripts/setup.sh run
	@$(GO) build -buildvcs=false -o bin/sslconform ./cmd/sslconform

setup: ## install what the other targets need, or say what is missing
	@scripts/setup.sh all

BASE ?= debian:bookworm
docker: ## build the image of BASE and print its libssl's report
	@command -v docker >/dev/null || { echo "docker is not installed"; exit 1; }
	docker build --build-arg BASE=$(BASE) --build-arg SUITE=$(SUITE) -t sslconform .
	docker run --rm sslconform

compose: ## build the images of all Debian suites and print their reports
	@docker compose version >/dev/null || { echo "docker compose is not installed"; exit 1; }
	docker compose build
	docker compose up --no-log-prefix

clean: ## remove what was built
	rm -rf bin
