# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What YAML, spreadsheets, surveys and slips make of a declaration, as users meet it."""

from __future__ import annotations

import json
import textwrap

import pytest

from tests.support.collection import AUTH_LINK, LINK
from tests.support.playbook_runner import PlaybookRunner, recap, run_by_host, stackone_only
from tests.support.role import entry_points

ACME = "domain,origin_owner_id\nacme,customer-acme\n"


def written(runner: PlaybookRunner, name: str, text: str) -> str:
    path = runner.here / name
    path.write_text(textwrap.dedent(text))
    return str(path)


UNQUOTED = """
    freshservice_link_tenants:
      - {domain: acme, origin_owner_id: customer-acme}
      - {domain: on, origin_owner_id: c-2}
      - {domain: globex, origin_owner_id: 4711.0}
      - {domain: initech, origin_owner_id: .nan}
      - {domain: umbrella, origin_owner_id: 2024-01-01}
      - {domain: hooli, origin_owner_id: c-6, origin_owner_name: No}
      - {domain: globex, origin_owner_id: c-7, state: presnt}
      - {domain: globex, origin_owner_id: c-8, lable: x}
      - globex
      - {domain: globex, origin_owner_id: customer-globex}
"""
FAILED = [
    "entry 2 (c-2): domain is a boolean, not text; put it in quotes.",
    "entry 3 (globex): origin_owner_id is a decimal number, not text; put it in quotes.",
    "entry 4 (initech): origin_owner_id is a decimal number, not text; put it in quotes.",
    "entry 5 (umbrella): origin_owner_id is a date, not text; put it in quotes.",
    "entry 6 (hooli): origin_owner_name is a boolean, not text; put it in quotes.",
    "entry 7 (globex): state must be present or absent. Did you mean present?",
    "entry 8 (globex): lable is not an option. Did you mean label?",
    "entry 9: it is text, not a dictionary.",
]


def test_what_yaml_made_of_one_entry_does_not_stop_the_others(runner, link):
    result = link("-e", f"@{written(runner, 'tenants.yml', UNQUOTED)}")
    assert result.code == 2
    for words in FAILED:
        assert words in result.output
    assert runner.linked() == {"customer-acme": "acme", "customer-globex": "globex"}


def test_the_names_of_keys_are_text_too(runner, link):
    keys = written(runner, "keys.yml", "freshservice_link_api_keys: {on: a-key-of-nobody-at-all}\n")
    result = link("-e", f"@{keys}", freshservice_link_tenants=[{"domain": "on", "origin_owner_id": "c-1"}])
    assert "api_keys: the name of entry 1 is a boolean, not text; put it in quotes." in result.output
    assert runner.emulator.requests() == []


def test_a_malformed_entry_is_not_shown_by_ansible_either(runner):
    """Ansible's own check of the list would print the keys. The runner searches all output for them."""
    (acme, globex) = runner.tenants("acme", "globex")
    key = globex["api_key"]
    malformed = [[key], key, {**globex, "api_key": [key]}, {key: "globex"}, {**globex, "credential_fields": key}]
    result = runner.links([acme, *malformed])
    assert [bool(row.get("failure")) for row in result["results"]] == [False, *[True] * len(malformed)]
    for wrong in (key, {"api_key": key}, [key]):
        refused = runner.links(wrong)
        assert refused["failure"]["code"] in ("invalid_argument", "tenants_failed")


SPREADSHEET = """\
sep=;
Domain;Origin Owner ID;State;Notes;_row
acme;customer-acme;present;a customer;1

globex;4711.0;present;;2
initech;#N/A;Present;;3
"""


def test_a_spreadsheet(runner, link):
    path = written(runner, "EU,tenants;all.csv", SPREADSHEET)
    # Beside it lies what a list of names would find.
    for name in ("EU", "tenants", "all.csv", "tenants.csv"):
        written(runner, name, "domain,origin_owner_id\nhooli,customer-hooli\n")
    result = link(freshservice_link_tenants_file="EU,tenants;all.csv", freshservice_link_ignore_columns=["notes"])
    assert "entry 2, line 5 (globex): origin_owner_id '4711.0' is a number in a spreadsheet's notation" in result.output
    assert "entry 3, line 6 (initech): state must be present or absent. Did you mean present?" in result.output
    assert runner.linked() == {"customer-acme": "acme"}
    unknown = link(freshservice_link_tenants_file=path)
    assert "line 2: column 4 (Notes) is not an option of a tenant." in unknown.output
    assert "freshservice_link_ignore_columns" in unknown.output


def test_a_yaml_file_is_read_as_it_is_written(runner, link):
    text = "---\n# ours\n- domain: acme\n  origin_owner_id: 0123\n- domain: globex\n  origin_owner_id: 1_000\n"
    written(runner, "tenants.yaml", text)
    assert link(freshservice_link_tenants_file="tenants.yaml").code == 0
    assert runner.linked() == {"0123": "acme", "1_000": "globex"}


@pytest.mark.parametrize(
    "variables",
    [
        {"freshservice_link_tenants_file": "customers,of;us.csv"},
        {"freshservice_link_tenants": [], "freshservice_link_api_keys_file": "customers,of;us.csv"},
    ],
)
def test_a_missing_file_is_named(runner, link, variables):
    result = link(**variables)
    assert result.code == 2
    assert "customers,of;us.csv" in result.output.partition("TASK")[2]
    assert "first_found" not in result.output


def test_an_encrypted_file_behind_a_byte_order_mark(runner, link):
    path = runner.here / "tenants.csv"
    runner.encrypt(path, ACME)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    result = link(freshservice_link_tenants_file="tenants.csv")
    assert "the file is encrypted, but something precedes $ANSIBLE_VAULT" in result.output


ASKED = {"tenants_file", "api_keys", "stackone_api_key", "stackone_url", "freshservice_url"}
"""What a survey must ask for with the list; it is also where the emulator is."""
NEVER_EMPTY = {"only", "plan", "stackone_project_id", "purge_scope"}
"""What restricts or guards a run: empty, it is more likely a shell variable that was not set, and the run would do too much."""


@pytest.mark.parametrize("nothing", ["", None])
def test_a_survey_where_nobody_answered(runner, link, nothing):
    """Every variable of the role, whatever its type."""
    written(runner, "tenants.csv", ACME)
    kept = ASKED | NEVER_EMPTY
    unset = {name: nothing for name in entry_points()["main"] if name.removeprefix("freshservice_link_") not in kept}
    result = link(freshservice_link_tenants_file="tenants.csv", **unset)
    assert recap(result) == {"localhost": (1, 0)}, result.output
    assert runner.linked() == {"customer-acme": "acme"}


def test_a_survey_about_one_tenant_where_nobody_answered(runner, inventory):
    own = {"api_key", "origin_owner_id", *ASKED, *NEVER_EMPTY} - {"tenants_file"}
    unset = {name: "" for name in entry_points()["main"] if name.removeprefix("freshservice_link_") not in own}
    result = run_by_host(runner, inventory, "link_by_host", "--limit", "acme", "-e", json.dumps(unset))
    assert recap(result) == {"acme": (1, 0)}, result.output
    assert runner.linked() == {"customer-acme": "acme"}


@pytest.mark.parametrize("name", sorted(NEVER_EMPTY))
@pytest.mark.parametrize("nothing", ["", None, [], {}, False])
def test_what_guards_a_run_is_never_empty(runner, link, name, nothing):
    written(runner, "tenants.csv", ACME)
    result = link(freshservice_link_tenants_file="tenants.csv", **{f"freshservice_link_{name}": nothing})
    assert result.code == 2
    assert f"freshservice_link_{name} is empty." in result.output
    assert runner.emulator.accounts() == []


def test_white_space_in_a_csv_and_a_second_run_with_purge(runner, link):
    written(runner, "tenants.csv", ACME)
    assert link(freshservice_link_tenants_file="tenants.csv").code == 0
    before = runner.emulator.accounts()
    written(runner, "tenants.csv", '\ufeffdomain,origin_owner_id\n" acme ","customer-acme\u00a0"\n')
    purge = {"freshservice_link_purge": True, "freshservice_link_purge_limit": 9}
    assert recap(link(freshservice_link_tenants_file="tenants.csv", **purge)) == {"localhost": (0, 0)}
    assert runner.emulator.accounts() == before


def test_no_time_between_two_looks(runner, playbook):
    written(runner, "tenants.csv", ACME)
    runner.secret_files.add(runner.here / "links.csv")
    result = playbook(
        "auth_links",
        freshservice_link_tenants_file="tenants.csv",
        freshservice_link_auth_links_file="links.csv",
        freshservice_link_wait=1,
        freshservice_link_wait_interval=0,
    )
    assert result.code == 2
    assert "zero" not in result.output


def test_what_a_task_holds_unquoted(runner):
    """Through every kind of task: with an action plugin, without one, in the background, and where nothing can run."""
    urls = stackone_only(runner)
    tasks = [
        {LINK: {"domain": "WRITTEN", "api_key": "a-key-of-nobody", "origin_owner_id": "c-1"}},
        {LINK: {"domain": "acme", "api_key": "a-key-of-nobody", "origin_owner_id": "WRITTEN"}},
        {"tenantlink.stackone.account_info": {**urls, "origin_owner_ids": ["WRITTEN"]}},
        {AUTH_LINK: {**urls, "origin_owner_id": "c-1"}, "async": 9},
        {LINK: {"domain": "acme"}, "vars": {"ansible_python_interpreter": "/bin/false"}},
    ]
    for number, task in enumerate(tasks):
        task.update({"register": f"result_{number}", "ignore_errors": True})
    registered = ", ".join(f"result_{number}" for number in range(len(tasks)))
    report = runner.folder / "report.json"
    tasks.append({"keep": {"content": f"{{{{ [{registered}] | to_json }}}}", "dest": str(report)}})
    play = json.dumps(runner.local_play(*tasks))
    for value in ("on", "2024-01-01 10:00:00", "1.0"):
        play = play.replace('"WRITTEN"', value, 1)
    path = runner.folder / "play.yml"
    path.write_text(play)
    runner.secret_files.add(path)
    runner.ansible_playbook(str(path))
    messages = []
    for result in json.loads(report.read_text()):
        assert result["failed"]
        messages.append((result["failure"]["code"], result["msg"]))
    assert [code for code, _words in messages] == [*["invalid_argument"] * 4, "internal_error"]
    words = ["domain is a boolean", "origin_owner_id is a date", "item 1 of origin_owner_ids is a decimal number"]
    for word, (_code, message) in zip([*words, "async"], messages):
        assert word in message
    assert runner.emulator.requests() == []
