# Everything here works from a fresh clone on Debian 12: each target installs what it needs first.

.DEFAULT_GOAL := help
.PHONY: help setup run test check monitoring bench fuzz deb test-packaging clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## create .venv with everything the other targets need
	@scripts/setup dev

run: ## start the gateway on 127.0.0.1:8080 in front of the demo platform
	@scripts/setup run
	@exec .venv/bin/twistd --pidfile= -n gateway --demo

test: ## run every test (PYTEST_ARGS adds arguments)
	@scripts/components test
	@scripts/setup dev
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

check: ## lint, types, formatting, import rules
	@scripts/setup dev
	@scripts/check

monitoring: ## write monitoring/ anew and verify it with promtool, amtool and jsonnet
	@scripts/components monitoring
	@scripts/setup dev
	@.venv/bin/python -m gatewayd.monitoring monitoring
	@.venv/bin/python -m pytest tests/monitoring $(PYTEST_ARGS)

bench: ## measure against nginx (BENCH_ARGS adds arguments)
	@scripts/components bench
	@scripts/setup dev
	@bench/run $(BENCH_ARGS)

fuzz: ## fuzz the request and response parsers, longer than the tests do
	@scripts/setup dev
	@HYPOTHESIS_PROFILE=fuzz .venv/bin/python -m pytest tests/fuzz $(PYTEST_ARGS)

deb: ## build dist/gatewayd_*.deb, on Debian 12
	@scripts/components deb
	@scripts/deb

test-packaging: deb ## install that package in a Debian 12 of its own, under a real systemd (as root)
	@scripts/components packaging
	@scripts/setup dev
	@.venv/bin/python -m pytest tests/packaging $(PYTEST_ARGS)

clean: ## remove .venv, caches and build products
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist vendor *.egg-info
	@rm -f twisted/plugins/dropin.cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
