# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All that is installed or written stays inside this clone: .venv (the tools) and .cache (everything else).

# If there is none, dev/machine says so.
PYTHON ?= $(shell dev/interpreters controller 2>/dev/null)
TARGET ?=
TARGET_PYTHON ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
LISTS := demo test lint docs package
STAMPS := $(LISTS:%=$(VENV)/.%)
INSTALL = dev/machine check $(if $(filter demo,$(MAKECMDGOALS)),demo,test) && dev/install
REQUIREMENTS := dev/requirements
PINS := $(REQUIREMENTS)/pins
RESOLVER := .cache/venv-uv
AUDITOR := .cache/venv-audit
TREE := .cache/tree
COLLECTION := $(TREE)/ansible_collections/mailops/smime
REPORTS := .cache/reports
CHECKS := test-unit-plugins test-unit-roles lint typecheck
STAGES := $(CHECKS) docs test-pins test-unit-oldest test-sanity test-package test-oldest test-integration

export PYTHONPATH := $(CURDIR)/$(TREE)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(TREE)
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
export ANSIBLE_REMOTE_TEMP := $(CURDIR)/.cache/ansible/remote
# Many containers tell Python not to keep what it compiles: then each of the hundreds of processes here compiles its libraries anew.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check test $(STAGES) test-unit test-fresh test-matrix demo-picture format changelog venv machine pins audit bench bench-mail clean

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-17s %s\n", $$1, $$2 }'

demo: $(VENV)/.demo $(COLLECTION) ## Order, collect and verify a certificate at a test CA on loopback
	@PATH="$(CURDIR)/$(BIN):$$PATH" dev/demo

check: machine $(VENV)/.test $(VENV)/.lint ## Linters, types and unit tests: what to run before a commit
	@$(BIN)/python dev/run_stages.py $(CHECKS)

test: machine venv ## All stages below that start with test-, the linters and the documentation
	@$(BIN)/python dev/run_stages.py $(STAGES)

test-fresh: $(VENV)/.test ## "make demo" and "make test" as an ordinary user of a new Debian, for root [ARGS="--suite bookworm"]
	dev/fresh_machine $(ARGS) 'make demo' 'make test'
	$(BIN)/python -m pytest tests/unit/machine

test-unit: test-unit-plugins test-unit-roles ## Unit tests on the newest libraries [ARGS="-k name"]

# Each part by itself: what the others load makes a controller of the process, and modules behave otherwise there.
test-unit-plugins: PARTS = 'plugins --ignore=tests/unit/plugins/filter' plugins/filter house
test-unit-roles: PARTS = test_ca mail_signing
test-unit-plugins test-unit-roles: $(VENV)/.test $(COLLECTION)
	@status=0; for part in $(PARTS); do \
		$(BIN)/python -m pytest --junit-xml=$(REPORTS)/$@/$$(echo "$$part" | tr -dc a-z_).xml tests/unit/$$part $(ARGS) || \
		{ [ $$? -eq 5 ] && $(if $(ARGS),true,false); } || status=1; \
	done; exit $$status

test-unit-oldest: $(VENV)/.test $(COLLECTION) ## The plugins' unit tests on Python 3.8 with the oldest libraries
	@mkdir -p $(REPORTS)/$@
	@python=$$($(BIN)/python dev/run_matrix.py --python 'The oldest that is claimed'); case $$? in \
		0) $$python -m pytest --junit-xml=$(REPORTS)/$@/pytest.xml -o cache_dir=.cache/pytest-oldest -W default tests/unit/plugins $(ARGS) ;; \
		77) touch $(REPORTS)/$@/skipped ;; \
		*) exit 1 ;; \
	esac

test-pins: $(VENV)/.test ## See that the pinned versions can be installed on each Python that can be the controller
	$(BIN)/python -m pytest --junit-xml=$(REPORTS)/$@/pytest.xml tests/unit/pins

test-integration: $(VENV)/.test ## Integration targets against the test CA [TARGET=name] [TARGET_PYTHON=3.8]
	$(BIN)/python dev/run_integration.py $(if $(TARGET_PYTHON),--target-python $(TARGET_PYTHON)) $(TARGET)

test-oldest: $(VENV)/.test ## Some targets on the oldest ansible-core, Python and libraries that this machine can have
	$(BIN)/python dev/run_matrix.py --oldest

test-matrix: $(VENV)/.test $(COLLECTION) ## Everything on every ansible-core and platform that is claimed [ARGS="'EL 9' --write"]
	$(BIN)/python dev/run_matrix.py $(ARGS)

test-sanity: $(VENV)/.test ## ansible-test sanity for every Python on this machine [ARGS="--test pep8"]
	$(BIN)/python dev/run_sanity.py $(ARGS)

typecheck: $(VENV)/.test $(VENV)/.lint $(COLLECTION) ## mypy, strict
	$(BIN)/python dev/check.py typecheck

lint: $(VENV)/.test $(VENV)/.lint $(COLLECTION) ## ruff, yamllint, ansible-lint, antsibull, reuse
	$(BIN)/python dev/check.py lint

docs: $(VENV)/.docs $(COLLECTION) ## The documentation site, in .cache/docs/build/html; every warning is an error
	$(BIN)/python dev/build_docs.py

demo-picture: $(VENV)/.docs $(COLLECTION) ## Run the demo and draw its screen for the documentation
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python dev/draw_demo.py

test-package: $(VENV)/.package ## Build the tarball, judge it as Galaxy does, install it offline and try the quick start
	$(BIN)/python -m pytest --junit-xml=$(REPORTS)/$@/pytest.xml tests/unit/package $(ARGS)

format: $(VENV)/.lint ## Rewrite the Python files as ruff wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

changelog: $(VENV)/.lint $(COLLECTION) ## Write CHANGELOG.md from the fragments, for the version in galaxy.yml
	cd $(COLLECTION) && PATH="$(CURDIR)/$(BIN):$$PATH" antsibull-changelog release

# All at once: pip takes half as long as for one list after the other. ($(MAKE) would run the line under "make -n", too.)
venv: ## Install the tools into .venv
	@make --no-print-directory --question $(STAMPS) || { $(INSTALL) $(VENV) "$(PYTHON)" $(LISTS) && touch $(STAMPS); }

clean: ## Remove .venv and .cache
	rm -rf $(VENV) .cache

machine:
	@dev/machine check test

$(VENV)/.demo: $(REQUIREMENTS)/demo.txt $(PINS)/controller.txt roles/test_ca/files/requirements.txt
$(VENV)/.test: $(REQUIREMENTS)/test.txt $(VENV)/.demo
$(VENV)/.lint: $(REQUIREMENTS)/lint.txt $(PINS)/controller.txt
$(VENV)/.docs: $(REQUIREMENTS)/docs.txt $(VENV)/.demo
$(VENV)/.package: $(REQUIREMENTS)/package.txt $(VENV)/.test $(VENV)/.lint
$(STAMPS):
	@$(INSTALL) $(VENV) "$(PYTHON)" $(basename $(notdir $<))
	@touch $@

RESOLVE := $(RESOLVER)/bin/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --no-emit-find-links

pins: $(RESOLVER)/bin/uv ## Have uv write the versions of all tools for every Python that is served [ARGS=--upgrade]
	cd $(REQUIREMENTS) && for name in controller matrix; do \
		case $$name in \
			controller) set -- --universal --python-version 3.11 test.txt lint.txt docs.txt package.txt ;; \
			matrix) set -- --universal --python-version 3.8 matrix.txt ;; \
		esac; \
		$(CURDIR)/$(RESOLVE) $(ARGS) --output-file pins/$$name.txt "$$@" || exit 1; \
	done

bench: $(VENV)/.demo $(COLLECTION) ## What runs cost against a ping and community.crypto, written into docs/benchmark
	PYTHONPATH=roles/test_ca/files $(BIN)/python dev/bench.py

bench-mail: ## What signing costs a Postfix, for root
	@python3 dev/bench_mail.py

audit: $(AUDITOR)/bin/pip-audit ## Ask an advisory service about every pinned version
	@for file in $(PINS)/*.txt; do $< --disable-pip --no-deps --progress-spinner off --requirement $$file || exit 1; done

# The newest, and nothing of the tests needs them.
$(RESOLVER)/bin/uv $(AUDITOR)/bin/pip-audit:
	"$(PYTHON)" -m venv $(@D)/..
	$(@D)/python -m pip --quiet install $(@F)

# Python and Ansible find a collection by its folder's name; this link gives the clone that name.
$(COLLECTION):
	@mkdir -p $(@D)
	@ln -sfn ../../../.. $@
