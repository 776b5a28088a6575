# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables and files that cannot be right are refused before anything is done, each in one line."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.support.written_reports import earlier_report

GOOD = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("acme", "globex")]


BESIDE_A_LIST = {
    **{
        "state": "absent",
        "domain": "acme",
        "origin_owner_id": 4711,
        "previous_origin_owner_id": "x",
        "account_id": "a1",
    },
    **{
        "origin_owner_name": "Acme",
        "origin_username": "a@b",
        "agent_email": "a@b",
        "api_key": "a-key",
        "admin_api_key": "a-key",
    },
}
REFUSED = {
    "a misspelt variable": ({"freshservice_link_purg": True}, "no variable freshservice_link_purg: did you mean freshservice_link_purge?"),
    "an unknown variable": ({"freshservice_link_colour": "red"}, "list it in freshservice_link_own_variables"),
    "a list and a file": ({"freshservice_link_tenants_file": "t.csv"}, "Both freshservice_link_tenants and freshservice_link_tenants_file are set,"),
    **{
        f"a list from {path}": ({"freshservice_link_tenants": "", "freshservice_link_tenants_file": path}, f" {kind}, not a file.")
        for path, kind in {"/dev/zero": "a pipe or a device", "pipe": "a pipe or a device", "/": "a folder"}.items()
    },
    "keys in two places": (
        {"freshservice_link_api_keys_file": "k.csv", "freshservice_link_api_keys": {"acme": "a-key"}},
        "Both freshservice_link_api_keys and freshservice_link_api_keys_file are set.",
    ),
    "keys from a pipe": ({"freshservice_link_api_keys": "", "freshservice_link_api_keys_file": "pipe"}, "is a pipe or a device, not a file."),
    **{f"to wait {wait}": ({"freshservice_link_wait": wait}, "freshservice_link_wait must be from 0 to 31536000") for wait in (1e10, "nan", "soon", -1)},
    **{
        f"{name} beside a list": ({f"freshservice_link_{name}": value}, f"freshservice_link_{name} is for one tenant, and this run has a list. ")
        for name, value in BESIDE_A_LIST.items()
    },
    **{
        f"{name} of nothing": ({f"freshservice_link_{name}": "{{ vault_of_nobody }}"}, f"freshservice_link_{name} refers to a variable that is not set.")
        for name in ("stackone_api_key", "api_keys", "admin_api_keys")
    },
    **{
        f"{name} with nothing in it": ({f"freshservice_link_{name}": value}, f"freshservice_link_{name} refers to a variable that is not set.")
        for name, value in {"label": "{{ nobody }}", "report": ["r.html", "{{ nobody }}"], "purge_scope": {"labels": ["{{ nobody }}"]}}.items()
    },
    **{
        f"{name} {value!r}": ({f"freshservice_link_{name}": value}, f"freshservice_link_{name} must be a path")
        for name, value in [("report", 5), ("report", ["r.html", {"a": 1}]), ("plan", True), ("api_keys_file", ["k.csv"])]
    },
    **{
        f"{name} that is omitted": ({f"freshservice_link_{name}": "{{ omit }}"}, f"freshservice_link_{name} is omit, which only an option of a module can be.")
        for name in ("report", "api_keys_file", "fingerprints")
    },
    "a tenants file that is omitted": (
        {"freshservice_link_tenants": "", "freshservice_link_tenants_file": "{{ omit }}"},
        "freshservice_link_tenants_file is omit, which only an option of a module can be.",
    ),
    **{
        f"a NUL character in {name}": ({f"freshservice_link_{name}": value}, f"freshservice_link_{name} holds a NUL character, which no path can.")
        for name, value in [("report", "r\0.md"), ("report", ["r.md", "\0.xml"]), ("plan", "\0"), ("api_keys_file", "k\0.csv")]
    },
    "a misspelt prefix": ({"freshservice_links_purge": True}, "freshservice_links_purge is not read: did you mean freshservice_link_purge?"),
    "names of your own that are none": ({"freshservice_link_own_variables": [{"a": 1}]}, "must be a list of names, as text."),
    "a plan that is omitted": ({"freshservice_link_plan": "{{ omit }}"}, "freshservice_link_plan is empty."),
    **{
        f"{name} {value!r} beside a list": ({f"freshservice_link_{name}": value}, f"freshservice_link_{name} is for one tenant")
        for name, value in [("state", "Present"), ("state", False), ("account_id", 0), ("account_id", []), ("origin_owner_id", "present")]
    },
    "tenants that nobody set": ({"freshservice_link_tenants": "{{ my_tenants }}"}, "freshservice_link_tenants refers to a variable that is not set."),
    "an empty list to purge by": ({"freshservice_link_tenants": [], "freshservice_link_purge": True}, "would unlink every account"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_before_anything_is_done(runner, playbook, name):
    variables, words = REFUSED[name]
    if "pipe" in variables.values():
        os.mkfifo(runner.folder / "pipe")
        variables = {key: value.replace("pipe", str(runner.folder / "pipe")) for key, value in variables.items()}
    written = json.dumps({"freshservice_link_tenants": GOOD, **variables})
    # Another key, which must not take the place of one that is not set.
    run = playbook("link", "-e", written, quiet=True, env={"STACKONE_API_KEY": runner.emulator.stackone_api_key})
    assert run.code == 2
    assert words in run.output
    assert "no result to tell" not in run.output
    assert '"msg": []' not in run.output
    assert runner.emulator.requests() == []


SECRET = "Qw8Er7Ty6Ui5OpZk3Lm9"
HEADER = "domain,origin_owner_id,label\n"
TENANTS = HEADER + "acme,customer-acme,x\n"
FILES = {
    "a column": ("link", "tenants_file", "domain,origin_owner_id,lable\n", ["line 1: column 3 (lable)", "in freshservice_link_ignore_columns."]),
    "a quote": ("link", "tenants_file", HEADER + f'acme,"{SECRET}\n', ["line 2: a double quote is left open."]),
    "a checked quote": ("verify", "tenants_file", HEADER + f'acme,"{SECRET}\n', ["line 2: a double quote is left open."]),
    "an invited quote": ("auth_links", "tenants_file", HEADER + f'acme,"{SECRET}\n', ["line 2: a double quote is left open."]),
    "JSON": ("report", "tenants_file", f'[{{"domain": "{SECRET}"', ["the JSON is malformed at line 1"]),
    "nothing": ("link", "tenants_file", None, [" does not exist."]),
    "keys": ("link", "api_keys_file", f"domain,key\nacme,{SECRET}\n", ["line 1: the header must name the columns"]),
    "keys twice": ("link", "api_keys_file", f"domain,api_key\nacme,{SECRET}\nacme,{SECRET}2\n", ["lines 2 and 3 are for the same tenant."]),
    "no keys": ("verify", "api_keys_file", None, [" does not exist."]),
    "new keys": ("rotate", "new_api_keys_file", f"domain\n{SECRET}\n", ["line 1: the header must name the columns"]),
    "no new keys": ("rotate", "new_api_keys_file", None, [" does not exist."]),
    "another vault": ("link", "api_keys_file", "$ANSIBLE_VAULT;1.1;AES256\n61626364\n", ["cannot be read.", "vault password"]),
    "a folder": ("link", "api_keys_file", "", ["is a folder, not a file."]),
}  # fmt: skip
"""Which playbook, which variable, what is in the file, what is said of it."""


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_with_a_file_is_told_in_one_line(runner, playbook, name):
    book, variable, text, words = FILES[name]
    runner.known.add(SECRET)
    path = runner.folder / "api_keys.csv"
    runner.secret_files.add(path)
    if text == "":
        path.mkdir()
    elif text is not None:
        path.touch(mode=0o600)
        path.write_text(text)
    given = {} if variable == "tenants_file" else {"freshservice_link_tenants": GOOD}
    more = {
        "report": {"freshservice_link_report": str(runner.folder / "report.csv")},
        "auth_links": {"freshservice_link_auth_links_file": str(runner.folder / "links.csv")},
    }
    variables = {**given, **more.get(book, {}), f"freshservice_link_{variable}": str(path)}
    run = playbook(book, quiet=True, **variables)
    assert run.code == 2
    [verdict] = re.findall(r'"msg": "(.*)"', run.output)
    assert verdict.startswith(f"freshservice_link_{variable}")
    for word in [str(path), *words]:
        assert word in verdict, verdict
    assert "Finalization" not in run.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("book", ["link", "verify", "plan"])
def test_a_reference_to_nothing_within_the_list_does_not_leave_an_old_success_behind(runner, playbook, book):
    """A monitoring system reads the metrics, a pipeline the test results."""
    reports = [earlier_report(runner.folder / f"report.{form}") for form in ("prom", "xml", "md")]
    assert all(re.search("of.an.earlier.run", path.read_text()) for path in reports)
    tenants = [*GOOD, {"domain": "initech", "origin_owner_id": "{{ nobody }}"}]
    run = playbook(book, freshservice_link_tenants=tenants, freshservice_link_report=list(map(str, reports)))
    assert run.code == 2
    assert "'nobody' is undefined" in run.output
    assert not any(re.search("of.an.earlier.run", path.read_text()) for path in reports)
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("form", ["csv", "xml"])
@pytest.mark.parametrize("size", [201, 300])
def test_a_name_that_is_too_long_is_refused_before_anything_is_done(runner, playbook, form, size):
    path = runner.folder / f"{'a' * (size - len(form) - 1)}.{form}"
    run = playbook("link", quiet=True, freshservice_link_tenants=GOOD, freshservice_link_report=str(path))
    assert run.code == 2
    [verdict] = re.findall(r'"msg": "(.*)"', run.output)
    assert f"has {size} bytes. Name one with at most 200." in verdict
    assert runner.emulator.requests() == []


def test_new_keys_in_two_places_are_refused(runner, playbook):
    given = {"freshservice_link_new_api_keys": {"acme": "a-key"}, "freshservice_link_new_api_keys_file": "k.csv"}
    run = playbook("rotate", freshservice_link_tenants=GOOD, **given)
    assert run.code == 2
    assert "Both freshservice_link_new_api_keys and freshservice_link_new_api_keys_file are set." in run.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize(("book", "variable"), [("link", "report"), ("auth_links", "auth_links_file")])
@pytest.mark.parametrize("kind", ["a folder", "a symbolic link to itself"])
def test_what_cannot_be_written_is_refused_before_anything_is_done(runner, playbook, book, variable, kind):
    path = runner.folder / "written.csv"
    path.mkdir() if kind == "a folder" else path.symlink_to(path)
    run = playbook(book, freshservice_link_tenants=GOOD, **{f"freshservice_link_{variable}": str(path)})
    assert run.code == 2
    assert f"freshservice_link_{variable}: {path} is {kind}, not a file." in run.output
    assert runner.emulator.requests() == []
