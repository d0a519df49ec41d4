# Two of these are all the set-up that there is: `make demo` shows rewritegen at work, `make test` tests it.
# Needed: python3 with its venv module, make, git, and the package registries as pip and apt are configured here.

PYTHON ?= python3
SHELL  := /bin/sh

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-long test-managed test-matrix fuzz lint format man bench coverage lowest clean-machine clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# A virtual environment is made again when pyproject.toml changes. .venv-demo has what a user installs, .venv all the rest.
.venv/installed: pyproject.toml
	$(PYTHON) -m tools.environment .venv --extras serve,watch,test,lint

.venv-demo/installed: pyproject.toml
	$(PYTHON) -m tools.environment .venv-demo

demo: .venv-demo/installed ## a private and a mirrored package through a real server on 127.0.0.1; KEEP=1 leaves it running, SERVER=apache
	.venv-demo/bin/python -m tools.demo $(if $(KEEP),--keep) $(if $(SERVER),--server $(SERVER))

test: ## every test on every Python from 3.10 to 3.13 that is installed; as root, installs nginx and apache2 from Debian
	$(PYTHON) -m tools.run_tests $(TESTS)

test-long: ## the tests that take minutes: installs while upstreams die, and faults and texts of many drawn sites
	$(PYTHON) -m tools.run_tests --long $(TESTS)

test-managed: ## Ansible, Salt, Puppet, cloud-init, a shell and the units of systemd, on machines in containers (root, a Docker engine)
	$(PYTHON) -m tools.run_tests --managed $(TESTS)

test-matrix: ## other versions of nginx and httpd in containers; writes docs/compatibility.md (root, a Docker engine)
	$(PYTHON) -m tools.run_tests --matrix $(TESTS)

fuzz: .venv/installed ## new sites and raw requests to both servers for SECONDS (600), from SEED; findings become seed files
	SECONDS="$(SECONDS)" SEED="$(SEED)" REQUESTS="$(REQUESTS)" .venv/bin/python -m tests.differential.fuzz

lint: .venv/installed ## ruff, mypy --strict, and no decisions in templates
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m tools.check_templates templates

format: .venv/installed ## let ruff format the code and sort the imports
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

man: .venv/installed ## the man page, docs/rewritegen.1, from the commands
	.venv/bin/python -m tools.man_page docs/rewritegen.1

bench: .venv/installed ## the benchmarks; they print numbers
	PATH="$(CURDIR)/.venv/programs:$$PATH" .venv/bin/python -m pytest -m bench -s tests

coverage: .venv/installed ## branch coverage of the suite on one Python
	PATH="$(CURDIR)/.venv/programs:$$PATH" .venv/bin/python -m pytest -n 2 --cov --cov-report=term tests

lowest: .venv/installed ## the unit tests with the oldest versions of everything that pyproject.toml allows
	.venv/bin/python -m tools.lowest

clean-machine: ## `make demo` and `make test` of this commit in a new Debian chroot (root, debootstrap)
	$(PYTHON) -m tools.clean_machine

clean: ## remove what the other targets made
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find rewritegen tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
