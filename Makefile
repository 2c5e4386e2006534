# Every target installs what it lacks first, and nothing twice. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test bench lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start everything; PORT=8000, Ctrl-C ends it
	@scripts/with-python scripts/bootstrap.py run
	@exec .venv/bin/python -m coopsite.stack

test: ## run the whole test suite
	@scripts/with-python scripts/bootstrap.py test
	@.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: ## measure latency, fan-out, idle cost, pages and history
	@scripts/with-python scripts/bootstrap.py bench
	@.venv/bin/python -m tests.bench

lint: ## check style, types, layers, templates, migrations and locks
	@scripts/with-python scripts/bootstrap.py lint
	@scripts/lint

clean: ## remove what was installed and what `make run` stored
	@scripts/with-python scripts/clean.py
