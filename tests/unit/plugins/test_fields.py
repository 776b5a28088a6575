# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._fields import (
    FormField,
    domain_value,
    find_stored_domain,
    find_stored_key,
    map_fields,
    parse_fields,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import CredentialFields, Tenant

DOMAIN = {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False}
KEY = {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True}
AUTO = CredentialFields()
TENANT = Tenant("owner", "acme", api_key="K")


def mapped(*raw, chosen=AUTO):
    return map_fields(parse_fields({"configFields": list(raw)}, None, None), chosen)


def test_the_usual_form():
    assert mapped(DOMAIN, KEY).credentials(TENANT) == {"domain": "acme", "apiKey": "K"}


@pytest.mark.parametrize(
    "config",
    [
        {"configFields": [DOMAIN, KEY]},
        {"authentication": {"custom": {"production": {"fields": [DOMAIN, KEY]}}}},
        {"configFields": [KEY], "authentication": {"custom": {"production": {"fields": [DOMAIN, KEY]}}}},
        {"configFields": [DOMAIN, KEY], "authentication": {}},
    ],
)
def test_new_legacy_and_double_forms(config):
    assert [item.key for item in parse_fields(config, "custom", "production")] == ["domain", "apiKey"]


def test_the_legacy_form_of_the_named_authentication():
    config = {"authentication": {"a": {"e": {"fields": [KEY]}, "f": {"fields": [DOMAIN]}}, "b": {}}}
    assert [item.key for item in parse_fields(config, "a", "f")] == ["domain"]


@pytest.mark.parametrize(
    "config", [None, [], {}, {"configFields": []}, {"configFields": "x"}, {"configFields": [1, {}]}]
)
def test_a_form_without_fields_is_an_error(config):
    with pytest.raises(Failed) as caught:
        parse_fields(config, None, None)
    assert caught.value.failure.code.value == "field_unfilled"


def test_fields_that_nobody_fills_are_left_out():
    hidden = [
        {"key": "external-trigger-token", "secret": True},
        {"key": "computed", "computed": True},
        {"key": "fixed", "readOnly": True},
        {"key": "unseen", "display": False},
    ]
    assert set(mapped(*hidden, DOMAIN, KEY).credentials(TENANT)) == {"domain", "apiKey"}


def test_a_field_is_secret_unless_it_says_otherwise():
    fields = parse_fields(
        {"configFields": [{"key": "a"}, {"key": "b", "secret": False, "type": "password"}]}, None, None
    )
    assert [item.secret for item in fields] == [True, True]


def test_among_several_secrets_the_one_that_names_a_key():
    password = {"key": "password", "label": "Password", "secret": True}
    named = mapped(DOMAIN, password, {"key": "x", "label": "Api-Key", "secret": True, "required": True})
    assert named.api_key.key == "x"


def test_two_keys_are_not_guessed_between():
    with pytest.raises(Failed) as caught:
        mapped(DOMAIN, KEY, {**KEY, "key": "accessToken"})
    assert caught.value.failure.code.value == "field_ambiguous"
    assert "'accessToken'" in caught.value.failure.remediation


def test_among_several_texts_the_one_that_names_a_domain():
    region = {"key": "region", "label": "Region", "type": "text", "secret": False, "required": True, "value": "eu"}
    found = mapped(region, {**DOMAIN, "key": "x", "label": "Sub-Domain"}, KEY)
    assert found.credentials(TENANT) == {"region": "eu", "x": "acme", "apiKey": "K"}


def test_a_domain_that_forgets_to_say_it_is_no_secret():
    undeclared = {"key": "subdomain", "required": True}
    assert mapped(undeclared, KEY).domain.key == "subdomain"


def test_an_optional_domain_is_found_by_name():
    assert mapped({**DOMAIN, "required": False}, KEY).domain.key == "domain"


def test_a_required_field_that_nothing_fills_is_named():
    with pytest.raises(Failed) as caught:
        mapped(DOMAIN, KEY, {"key": "region", "label": "Region", "type": "select", "secret": False, "required": True})
    assert caught.value.failure.code.value == "field_unfilled"
    assert "'region' (Region)" in caught.value.failure.message


@pytest.mark.parametrize("filler", [{"value": "eu"}, {"options": [{"label": "EU", "value": "eu"}]}])
def test_a_single_choice_is_taken(filler):
    select = {"key": "region", "type": "select", "secret": False, "required": True, **filler}
    assert mapped(DOMAIN, KEY, select).credentials(TENANT)["region"] == "eu"


def test_explicit_mapping_and_extra_values_win():
    chosen = CredentialFields("host", "token2", {"region": "us"}, {"pin": "1234"})
    raw = [
        {"key": "host", "type": "text", "secret": False},
        DOMAIN | {"required": False},
        {"key": "token1", "secret": True},
        {"key": "token2", "secret": True},
        {"key": "region", "secret": False, "required": True, "value": "eu"},
    ]
    found = mapped(*raw, chosen=chosen).credentials(replace(TENANT, credential_fields=chosen))
    assert found == {"host": "acme", "token2": "K", "region": "us", "pin": "1234"}


def test_an_explicit_field_that_does_not_exist_is_an_error():
    with pytest.raises(Failed) as caught:
        mapped(DOMAIN, KEY, chosen=CredentialFields(domain="nope"))
    assert "'nope'" in caught.value.failure.message


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({}, "acme"),
        ({"validation": {"type": "html-pattern", "pattern": "^[a-z]+$"}}, "acme"),
        ({"validation": {"type": "html-pattern", "pattern": r"^[a-z]+\.freshservice\.com$"}}, "acme.freshservice.com"),
        ({"validation": {"type": "html-pattern", "pattern": "^https://"}}, "https://acme.freshservice.com"),
        ({"validation": {"type": "domain", "pattern": "freshservice"}}, "acme.freshservice.com"),
        ({"validation": {"type": "html-pattern", "pattern": "("}}, "acme"),
        ({"placeholder": "mycompany.freshservice.com"}, "acme.freshservice.com"),
        ({"placeholder": "https://mycompany.freshservice.com/"}, "https://acme.freshservice.com"),
        ({"placeholder": "mycompany"}, "acme"),
    ],
)
def test_the_domain_takes_the_form_that_the_field_wants(rule, value):
    assert mapped({**DOMAIN, **rule}, KEY).credentials(TENANT)["domain"] == value


def test_the_stored_domain_and_key_are_found_again():
    assert find_stored_domain({"subdomain": "acme", "region": "eu"}, AUTO) == "acme"
    assert find_stored_domain({"tenant": "acme"}, AUTO) == "acme"
    assert find_stored_domain({"one": "acme", "two": "eu"}, AUTO) is None
    assert find_stored_domain({"one": "acme", "two": "eu"}, CredentialFields(domain="one")) == "acme"
    assert find_stored_key({"whatever": "p"}, AUTO) == "p"
    assert find_stored_key({"pin": "q", "apiKey": "p"}, AUTO) == "p"
    assert find_stored_key({"a": "q", "b": "p"}, AUTO) is None
    assert find_stored_key({"a": "q", "b": "p"}, CredentialFields(api_key="b")) == "p"


FIELDS = st.fixed_dictionaries(
    {"key": st.text(min_size=1, max_size=12)},
    optional={
        "label": st.text(max_size=12),
        "required": st.booleans(),
        "secret": st.booleans() | st.none(),
        "type": st.sampled_from(["text", "password", "number", "select", "text_area", None]),
        "value": st.none() | st.text(max_size=5) | st.integers(),
        "readOnly": st.booleans(),
        "options": st.lists(st.fixed_dictionaries({"value": st.text(max_size=4)}), max_size=2),
        "validation": st.fixed_dictionaries({"type": st.just("html-pattern"), "pattern": st.text(max_size=6)}),
    },
)


@given(st.lists(FIELDS, max_size=6, unique_by=lambda item: item["key"]))
def test_any_form_gives_a_whole_answer_or_a_clear_error(raw):
    try:
        found = mapped(*raw)
    except Failed as failed:
        error = failed
    else:
        error = None
    if error:
        assert error.failure.code.value in ("field_ambiguous", "field_unfilled")
        return
    assert found.domain.key != found.api_key.key
    credentials = found.credentials(TENANT)
    assert credentials[found.api_key.key] == "K"
    required = {item["key"] for item in raw if item.get("required") and not item.get("readOnly")}
    assert required - {"external-trigger-token"} <= set(credentials)


def test_a_pattern_is_searched_not_anchored():
    assert domain_value(FormField("d", pattern="cm"), "acme") == "acme"
