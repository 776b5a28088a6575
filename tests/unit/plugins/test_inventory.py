# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin without Ansible around it: what hosts are called, what is cached, and what is documented."""

from __future__ import annotations

import itertools
import json
import re

import pytest
import yaml
from ansible.plugins.doc_fragments import constructed, inventory_cache
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.inventory import accounts
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account_filter import AccountFilter
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import argspec as _specs
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._inventory import hosts as _hosts
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._inventory import sealed as _sealed
from tests.support.documented import documented

KEY = "v1.eu1.abcdefghijklmnopqrstuvwxyz"
LISTED = [{"id": "1", "label": "Größe {{ 1 }}", "status_reasons": ["why"], "domain": None}]

NAMES = [
    ("customer-1", "customer-1"),
    ("Ümläut.例", "Ümläut.例"),
    ("agent@mycompany.example", "agent@mycompany.example"),
    ("  My \t Company\n", "My_Company"),
    ("\x1b[31mred\x1b[0m\x00\u202e", "red"),
    ("web[1:3]", "web_1_3_"),
    ("a,b:c;d", "a_b_c_d"),
    ("!not", "_not"),
    ("&and", "_and"),
    ("~regex.*", "_regex._"),
    ("@file", "_file"),
    ("-option", "_option"),
    ("+1", "_1"),
    ("..", "_."),
    ("../../etc/passwd", "_._.._etc_passwd"),
    ("{{ 7 * 191 }}", "___7___191___"),
    ("x" * 300, "x" * 197 + "..."),
    (4711, "4711"),
    *((nothing, "") for nothing in ("", " \x00 ", None, True, ["a"], {"a": 1})),
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_host_names(text, name):
    assert _hosts.host_name(text) == name
    assert type(_hosts.host_name(text)).__name__ == "str"


def offers(name, domain, account_id):
    return _hosts.name_offers(name, {"domain": domain, "id": account_id})


CLASHES = {
    "alone": ([("a", "d1", "1"), ("b", "d1", "2")], (), ["a", "b"]),
    "by domain": ([("a", "d1", "1"), ("a", "d2", "2")], (), ["a_d1", "a_d2"]),
    "one without domain": ([("a", "d1", "1"), ("a", None, "2")], (), ["a_d1", "a_2"]),
    "the same domain": ([("a", "d1", "1"), ("a", "d1", "2"), ("a", "d2", "3")], (), ["a_1", "a_2", "a_d2"]),
    "another's longer name": ([("a", "b", "1"), ("a", "c", "2"), ("a_b", "x", "3")], (), ["a_1", "a_c", "a_b_x"]),
    "taken": ([("all", "d1", "1"), ("b", "d1", "2")], ("all",), ["all_d1", "b"]),
    "all but the id taken": ([("all", "d1", "1")], ("all", "all_d1"), ["all_1"]),
}


@pytest.mark.parametrize(("wanted", "taken", "names"), CLASHES.values(), ids=CLASHES)
def test_clashing_names_do_not_depend_on_the_order(wanted, taken, names):
    for order in itertools.permutations(range(len(wanted))):
        given = _hosts.unique_names([offers(*wanted[index]) for index in order], taken)
        assert given == [names[index] for index in order]


@given(st.lists(st.sampled_from(["a", "b", "a_b", "a_1", "b_2", "all"]), max_size=7), st.data())
def test_no_account_is_lost(wanted, data):
    domains = data.draw(st.lists(st.sampled_from([None, "a", "b", "1"]), min_size=len(wanted), max_size=len(wanted)))
    accounts_offers = [offers(name, domain, f"id{index}") for index, (name, domain) in enumerate(zip(wanted, domains))]
    names = _hosts.unique_names(accounts_offers, {"all"})
    assert len(set(names)) == len(wanted)
    assert "all" not in names
    order = data.draw(st.permutations(range(len(wanted))))
    shuffled = _hosts.unique_names([accounts_offers[index] for index in order], {"all"})
    assert shuffled == [names[index] for index in order]


def test_no_name_is_left():
    with pytest.raises(Failed, match="no host name is left"):
        _hosts.unique_names([offers("a", None, "1")], ("a", "a_1"))
    with pytest.raises(Failed, match="no host name is left"):
        _hosts.unique_names([offers("a", None, "b/c"), offers("a", None, "b:c")], ())


def test_every_property_is_a_variable():
    shown = Account("1", "freshservice", "active", "customer-1").as_dict(None)
    assert tuple(shown) == _hosts.PROPERTIES
    assert set(_hosts.variables_of(shown)) == _hosts.VARIABLES


def test_a_seal_holds_for_what_was_sealed_with_that_key_alone():
    content = _sealed.sealed(LISTED, KEY)
    kept = json.loads(json.dumps(content))
    assert _sealed.unsealed(kept, KEY) == LISTED
    assert _sealed.unsealed(kept, KEY + "x") is None
    assert _sealed.unsealed({**kept, "accounts": [*LISTED, *LISTED]}, KEY) is None
    assert _sealed.unsealed({**kept, "salt": "0"}, KEY) is None
    assert _sealed.sealed(LISTED, KEY)["seal"] != content["seal"]
    assert KEY not in json.dumps(content)


@pytest.mark.parametrize(
    "content",
    [
        *(None, [], {}, "text", 1, {"accounts": [{}]}),
        {"accounts": {}, "salt": "", "seal": "é"},
        {"accounts": {1, 2}, "salt": 0},
    ],
    ids=repr,
)
def test_what_is_no_cache_of_ours(content):
    assert _sealed.unsealed(content, KEY) is None


def test_a_cached_account_of_another_version_is_none(monkeypatch):
    content = _sealed.sealed(LISTED, KEY)
    monkeypatch.setattr(_sealed, "CACHE_VERSION", _sealed.CACHE_VERSION + 1)
    assert _sealed.unsealed(content, KEY) is None


def test_whatever_decides_the_listing_is_in_the_digest():
    one = frozenset({"a", "b"})
    choices = [
        AccountFilter("freshservice"),
        AccountFilter("hibob"),
        *(AccountFilter("freshservice", **{name: one}) for name in ("owners", "ids", "domains", "labels", "statuses")),
        AccountFilter("freshservice", owners=frozenset()),
        AccountFilter("freshservice", owners=frozenset({"a"})),
        AccountFilter("freshservice", account_type="test"),
    ]
    digests = {_sealed.choice_digest(url, choice) for choice in choices for url in ("https://a", "https://b")}
    assert len(digests) == 2 * len(choices)
    again = AccountFilter("freshservice", ids=frozenset(["b", "a"]))
    assert _sealed.choice_digest("https://a", again) == _sealed.choice_digest("https://a", choices[3])


def test_texts():
    assert _hosts.texts_from([4711, "a"], "hostnames") == ["4711", "a"]
    for values in ([None], [["a"]], [{"a": 1}], [True], [1.5]):
        with pytest.raises(Failed, match="labels must be a list of texts"):
            _hosts.texts_from(values, "labels")


ANSIBLES_OWN = {
    name
    for each in (constructed, inventory_cache)
    for name in yaml.safe_load(each.ModuleDocFragment.DOCUMENTATION)["options"]
}


@pytest.mark.programs
def test_the_options_that_account_info_has_are_the_same_here():
    options = documented("inventory", "accounts")["options"]
    spec = {**_specs.http_spec(), **_specs.stackone_spec(), **_specs.account_spec()}
    assert set(options) - ANSIBLES_OWN == set(spec) | {"plugin", "hostnames", "group"}
    for name, about in spec.items():
        for key in ("type", "elements", "default", "choices"):
            assert options[name].get(key) == about.get(key), (name, key)
        assert bool(options[name].get("required")) == bool(about.get("required")), name
        variables = [each["name"] for each in options[name].get("env", [])]
        assert variables == (about["fallback"][1] if "fallback" in about else []), name
    assert all(about["description"] for about in options.values())


@pytest.mark.programs
def test_examples_use_options_that_exist():
    known = set(documented("inventory", "accounts")["options"])
    first, *others = accounts.EXAMPLES.split("\n\n# ")
    assert set(yaml.safe_load(accounts.EXAMPLES)) == set(yaml.safe_load(first))
    commented = [
        re.sub(r"^# ?", "", text[text.index("# plugin:") :], flags=re.M) for text in others if "# plugin:" in text
    ]
    examples = [yaml.safe_load(text) for text in (first, *commented)]
    assert len(examples) == 3
    for example in examples:
        assert set(example) <= known
        assert example["plugin"] == accounts.InventoryModule.NAME


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        *((name, True) for name in ("stackone.yml", "production.stackone.yaml", "accounts.yml", "my_accounts.yaml")),
        *((name, False) for name in ("hosts.yml", "accounts.json", "stackone.yml.orig")),
    ],
)
def test_which_files_are_taken(tmp_path, name, taken):
    (tmp_path / name).touch()
    plugin = accounts.InventoryModule()
    assert plugin.verify_file(str(tmp_path / name)) is taken
    assert plugin.verify_file(str(tmp_path / "absent" / name)) is False
