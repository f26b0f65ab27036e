.DEFAULT_GOAL := help
.PHONY: help quickstart test lint fuzz bench ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

quickstart: ## real signed requests in, typed handlers, lazy pulls
	go run ./examples/quickstart

test: ## the tests of every module, with the race detector
	go test -race -timeout 30m work

lint: ## golangci-lint, at the version that .ci/run pins
	@for dir in $$(go list -m -f '{{.Dir}}'); do \
		(cd $$dir && go run $$(sed -n 's/^lint=//p' $(CURDIR)/.ci/run) run ./...) || exit 1; \
	done

fuzz: ## every fuzz target FUZZTIME times (default 300000x)
	@FUZZTIME=$${FUZZTIME:-300000x} bash .ci/run fuzz

bench: ## every comparison: name, ours, peer, ratio, aim, ok or short (5 minutes)
	go run ./benchmarks/cmd/compare

ci: ## everything that must hold before a change lands
	bash .ci/run
