# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write, for every option of every module: the cases are made from the specs."""

from __future__ import annotations

import datetime
import math

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.written import (
    accident,
    hidden_character,
    trimmed,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import listed_tenant_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.connection_params import BOUNDS, check_bounds
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.reading import read, with_defaults
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.tenant_params import tenant_from
from tests.support.module_specs import SPECS

SECRET = "sEcReT0fACustomer99x"
TENANT = listed_tenant_spec()


def options_in(spec):
    """Each option as the names that lead to it, and what the spec says of it; of an entry of tenants as well."""
    for name, about in spec.items():
        yield (name,), about
        if about["type"] == "dict":
            yield from (((name, *path), inner) for path, inner in options_in(about.get("options", {})))


EVERY = {
    f"{module}: {'.'.join(path)}": (spec, path, about)
    for module, spec in {**SPECS, "an entry": TENANT}.items()
    for path, about in options_in(spec)
}


def of_type(*types):
    return [name for name, (_spec, _path, about) in EVERY.items() if about["type"] in types]


def written(path, value):
    for name in reversed(path):
        value = {name: value}
    return value


def taken(values, path):
    for name in path:
        values = values.get(name, {})
    return values


NOT_TEXT = [True, False, 1.5, 4711.0, math.nan, math.inf, datetime.date(2024, 1, 1), {"a": SECRET}, [SECRET], b"x"]


@pytest.mark.parametrize("name", of_type("str", "path"))
def test_what_yaml_did_not_read_as_text_is_refused(name):
    spec, path, _about = EVERY[name]
    for value in NOT_TEXT:
        values, (fault,) = read(written(path, value), spec)
        assert fault.startswith(f"{'.'.join(path)} is "), fault
        assert fault.endswith(", not text; put it in quotes.")
        assert not taken(values, path)
        assert SECRET not in fault


@pytest.mark.parametrize("name", of_type("list"))
def test_the_same_goes_for_the_items_of_a_list(name):
    spec, path, about = EVERY[name]
    if about["elements"] == "dict":
        assert read(written(path, SECRET), spec) == ({}, [f"{path[0]} must be a list of dictionaries."])
        assert read(written(path, [SECRET]), spec) == ({path[0]: [SECRET]}, [])
        return
    for value in [*NOT_TEXT, None]:
        values, (fault,) = read(written(path, ["x", value]), spec)
        assert (bool(taken(values, path)), SECRET in fault) == (False, False)
        assert fault.startswith(f"item 2 of {'.'.join(path)} is ")
    values, faults = read(written(path, [4711, " x\u00a0"]), spec)
    assert (taken(values, path), faults) == (["4711", "x"], [])


@pytest.mark.parametrize("name", of_type("str"))
def test_whole_numbers_are_text_and_white_space_around_it_is_not(name):
    spec, path, about = EVERY[name]
    words = about.get("choices", ["4711", "two words"])
    for text in words:
        for value in (text, f" {text}\u00a0", f"\ufeff\u200b{text}\r\n"):
            values, faults = read(written(path, value), spec)
            assert (taken(values, path), faults) == (text, [])
    if "choices" not in about:
        assert taken(read(written(path, 4711), spec)[0], path) == "4711"


@pytest.mark.parametrize("name", EVERY)
def test_empty_text_means_unset_as_null_does_and_is_refused_where_the_run_would_do_more(name):
    spec, path, _about = EVERY[name]
    option = name.partition(": ")[2]
    refused = option.startswith("purge_scope") or option in ("plan", "save_plan", "stackone_project_id")
    for value in (None, "", " ", "\u00a0\n", "\ufeff"):
        values, faults = read(written(path, value), spec)
        assert taken(values, path) == {}
        assert faults == ([f"{option} is empty. Give it a value, or leave it out."] if refused else [])


@pytest.mark.parametrize("name", of_type("int", "float", "bool", "dict", "list"))
def test_no_fault_shows_what_was_written(name):
    spec, path, about = EVERY[name]
    _values, faults = read(written(path, {SECRET: [SECRET]} if about["type"] == "list" else SECRET), spec)
    if about["type"] != "list" or about["elements"] == "dict":
        assert faults
    assert SECRET not in str(faults)


@pytest.mark.parametrize("name", of_type("int", "float"))
@pytest.mark.parametrize("number", ["1_0", "\u0665", "\uff15", "1\u00a00", "0x10", "nan"])
def test_a_number_is_read_as_people_write_it(name, number):
    spec, path, _about = EVERY[name]
    values, (fault,) = read(written(path, number), spec)
    assert fault.startswith(f"{'.'.join(path)} must be a ")
    assert not taken(values, path)
    for spaced in (" 10 ", "10\u00a0", "\ufeff10\n"):
        assert taken(read(written(path, spaced), spec)[0], path) == 10


@pytest.mark.parametrize("name", [name for name in EVERY if "choices" in EVERY[name][2]])
def test_a_misspelt_choice_is_answered_with_the_right_one(name):
    spec, path, about = EVERY[name]
    for choice in about["choices"]:
        for slip in {choice.upper(), f"{choice}e", choice[:-2] + choice[-1]} - {choice}:
            values, (fault,) = read(written(path, slip), spec)
            assert f"Did you mean {choice}?" in fault, (slip, fault)
            assert not taken(values, path)


@pytest.mark.parametrize("name", [name for name in EVERY if len(EVERY[name][1][-1]) > 3])
def test_a_misspelt_option_is_answered_with_the_right_one(name):
    spec, path, _about = EVERY[name]
    slip = path[-1][:-2] + path[-1][-1]
    _values, (fault,) = read(written((*path[:-1], slip), SECRET), spec)
    assert "is not an option. Did you mean " in fault
    assert SECRET not in fault


def test_a_name_that_could_be_a_key_is_not_shown():
    _values, faults = read({SECRET: "acme", True: SECRET, 7: SECRET}, TENANT)
    assert SECRET not in str(faults)
    assert [fault.partition(". ")[0] for fault in faults] == [
        "An option is not known",
        "the name of an option is a boolean, not text; put it in quotes.",
        "the name of an option is a number, not text; put it in quotes.",
    ]


def test_an_option_under_two_of_its_names():
    assert read({"connector_profile_id": "x", "integration_id": "x"}, TENANT) == ({"integration_id": "x"}, [])
    _values, (fault,) = read({"connector_profile_id": "x", "integration_id": SECRET}, TENANT)
    assert fault == "integration_id is given twice, under two of its names. Remove one of them."


def test_further_fields_are_text_under_names_that_are_text():
    fields = {"extra": {"region": 1, "on": True, True: "x"}, "extra_secrets": {SECRET: 1.5}}
    values, faults = read({"credential_fields": fields}, TENANT)
    assert values == {"credential_fields": {}}
    extra, secret = faults
    assert extra.startswith("credential_fields.extra.on is a boolean, not text")
    assert secret.startswith("entry 1 of credential_fields.extra_secrets is a decimal number")
    good = {"credential_fields": {"extra": {"region": "1", "x": "y"}}}
    assert read({"credential_fields": {"extra": {"region": 1, "x": "y"}}}, TENANT) == (good, [])


def test_defaults_reach_into_suboptions():
    full = with_defaults({"credential_fields": {"domain": "x"}}, TENANT)
    assert full["credential_fields"] == {"domain": "x", "api_key": None, "extra": {}, "extra_secrets": {}}
    assert (full["state"], full["verify_key"], full["line"]) == ("present", True, None)


NUMBERS = of_type("int", "float")
NONSENSE = [-1, 1e10, "1e10", math.nan, math.inf, -math.inf, "nan", "inf", True, "many", [1], 10**400]


@pytest.mark.parametrize("name", [name for name in NUMBERS if not name.endswith((": line", ": position"))])
def test_a_number_that_makes_no_sense_is_refused(name):
    spec, (option,), about = EVERY[name]
    assert option in BOUNDS
    for value in NONSENSE:
        values, faults = read({option: value}, spec)
        if not faults:
            with pytest.raises(Failed, match=f"{option} must be "):
                check_bounds(values, option)
    for value in (BOUNDS[option].most, str(int(BOUNDS[option].most)), about.get("default")):
        values, faults = read({option: value}, spec)
        assert not faults
        check_bounds(values, option)


@pytest.mark.parametrize("option", [option for option, bounds in BOUNDS.items() if bounds.above or bounds.least])
def test_what_cannot_be_nothing(option):
    with pytest.raises(Failed, match=f"{option} must be "):
        check_bounds({option: 0}, option)


SPOILED = ["1.23457E+11", "1E+05", "1,5E-3", "4711.0", "4711,00", "1,000", '="00123"', "=A1", "'00123", "#N/A", "#NV"]
SPOILED += ["#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "########", "NaN", "None", "null", "TRUE", "False", "n/a"]
IDS = ["4711", "00123", "4711.5", "1e5", "12E5", "c-1", "Customer #1"]
IDS += ["#17", "N/A Ltd", "nancy", "true-north", "4.7.11"]


@pytest.mark.parametrize("text", SPOILED)
@pytest.mark.parametrize("option", ["origin_owner_id", "account_id", "integration_id", "provider"])
def test_what_a_spreadsheet_made_of_an_id_is_refused(option, text):
    assert accident(text)
    with pytest.raises(Failed, match=f"{option} .* is .*, not an id"):
        tenant_from(with_defaults({"domain": "acme", option: text}, TENANT))


@pytest.mark.parametrize("option", ["label", "origin_owner_name", "origin_username"])
def test_nobody_is_called_what_a_spreadsheet_shows_for_an_error(option):
    with pytest.raises(Failed, match=f"{option} is #N/A, a spreadsheet error"):
        tenant_from(with_defaults({"domain": "acme", option: "#N/A"}, TENANT))
    named = tenant_from(with_defaults({"domain": "acme", option: "Team #1"}, TENANT))
    assert getattr(named, option) == "Team #1"


@pytest.mark.parametrize("text", IDS)
def test_what_can_be_an_id_is_taken(text):
    assert tenant_from(with_defaults({"origin_owner_id": text}, TENANT)).origin_owner_id == text


UNSEEN = ["\u00a0", "\u00ad", "\u061c", "\u180e", "\u200b", "\u200d", "\u200e", "\u2003", "\u202e", "\u2060", "\ufeff", "\u3164", "\U000e0041"]  # fmt: skip


@pytest.mark.parametrize("char", UNSEEN)
def test_nothing_hides_in_an_id(char):
    inside = f"c{char}1"
    assert hidden_character(inside) == f"U+{ord(char):04X}"
    with pytest.raises(Failed, match="origin_owner_id contains an invisible character"):
        tenant_from(with_defaults({"origin_owner_id": inside}, TENANT))
    # A name can need it, in some scripts.
    assert tenant_from(with_defaults({"origin_owner_name": inside}, TENANT)).origin_owner_name == inside
    if char < "\U00010000":
        assert trimmed(f"{char}c 1{char}{char}") == "c 1"


def test_what_can_be_seen_is_not_hidden():
    assert [hidden_character(text) for text in ("c 1", "Müller & 愛", "", "#1")] == [None] * 4
