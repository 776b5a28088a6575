# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tenants of a list get their keys and defaults."""

from __future__ import annotations

import copy
import datetime
import time

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tenant_lists import KEYS, LABELS, SECRET, api_keys, refused, tenants, vaulted_api_keys

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
@pytest.mark.parametrize(("tenant", "keys", "key"), KEYRING.values(), ids=KEYRING)
def test_keys(tenant, keys, key, option):
    expected = tenant if key is None else {**tenant, option: key}
    assert tenants([tenant], **{f"{option}s": keys}) == [expected]
    own = {**tenant, option: "OWN"}
    assert tenants([own], **{f"{option}s": keys}) == [own]
    assert tenants([{**tenant, option: None}], **{f"{option}s": keys}) == [expected]


ALPHA, BETA = {"domain": "alpha", "origin_owner_id": "beta"}, {"domain": "BETA", "origin_owner_id": "c-2"}
"""Owners are often called as the customers are, and so are domains: the owner of the first is the domain of the second."""
UNCLEAR = {
    "the domain's, or the owner's": {"beta": "K"},
    "the domain's, or the owner's, whose domain has none": {"beta": "K", "c-2": "K"},
    "the owner's, for the domain has one under its owner": {"beta": "K", "c-2": "OTHER"},
    "the owner's, although both have a key": {"beta": "K", "alpha": "A", "c-2": "OTHER"},
}
CLEAR = {
    "the domain's as a host name": ({"beta.freshservice.com": "K"}, None, "K"),
    "both under their domains": ({"beta": "K", "alpha": "A"}, "A", "K"),
    "the owner's under its domain": ({"alpha": "A"}, "A", None),
    "a chain of names, each a domain": ({"alpha": "A", "beta": "K", "gamma": "OTHER"}, "A", "K"),
    "the same for both names": ({"alpha": "A", "beta": "K", "c-2": "K"}, "A", "K"),
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("keys", UNCLEAR.values(), ids=UNCLEAR)
def test_a_key_of_a_domain_or_of_another_owner_is_refused(keys, order):
    listed = [ALPHA, BETA][::order]
    for options in ({}, {"keyed_only": True}):
        with pytest.raises(
            AnsibleFilterError, match="the key under beta can be the one of the domain beta, or of owner beta"
        ):
            tenants(listed, keys, **options)
    # A run over a part of the list is told the whole list.
    for each in listed:
        with pytest.raises(AnsibleFilterError, match="the domain beta"):
            tenants([each], keys, declared=listed)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("keys", "alpha", "beta"), CLEAR.values(), ids=CLEAR)
def test_a_key_under_a_domain_is_no_other_tenants(keys, alpha, beta, order):
    gamma = {"domain": "gamma", "origin_owner_id": "c-3"}
    if "gamma" in keys:
        listed = [ALPHA, {**BETA, "origin_owner_id": "gamma"}, gamma]
        assert [each.get("api_key") for each in tenants(listed, keys)] == [alpha, beta, keys["gamma"]]
        return
    listed = [ALPHA, BETA][::order]
    expected = [{**ALPHA, "api_key": alpha}, {**BETA, "api_key": beta}][::order]
    expected = [{name: value for name, value in each.items() if value} for each in expected]
    assert tenants(listed, keys) == expected
    keyed = [{"position": place, **each} for place, each in enumerate(expected, 1) if "api_key" in each]
    assert tenants(listed, keys, keyed_only=True) == keyed
    for each, own in zip(listed, expected):
        assert tenants([each], keys, declared=listed) == [own]


def test_the_keys_of_admins_are_compared_by_themselves():
    with pytest.raises(
        AnsibleFilterError, match="admin_api_keys: the key under beta can be the one of the domain beta"
    ):
        tenants([{**ALPHA, "api_key": "OWN"}, BETA], {}, {"beta": "ADMIN"})
    own = {**ALPHA, "admin_api_key": "OWN"}
    assert tenants([own, BETA], {}, {"beta": "ADMIN"}) == [own, {**BETA, "admin_api_key": "ADMIN"}]


@pytest.mark.parametrize("order", [1, -1])
def test_a_domain_of_two_owners_one_of_whom_is_called_as_it(order):
    shared = [{"domain": "beta", "origin_owner_id": "beta"}, {"domain": "beta", "origin_owner_id": "c-2"}][::order]
    found = tenants([ALPHA, *shared], {"beta": "K"})
    assert [each.get("api_key") for each in found] == [None, "K", "K"]


def test_a_key_under_an_owner_who_is_no_domain_is_found():
    assert tenants([ALPHA], {"beta": "K"}) == [{**ALPHA, "api_key": "K"}]
    # One owner can have several domains, one of which is called as he is.
    both = [{"domain": "beta", "origin_owner_id": "beta"}, ALPHA]
    assert tenants(both, {"beta": "K"}) == [{**both[0], "api_key": "K"}, ALPHA]


def test_a_key_of_one_who_leaves_is_not_given_to_an_owner_of_that_name():
    absent = {**BETA, "state": "absent"}
    with pytest.raises(AnsibleFilterError, match="the key under beta can be the one of the domain beta"):
        tenants([ALPHA, absent], {"beta": "K"})
    assert tenants([ALPHA, absent], {"beta": "K", "alpha": "A"})[0] == {**ALPHA, "api_key": "A"}
    # The owner itself may have had the domain that it is called after.
    had = {**absent, "origin_owner_id": "beta"}
    assert tenants([ALPHA, had], {"beta": "K"})[0] == {**ALPHA, "api_key": "K"}


RENAMED = {"domain": "acme", "origin_owner_id": "new", "previous_origin_owner_id": "old"}
SUCCESSOR = {"domain": "globex", "origin_owner_id": "old"}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("keys", [{"old": "K"}, {"old": "K", "new": "K"}, {"old": "K", "acme": "K"}])
def test_a_key_under_an_id_that_changed_hands_is_not_sent_to_who_has_it_now(keys, order):
    with pytest.raises(AnsibleFilterError, match="the key under old can be the one of owner old, or of acme"):
        tenants([RENAMED, SUCCESSOR][::order], keys)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("keys", "acme", "globex"),
    [
        ({"old": "G", "new": "A"}, "A", "G"),
        ({"old": "G", "acme": "A"}, "A", "G"),
        ({"globex": "G", "old": "A"}, None, "G"),
        ({"globex": "G", "acme": "A"}, "A", "G"),
        ({"new": "A"}, "A", None),
    ],
)
def test_a_key_under_an_id_that_changed_hands_is_used_where_it_is_clear(keys, acme, globex, order):
    found = {each["domain"]: each.get("api_key") for each in tenants([RENAMED, SUCCESSOR][::order], keys)}
    assert found == {"acme": acme, "globex": globex}


TWO_OF_ONE = [{"domain": domain, "origin_owner_id": "c-1", "allow_multiple": True} for domain in ("acme", "globex")]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("rotating", [False, True])
def test_a_key_under_an_owner_of_two_domains_is_sent_to_neither(order, rotating):
    with pytest.raises(
        AnsibleFilterError, match=r"the key under c-1 can be the one of (acme, or of globex|globex, or of acme)"
    ):
        tenants(TWO_OF_ONE[::order], {"c-1": "K"}, keyed_only=rotating)


@pytest.mark.parametrize(
    ("changes", "keys", "acme", "globex"),
    [
        ({}, {"c-1": "G", "acme": "A"}, "A", "G"),
        ({"api_key": "A"}, {"c-1": "G"}, "A", "G"),
        ({"state": "absent"}, {"c-1": "G"}, "G", "G"),
        ({"domain": "globex", "integration_id": "another"}, {"c-1": "G"}, None, "G"),
        # The module refuses these entries alone.
        ({"domain": "not a domain"}, {"c-1": "G"}, None, "G"),
        ({"state": "absnt"}, {"c-1": "G"}, "G", "G"),
    ],
)
def test_unless_only_one_of_them_can_be_meant(changes, keys, acme, globex):
    found = {
        each["domain"]: each.get("api_key") for each in tenants([{**TWO_OF_ONE[0], **changes}, TWO_OF_ONE[1]], keys)
    }
    assert (found.get("acme"), found["globex"]) == (acme, globex)


def test_both_kinds_of_keys():
    listed, keys = [{"domain": "acme"}, {"domain": "globex"}], {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}
    acme, globex = tenants(listed, keys, {"acme": "A"})
    assert acme == {"domain": "acme", "api_key": "FIRST-KEY", "admin_api_key": "A"}
    assert globex == {"domain": "globex", "api_key": "SECOND-KEY"}


BAD_KEYS = {
    "a list": ([SECRET], ["must be a dictionary"]),
    "text": (SECRET, ["must be a dictionary"]),
    "a dictionary as a key": ({"acme": {"key": SECRET}}, ["the API key of acme", "a dictionary, not text"]),
    "a number as a key": ({"x": "K", "acme": 4711}, ["the API key of acme is a number, not text", "quotes"]),
    "a number whose name may be a key": ({"acme": "K", SECRET: 4711}, ["the API key of entry 2 is a number, not text"]),
    "a name that YAML read as a boolean": ({"x": "K", True: SECRET}, ["entry 2 is a boolean, not text", "quotes"]),
    "a name that YAML read as a number": ({1.5: SECRET}, ["entry 1 is a decimal number, not text", "quotes"]),
    "a name that YAML read as a date": ({datetime.date(2024, 1, 1): SECRET}, ["entry 1 is a date, not text", "quotes"]),
    "a name that YAML read as nothing": ({None: SECRET}, ["entry 1 is null, not text", "quotes"]),
    "a name that a spreadsheet spoiled": ({"1.23457E+11": SECRET}, ["entry 1 is a number in a spreadsheet"]),
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
@pytest.mark.parametrize(("keys", "words"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_keys_that_are_refused(keys, words, option):
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


@pytest.mark.parametrize(("tenant", "defaults", "expected"), DEFAULTS.values(), ids=DEFAULTS)
def test_defaults(tenant, defaults, expected):
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
    last = {"domain": "t9999", "origin_owner_id": "customer-9999", "label": "Label 9999", "api_key": "key9999"}
    assert result[-1] == {**last, "line": 10_001, "account_type": "test"}


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


@pytest.mark.parametrize(("text", "expected"), KEY_CSV.values(), ids=KEY_CSV)
def test_a_csv_of_keys(text, expected):
    keys = api_keys(text)
    assert list(keys.items()) == list(expected.items())


BAD_KEY_CSV = {
    "nothing": ("", ["line 1", "no header"]),
    "no rows": ("domain,api_key\n\n", ["line 1", "no key follows"]),
    "no domains": (f"owner,api_key\nacme,{SECRET}\n", ["line 1", "domain (or origin_owner_id) and api_key"]),
    "no keys": ("\ndomain,key\nacme,x\n", ["line 2", "domain (or origin_owner_id) and api_key"]),
    "no header": (f"acme,{SECRET}\nglobex,{SECRET}\n", ["line 1", "header must name the columns"]),
    "an empty key": ("domain,api_key\nacme,FIRST-KEY\nglobex,\n", ["line 3", "the key is missing. Fill it in"]),
    "no key": ("domain,api_key\nacme\n", ["line 2", "the key is missing. Fill it in"]),
    "a key in two words": (f"domain,api_key\nacme,two {SECRET}\n", ["line 2", "API keys never contain"]),
    "no domain": (f"domain,api_key\n,{SECRET}\n", ["line 2", "whose key"]),
    "no owner": (f"origin_owner_id,api_key\n,{SECRET}\n", ["line 2", "whose key"]),
    "a domain that is none": ("domain,api_key\nacme,FIRST-KEY\n" + SECRET + ".evil.com,SECOND-KEY\n", ["line 3", "domain is not valid"]),
    "the key for the domain": (f"domain,api_key\n{SECRET}@acme,acme\n", ["line 2", "domain is not valid"]),
    "a domain twice": (f"domain,api_key\nacme,{SECRET}\n\nAcme.freshservice.com,{SECRET}\n", ["lines 2 and 4", "same tenant"]),
    "an owner twice": (f"origin_owner_id,api_key\n{SECRET},FIRST-KEY\n{SECRET},SECOND-KEY\n", ["lines 2 and 3", "same tenant"]),
    "a long row": (f"domain,api_key\nacme,FIRST-KEY,{SECRET}\n", ["line 2", "column 3"]),
    "an open quote": (f'domain,api_key\nacme,"{SECRET}\n', ["line 2", "left open"]),
    "a column twice": (f"domain,api_key,api_key\nacme,FIRST-KEY,{SECRET}\n", ["line 1", "columns 2 and 3"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD_KEY_CSV.values(), ids=BAD_KEY_CSV)
def test_a_csv_of_keys_that_is_refused(text, words):
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


def test_a_new_key_may_be_named_twice():
    assert len(tenants(LIST_OF_FOUR, api_keys={**NEW_KEYS, "customer-1": "NEW-ACME"}, keyed_only=True)) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"acmee": "SECRET"}, r"acmee \(did you mean acme\?\) belongs to no tenant that the list declares as present"),
        (
            {"SECRET": "acme", "gone": "k"},
            r"entry 3 \(are its name and key swapped\?\), gone belong to no",
        ),
        ({"Zk3Lm9Qw8Er7Ty6Ui5Op": "SECRET"}, "entry 3 belongs to no tenant that the list declares as present"),
        ({"hooli": None}, "entry 3 has no key"),
        ({"hooli": ""}, "entry 3 has no key"),
        ({"hooli": "  "}, "entry 3 has no key"),
        ({"acme": "NEW-ACME", "customer-1": "SECRET"}, "entries 1 and 4 are for one tenant, and have different keys"),
        (
            {f"unknown-{number}": "SECRET" for number in range(12)},
            "unknown-9 and 2 more belong to no tenant that the list declares as present",
        ),
    ],
)
def test_a_new_key_that_cannot_be_used_is_an_error_that_names_it_unless_it_could_be_a_key(more, words):
    with pytest.raises(AnsibleFilterError, match=words) as caught:
        tenants(LIST_OF_FOUR, api_keys={**NEW_KEYS, **more}, keyed_only=True)
    assert "SECRET" not in str(caught.value)
