# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the guides list what the code has, and nothing else."""

from __future__ import annotations

import ast
import re

import pytest
import yaml
from jinja2 import Environment
from jinja2.nodes import Name

from ansible_collections.tenantlink.stackone.plugins.filter.report import FilterModule
from ansible_collections.tenantlink.stackone.plugins.filter.report_csv import FilterModule as CsvModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import KeyCheck
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.key_status import KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failure, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import listed_tenant_spec
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.tenant_list import COLUMNS
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.role_words import OF_PLAYBOOKS
from tests.support.collection import ROOT

FIELDS = {*Failure(FailureCode.STOPPED, "").as_dict(), "msg"}
"""Of a failure, whose code is one."""
VERDICTS = {status.value: KeyCheck(status, "") for status in KeyStatus}
FACT = re.compile(r"\b[FHS]\d{1,2}[a-z]?\b")


def page(name):
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(name, title):
    """Return what a page has below a heading, to the next one."""
    return page(name).partition(f"# {title}\n")[2].partition("\n##")[0]


def rows(text, rest=""):
    """Return the name in the first cell of each row, and what the groups of a pattern for the rest of the row match."""
    return re.findall(rf"^\| `(\w+)` \|{rest}", text, re.MULTILINE)


def test_every_failure_code_is_explained_once():
    named = [cell for cell in rows(page("failure_codes")) if cell not in FIELDS]
    assert sorted(named) == sorted(code.value for code in FailureCode)


def test_every_field_of_a_failure_is_explained():
    assert sorted(rows(section("failure_codes", "Failure codes"))) == sorted(FIELDS)


def test_every_verdict_is_explained_once():
    """In the guide that starts from symptoms; the failure codes refer to it."""
    assert sorted(rows(section("troubleshooting", "Verdicts"))) == sorted(VERDICTS)


def test_it_is_said_which_verdicts_are_retriable():
    told = dict(rows(page("failure_codes"), r" (yes|no) \|$"))
    expected = {name: "yes" if check.retriable else "no" for name, check in VERDICTS.items() if name != "valid"}
    assert told == expected


def test_it_is_said_which_other_failures_are_retriable():
    """Read from where each failure is made. `depends` is for codes that are made in both ways, or from other failures."""
    told = dict(rows(page("failure_codes"), r" (yes|no|depends) \| ."))
    assert set(told) == {code.value for code in FailureCode} - set(VERDICTS)
    made = {code: kinds for code, kinds in retriable_where_made().items() if code in told}
    assert made
    certain = {code: kinds.pop() for code, kinds in made.items() if len(kinds) == 1 and told[code] != "depends"}
    assert {code: told[code] for code in certain} == certain
    assert {told[code] for code, kinds in made.items() if len(kinds) > 1} <= {"depends"}


def retriable_where_made():
    """Return for each code `yes` or `no`, or both, as the calls say that make its failures; other values are ignored."""
    found = {}
    for path in (ROOT / "plugins" / "module_utils").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Failed", "Failure") and call.args:
                code = call.args[0]
                word = {each.arg: ast.unparse(each.value) for each in call.keywords}.get("retriable", "False")
                if isinstance(code, ast.Attribute) and word in ("True", "False"):
                    kinds = found.setdefault(code.attr.lower(), set())
                    kinds.add("yes" if word == "True" else "no")
    return found


def test_api_facts_explain_every_number_that_the_code_names():
    """In the plugins, and in the switches of the emulator."""
    sources = [*(ROOT / "plugins").rglob("*.py"), ROOT / "tests" / "emulator" / "README.md"]
    named = {number for path in sources for number in FACT.findall(path.read_text())}
    explained = re.findall(rf"^\| `?({FACT.pattern})`? \|", page("api_facts"), re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert named - set(explained) == set()


DOCUMENT = yaml.safe_load((ROOT / "plugins/filter/report.yml").read_text())["RETURN"]["_value"]["contains"]
ROWS = DOCUMENT["rows"]["contains"]


@pytest.fixture(scope="module")
def report():
    """The document of one tenant."""
    result = {"results": [{"domain": "acme", "action": "create", "changed": True}]}
    return FilterModule().filters()["report"](result, "Links", "2026-11-01T08:00:00Z")


def test_every_field_of_a_report_is_explained(report):
    assert sorted(rows(section("report_columns", "The JSON document"))) == sorted(report) == sorted(DOCUMENT)


def test_every_column_is_explained_in_its_place(report):
    header = CsvModule().filters()["report_csv"](report).splitlines()[0].split(",")
    assert rows(section("report_columns", "Rows")) == [*header, "changed"] == list(report["rows"][0])
    assert set(header) | {"changed"} == set(ROWS)


def test_every_documented_outcome_is_listed():
    told = set(re.findall(r"`([\w -]+)`", section("report_columns", "Outcomes"))) - {"verify", "report"}
    assert set(re.findall(r"V\(([\w -]+)\)", " ".join(ROWS["outcome"]["description"]))) - told == set()


def test_the_columns_of_the_page_are_those_of_the_template():
    template = (ROOT / "plugins/plugin_utils/_report/page.html.j2").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\{?\s*\{'name': '(\w+)'", template, re.MULTILINE))
    places = rows(section("report_columns", "Rows"), r" [^|]+ \| ([^|]+) \|")
    assert {re.split(r"[ ,]", place)[0] for _name, place in places} - {"none"} == shown


DECLARED = {
    name: (in_a_csv, values)
    for names, in_a_csv, values in re.findall(
        r"^\| (`.+?) \| (yes|no) \| (.+?) \|", section("tenants_and_keys", "What a tenant can declare"), re.MULTILINE
    )
    for name in re.findall(r"`(\w+)`", names)
}


def test_every_key_of_a_tenant_is_listed():
    assert set(DECLARED) == set(listed_tenant_spec())


def test_it_is_said_which_keys_can_be_columns():
    columns = {name for name, (in_a_csv, _values) in DECLARED.items() if in_a_csv == "yes"}
    aliases = {alias for about in listed_tenant_spec().values() for alias in about.get("aliases", ())}
    assert columns == COLUMNS - aliases
    assert all(f"`{alias}`" in section("tenants_and_keys", "What a tenant can declare") for alias in aliases)


def test_choices_and_defaults_of_a_tenant_are_given():
    for name, about in listed_tenant_spec().items():
        values = DECLARED[name][1]
        for choice in about.get("choices", ()):
            assert f"`{choice}`" in values, name
        default = about.get("default")
        if default is not None:
            shown = str(default).lower() if isinstance(default, bool) else f"`{default}`"
            assert re.search(rf"{re.escape(shown)} \(default\)", values), name


PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"), key=lambda path: path.stem)
ANSIBLES_OWN = re.compile(r"ansible_\w+|groups|inventory_hostname|item|lookup")
EXPRESSIONS = {"when", "that", "failed_when", "until"}
"""Keywords of a task whose text is an expression without brackets."""
OF_THE_RULEBOOK = {"stackone_event", "heal_vars_files"}


def names_in(template):
    """Return the names that a template reads and does not set itself."""
    names = list(Environment().parse(template).find_all(Name))
    return {each.name for each in names if each.ctx == "load"} - {each.name for each in names if each.ctx == "store"}


def texts_in(value, keyword=""):
    """Yield every text of a playbook that can be a template, with the brackets that an expression lacks."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts_in(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner, keyword)
    elif isinstance(value, str):
        yield f"{{{{ {value} }}}}" if keyword in EXPRESSIONS else value


def set_in(value):
    """Yield the names that a playbook sets itself: variables of tasks and plays, and what is registered."""
    if isinstance(value, dict):
        yield from value.get("vars") or {}
        yield from [value["register"]] if "register" in value else []
        for inner in value.values():
            yield from set_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from set_in(inner)


def read_by(path):
    """Return the variables that a user can set for a playbook, apart from those of the role."""
    plays = yaml.safe_load(path.read_text())
    found = set().union(*map(names_in, texts_in(plays)))
    return {name for name in found - set(set_in(plays)) if not ANSIBLES_OWN.fullmatch(name)}


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_variable_of_a_playbook_is_explained(path):
    shared = section("playbook_variables", "Playbooks over a list")
    common = {name for name in rows(shared) if f"`{path.stem}`" in shared}
    assert set(rows(section("playbook_variables", path.stem))) | common == read_by(path)


def test_variables_of_playbooks_are_found():
    """Or the test above compares nothing with nothing."""
    readers = {path.stem for path in PLAYBOOKS if read_by(path) - OF_PLAYBOOKS}
    assert readers == {"heal", "unlink", "vault_keys"}
    assert set().union(*map(read_by, PLAYBOOKS)) >= OF_PLAYBOOKS


def test_every_playbook_and_its_entry_point_are_listed():
    told = dict(rows(page("playbook_variables").partition("\n## ")[0], r" `?(\w+)`? \|"))
    assert told == {path.stem: entry_point(path) for path in PLAYBOOKS}


def entry_point(path):
    for task in yaml.safe_load(path.read_text())[0]["tasks"]:
        for word in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if word in task:
                return task[word].get("tasks_from", "main")
    return "none"


def test_the_rulebook_passes_on_what_is_explained():
    (rulebook,) = yaml.safe_load((ROOT / "extensions/eda/rulebooks/heal_links.yml").read_text())
    passed = rulebook["rules"][0]["action"]["run_playbook"]["extra_vars"]
    assert set(passed) == OF_THE_RULEBOOK == set(rows(section("playbook_variables", "heal")))
