PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TREE := .collections/ansible_collections/tenantlink
JOBS ?= 2
SANDBOX ?= sandbox
JAVA := $(shell command -v java)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export PYTHONPATH := $(CURDIR)/.collections
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test lint unit modules trust integration corners sanity brief-sanity docs test-eda test-awx test-browser benchmark matrix mutation readme pictures sandbox emulator clean

help:
	@echo "make demo         link tenants on the embedded emulator, and watch"
	@echo "make test         everything that CI checks: lint, unit tests, the modules case by case, faults, integration tests, the oldest and newest ansible-core, ansible-test in brief, healing by events, a controller's setup, and in Chromium, if there is one, the report and StackOne's own widget"
	@echo "make sanity       ansible-test sanity on the oldest and the newest ansible-core"
	@echo "make docs         the documentation site, in docs/site/_build"
	@echo "make matrix       the tests on every ansible-core that this machine's Pythons allow; options in ARGS=\"--help\""
	@echo "make generate     documentation that stands in several places, from the one place where it is written"
	@echo "make pictures     the README's pictures again, of real runs on the emulator; needs Chromium"
	@echo "make mutation     whether the unit tests notice changes to the deciding code, about twenty minutes"
	@echo "make sandbox      the two services, emulated, to follow docs/walkthrough.md with"
	@echo "make benchmark    how fast it is against other ways, about ten minutes; options in ARGS=\"--help\""
	@echo "make emulator     run the emulator in the foreground, and say how to aim a playbook at it; options in ARGS=\"--help\""
	@echo "make clean        remove what the other targets built"

demo: $(VENV)/ready
	@$(BIN)/python -m tests.demo

test: lint unit modules trust integration corners brief-sanity test-eda test-awx test-browser
	@echo "TEST PASSED: lint, unit tests, the modules case by case, faults and histories, integration tests, the oldest and newest ansible-core, ansible-test sanity in brief, healing by events$(if $(JAVA),, as far as it goes without Java), a controller's setup, $(if $(CHROMIUM),and in Chromium the report and the widget,but no Chromium is here for the report and the widget)."

lint: $(VENV)/tools-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	@$(BIN)/python -m tests.tools

brief-sanity: $(VENV)/ready
	@$(BIN)/python -m tests.tools --sanity --brief

sanity: $(VENV)/ready
	@$(BIN)/python -m tests.tools --sanity

unit: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/unit -n $(JOBS)

modules: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/modules -n $(JOBS)

trust: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/trust -n $(shell expr $(JOBS) + 1)

# Against the installed artifact, as users have it. These wait for clocks as well, so there is one more at work than the others have.
integration: export TENANTLINK_COLLECTIONS := $(CURDIR)/.sanity/installed
integration: export PYTHONPATH := $(CURDIR)/.sanity/installed
integration: export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.sanity/installed
integration: $(VENV)/ready
	$(BIN)/python -m tests.artifact
	$(BIN)/python -m pytest -q tests/integration -n $(shell expr $(JOBS) + 1)

docs: $(VENV)/docs-ready
	@$(BIN)/python docs/site/build.py

# ansible-rulebook is of no use without Java; what needs neither runs all the same.
test-eda: $(VENV)/$(if $(JAVA),eda-ready,ready)
	$(BIN)/python -m pytest -q tests/eda -n $(JOBS) --dist loadfile

# With the modules of awx.awx, which are fetched once, against a stand-in of a controller.
test-awx: $(VENV)/ready
	@$(BIN)/python -m tests.awx
	$(BIN)/python -m pytest -q tests/awx -n $(JOBS) --dist loadscope

test-browser: $(VENV)/browser-ready
	$(BIN)/python -m pytest -q tests/browser -n $(JOBS) --dist loadfile

benchmark: $(VENV)/benchmark-ready
	@$(BIN)/python -m tests.benchmark $(ARGS)

pictures: $(VENV)/browser-ready
	@$(BIN)/python -m tests.pictures

generate: $(VENV)/ready
	@$(BIN)/python -m tests.support.generate
	@$(BIN)/python -m tests.eda_reference

mutation: $(VENV)/mutation-ready
	@$(BIN)/python -m tests.mutation $(ARGS)

corners: $(VENV)/ready
	@$(BIN)/python -m tests.matrix --smoke --corners --jobs $(shell expr $(JOBS) + 1)

matrix: $(VENV)/ready
	@$(BIN)/python -m tests.matrix $(ARGS)

sandbox: $(VENV)/ready
	@$(BIN)/python -m tests.sandbox start $(SANDBOX)

emulator: $(VENV)/ready
	@$(BIN)/python -m tests.emulator --variables .emulator $(ARGS)

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
	rm -rf $(VENV) .awx .collections .demo .emulator .matrix .mypy_cache .sanity docs/site/_build .pytest_cache .ruff_cache .hypothesis sandbox tests/benchmark/output tests/browser/output tests/browser/widget/cache
