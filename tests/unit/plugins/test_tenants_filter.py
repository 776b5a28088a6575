# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that reads a list of tenants, of a CSV, of JSON or of YAML."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.written import trimmed
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import listed_tenant_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.reading import PROBLEM, read
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import tenant_list as _listing
from tests.support.tenant_lists import LABELS, SECRET, api_keys, refused, tenants

# What stays as it is in a CSV: one line, with no white space around it.
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(trimmed).filter(bool)


def without_lines(listed):
    """What a CSV declares, apart from where each tenant stands in it."""
    return [{name: value for name, value in tenant.items() if name != "line"} for tenant in listed]


def bomb(depth=30):
    levels = [f"  - &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, depth)]
    return "\n".join(["- &l0 [x]", *(level[2:] for level in levels), f"- domain: acme\n  label: *l{depth - 1}\n"])


@pytest.mark.parametrize("text", [bomb(), "- domain: acme\n  label: &a [*a, *a]\n"], ids=["billions", "itself"])
def test_anchors_that_stand_for_too_much_are_refused(text):
    with pytest.raises(AnsibleFilterError, match="holds more than 1,000 values"):
        tenants(text)


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


@pytest.mark.parametrize(("text", "expected"), CSV.values(), ids=CSV)
def test_csv(text, expected):
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
    "an encrypted file behind a blank line": ("\n$ANSIBLE_VAULT;1.1;AES256\n6162\n", ["encrypted", "something precedes"]),
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
    assert named[PROBLEM].startswith("new: b belongs to no tenant that the list declares as present")
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


ENTRIES = st.dictionaries(LABELS, st.one_of(VALUES, st.booleans(), st.none(), st.integers()), max_size=4)


@settings(deadline=None)
@given(st.lists(ENTRIES, max_size=4))
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
    "an option twice": (f"- domain: acme\n  label: x\n  label: {SECRET}\n", ["line 3", "twice"]),
    "a tab": (f"- domain: acme\n\tlabel: {SECRET}\n", ["line 2", "tab", "indentation"]),
    "a colon": (f"- domain: acme\n  label: Foo: {SECRET}\n", ["line 2", "not allowed", "quotes"]),
    "another indentation": (f"- domain: acme\n label: {SECRET}\n", ["line 2", "not YAML", "indentation"]),
    "an open quote": (f"- domain: acme\n  label: '{SECRET}\n- domain: globex\n", ["line 2", "not YAML", "quotes"]),
    "a template": (f"- domain: acme\n  label: {{{{ {SECRET} }}}}\n", ["line 2", "a brace", "in quotes"]),
    "an alias": (f"- domain: acme\n  label: *{SECRET}\n", ["line 2", "* or &", "in quotes"]),
    **{
        f"a value with the tag {tag}": (
            f"- domain: acme\n  api_key: !!{tag} {SECRET}\n",
            ["line 2", "no tags", "ansible-vault"],
        )
        for tag in ("int", "float", "bool", "timestamp", "binary", "set", "omap")
    },
    "an end that is missing": (f"- domain: acme\n  label: {{{SECRET}\n", ["line 2", "not YAML"]),
    "two documents": (f"- domain: acme\n---\n- domain: {SECRET}\n", ["line 2", "second document"]),
    "a control character": (f"- domain: {SECRET}\x00\n", ["not allowed"]),
    "itself": ("- &a\n  x: *a\n", ["holds more than 1,000 values"]),
    "other variables": (f"freshservice_link_tenants: []\nother: {SECRET}\n", ["a dictionary", "-e @file"]),
    "one tenant": (f"domain: acme\napi_key: {SECRET}\n", ["a dictionary", "a list of tenants"]),
    "nothing": ("---\n", ["list of dictionaries"]),
    "a word": (f"---\n{SECRET}\n", ["list of dictionaries"]),
}


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


@pytest.mark.parametrize(
    "source",
    [
        [{"domain": "acme", "integration_id": "p1", "connector_profile_id": "p2"}],
        '[{"domain": "acme", "connector_profile_id": "p2", "integration_id": "p1"}]',
        "- domain: acme\n  connector_profile_id: p2\n  integration_id: p1\n",
        "domain,integration_id,connector_profile_id\nacme,p1,p2\n",
    ],
)
def test_the_module_sees_both_names_of_an_option_and_refuses_them(source):
    (entry,) = tenants(source)
    _values, (fault,) = read({name: entry[name] for name in entry if name != "line"}, listed_tenant_spec())
    assert fault == "integration_id is given twice, under two of its names. Remove one of them."


def test_a_name_of_an_option_without_a_value_is_not_given():
    (entry,) = tenants("domain,integration_id,connector_profile_id\nacme,,p2\n")
    assert entry["integration_id"] == "p2"
    (entry,) = tenants([{"domain": "acme", "connector_profile_id": "p2"}], defaults={"integration_id": "p1"})
    assert entry["integration_id"] == "p2"


@pytest.mark.parametrize("written", ["-0", "0", "-7", "4711", "90071992547409931234"])
def test_a_number_of_a_file_is_the_id_that_is_written(written):
    (entry,) = tenants(f'[{{"domain": "acme", "origin_owner_id": {written}}}]')
    assert str(entry["origin_owner_id"]) == written


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
    **{
        f"the name {name}": (name, ["the name of a file", "freshservice_link_tenants_file"])
        for name in ("tenants.csv", "/srv/our tenants.yml", "../t.JSON", "t.yaml\n")
    },
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


REFUSED = {
    f"{kind}: {name}": case
    for kind, cases in (("CSV", BAD_CSV), ("YAML", BAD_YAML), ("other", BAD_INPUT))
    for name, case in cases.items()
}


@pytest.mark.parametrize(("source", "words"), REFUSED.values(), ids=REFUSED)
def test_a_source_that_is_refused(source, words):
    message = refused(tenants, source)
    for word in words:
        assert word in message, message
