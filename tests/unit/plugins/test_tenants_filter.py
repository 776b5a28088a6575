# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that make the list of tenants, and those that read and keep its keys."""

from __future__ import annotations

import copy
import csv
import datetime
import io
import json
import re
import time
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.vault import VaultLib, VaultSecret
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter import api_keys as api_keys_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import tenants as tenants_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import vaulted_api_keys as vaulted_plugin
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._reading import PROBLEM
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import listed_tenant_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._written import trimmed
from ansible_collections.tenantlink.stackone.plugins.plugin_utils import _listing

tenants = tenants_plugin.tenants
api_keys = api_keys_plugin.api_keys
vaulted_api_keys = vaulted_plugin.vaulted_api_keys

FILTERS = Path(__file__).resolve().parents[3] / "plugins" / "filter"
SECRET = "sEcReT0fACustomer99x"
VARIABLE = "freshservice_link_api_keys"

LABELS = st.from_regex(re.compile(r"[a-z]([a-z0-9]{0,20})"), fullmatch=True)
KEYS = st.from_regex(re.compile(r"[A-Za-z0-9]{8,32}"), fullmatch=True)
# What stays as it is in a CSV: one line, with no white space around it.
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(trimmed).filter(bool)


def without_lines(listed):
    """What a CSV declares, apart from where each tenant stands in it."""
    return [{name: value for name, value in tenant.items() if name != "line"} for tenant in listed]


def refused(call, *args, **kwargs):
    """The one line that it fails with. It never holds the secret."""
    with pytest.raises(AnsibleFilterError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert SECRET not in message
    assert SECRET.lower() not in message
    assert "\n" not in message
    return message


CSV = {
    "commas": ("domain,label\nacme,Main\nglobex,Second\n", [{"domain": "acme", "label": "Main"}, {"domain": "globex", "label": "Second"}]),
    "semicolons": ("domain;label\nacme;a, b\n", [{"domain": "acme", "label": "a, b"}]),
    "tabs": ("domain\tlabel\nacme\ta, b; c\n", [{"domain": "acme", "label": "a, b; c"}]),
    "only the header says what separates": ("domain,label\nacme,a;b;c;d\n", [{"domain": "acme", "label": "a;b;c;d"}]),
    "one column": ("domain\nacme\nglobex", [{"domain": "acme"}, {"domain": "globex"}]),
    "a byte order mark": ("\ufeffdomain,label\nacme,x\n", [{"domain": "acme", "label": "x"}]),
    "Windows line ends": ("domain,label\r\nacme,x\r\n", [{"domain": "acme", "label": "x"}]),
    "old Mac line ends": ("domain,label\racme,x\r", [{"domain": "acme", "label": "x"}]),
    "spaces all around": (" domain , label \n acme ,  x y  \n", [{"domain": "acme", "label": "x y"}]),
    "aligned quotes": ('domain , label\nacme   , "Acme, Ltd" \n', [{"domain": "acme", "label": "Acme, Ltd"}]),
    "quotes": ('"domain","label"\n"acme","say ""hi"", you"\n', [{"domain": "acme", "label": 'say "hi", you'}]),
    "a quote inside": ('domain,label\nacme,5" disk\n', [{"domain": "acme", "label": '5" disk'}]),
    "an apostrophe": ("domain,label\nacme,O'Neill\n", [{"domain": "acme", "label": "O'Neill"}]),
    "empty cells": ('domain,label,account_type\nacme,,test\nglobex,"", \n', [{"domain": "acme", "account_type": "test"}, {"domain": "globex"}]),
    "short rows": ("domain,label,account_type\nacme\n", [{"domain": "acme"}]),
    "blank lines": ("\n\ndomain\n\n  \nacme\n\n", [{"domain": "acme"}]),
    "comments": ("# tenants, \"all\ndomain\n# one\n  # two\nacme\n", [{"domain": "acme"}]),
    "a quoted hash is no comment": ('label,domain\n"#1",acme\n', [{"label": "#1", "domain": "acme"}]),
    "padding by a spreadsheet": ("domain,label,,\nacme,x,,,,\n,,,\n", [{"domain": "acme", "label": "x"}]),
    "no rows": ("domain,label\n", []),
    "booleans stay text": ("domain,allow_multiple,verify_key\nacme,true,no\n", [{"domain": "acme", "allow_multiple": "true", "verify_key": "no"}]),
    "numbers stay text": ("domain,origin_owner_id\nacme,0047\n", [{"domain": "acme", "origin_owner_id": "0047"}]),
    "an alias": ("domain,connector_profile_id\nacme,p1\n", [{"domain": "acme", "integration_id": "p1"}]),
    "Jinja is text": ("domain,label\nacme,{{ 1 + 1 }}{% raw %}\n", [{"domain": "acme", "label": "{{ 1 + 1 }}{% raw %}"}]),
    "an odd line separator is text": ("domain,label\nacme,a\u2028b\n", [{"domain": "acme", "label": "a\u2028b"}]),
    "capitals in the header": ("Domain,Origin Owner ID,ACCOUNT-TYPE\nacme,c1,test\n", [{"domain": "acme", "origin_owner_id": "c1", "account_type": "test"}]),
    "what a spreadsheet separates by": ("sep=;\ndomain;label\nacme;a,b,c\n", [{"domain": "acme", "label": "a,b,c"}]),
    "columns of one's own": ("_notes,domain,_line\nx,acme,7\n", [{"domain": "acme"}]),
    "not only ASCII": ("domain,origin_owner_name\nacme,Müller & 愛\n", [{"domain": "acme", "origin_owner_name": "Müller & 愛"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", CSV)
def test_csv(name):
    text, expected = CSV[name]
    assert without_lines(tenants(text)) == expected


def test_each_tenant_of_a_csv_knows_its_line():
    text = "sep=;\n# ours\ndomain;label\n\nacme;x\n;;\nglobex;y\n"
    assert [(tenant["domain"], tenant["line"]) for tenant in tenants(text)] == [("acme", 5), ("globex", 7)]


BAD_CSV = {
    "nothing": ("", ["line 1", "no header"]),
    "blank": (" \n# only a comment\n", ["line 1", "no header"]),
    "an unknown column": ("domain,owner\nacme,x\n", ["line 1", "column 2 (owner)", "The header names options", "origin_owner_id"]),
    "a slip": ("# x\n\ndomain,origin_ownr_id\nacme,x\n", ["line 3", "column 2 (origin_ownr_id)", "Did you mean origin_owner_id?"]),
    "a column of one's own": ("domain,notes\nacme,x\n", ["line 1", "column 2 (notes)", "begins with _", "ignore_columns"]),
    "one column in two spellings": ("Domain,domain\nacme,x\n", ["line 1", "columns 1 and 2 have the same name"]),
    "an encrypted file behind a byte order mark": ("\ufeff$ANSIBLE_VAULT;1.1;AES256\n6162\n", ["encrypted", "byte order mark", "UTF-8"]),
    "an encrypted file behind a blank line": ("\n$ANSIBLE_VAULT;1.1;AES256\n6162\n", ["encrypted", "stands before"]),
    "no header": (f"acme,{SECRET}\n", ["line 1", "column 1 (acme) is not an option"]),
    "no header, the key first": (f"{SECRET},acme\n", ["line 1", "column 1 is not an option"]),
    "a column of keys": (f"domain,api_key\nacme,{SECRET}\n", ["line 1", "column 2 is api_key", "vaulted dictionary"]),
    "another spelling": (f"domain,API Key\nacme,{SECRET}\n", ["line 1", "column 2 is api_key", "vaulted dictionary"]),
    "an admin's keys": (f"domain,admin_api_key\nacme,{SECRET}\n", ["line 1", "column 2 is admin_api_key", "vaulted dictionary"]),
    "credential fields": ("domain,credential_fields\nacme,{}\n", ["line 1", "column 2 is credential_fields", "defaults"]),
    "a name twice": ("domain,label,domain\nacme,x,y\n", ["line 1", "columns 1 and 3"]),
    "an open quote": (f'domain,label\nacme,x\nglobex,"{SECRET}\ninitech,y\n', ["line 3", "left open"]),
    "an open quote in the header": ('domain,"label\nacme,x\n', ["line 1", "left open"]),
    "a value over two lines": (f'domain,label\nacme,"a\n{SECRET}"\n', ["line 2", "left open"]),
    "an enormous value": (f"domain,label\nacme,{SECRET * 10000}\n", ["line 2", "enormous"]),
    "not UTF-8": (f"domain,label\nacme,x\nglobex,M\udcfcller {SECRET}\n", ["line 3", "UTF-8"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CSV)
def test_csv_that_is_refused(name):
    text, words = BAD_CSV[name]
    message = refused(tenants, text)
    for word in words:
        assert word in message, message


BAD_ROWS = {
    "a long row": (f"domain,label\nacme,x\nglobex,y,{SECRET}\n", ["line 3", "column 3", "header in line 1", "a comma", "double quotes"]),
    "a long row with semicolons": (f"domain;label\nacme;x;{SECRET}\n", ["line 2", "column 3", "a semicolon"]),
    "a long row with tabs": (f"domain\tlabel\nacme\tx\t{SECRET}\n", ["line 2", "column 3", "a tab"]),
    "a column without a name": (f"domain,,label\nacme,{SECRET},x\n", ["line 2", "column 2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_cannot_be_understood_is_left_to_the_module_to_refuse_alone(name):
    """Nothing of it is handed on: its values may be in wrong columns. A filter that gets the list hands it on as it is."""
    text, [line, *words] = BAD_ROWS[name]
    listed = tenants(tenants(text + "\n"), api_keys={"acme": "K"})
    [row] = [entry for entry in listed if PROBLEM in entry]
    assert set(row) == {PROBLEM, "line"}
    assert line == f"line {row['line']}"
    for word in words:
        assert word in row[PROBLEM]
    [entry] = entries_from([row])
    assert entry.failure.line.startswith(f"entry 1, {line}: there is a value in column ")
    assert not entry.identified
    assert SECRET not in entry.failure.line


def test_a_problem_is_handed_on_from_filter_to_filter():
    listed = tenants("domain,lable\n", on_problem="return", source_name="/t.csv")
    assert listed == {PROBLEM: "/t.csv: " + refused(tenants, "domain,lable\n")}
    assert tenants(listed, on_problem="return", source_name="x") == listed
    assert refused(tenants, listed) == listed[PROBLEM]
    keys = api_keys(f"domain,key\nacme,{SECRET}\n", "return", "/k.csv")
    assert keys[PROBLEM].startswith("/k.csv: line 1: the header must name")
    assert tenants("domain\nacme\n", api_keys=keys, on_problem="return") == keys
    named = tenants([{"domain": "acme"}], api_keys={"b": "K"}, keyed_only=True, on_problem="return", keys_name="new")
    assert named[PROBLEM].startswith("new: b belongs to no present tenant")
    assert "raise or return" in refused(tenants, [], on_problem="ignore")


def test_the_columns_are_the_options_of_a_tenant():
    spec = listed_tenant_spec()
    aliases = {alias: name for name, about in spec.items() for alias in about.get("aliases", [])}
    assert aliases == _listing.ALIASES
    assert set(spec) - _listing.NEVER_IN_A_CSV - {"line", "position"} | set(aliases) == _listing.COLUMNS
    secret = {name for name, about in spec.items() if about.get("no_log")}
    assert secret | {"credential_fields"} == _listing.NEVER_IN_A_CSV


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(sorted(_listing.COLUMNS - {"connector_profile_id"})), min_size=1, unique=True),
    st.data(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_what_a_spreadsheet_writes_is_read_back(columns, data, delimiter, line_end, mark):
    rows = data.draw(st.lists(st.dictionaries(st.sampled_from(columns), VALUES, min_size=1), max_size=5))
    # A lone column does not say what separates.
    assume(len(columns) > 1 or delimiter == ",")
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    assert without_lines(tenants(mark + file.getvalue())) == rows


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_list_or_a_refusal(text):
    try:
        result = tenants("domain,label\n" + text)
    except AnsibleFilterError as error:
        message, result = str(error), []
    else:
        message = "line 0: none"
    assert re.match(r"line \d+: ", message)
    for tenant in result:
        assert set(tenant) <= {"domain", "label", "line"} or set(tenant) == {PROBLEM, "line"}
        assert all(value == value.strip() != "" for name, value in tenant.items() if name != "line")


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(LABELS, st.one_of(VALUES, st.booleans(), st.none(), st.integers()), max_size=4), max_size=4
    )
)
def test_json_and_yaml_are_the_same(entries):
    expected = [{name: value for name, value in entry.items() if value is not None} for entry in entries]
    assert tenants(entries) == expected
    assert tenants("\ufeff \n" + json.dumps(entries)) == expected
    assert tenants(json.dumps(entries, indent=2, ensure_ascii=False)) == expected


YAML = {
    "a list": "- domain: acme\n  label: Main\n",
    "a document": "# ours\n---\n- {domain: acme, label: Main}\n",
    "a variable": "freshservice_link_tenants:\n  - domain: acme\n    label: Main\n",
    "a variable in a document": "\ufeff---\nfreshservice_link_tenants:\n  - {domain: acme, label: Main}\n",
    "what is shared": "- &one\n  label: Main\n  domain: acme\n",
    "a note and nothing": "- domain: acme\n  label: Main\n  _note: x\n  origin_username: ~\n  origin_owner_name:\n",
}


@pytest.mark.parametrize("name", YAML)
def test_yaml(name):
    assert tenants(YAML[name]) == [{"domain": "acme", "label": "Main"}]


AS_WRITTEN = ["0123", "1_000", "12:30:45", "2024-01-01", "0x1F", "1e5", "1.0e+5", ".nan", "on", "No", "true", "4711.0"]


@pytest.mark.parametrize("written", AS_WRITTEN)
def test_every_kind_of_file_leaves_a_text_as_it_is_written(written):
    expected = [{"origin_owner_id": written}]
    assert tenants(f"- origin_owner_id: {written}\n") == expected
    assert without_lines(tenants(f"origin_owner_id\n{written}\n")) == expected
    assert tenants(json.dumps(expected)) == expected


BAD_YAML = {
    "a vaulted value": (f"- domain: acme\n  api_key: !vault |\n    {SECRET}\n", ["line 2", "!vault", "api_keys"]),
    "a Python object": (f"- !!python/object/apply:os.getcwd [{SECRET}]\n", ["line 1", "tags"]),
    "an option twice": (f"- domain: acme\n  label: x\n  label: {SECRET}\n", ["line 2", "twice"]),
    "malformed": (f"- domain: acme\n  label: '{SECRET}\n", ["line", "not plain YAML"]),
    "a control character": (f"- domain: {SECRET}\x00\n", ["not allowed"]),
    "itself": ("- &a\n  x: *a\n", ["nested"]),
    "other variables": (f"freshservice_link_tenants: []\nother: {SECRET}\n", ["a dictionary", "-e @file"]),
    "one tenant": (f"domain: acme\napi_key: {SECRET}\n", ["a dictionary", "a list of tenants"]),
    "nothing": ("---\n", ["list of dictionaries"]),
    "a word": (f"---\n{SECRET}\n", ["list of dictionaries"]),
}


@pytest.mark.parametrize("name", BAD_YAML)
def test_yaml_that_is_refused(name):
    text, words = BAD_YAML[name]
    message = refused(tenants, text)
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("source", [list, json.dumps, yaml.safe_dump])
def test_what_is_no_dictionary_is_left_to_the_module_to_refuse_alone(source):
    listed = [{"domain": "acme"}, SECRET, [SECRET], None]
    assert tenants(source(listed), api_keys={"acme": "K"}) == [{"domain": "acme", "api_key": "K"}, *listed[1:]]
    assert tenants(source(listed), api_keys={"acme": "K"}, keyed_only=True) == [
        {"position": 1, "domain": "acme", "api_key": "K"}
    ]


@pytest.mark.parametrize(
    "source",
    [
        [{"domain": "acme", "Notes": "x", "_x": "y", "crm id": 7}],
        "domain,Notes,_x,CRM id\nacme,x,y,7\n",
        "- domain: acme\n  Notes: x\n  _x: y\n  crm id: 7\n",
    ],
)
def test_columns_of_ones_own_are_left_out(source):
    assert without_lines(tenants(source, ignore_columns=["notes", "crm_id"])) == [{"domain": "acme"}]


@pytest.mark.parametrize("columns", ["notes", 7, [True], {"notes": None}.values()])
def test_columns_to_ignore_are_a_list_of_names(columns):
    assert "ignore_columns must be a list" in refused(tenants, [], ignore_columns=columns)


def test_empty_text_is_as_good_as_nothing():
    listed = tenants([{"domain": "acme", "label": " ", "api_key": ""}], {"acme": "K"}, defaults={"label": "D"})
    assert listed == [{"domain": "acme", "label": "D", "api_key": "K"}]


def test_json_may_hold_keys():
    assert tenants(json.dumps([{"domain": "acme", "api_key": SECRET}])) == [{"domain": "acme", "api_key": SECRET}]


BAD_INPUT = {
    "nothing": (None, ["list of dictionaries"]),
    "a number": (7, ["list of dictionaries"]),
    "bytes": (b"domain\nacme", ["list of dictionaries"]),
    "a dictionary": ({"acme": {"api_key": SECRET}}, ["list of dictionaries"]),
    "malformed JSON": ('[{"domain": "acme"},\n {"api_key": "' + SECRET + '",}]', ["JSON is malformed", "line 2, column"]),
    "an option twice in JSON": (
        '[{"domain": "acme", "api_key": "' + SECRET + '", "domain": "globex"}]',
        ["holds an option twice (domain)"],
    ),
    "cut JSON": ('[{"api_key": "' + SECRET, ["JSON is malformed", "line 1, column"]),
    "half a character": ('[{"domain": "acme"}, {"label": "\\ud800"}]', ["entry 2", "half a character"]),
    "half a character in a name": ([{"\ud800": "x"}], ["entry 1", "half a character"]),
    "JSON in no list": ('{"domain": "acme", "api_key": "' + SECRET + '"}', ["one object", "square brackets"]),
    "JSON without end": ("[" * 200_000, ["JSON is"]),
    "an enormous number": ("[" + "9" * 5000 + "]", ["is"]),
    "JSON that is not UTF-8": ('[\n{"label": "\udcfc' + SECRET + '"}]', ["line 2", "UTF-8"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_INPUT)
def test_input_that_is_refused(name):
    source, words = BAD_INPUT[name]
    message = refused(tenants, source)
    for word in words:
        assert word in message, message


KEYRING = {
    "by domain": ({"domain": "acme"}, {"acme": "K"}, "K"),
    "a domain in capitals": ({"domain": "ACME"}, {"acme": "K"}, "K"),
    "a URL": ({"domain": "https://acme.freshservice.com/a"}, {"Acme.freshservice.com": "K"}, "K"),
    "by owner": ({"domain": "acme", "origin_owner_id": "customer-1"}, {"customer-1": "K"}, "K"),
    "by an owner's number": ({"domain": "acme", "origin_owner_id": 4711}, {"4711": "K"}, "K"),
    "by a number": ({"domain": "acme", "origin_owner_id": "4711"}, {4711: "K"}, "K"),
    "an owner that is no label": ({"origin_owner_id": "Customer #1"}, {"Customer #1": "K"}, "K"),
    "an owner without a domain": ({"origin_owner_id": "customer-1"}, {"customer-1": "K"}, "K"),
    "domain before owner": ({"domain": "acme", "origin_owner_id": "c1"}, {"c1": "O", "acme": "K"}, "K"),
    "a domain that is none": ({"domain": "evil.com", "origin_owner_id": "c1"}, {"evil.com": "O", "c1": "K"}, "K"),
    "owners are told apart by case": ({"origin_owner_id": "c1"}, {"C1": "K"}, None),
    "not there": ({"domain": "acme", "origin_owner_id": "c1"}, {"globex": "K", "c2": "K"}, None),
    "no key": ({"domain": "acme"}, {"acme": None}, None),
    "no tenant": ({}, {"acme": "K"}, None),
    "an empty key is none": ({"domain": "acme"}, {"acme": ""}, None),
    "white space around a name": ({"origin_owner_id": "c-1"}, {" c-1\u00a0": "K"}, "K"),
    "white space around an owner": ({"origin_owner_id": "\ufeffc-1 "}, {"c-1": "K"}, "K"),
    "a domain that YAML read as a boolean": ({"domain": True, "origin_owner_id": 1.5}, {"True": "K", "1.5": "K"}, None),
}


@pytest.mark.parametrize("option", ["api_key", "admin_api_key"])
@pytest.mark.parametrize("name", KEYRING)
def test_keys(name, option):
    tenant, keys, key = KEYRING[name]
    expected = tenant if key is None else {**tenant, option: key}
    assert tenants([tenant], **{f"{option}s": keys}) == [expected]
    own = {**tenant, option: "OWN"}
    assert tenants([own], **{f"{option}s": keys}) == [own]
    assert tenants([{**tenant, option: None}], **{f"{option}s": keys}) == [expected]


def test_both_kinds_of_keys():
    assert tenants(
        [{"domain": "acme"}, {"domain": "globex"}], {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}, {"acme": "A"}
    ) == [
        {"domain": "acme", "api_key": "FIRST-KEY", "admin_api_key": "A"},
        {"domain": "globex", "api_key": "SECOND-KEY"},
    ]


BAD_KEYS = {
    "a list": ([SECRET], ["must be a dictionary"]),
    "text": (SECRET, ["must be a dictionary"]),
    "a number as a key": ({"acme": "K", SECRET: 123}, ["entry 2", "quotes"]),
    "a dictionary as a key": ({"acme": {"key": SECRET}}, ["entry 1", "a dictionary, not text"]),
    "a name that YAML read as a boolean": ({"x": "K", True: SECRET}, ["entry 2 is a boolean, not text", "quotes"]),
    "a name that YAML read as a number": ({1.5: SECRET}, ["entry 1 is a decimal number, not text", "quotes"]),
    "a name that YAML read as a date": ({datetime.date(2024, 1, 1): SECRET}, ["entry 1 is a date, not text", "quotes"]),
    "a name that YAML read as nothing": ({None: SECRET}, ["entry 1 is null, not text", "quotes"]),
    "a name that a spreadsheet spoiled": ({"1.23457E+11": SECRET}, ["entry 1 is a number as a spreadsheet"]),
    "a name with a hidden character": ({"c\u200b1": SECRET}, ["entry 1 holds", "U+200B"]),
    "one name twice": ({"c 1": SECRET, "c 1 ": "K"}, ["entry 2", "another key"]),
    "one domain twice": (
        {"acme": SECRET, "x": "K", "Acme.freshservice.com": "K"},
        ["acme and Acme.freshservice.com mean the same domain", "different keys"],
    ),
    "names and keys swapped": (
        {SECRET: "acme", SECRET.lower(): "globex"},
        ["entry 1 and entry 2 mean the same domain", "different keys"],
    ),
}


@pytest.mark.parametrize("option", ["api_keys", "admin_api_keys"])
@pytest.mark.parametrize("name", BAD_KEYS)
def test_keys_that_are_refused(name, option):
    keys, words = BAD_KEYS[name]
    message = refused(tenants, [], **{option: keys})
    for word in [option, *words]:
        assert word in message, message


def test_the_same_key_twice_is_no_conflict():
    assert tenants([{"domain": "acme"}], {"acme": "K", "Acme": "K"})[0]["api_key"] == "K"


DEFAULTS = {
    "what a tenant does not set": ({"domain": "acme"}, {"label": "D"}, {"domain": "acme", "label": "D"}),
    "a tenant's own": ({"label": "own"}, {"label": "D"}, {"label": "own"}),
    "a tenant's false": ({"verify_key": False}, {"verify_key": True}, {"verify_key": False}),
    "a tenant's nothing": ({"label": None}, {"label": "D"}, {"label": "D"}),
    "nothing": ({"domain": "acme"}, {"label": None}, {"domain": "acme"}),
    "an alias under it": ({"integration_id": "own"}, {"connector_profile_id": "D"}, {"integration_id": "own"}),
    "an alias above it": ({"connector_profile_id": "own"}, {"integration_id": "D"}, {"integration_id": "own"}),
    "a key, under the dictionary's": ({"domain": "acme"}, {"api_key": "D"}, {"domain": "acme", "api_key": "K"}),
    "a key, where there is no other": ({"domain": "globex"}, {"api_key": "D"}, {"domain": "globex", "api_key": "D"}),
    "an owner, for its key": ({}, {"origin_owner_id": "acme"}, {"origin_owner_id": "acme", "api_key": "K"}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    tenant, defaults, expected = DEFAULTS[name]
    api_keys = {"acme": "K"} if "K" in expected.values() or "api_key" in defaults else None
    assert tenants([tenant], api_keys=api_keys, defaults=defaults) == [expected]


def test_defaults_must_be_a_dictionary():
    assert "defaults is not a dictionary" in refused(tenants, [], defaults=[SECRET])


def test_the_input_is_not_changed_nor_shared():
    fields = {"extra": {"region": "eu"}, "list": [1, {"a": None}]}
    source = [{"domain": "acme", "label": None}, {"domain": "globex", "credential_fields": fields}]
    keys, defaults = {"acme": "K"}, {"credential_fields": {"extra": {"region": "us"}}}
    before = copy.deepcopy((source, keys, defaults))
    result = tenants(source, keys, None, defaults)
    assert [type(tenant) for tenant in result] == [dict, dict]
    assert result[1]["credential_fields"] == fields
    for tenant in result:
        tenant["credential_fields"]["extra"]["region"] = "changed"
        tenant["credential_fields"].get("list", []).append(2)
        tenant["domain"] = "changed"
    assert (source, keys, defaults) == before
    again = tenants([{}, {}], defaults=defaults)
    again[0]["credential_fields"]["extra"]["region"] = "changed"
    assert again[1]["credential_fields"]["extra"]["region"] == "us"


def test_strings_stay_what_they_are():
    class Tagged(str):
        pass

    key, label = Tagged("K"), Tagged("{{ label }}")
    [tenant] = tenants((entry for entry in [{"domain": Tagged("acme"), "label": label}]), {Tagged("Acme"): key})
    assert tenant["api_key"] is key
    assert tenant["label"] is label


def test_ten_thousand_tenants_take_no_time():
    count = 10_000
    text = "domain,origin_owner_id,label\n" + "".join(f"t{n},customer-{n},Label {n}\n" for n in range(count))
    keys = {f"t{n}.freshservice.com": f"key{n}" for n in range(count)}
    start = time.process_time()
    result = tenants(text, keys, defaults={"account_type": "test"})
    assert time.process_time() - start < 5
    assert result[-1] == {
        "line": count + 1,
        "domain": f"t{count - 1}",
        "origin_owner_id": f"customer-{count - 1}",
        "label": f"Label {count - 1}",
        "account_type": "test",
        "api_key": f"key{count - 1}",
    }


# The keys of a CSV.

KEY_CSV = {
    "domains": ("domain,api_key\nacme,FIRST-KEY\nglobex,SECOND-KEY\n", {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}),
    "as people write domains": ("domain,api_key\nhttps://Acme.freshservice.com/a,FIRST-KEY\n", {"acme": "FIRST-KEY"}),
    "owners": ("origin_owner_id;api_key\nCustomer #1;FIRST-KEY\n", {"Customer #1": "FIRST-KEY"}),
    "owners where there is no domain": ("domain,origin_owner_id,api_key\nacme,c1,FIRST-KEY\n,c2,SECOND-KEY\n", {"acme": "FIRST-KEY", "c2": "SECOND-KEY"}),
    "other columns": ("label,domain,note,api_key\nx,acme,y,FIRST-KEY\n,globex,,SECOND-KEY\n", {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}),
    "order": ("domain,api_key\nz,FIRST-KEY\na,SECOND-KEY\n", {"z": "FIRST-KEY", "a": "SECOND-KEY"}),
    "white space": ("\ufeff domain , api_key \r\n acme , FIRST-KEY \r\n", {"acme": "FIRST-KEY"}),
    "Jinja is text": ("domain,api_key\nacme,{{FIRST-KEY}}\n", {"acme": "{{FIRST-KEY}}"}),
}  # fmt: skip


@pytest.mark.parametrize("name", KEY_CSV)
def test_a_csv_of_keys(name):
    text, expected = KEY_CSV[name]
    keys = api_keys(text)
    assert list(keys.items()) == list(expected.items())


BAD_KEY_CSV = {
    "nothing": ("", ["line 1", "no header"]),
    "no rows": ("domain,api_key\n\n", ["line 1", "no key follows"]),
    "no domains": (f"owner,api_key\nacme,{SECRET}\n", ["line 1", "domain (or origin_owner_id) and api_key"]),
    "no keys": ("\ndomain,key\nacme,x\n", ["line 2", "domain (or origin_owner_id) and api_key"]),
    "no header": (f"acme,{SECRET}\nglobex,{SECRET}\n", ["line 1", "header must name the columns"]),
    "an empty key": ("domain,api_key\nacme,FIRST-KEY\nglobex,\n", ["line 3", "api_key is empty"]),
    "no key": ("domain,api_key\nacme\n", ["line 2", "api_key is empty"]),
    "a key in two words": (f"domain,api_key\nacme,two {SECRET}\n", ["line 2", "no API key has"]),
    "no domain": (f"domain,api_key\n,{SECRET}\n", ["line 2", "whose key"]),
    "no owner": (f"origin_owner_id,api_key\n,{SECRET}\n", ["line 2", "whose key"]),
    "a domain that is none": ("domain,api_key\nacme,FIRST-KEY\n" + SECRET + ".evil.com,SECOND-KEY\n", ["line 3", "domain is none"]),
    "the key for the domain": (f"domain,api_key\n{SECRET}@acme,acme\n", ["line 2", "domain is none"]),
    "a domain twice": (f"domain,api_key\nacme,{SECRET}\n\nAcme.freshservice.com,{SECRET}\n", ["lines 2 and 4", "same tenant"]),
    "an owner twice": (f"origin_owner_id,api_key\n{SECRET},FIRST-KEY\n{SECRET},SECOND-KEY\n", ["lines 2 and 3", "same tenant"]),
    "a long row": (f"domain,api_key\nacme,FIRST-KEY,{SECRET}\n", ["line 2", "column 3"]),
    "an open quote": (f'domain,api_key\nacme,"{SECRET}\n', ["line 2", "left open"]),
    "a column twice": (f"domain,api_key,api_key\nacme,FIRST-KEY,{SECRET}\n", ["line 1", "columns 2 and 3"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_KEY_CSV)
def test_a_csv_of_keys_that_is_refused(name):
    text, words = BAD_KEY_CSV[name]
    message = refused(api_keys, text)
    for word in words:
        assert word in message, message
    assert vaulted_api_keys(text, "password") == {"problem": f"keys_file: {message}"}


@pytest.mark.parametrize("source", [None, 7, ["domain,api_key"], {"acme": SECRET}])
def test_api_keys_takes_text(source):
    assert "text of a CSV" in refused(api_keys, source)


@settings(deadline=None)
@given(st.dictionaries(LABELS, KEYS, min_size=1, max_size=6))
def test_keys_from_their_csv_reach_their_tenants(keys):
    text = "api_key,domain\n" + "".join(f"{key},{label.upper()}.freshservice.com\n" for label, key in keys.items())
    read = api_keys(text)
    assert read == keys
    result = tenants([{"domain": label} for label in reversed(list(keys))], api_keys=read)
    assert {tenant["domain"]: tenant["api_key"] for tenant in result} == keys


# The keys in a vaulted file.


def encrypt(content, password="password", vault_id="default"):
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    secret = VaultSecret(password.encode())
    return VaultLib([(vault_id, secret)]).encrypt(text, secret, vault_id=vault_id).decode()


def decrypt(content, password="password"):
    return yaml.safe_load(VaultLib([("default", VaultSecret(password.encode()))]).decrypt(content))


def counts(result):
    return tuple(result[name] for name in ("total", "added", "changed", "unchanged", "removed"))


TWO = "domain,api_key\nacme,FIRST-KEY\nglobex,SECOND-KEY\n"
MERGES = {
    "no file": ("", False, {VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}}, (2, 2, 0, 0, 0)),
    "an empty file": (" \n", False, {VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}}, (2, 2, 0, 0, 0)),
    "an encrypted empty file": (encrypt("---\n"), False, {VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}}, (2, 2, 0, 0, 0)),
    "no keys in it": (
        encrypt({"other": "x", VARIABLE: None}),
        False,
        {"other": "x", VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}},
        (2, 2, 0, 0, 0),
    ),
    "all the same": (encrypt({VARIABLE: {"globex": "SECOND-KEY", "acme": "FIRST-KEY"}}), False, None, (2, 0, 0, 2, 0)),
    "all the same, and more": (encrypt({VARIABLE: {"x": "K", "globex": "SECOND-KEY", "acme": "FIRST-KEY"}}), False, None, (3, 0, 0, 3, 0)),
    "some of each": (
        encrypt({"a": [1, {"b": None}], VARIABLE: {"kept": "K", "acme": "OLD"}, "z": True}),
        False,
        {"a": [1, {"b": None}], VARIABLE: {"kept": "K", "acme": "FIRST-KEY", "globex": "SECOND-KEY"}, "z": True},
        (3, 1, 1, 1, 0),
    ),
    "replaced": (
        encrypt({"other": "x", VARIABLE: {"gone": "K", "acme": "FIRST-KEY"}}),
        True,
        {"other": "x", VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}},
        (2, 1, 0, 1, 1),
    ),
    "replaced, one gone": (
        encrypt({VARIABLE: {"gone": "K", "acme": "FIRST-KEY", "globex": "SECOND-KEY"}}),
        True,
        {VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}},
        (2, 0, 0, 2, 1),
    ),
    "another spelling": (
        encrypt({VARIABLE: {"Acme.freshservice.com": "OLD", "globex": "SECOND-KEY"}}),
        False,
        {VARIABLE: {"Acme.freshservice.com": "FIRST-KEY", "globex": "SECOND-KEY"}},
        (2, 0, 1, 1, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MERGES)
def test_keys_are_merged(name):
    existing, replace, expected, numbers = MERGES[name]
    result = vaulted_api_keys(TWO, "password", existing, replace)
    assert result["problem"] == ""
    assert counts(result) == numbers
    if expected is None:
        assert result["content"] == ""
        return
    assert result["content"].startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert decrypt(result["content"]) == expected
    assert list(decrypt(result["content"])) == list(expected)
    assert vaulted_api_keys(TWO, "password", result["content"], replace)["content"] == ""


def test_a_number_as_the_owner_is_found():
    result = vaulted_api_keys(
        "origin_owner_id,api_key\n4711,FIRST-KEY\n", "password", encrypt({VARIABLE: {4711: "OLD"}})
    )
    assert decrypt(result["content"]) == {VARIABLE: {4711: "FIRST-KEY"}}
    assert counts(result) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("value", ["!vault |\n  31", "!!python/object/apply:os.getcwd []", "0123 # a number"])
def test_other_values_stay_as_they_are_written(value):
    """Tags are not evaluated: what a safe loader would refuse is kept as well."""
    result = vaulted_api_keys(TWO, "password", encrypt(f"other: {value}\n{VARIABLE}:\n  acme: FIRST-KEY\n"))
    clear = VaultLib([("default", VaultSecret(b"password"))]).decrypt(result["content"]).decode()
    assert clear == f'other: {value}\n{VARIABLE}:\n  acme: FIRST-KEY\n  globex: "SECOND-KEY"\n'
    assert counts(result) == (2, 1, 0, 1, 0)


def test_a_byte_order_mark_before_the_header_goes():
    """Ansible itself does not open such a file."""
    existing = encrypt({VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}})
    result = vaulted_api_keys(TWO, "password", "\ufeff" + existing)
    assert result["content"].startswith("$ANSIBLE_VAULT;")
    assert decrypt(result["content"]) == decrypt(existing)


def test_each_spelling_of_a_domain_gets_the_key():
    """Two entries of one domain with different keys would be refused by the next run."""
    existing = encrypt({VARIABLE: {"Acme": "OLD", "acme.freshservice.com": "OLD"}})
    result = vaulted_api_keys(TWO, "password", existing)
    assert set(decrypt(result["content"])[VARIABLE].values()) == {"FIRST-KEY", "SECOND-KEY"}


def test_a_vault_id_is_kept():
    existing = encrypt({"other": "x"}, vault_id="prod")
    assert existing.startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    result = vaulted_api_keys(TWO, "password", existing)
    assert result["content"].startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert decrypt(result["content"])["other"] == "x"


@pytest.mark.parametrize("password", ["pässwörd", "{{ password }}", "[1]", "' \"", "x" * 500])
def test_any_password(password):
    content = vaulted_api_keys(TWO, password)["content"]
    assert decrypt(content, password) == {VARIABLE: {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}}


BAD_VAULTS = {
    "another password": (encrypt({"a": SECRET}, "other"), ["password does not open it"]),
    "damaged": (encrypt({"a": SECRET})[:-9], ["password does not open it, or the file is damaged"]),
    "in clear": (f"a: {SECRET}\n", ["not encrypted", "ansible-vault encrypt"]),
    "no YAML": (encrypt(f"a: 1\nb: '{SECRET}\n"), ["line 3 of its content", "not valid YAML"]),
    "a control character": (encrypt(f"a: {SECRET}\x00\n"), ["its content is not valid YAML"]),
    "a list": (encrypt([SECRET]), ["must hold variables"]),
    "text": (encrypt(SECRET), ["must hold variables"]),
    "keys in a list": (encrypt({VARIABLE: [SECRET]}), [VARIABLE, "a dictionary"]),
}


@pytest.mark.parametrize("name", BAD_VAULTS)
def test_a_file_that_cannot_be_updated(name):
    existing, words = BAD_VAULTS[name]
    result = vaulted_api_keys(TWO, "password", existing)
    assert list(result) == ["problem"]
    for word in ["vault_file: ", *words]:
        assert word in result["problem"], result
    assert SECRET not in result["problem"]
    assert "\n" not in result["problem"]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.dates(), st.floats(allow_nan=False)
)
VALUES_OF_VARIABLES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LABELS, inner, max_size=3), max_leaves=6)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(LABELS, VALUES_OF_VARIABLES, max_size=4), st.dictionaries(LABELS, KEYS, min_size=1, max_size=4))
def test_whatever_else_the_file_holds_is_kept(others, keys):
    # What YAML itself does not keep is no business of ours.
    text = yaml.safe_dump(others, allow_unicode=True)
    try:
        assume(yaml.safe_load(text) == others)
    except yaml.YAMLError:
        assume(False)
    csv_text = "domain,api_key\n" + "".join(f"{label},{key}\n" for label, key in keys.items())
    result = vaulted_api_keys(csv_text, "password", encrypt(text))
    assert decrypt(result["content"]) == {**others, VARIABLE: keys}


# The documentation.


@pytest.mark.parametrize("plugin", [tenants_plugin, api_keys_plugin, vaulted_plugin])
def test_every_filter_is_documented_as_it_is(plugin):
    [(name, function)] = plugin.FilterModule().filters().items()
    assert name == plugin.__name__.rpartition(".")[2]
    document = yaml.safe_load((FILTERS / f"{name}.yml").read_text())
    assert document["DOCUMENTATION"]["name"] == name
    _first, *rest = function.__code__.co_varnames[: function.__code__.co_argcount]
    options = document["DOCUMENTATION"]["options"]
    assert list(options) == ["_input", *rest]
    assert document["DOCUMENTATION"].get("positional", "_input").split(", ") == ["_input", *rest]
    assert document["RETURN"]["_value"]["description"]
    for task in yaml.safe_load(document["EXAMPLES"]):
        assert f"tenantlink.stackone.{name}" in json.dumps(task)
    if "contains" in document["RETURN"]["_value"]:
        assert list(document["RETURN"]["_value"]["contains"]) == list(vaulted_api_keys(TWO, "password"))


NEW_KEYS = {"acme.freshservice.com": "NEW-ACME", "customer-2": "NEW-TWO"}
LIST_OF_FOUR = [
    {"domain": "acme", "origin_owner_id": "customer-1", "api_key": "OLD"},
    {"domain": "globex", "origin_owner_id": "customer-2"},
    {"domain": "hooli", "origin_owner_id": "customer-3", "api_key": "OLD"},
    {"domain": "gone", "origin_owner_id": "customer-4", "state": "absent"},
]


def test_new_keys_choose_their_tenants_and_win():
    assert tenants(LIST_OF_FOUR, api_keys=NEW_KEYS, keyed_only=True) == [
        {"position": 1, "domain": "acme", "origin_owner_id": "customer-1", "api_key": "NEW-ACME"},
        {"position": 2, "domain": "globex", "origin_owner_id": "customer-2", "api_key": "NEW-TWO"},
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"acmee": "SECRET"}, r"acmee \(did you mean acme\?\) belongs to no present tenant"),
        (
            {"nothing": None, "SECRET": "acme", "gone": "k"},
            r"entry 4 \(are its name and key swapped\?\), gone belong to no",
        ),
        ({"Zk3Lm9Qw8Er7Ty6Ui5Op": "SECRET"}, "entry 3 belongs to no present tenant"),
        ({f"unknown-{number}": "SECRET" for number in range(12)}, "unknown-9 and 2 more belong to no present tenant"),
    ],
)
def test_a_new_key_without_a_tenant_is_an_error_that_names_it_unless_it_could_be_a_key(more, words):
    with pytest.raises(AnsibleFilterError, match=words) as caught:
        tenants(LIST_OF_FOUR, api_keys={**NEW_KEYS, **more}, keyed_only=True)
    assert "SECRET" not in str(caught.value)
