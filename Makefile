# The product in two commands: `make run` and `make test`. Both start the PostgreSQL they need.

# git may be absent, or refuse a checkout of another user's; the build must not fail for it.
BUILDVCS := $(shell git status >/dev/null 2>&1 && echo auto || echo false)
GOLANGCI := go tool -modfile=tools/go.mod golangci-lint
# What `make generate-check` compares: everything that generating may change.
GENERATED := graph go.mod go.sum

.DEFAULT_GOAL := help
.PHONY: help run build test ci race vet lint fmt generate generate-check web test-playground test-hledger bench-pages bench-posting clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  %-16s %s\n", $$1, $$2 }'

run: build ## build and run the server; ARGS='token -persona freelancer' runs a sub-command
	@exec bin/purser $(ARGS)

build: ## build bin/purser
	@go build -buildvcs=$(BUILDVCS) -o bin/purser .

test: ## run all tests
	go test ./...

ci: generate-check vet lint race test-playground test-hledger ## all that must pass before a change lands

race: ## run all tests with the race detector, in random order
	go test -race -shuffle=on -timeout=20m ./...

test-hledger: ## check an export with hledger (Debian's package hledger; HLEDGER=path)
	go vet -tags=hledger ./internal/cli
	go test -tags=hledger -count=1 -run='^TestHledger$$' ./internal/cli

vet: ## run go vet
	go vet ./...

lint: ## run the linters of .golangci.yml (the first run builds them: minutes)
	$(GOLANGCI) run

fmt: ## format the code
	$(GOLANGCI) fmt

generate: ## write graph/ from schema.graphqls and schema/
	go generate ./graph

generate-check: ## fail if generating changes anything
	@kept=$$(mktemp -d) && trap 'rm -rf "$$kept"' EXIT && cp -R $(GENERATED) "$$kept" && go generate ./graph && \
	for path in $(GENERATED); do \
		diff -r "$$kept/$$path" "$$path" || { echo "generate-check: $$path was edited by hand or not generated again after a change of the schema: run make generate" >&2; exit 1; }; \
	done && echo "generate-check: ok"

web/node_modules: web/package-lock.json web/.npmrc
	cd web && npm ci --ignore-scripts --no-progress
	@touch $@

web: web/node_modules ## build web/dist from its sources (needs Node.js 20 and npm; running the server does not)
	cd web && node build.mjs

test-playground: build web/node_modules ## open the playground in a headless Chromium (CHROMIUM=path; PICTURES=directory keeps screenshots)
	cd web && node --test test/playground.test.mjs

bench-pages: build ## measure pages a second beside a hand-written server; ARGS='-wallets 20000 -time 10s' (-h lists them)
	@go build -buildvcs=$(BUILDVCS) -o bin/bench-pages ./bench/pages
	@exec bin/bench-pages -server bin/purser $(ARGS)

bench-posting: ## measure commands a second beside a transaction each, and a bare COPY; ARGS='-time 10s -cases books=1' (-h lists them)
	@go build -buildvcs=$(BUILDVCS) -o bin/bench-posting ./bench/posting
	@exec bin/bench-posting $(ARGS)

clean: ## remove what was built
	rm -rf bin
