# make test    all tests, broker tests included (race detector on)
# make lint    formatting, vet, all linters
# make check   lint and test: what CI runs
# make bench   parley against the raw client, table in benchmarks/RESULTS.md
# make chaos   break brokers, networks and services; table in chaos/RESULTS.md;
#              CHAOSFLAGS=-short takes minutes instead of an hour
# make truth   hold generated schemas against decoding and validation; prints the figures
# make deps    install what the above need: RabbitMQ, python3-pika, npm, Chromium

SHELL := /bin/bash
GO    ?= go
BIN   := $(CURDIR)/bin

STATICCHECK   := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT       := mvdan.cc/gofumpt@v0.12.0
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: all test lint check bench chaos fuzz truth deps tools

all: check

check: lint test

deps:
	./scripts/deps.sh

test: deps
	PARLEY_TEST_BROKER=require $(GO) test -race -timeout 15m ./...

tools: $(BIN)/.tools
$(BIN)/.tools: Makefile
	mkdir -p $(BIN)
	GOBIN=$(BIN) $(GO) install $(STATICCHECK)
	GOBIN=$(BIN) $(GO) install $(GOFUMPT)
	GOBIN=$(BIN) $(GO) install $(GOLANGCI_LINT)
	touch $@

lint: tools
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofmt: $$files"; exit 1; }
	@files=$$($(BIN)/gofumpt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofumpt: $$files"; exit 1; }
	$(GO) vet ./...
	$(BIN)/staticcheck ./...
	$(BIN)/golangci-lint run ./...

bench:
	$(GO) run ./benchmarks $(if $(PEERS),-peers "$(PEERS)") $(BENCHFLAGS)

chaos:
	$(GO) run -race ./chaos $(CHAOSFLAGS)

INSTANCES ?= 2000
SEEDS     ?= 5
truth:
	$(GO) test ./asyncapi -run 'Truth|Sound' -v -instances $(INSTANCES) -seeds $(SEEDS) | grep -E 'bodies|too strict at|accepts|^(---|ok|FAIL)'

FUZZTIME ?= 30s
fuzz:
	./scripts/fuzz.sh $(FUZZTIME)
