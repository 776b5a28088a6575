PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TREE := .collections/ansible_collections/tenantlink
JOBS ?= 2
SANDBOX ?= sandbox
JAVA := $(shell command -v java)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# For tests that wait for processes for a part of their time, for servers for half of it, and for clocks for most of it.
MORE_JOBS = $(shell expr $(JOBS) + 1)
MOST_JOBS = $(shell expr $(JOBS) + 2)
WAITING_JOBS = $(shell expr $(JOBS) '*' 3)
# Some tests take a hundred times as long as others: who is done takes over what waits for somebody else.
SHARED := --dist worksteal
# The integration tests that `make test` runs; `make test-all` runs the others.
MAIN_PATHS := $(addprefix tests/integration/test_,$(addsuffix .py,account_info failures inventory keys_info link link_playbook links playbooks walkthrough))

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export PYTHONPATH := $(CURDIR)/.collections
# Compiled code, apart from the tree. Kept even where the environment forbids it, because Python looks for that of its own library there,
# too, and each of thousands of processes would compile it again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
export PRE_COMMIT_HOME := $(CURDIR)/$(VENV)/pre-commit

.PHONY: help demo check test test-all lint fast-lint unit modules trust trust-more integration integration-main integration-rest corners sanity ansible-test docs test-eda test-awx test-telemetry test-backends test-benchmark test-browser test-release contract release lock benchmark simulate matrix measures mutation generate pictures sandbox emulator emulator-zipapp clean

help:
	@echo "make demo         link tenants on the embedded emulator, and watch"
	@echo "make check        while you work, about three minutes: the fast linters, unit tests, the modules case by case"
	@echo "make test         before you push, about twelve minutes on two cores: all linters, unit tests, the modules case by case, a share of the faults, the main paths with real playbooks"
	@echo "make test-all     what make test leaves out, about 50 minutes on two cores: as many other faults, all other integration tests, the oldest and newest ansible-core, ansible-test, healing by events, a controller's setup, OpenTelemetry, secret stores, the emulator's contract, and in Chromium, if it is installed, the report and StackOne's own widget"
	@echo "make lint         all linters; $(BIN)/pre-commit install runs the fast ones at each commit as well"
	@echo "make docs         the documentation site, in docs/site/_build"
	@echo "make matrix       the tests on every ansible-core that this machine's Pythons allow; options in ARGS=\"--help\""
	@echo "make generate     documentation that is repeated in several places, from the one place where it is written"
	@echo "make pictures     the README's pictures again, of real runs on the emulator; needs Chromium"
	@echo "make measures     the size and the shape of the code; options in ARGS=\"--help\""
	@echo "make mutation     whether the unit tests notice changes to the deciding code, about twenty minutes"
	@echo "make release      the artifact of the commit in dist, built twice and compared, with its SBOM and signatures; see docs/releasing.md"
	@echo "make lock         the locked requirements of execution environments; ARGS=--upgrade for newer versions"
	@echo "make simulate     histories of runs, faults and people in virtual time; options in ARGS=\"--help\""
	@echo "make sandbox      the two services, emulated, to follow docs/walkthrough.md with"
	@echo "make benchmark    how fast it is against other ways, about ten minutes; options in ARGS=\"--help\""
	@echo "make emulator     run the emulator in the foreground, and say how to aim a playbook at it; options in ARGS=\"--help\""
	@echo "make emulator-zipapp  the emulator in one file that needs Python alone: .emulator/tenantlink-emulator.pyz"
	@echo "make contract     the emulator's answers against the facts about both services, and with StackOne's TypeScript client"
	@echo "make clean        remove what the other targets built"
	@echo "Parts of test:     lint unit modules trust integration-main"
	@echo "Parts of test-all: trust-more integration-rest corners sanity ansible-test test-eda test-awx test-telemetry test-backends test-benchmark test-release test-browser contract"
	@echo "make -k goes on after a part that fails, and names it in the end. JOBS=$(JOBS) is how many tests run at a time."

demo: $(VENV)/ready
	@$(BIN)/python -m tests.demo

test: lint unit modules trust integration-main
	@echo "TEST PASSED: all linters, unit tests, the modules case by case, an eighth of the faults, simulated histories, and the main paths with real playbooks."
	@echo "Left out, see make test-all: as many other faults, the other integration tests, the oldest and newest ansible-core, ansible-test, healing by events, a controller's setup, OpenTelemetry, secret stores, the emulator's contract, and the browser."

# Nothing that `make test` runs already.
test-all: trust-more integration-rest corners sanity ansible-test test-eda test-awx test-telemetry test-backends test-benchmark test-release test-browser contract
	@echo "TEST-ALL PASSED: another eighth of the faults, other histories, the other integration tests, the oldest and newest ansible-core, ansible-test sanity, units and integration, healing by events$(if $(JAVA),, as far as it goes without Java), a controller's setup, OpenTelemetry, secret stores$(if $(shell command -v pass),, except pass), the benchmark with three tenants, releases$(if $(shell command -v gpg),, except their signatures), the emulator's contract, $(if $(CHROMIUM),and in Chromium the report and the widget,but no Chromium is here for the report and the widget)."
	@echo "Left out: three quarters of the faults (TRUST=full make trust), and what make test runs: the linters, unit tests, the modules case by case, an eighth of the faults, and the main paths with real playbooks."

check: fast-lint
	$(BIN)/python -m pytest -q tests/unit tests/modules -n $(MOST_JOBS) $(SHARED)
	@echo "CHECK PASSED: the fast linters, unit tests, the modules case by case. See make test for more."

lint: fast-lint
	@$(BIN)/python -m tests.tools

fast-lint: $(VENV)/tools-ready
	$(BIN)/pre-commit run --all-files

sanity: $(VENV)/ready
	@$(BIN)/python -m tests.tools --sanity

ansible-test: $(VENV)/ready
	@$(BIN)/python -m tests.tools --tests

unit: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/unit -n $(MORE_JOBS)

modules: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/modules -n $(WAITING_JOBS) $(SHARED)

trust: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/trust tests/simulation -n $(MOST_JOBS) $(SHARED)

trust-more: $(VENV)/ready
	TRUST=more $(BIN)/python -m pytest -q tests/trust tests/simulation/test_histories.py -n $(MOST_JOBS) $(SHARED)

# Against the installed artifact, as users have it.
integration: INTEGRATION_TESTS := tests/integration
integration-main: INTEGRATION_TESTS := $(MAIN_PATHS)
integration-rest: INTEGRATION_TESTS := tests/integration $(MAIN_PATHS:%=--ignore=%)
integration integration-main integration-rest: export TENANTLINK_COLLECTIONS := $(CURDIR)/.sanity/installed
integration integration-main integration-rest: export PYTHONPATH := $(CURDIR)/.sanity/installed
integration integration-main integration-rest: export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.sanity/installed
integration integration-main integration-rest: $(VENV)/ready
	$(BIN)/python -m tests.artifact
	$(BIN)/python -m pytest -q $(INTEGRATION_TESTS) -n $(MORE_JOBS) $(SHARED)

docs: $(VENV)/docs-ready
	@$(BIN)/python docs/site/build.py

# ansible-rulebook is of no use without Java; what needs neither runs all the same.
test-eda: $(VENV)/$(if $(JAVA),eda-ready,ready)
	$(BIN)/python -m pytest -q tests/eda -n $(MORE_JOBS) --dist loadfile

# With the modules of awx.awx, which are fetched once, against a stand-in of a controller.
test-awx: $(VENV)/ready
	@$(BIN)/python -m tests.awx
	$(BIN)/python -m pytest -q tests/awx -n $(JOBS) --dist loadscope

# With the callback of community.general and the packages of OpenTelemetry, which are fetched once, against a stand-in of a collector.
test-telemetry: $(VENV)/ready
	@$(BIN)/python -m tests.telemetry
	$(BIN)/python -m pytest -q tests/telemetry -n $(JOBS)

# In an environment of its own: the emulator of AWS brings much with it.
test-backends: $(VENV)/ready
	@$(BIN)/python -m tests.backends

test-release: $(VENV)/release-ready
	$(BIN)/python -m pytest -q tests/release -n $(MORE_JOBS) --dist loadfile

test-browser: $(VENV)/browser-ready
	$(BIN)/python -m pytest -q tests/browser -n $(MORE_JOBS) --dist loadfile

# Without the product: the emulator alone, to other people's clients.
contract: $(VENV)/ready
	@$(BIN)/python -m tests.emulator_contract
	$(BIN)/python -m pytest -q tests/emulator_contract -n $(JOBS) --dist loadfile

# Publishes nothing.
release: $(VENV)/release-ready
	@$(BIN)/python -m tests.release $(ARGS)

lock: $(VENV)/release-ready
	@$(BIN)/python -m tests.release.lock $(ARGS)

# That everything which takes part still works; with this few tenants no figure means anything.
test-benchmark: $(VENV)/benchmark-ready
	@$(BIN)/python -m tests.benchmark --no-scenarios --sizes 3 --concurrencies 64

benchmark: $(VENV)/benchmark-ready
	@$(BIN)/python -m tests.benchmark $(ARGS)

pictures: $(VENV)/browser-ready
	@$(BIN)/python -m tests.pictures

generate: $(VENV)/ready
	@$(BIN)/python -m tests.support.generate

simulate: $(VENV)/ready
	@$(BIN)/python -m tests.simulation $(ARGS)

measures: $(VENV)/ready
	@$(BIN)/python -m tests.measures $(ARGS)

mutation: $(VENV)/mutation-ready
	@$(BIN)/python -m tests.mutation $(ARGS)

corners: $(VENV)/ready
	@$(BIN)/python -m tests.matrix --smoke --corners --jobs $(MORE_JOBS)

matrix: $(VENV)/ready
	@$(BIN)/python -m tests.matrix $(ARGS)

sandbox: $(VENV)/ready
	@$(BIN)/python -m tests.sandbox start $(SANDBOX)

emulator: $(VENV)/ready
	@$(BIN)/python -m tests.emulator --variables .emulator $(ARGS)

emulator-zipapp:
	@$(PYTHON) -m tests.emulator.archive .emulator/tenantlink-emulator.pyz

$(VENV)/ready: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "Python 3.10 or newer is needed; name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; install it (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "Installing Ansible and the test tools into $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@mkdir -p $(TREE) && ln -sfn ../../.. $(TREE)/stackone
	@touch $@

$(VENV)/%-ready: $(VENV)/ready requirements-%.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-$*.txt
	@touch $@

clean:
	rm -rf $(VENV) .awx .collections .demo .emulator .matrix .mypy_cache .sanity docs/site/_build .pytest_cache .ruff_cache .hypothesis .telemetry dist sandbox tests/benchmark/output tests/browser/output tests/browser/widget/cache tests/emulator_contract/typescript/cache
