# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault of one entry is that entry's failure; nothing of it is shown, and nobody else pays for it."""

from __future__ import annotations

import json

import pytest

from tests.support.collection import AUTH_LINKS, KEYS_INFO, LINKS
from tests.support.module_specs import SPECS

COLLECTION = "tenantlink.stackone"


def bad_entries(key):
    """What is wrong with an entry -> the entry, with an unknown customer's key in it, and words of its failure."""
    sound = {"domain": "initech", "origin_owner_id": "c-9", "api_key": key}
    return {
        "a misspelt choice": ({**sound, "state": "presnt"}, ["(initech)", "state must be", "Did you mean present?"]),
        "another case": ({**sound, "account_type": "Test"}, ["(initech)", "Did you mean test?"]),
        "a misspelt option": ({**sound, "lable": "x"}, ["(initech)", "lable is not an option. Did you mean label?"]),
        "two slips": ({**sound, "lable": "x", "state": "presnt"}, ["label?", "present?"]),
        "a key as an option": ({**sound, key: "x"}, ["(initech)", "An option is not known"]),
        "a boolean": ({**sound, "domain": True}, ["(c-9)", "domain is a boolean, not text; put it in quotes"]),
        "a decimal number": ({**sound, "origin_owner_id": 4711.0}, ["(initech)", "decimal number"]),
        "what a spreadsheet wrote": ({**sound, "origin_owner_id": "4711.0"}, ["'4711.0' is a number in a spreadsheet"]),
        "a hidden character": ({**sound, "origin_owner_id": "c\u200b9"}, ["(initech)", "U+200B"]),
        "a list for the key": ({**sound, "api_key": [key]}, ["(initech)", "api_key is a list"]),
        "a key in a field": ({**sound, "credential_fields": {"extra_secrets": [key]}}, ["must be a dictionary"]),
        "a key as a field": ({**sound, "credential_fields": key}, ["credential_fields must be a dictionary"]),
        "the key for the domain": ({**sound, "domain": key}, ["********", "domain and api_key are the same"]),
        "a key where a message would be cut": ({**sound, "domain": "x" * 70 + key}, ["domain of 95 characters is not"]),
        "the key for the owner": ({**sound, "origin_owner_id": f"'{key}"}, ["(initech)", "********", "apostrophe"]),
        "the key for an owner": (
            {**sound, "origin_owner_id": key},
            ["(initech)", "origin_owner_id and api_key are the same"],
        ),
        "the key for an owner, and a slip": ({**sound, "origin_owner_id": key, "lable": "x"}, ["(initech)", "label?"]),
        "a key within a label": ({**sound, "label": f"Desk {key}"}, ["(initech)", "label contains an API key"]),
        "a key within a name": (
            {**sound, "origin_owner_name": f"{key.upper()}!"},
            ["origin_owner_name contains an API key"],
        ),
        "a key under another name": ({**sound, "api_kye": key, "domain": key}, ["Did you mean api_key?"]),
        "a text": (key, ["it is text, not a dictionary"]),
        "a list": ([key, {"api_key": key}], ["it is a list, not a dictionary"]),
        "nothing": (None, ["it is null, not a dictionary"]),
        "a number": (7, ["it is a number, not a dictionary"]),
    }


KINDS = list(bad_entries(""))


@pytest.fixture
def foreign_key(runner):
    """A key that no emulator knows, searched for all the same."""
    runner.known.add("kEy0fAnUnknownCustomer99x")
    return "kEy0fAnUnknownCustomer99x"


def rows_of(result):
    return result.get("results") or result["owners"]


@pytest.mark.parametrize("module", [LINKS, KEYS_INFO, AUTH_LINKS])
def test_the_others_are_worked_on(runner, foreign_key, module):
    bad = bad_entries(foreign_key)
    listed = [*runner.tenants("acme"), *(entry for entry, _words in bad.values()), *runner.tenants("globex")]
    connection = runner.connection()
    if module == KEYS_INFO:
        connection = {"freshservice_url": connection["freshservice_url"]}
    elif module == AUTH_LINKS:
        del connection["freshservice_url"]
    result = runner.play({"tenants": listed, **connection}, module=module).results[0]
    first, *failed, last = rows_of(result)
    assert "failure" not in first
    assert "failure" not in last
    for position, (row, kind) in enumerate(zip(failed, bad), 2):
        failure = row["failure"]
        assert failure["code"] in ("invalid_argument", "invalid_domain"), kind
        assert failure["phase"] == "arguments"
        assert failure["tenant"].startswith(f"entry {position}")
        assert "\n" not in failure["msg"]
        for word in bad[kind][1]:
            assert word in failure["msg"], (kind, failure["msg"])
    assert result["failure"]["code"] == "tenants_failed"


def test_the_line_of_the_file_is_named(runner):
    (entry,) = runner.tenants("acme", state="Present", line=7)
    result = runner.links([entry, *runner.tenants("globex", line=9, origin_owner_id=None)])
    assert [row["failure"]["tenant"] for row in result["results"]] == [
        "entry 1, line 7 (acme)",
        "entry 2, line 9 (globex)",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_purge_spares_everybody_while_an_entry_could_mean_anybody(runner, foreign_key, kind):
    """The account of an entry that cannot be understood is in nobody's list, and must not be unlinked for that."""
    runner.links(runner.tenants("acme", "globex"))
    before = runner.emulator.accounts()
    entry, _words = bad_entries(foreign_key)[kind]
    result = runner.links([*runner.tenants("acme"), entry], purge=True, purge_limit=9)
    identified = isinstance(entry, dict) and entry["origin_owner_id"] == "c-9"
    assert result["failed"]
    if identified:
        assert [row["origin_owner_id"] for row in result["purged"]] == ["customer-globex"]
    else:
        assert result["failure"]["code"] == "purge_refused"
        assert "does not say which account it means" in result["msg"]
        assert runner.emulator.accounts() == before


def test_an_entry_with_a_slip_and_a_sound_owner_spares_its_account(runner):
    runner.links(runner.tenants("acme", "globex", "hooli"))
    result = runner.links([*runner.tenants("acme"), *runner.tenants("globex", lable="x")], purge=True, purge_limit=9)
    assert [row["origin_owner_id"] for row in result["purged"]] == ["customer-hooli"]
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}


@pytest.mark.parametrize("around", ["{} ", "\u00a0{}", "\ufeff{}", "{}\u200b\n", "\t{}"])
def test_white_space_around_an_id_makes_no_other_customer(runner, around):
    """With purge, one trailing blank unlinked a working account and made a new one."""
    runner.links(runner.tenants("acme", "globex"))
    before = runner.emulator.accounts()
    spaced = [
        {**tenant, **{name: around.format(tenant[name]) for name in ("domain", "api_key", "origin_owner_id")}}
        for tenant in runner.tenants("acme", "globex")
    ]
    result = runner.links(spaced, purge=True, purge_limit=9)
    assert (result["changed"], result["failed"], result["purged"]) == (False, False, [])
    assert runner.emulator.accounts() == before
    assert runner.link("acme", origin_owner_id=around.format("customer-acme"))["changed"] is False


def wrong_for(about, key):
    """A value that an option does not take, with a key in it."""
    if (about["type"] == "str" and "choices" not in about) or about["type"] == "path":
        return [key]
    return {key: [key]} if about["type"] == "list" else key


@pytest.mark.parametrize("module", SPECS)
def test_no_option_of_the_wrong_type_shows_what_it_is(runner, foreign_key, module):
    for option, about in SPECS[module].items():
        result = runner.play({option: wrong_for(about, foreign_key)}, module=f"{COLLECTION}.{module}").results[0]
        assert result["failed"], option
        assert result["failure"]["code"] == "invalid_argument"
        assert result["failure"]["phase"] == "arguments"
        assert option in result["msg"]
        assert foreign_key not in json.dumps(result)


@pytest.mark.parametrize("module", SPECS)
def test_every_way_out_before_the_work_says_what_it_is(runner, module):
    spec = SPECS[module]
    required = [name for name, about in spec.items() if about.get("required")]
    for options, words in [
        ({}, required),
        ({"client_key": "/nowhere"}, required or ["client_cert"]),
        ({"timeuot": 3}, ["timeuot is not an option. Did you mean timeout?"]),
    ]:
        result = runner.play(options, module=f"{COLLECTION}.{module}").results[0]
        assert result["failed"]
        assert result["failure"]["code"] == "invalid_argument"
        for word in words:
            assert word in result["msg"]
        assert "\n" not in result["msg"]


NEEDED = {"domain": "acme", "api_key": "long-enough-for-a-key", "origin_owner_id": "c-1", "tenants": []}
NEEDED["stackone_api_key"] = NEEDED["api_key"]


@pytest.mark.parametrize("module", SPECS)
def test_a_defect_says_where_it_is(runner, module, monkeypatch):
    def broken(*_args, **_more):
        raise ZeroDivisionError(NEEDED)

    place = "ansible_collections.tenantlink.stackone.plugins.module_utils._module.connection_params.http_options_from"
    monkeypatch.setattr(place, broken)
    options = {name: value for name, value in NEEDED.items() if name in SPECS[module]}
    result = runner.play(options, module=f"{COLLECTION}.{module}").results[0]
    assert result["failed"]
    assert result["failure"]["code"] == "internal_error"
    assert "ZeroDivisionError in " in result["msg"]


@pytest.mark.parametrize("option", ["label", "origin_owner_name", "origin_username", "origin_owner_id"])
def test_no_key_of_the_run_is_stored_in_a_text(runner, option):
    """StackOne shows these texts to everybody: neither its own key nor that of another tenant is sent there."""
    for key in (runner.emulator.stackone_api_key, runner.tenant_key("globex")):
        result = runner.links([*runner.tenants("acme", **{option: f"x-{key}"}), *runner.tenants("globex")])
        assert [row["domain"] for row in result["results"] if "failure" not in row] == ["globex"]
        assert f"{option} contains an API key" in result["results"][0]["failure"]["message"]
    text = f"x-{runner.emulator.stackone_api_key}"
    alone = runner.link("acme", **{option: text})
    assert f"{option} contains an API key" in alone["msg"]
    assert set(runner.linked()) == {"customer-globex"}


def test_a_short_key_can_be_a_word_of_a_label(runner):
    listed = [*runner.tenants("acme", label="Production Company Ltd"), *runner.tenants("globex", api_key="production")]
    first, _second = runner.links(listed)["results"]
    assert "failure" not in first
    assert set(runner.linked()) == {"customer-acme"}
