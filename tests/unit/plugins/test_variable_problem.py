# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role refuses before it does anything: each check finds what it is for, and nothing else."""

from __future__ import annotations

import os

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.variable_problem import variable_problem
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role.given import UNDEFINED, Given, Run
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role.problem import CHECKS
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role.variable_checks import (
    LISTS_OF_PATHS,
    NEVER_EMPTY,
    OF_ONE_TENANT,
    PATHS,
)
from tests.support.variable_problems import LIST, problem
from tests.support.written_reports import earlier_report

LINKS = {**LIST, "needs": ["list", "auth_links_file"]}
LONG = "é" * 99


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a file of each kind, which is the user's current one."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "t.csv": "domain,api_key\n",
        "empty.csv": " \n",
    }.items():
        (tmp_path / name).write_text(text)
    for name in ("r.json", "r.csv"):
        earlier_report(tmp_path / name)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe outcome")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "odd.csv").symlink_to("odd.txt")
    for name in ("pipe", "pipe.json"):
        os.mkfifo(tmp_path / name)
    return os.path.realpath(tmp_path)


UNREADABLE = {
    "folder.csv": "/folder.csv is a folder",
    "pipe": "/pipe is a pipe",
    "t.csv": "/t.csv cannot be read.",
    "no": "/no does not exist.",
}
REFUSED = {
    "names": [
        ({"purg": 1}, {}, "did you mean freshservice_link_purge?"),
        ({}, {"similar_names": ["freshservice_linkpurge"]}, "did you mean freshservice_link_purge?"),
        ({"own_variables": {"a": 1}}, {}, "must be a list of names"),
    ],
    "sources": [
        ({}, {"has_file": True}, "Both freshservice_link_tenants and"),
        ({}, {"needs": ["tenants"], "is_list": False}, "The inventory has no host in the group tenants"),
        *(
            (
                {"tenants_file": "t.csv", name: "./t.csv"},
                {"files": {f"freshservice_link_{name}": "t.csv"}},
                f"freshservice_link_{name} is freshservice_link_tenants_file as well.",
            )
            for name in ("api_keys_file", "new_api_keys_file")
        ),
    ],
    "keys_in_one_place": [
        ({"api_keys": {"acme": "k"}, "api_keys_file": "k.csv"}, {}, "Both freshservice_link_api_keys and"),
        ({"new_api_keys": {"acme": "k"}, "new_api_keys_file": "k.csv"}, {"rotating": True}, "Both freshservice_link_new_api_keys and"),
    ],
    "tenants": [
        ({}, {"tenants_refer_to_nothing": True, "has_list": False}, "freshservice_link_tenants refers to"),
        ({}, {"has_list": False}, "Name the tenants: "),
        ({"only": "acme"}, {"needs": [], "is_list": False}, "freshservice_link_only selects tenants of a list"),
    ],
    "of_one_tenant": [({name: "x"}, {}, f"freshservice_link_{name} is for one tenant") for name in OF_ONE_TENANT]
    + [({"account_id": value}, {}, "freshservice_link_account_id is for") for value in (0, [], False)]
    + [({"api_key": {"acme": "k"}}, {}, "Put the keys of the list into freshservice_link_api_keys, by domain")],
    "of_each_tenant": [
        ({"account_type": 7}, {}, "freshservice_link_account_type must be production or test."),
        ({"allow_multiple": "perhaps"}, {}, "freshservice_link_allow_multiple must be true or false."),
        ({"integration_id": ["x"]}, {}, "freshservice_link_integration_id is a list, not text"),
        ({"credential_fields": {"api_kee": "x"}}, {}, "freshservice_link_credential_fields.api_kee is not an option."),
        ({"profile_change": "no"}, {"is_list": False, "needs": []}, "freshservice_link_profile_change must be "),
    ],
    "auth_links_file": [
        ({}, LINKS, "Name the file for the auth links"),
        ({"auth_links_file": "nowhere/l.csv"}, LINKS, "Name the file for the auth links"),
        ({"auth_links_file": "t.csv"}, {**LINKS, "kept": {"freshservice_link_tenants_file": "t.csv"}}, "/t.csv is freshservice_link_tenants_file"),
        ({"auth_links_file": "folder.csv"}, LINKS, "/folder.csv is a folder, not"),
        ({"auth_links_file": "loop.csv"}, LINKS, "/loop.csv is a symbolic link to itself, not"),
        ({"auth_links_file": "pipe"}, LINKS, "/pipe is a device or a pipe, not"),
    ],
    "reports_beside_files": [
        ({"report": ["a.html", "./t.csv"]}, {"kept": {"freshservice_link_plan": "t.csv"}}, "/t.csv is freshservice_link_plan as well."),
        ({"report": "l.csv", "auth_links_file": "l.csv"}, {}, "/l.csv is freshservice_link_auth_links_file as well."),
    ],
    "plan": [
        ({"plan": "p.json"}, {}, "freshservice_link_plan is for the playbooks"),
        ({"detailed_exitcode": "perhaps"}, {}, "must be true or false."),
        ({"detailed_exitcode": "yes"}, {}, "is for runs over a list that change nothing"),
    ],
    "new_keys": [({}, {"needs": ["new_keys"]}, "Name the new keys, by domain")],
    "event": [
        ({}, {"event": "text"}, "Name the owner in origin_owner_id"),
        ({}, {"event": {"x": 1}, "named": [{"x": 1}], "named_owners": [""]}, "Name the owner in origin_owner_id"),
        ({}, {"event": {"accounts": [], "account_id": "a"}, "named": []}, "Name the owner in origin_owner_id"),
        ({}, {"event": {"accounts": ""}, "named": []}, "Name the owner in origin_owner_id"),
        ({}, {"event": {"accounts": [{}], "origin_owner_id": "a"}, "named": [{}], "named_owners": ["b"]}, "Name the owner in"),
    ],
    "wait": [({"wait": wait}, {}, "must be from 0 to 31536000") for wait in (-1, 1e10, "nan", "inf", "soon", [1])],
    "wait_interval": [({"wait_interval": wait}, {}, "must be 1 second or more.") for wait in (0.5, -1, "nan", "inf", "soon", [1])],
    "read_files": [
        ({}, {"files": {"x": name}}, words)
        for name, words in UNREADABLE.items()
    ]
    + [({}, {"kept": {"x": "pipe"}}, "/pipe is a pipe")],
    "report": [
        ({}, {"needs": ["report"]}, "Name the report in"),
        ({"report": "r.html"}, {"needs": ["report", "report_files"]}, "Name the reports to merge"),
    ],
    "export": [
        ({"export": name}, {"needs": ["export"]}, "Name the file to export to")
        for name in ("", "e.txt", "nowhere/e.yml", "folder.yml")
    ],
    "report_forms": [
        ({"report": "r.pdf"}, {}, "freshservice_link_report r.pdf must end in .html"),
        ({"report": "a.html, b.csv"}, {}, "freshservice_link_report a.html, b.csv is one path. Write several as a list"),
        ({"report": ["r.html", "odd.csv"]}, {}, "/odd.txt, which must end in"),
    ],
    "long_names": [
        ({"report": f"{LONG}.csv"}, {}, "has 202 bytes. Name one with at most 200."),
        ({"report": ["r.csv", "a" * 300 + ".prom"]}, {}, f"the name of the file {'a' * 40}... has 305 bytes"),
        ({"plan": "p" * 201}, {"takes_plan": True}, "freshservice_link_plan: the name of the file"),
        ({"auth_links_file": f"{LONG}.csv"}, LINKS, "freshservice_link_auth_links_file: the name of the file"),
        ({"export": f"{LONG}.csv"}, {"needs": ["export"]}, "freshservice_link_export: the name of the file"),
    ],
    "report_places": [
        ({"report": "nowhere/r.html"}, {}, "/nowhere does not exist. Create it, or name another."),
        ({"report": "folder.csv"}, {}, "/folder.csv is a folder, not"),
        ({"report": "pipe.json"}, {}, "/pipe.json is a device or a pipe, not"),
        ({"report": "t.csv"}, {}, "/t.csv holds something else than a report"),
        ({"report": "bytes.csv"}, {}, "/bytes.csv holds something else than a report"),
    ],
    "merged_reports": [
        ({"report_files": "none*.json", "report": "r.html"}, {"needs": ["report", "report_files"]}, "freshservice_link_report_files: no report was found"),
    ],
}  # fmt: skip


def test_each_check_is_tried():
    assert {check.__name__ for check in CHECKS} == {
        *REFUSED,
        *("lists_among_tenants", "purges_of_other_hosts", "results"),
    }


@pytest.mark.parametrize(("check", "case"), [(check, case) for check in REFUSED for case in REFUSED[check]])
def test_what_is_refused(folder, check, case):
    values, run, words = case
    assert words in problem(run, **values)
    [alone] = [each for each in CHECKS if each.__name__ == check]
    given = {f"freshservice_link_{name}": value for name, value in values.items()}
    assert words in " ".join(alone(Given(given, Run(**{**LIST, **run})))), "this check and none before it"


ACCEPTED = [
    ({}, {}),
    ({"state": "present", "domain": "localhost", "origin_owner_id": " ", "account_id": None}, {}),
    ({"own_variables": "freshservice_link_mine", "mine": 1}, {}),
    ({"report": "a,b.csv"}, {}),
    ({"report": f"{LONG[1:]}.csv", "plan": "p" * 200}, {"takes_plan": True}),
    ({}, {"kept": {"x": "nowhere", "y": "folder.csv"}}),
    ({"label": 7, "account_type": "", "shared": None, "provider": "freshservice", "verify_key": "no"}, {}),
    ({"fingerprints": False}, {}),
    ({"wait": 0, "wait_interval": "1.5"}, {}),
    ({"wait": "31536000"}, {}),
    ({"detailed_exitcode": True, "plan": "p.json"}, {"takes_plan": True, "previewing": True}),
    ({"detailed_exitcode": "off"}, {}),
    ({"report": ["r.json", "r.csv", "empty.csv", "new.html"]}, {}),
    ({"auth_links_file": "new.csv"}, LINKS),
    ({"export": "new.yml"}, {"needs": ["export"]}),
    ({"report_files": "r.json", "report": "r.html"}, {"needs": ["report"]}),
    ({"api_keys": {"acme": "k"}, "api_keys_file": "k.csv"}, LINKS | {"needs": []} | {"is_list": False}),
    ({}, {"event": {"accounts": []}}),
    ({}, {"event": {"origin_owner_id": "1"}, "named": [{}], "named_owners": ["1"]}),
]


FIELDS = "freshservice_link_credential_fields"
FIELD_FAULTS = [
    (
        {"SEKRETkey9Xq7Zr3Wv5T1": "b"},
        f"An option of {FIELDS} is not known. The options are api_key, domain, extra, extra_secrets.",
    ),
    ({7: "b"}, f"the name of an option of {FIELDS} is a number, not text; put it in quotes."),
    ({True: "b"}, f"the name of an option of {FIELDS} is a boolean, not text; put it in quotes."),
    ({"extra": {True: "b"}}, f"the name of entry 1 of {FIELDS}.extra is a boolean, not text; put it in quotes."),
    ({"extra": {"S3-CRET": 1.5}}, f"entry 1 of {FIELDS}.extra is a decimal number, not text; put it in quotes."),
    ({"extra": {"region": None}}, f"{FIELDS}.extra.region is null, not text; put it in quotes."),
    ({"extra_secrets": ["b"]}, f"{FIELDS}.extra_secrets must be a dictionary."),
    ({"domain": ["b"]}, f"{FIELDS}.domain is a list, not text; put it in quotes."),
    (["b"], f"{FIELDS} must be a dictionary."),
    ({"__problem__": "It could not be read."}, "It could not be read."),
]


@pytest.mark.parametrize(("value", "sentence"), FIELD_FAULTS)
def test_a_fault_of_a_field_names_its_variable_wherever_it_is_in_the_sentence(folder, value, sentence):
    assert problem(credential_fields=value) == sentence


@pytest.mark.parametrize(("values", "run"), ACCEPTED)
def test_what_is_accepted(folder, values, run):
    assert problem(run, **values) == ""


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("origin_owner_id,origin_owner_name,domain,purpose,auth_link_url,expires_at\n", True),
        ("\ufefforigin_owner_id,origin_owner_name,domain,purpose,auth_link_url\n", True),
        ("$ANSIBLE_VAULT;1.1;AES256\n", True),
        ("\n", True),
        ("domain,api_key\n", False),
    ],
)
def test_what_auth_links_may_replace(folder, text, accepted):
    """What counts is the decrypted text."""
    path = f"{folder}/t.csv"
    assert (problem(LINKS, {path: [text]}, auth_links_file=path) == "") is accepted


def test_a_file_that_was_read(folder):
    assert problem({"files": {"x": "beside-the-playbook.csv", "y": ""}}, {"beside-the-playbook.csv": ["text"]}) == ""


KINDS = ["report", "auth_links_file", "export", "plan"]


@pytest.mark.parametrize("mine", KINDS)
@pytest.mark.parametrize("theirs", KINDS)
def test_each_host_needs_files_of_its_own(mine, theirs):
    notes = [{"host": host, "files": {"/b.json": "plan", "/a.json": theirs}} for host in ("east", "west")]
    also = "" if mine == theirs else f", as freshservice_link_{theirs}"
    assert problem({"uses": {"/a.json": mine}, "others": notes}) == (
        f"freshservice_link_{mine} is /a.json for the host east as well{also}. Name one file for each host, with inventory_hostname in"
        " its name."
    )
    assert problem({"uses": {"/c.json": mine}, "others": notes}) == problem({"uses": {}, "others": notes}) == ""


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_done(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, how: str(path) != os.path.realpath("."))
    assert "nothing can be written into the folder" in problem(report="r.html")


@pytest.mark.parametrize("text", ["{'origin_owner_id': 'a'}", "{broken", "json:{", "{" * 9999])
def test_the_text_of_an_event_is_json(text):
    assert variable_problem({"freshservice_link_event": text}).startswith(
        "freshservice_link_event, or stackone_event of"
    )


@pytest.mark.parametrize("text", ['{"origin_owner_id": "a"}', 'json:{"a": 1}', "text", "", {"a": 1}])
def test_an_event_that_is_no_text_or_whole_is_judged_later(text):
    assert variable_problem({"freshservice_link_event": text}) == ""


def test_a_result_is_not_given():
    class Manager:
        _extra_vars = {"freshservice_link_result": {"changed": False}}

    class HostVars(dict):
        _variable_manager = Manager()

    words = problem({}, variables=HostVars())
    assert words.startswith("freshservice_link_result is a result of the role, and -e, or an extra variable of a")


@pytest.mark.parametrize("name", NEVER_EMPTY)
@pytest.mark.parametrize("nothing", [None, "", " ", [], {}, 0, False])
def test_what_guards_a_run_is_never_empty(name, nothing):
    assert (
        variable_problem({f"freshservice_link_{name}": nothing})
        == f"freshservice_link_{name} is empty. Give it a value, or leave it out."
    )


@pytest.mark.parametrize("name", [*PATHS, "fingerprints"])
def test_a_path_is_neither_omitted_nor_without_an_end(name):
    problems = {"__omitted__": "is omit, which only", "a\0b.csv": "holds a NUL character"}
    if name in LISTS_OF_PATHS:
        problems["a.csv", "\0.csv"] = "holds a NUL character"
    for value, words in problems.items():
        said = variable_problem({f"freshservice_link_{name}": list(value) if isinstance(value, tuple) else value})
        assert words in said or (name in NEVER_EMPTY and "is empty." in said), (value, said)


def test_a_value_that_is_omitted_is_not_set():
    assert variable_problem({"freshservice_link_label": "__omitted__"}, dict(LIST)) == ""


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("value", [5, True, {"a": 1}, 1.5, ["a", 5], [["a"]], ["a", {}]])
def test_a_path_is_text(name, value):
    allowed = name in LISTS_OF_PATHS and value == [["a"]]
    assert (
        variable_problem({f"freshservice_link_{name}": value}).startswith(f"freshservice_link_{name} must be a path")
        is not allowed
    )


@pytest.mark.parametrize("value", [5, 1.5, ["a"], {"a": 1}])
def test_fingerprints_are_a_path_or_not_wanted(value):
    assert variable_problem({"freshservice_link_fingerprints": value}).startswith(
        "freshservice_link_fingerprints must be"
    )


@pytest.mark.parametrize("name", sorted(set(PATHS) - {"plan"}))
def test_a_path_that_is_not_set(name):
    for nothing in ("", None, [], False):
        assert variable_problem({f"freshservice_link_{name}": nothing}) == ""


def test_each_variable_that_refers_to_nothing_is_named():
    given = {
        "freshservice_link_label": UNDEFINED,
        "freshservice_link_timeout": UNDEFINED,
        "freshservice_link_purge": True,
    }
    assert variable_problem(given).count("refers to a variable that is not set.") == 2
    assert variable_problem({"freshservice_link_report": ""}) == ""
    own = {"freshservice_link_own_variables": ["freshservice_link_mine"], "freshservice_link_mine": UNDEFINED}
    assert variable_problem(own) == ""
