# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub_form import (
    FormField,
    check_named,
    domain_value,
    find_stored_domain,
    find_stored_key,
    map_fields,
    parse_fields,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import CredentialFields, Tenant
from tests.support.hub_client import failed

DOMAIN = {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False}
KEY = {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True}
AUTO = CredentialFields()
TENANT = Tenant("owner", "acme", api_key="K")


def mapped(*raw, chosen=AUTO):
    return map_fields(parse_fields({"configFields": list(raw)}, None, None), chosen)


def test_the_usual_form():
    assert mapped(DOMAIN, KEY).credentials(TENANT) == {"domain": "acme", "apiKey": "K"}


def form(*fields):
    return {"fields": list(fields)}


@pytest.mark.parametrize(
    "config",
    [
        {"configFields": [DOMAIN, KEY]},
        {"authentication": {"custom": {"production": form(DOMAIN, KEY)}}},
        {"configFields": [KEY], "authentication": {"custom": {"production": form(DOMAIN, KEY)}}},
        *({"configFields": [DOMAIN, KEY], "authentication": other} for other in (None, {}, {"a": {}, "b": {}})),
        *(
            {"configFields": [DOMAIN, KEY], "authentication": {"custom": other}}
            for other in ("x", {"production": "x"}, {"production": form()}, {"production": {"fields": {"key": "x"}}})
        ),
    ],
)
def test_new_legacy_and_double_forms(config):
    assert [item.key for item in parse_fields(config, "custom", "production")] == ["domain", "apiKey"]


@pytest.mark.parametrize(
    ("authentication", "environment", "key"),
    [
        ({"a": {"e": form(KEY), "f": form(DOMAIN)}, "b": {}}, "f", "domain"),
        ({"a": {"e": form(KEY), "f": form(DOMAIN)}, "b": {}}, "e", "apiKey"),
        ({"a": {"e": form(DOMAIN)}, "b": {}}, None, "domain"),
        ({"a": {"e": form(DOMAIN)}, "b": {}}, "renamed", "domain"),
        ({"renamed": {"e": form(DOMAIN)}}, "e", "domain"),
    ],
)
def test_the_legacy_form_is_the_named_one_or_the_only_one(authentication, environment, key):
    assert [item.key for item in parse_fields({"authentication": authentication}, "a", environment)] == [key]


@pytest.mark.parametrize(
    "config",
    [
        *(None, [], {}, {"configFields": []}, {"configFields": "x"}, {"configFields": 7}, {"configFields": [1, {}]}),
        {"configFields": [{"key": 7}]},
        {"authentication": {"a": {"e": form(KEY), "f": form(KEY)}}},
        {"authentication": {"b": {"e": form(KEY)}, "c": {"e": form(KEY)}}},
        {"configFields": "x", "authentication": {"a": {"e": form()}}},
        {"configFields": 7, "authentication": {"a": {"e": form()}}},
    ],
)
def test_a_form_without_fields_is_an_error(config):
    failure = failed(parse_fields, config, "a", None)
    assert failure.code.value == "field_unfilled"
    assert "no field that can be filled" in failure.message
    assert "connector profile" in failure.remediation


@pytest.mark.parametrize(
    "hidden",
    [
        *({"key": "external-trigger-token"}, {"key": "computed", "computed": True}),
        *({"key": "fixed", "readOnly": True}, {"key": "unseen", "display": False}),
    ],
)
def test_fields_that_nobody_fills_are_left_out(hidden):
    shown = [{**DOMAIN, "display": True, "readOnly": False, "computed": False}, KEY]
    assert [item.key for item in parse_fields({"configFields": [hidden, *shown]}, None, None)] == ["domain", "apiKey"]


FIELD = FormField("x", secret=True)
HOSTS = "freshservice.com"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        *((raw, FIELD) for raw in ({}, {"label": None, "placeholder": 7}, {"secret": None}, {"type": "text_area"})),
        ({"secret": False, "type": "password"}, FIELD),
        *(({"value": empty}, FIELD) for empty in ("", {"no": "text"})),
        *(({"options": other}, FIELD) for other in ([{"value": "eu"}, {"value": "us"}], ["eu"], {"value": "eu"})),
        *(({"validation": rule}, FIELD) for rule in ("x", {"type": "domain"}, {"type": "html-pattern", "pattern": ""})),
        ({"label": "Site", "placeholder": "mycompany"}, replace(FIELD, label="Site", placeholder="mycompany")),
        ({"required": True}, replace(FIELD, required=True)),
        ({"secret": False}, replace(FIELD, secret=False)),
        ({"secret": False, "type": "text"}, replace(FIELD, secret=False)),
        *(({"type": other}, replace(FIELD, text=False)) for other in ("number", "select")),
        *(({"value": value}, replace(FIELD, default=f"{value}")) for value in ("eu", 7)),
        ({"options": [{"value": "eu"}]}, replace(FIELD, default="eu")),
        ({"options": [{"value": "eu"}], "value": ""}, replace(FIELD, default="eu")),
        ({"options": [{"value": "eu"}], "value": "us"}, replace(FIELD, default="us")),
        ({"validation": {"type": "html-pattern", "pattern": "^a"}}, replace(FIELD, pattern="^a")),
        ({"validation": {"type": "domain", "pattern": "freshservice"}}, replace(FIELD, must_contain=HOSTS)),
    ],
)
def test_what_a_field_says_of_itself(raw, field):
    assert parse_fields({"configFields": [{"key": "x", **raw}]}, None, None) == (field,)


PASSWORD = {"key": "password", "label": "Password", "secret": True}
TEXT = {"key": "one", "label": "One", "type": "text", "required": True, "secret": False}


@pytest.mark.parametrize(
    ("raw", "option", "noun", "listed"),
    [
        ([DOMAIN, KEY, {**KEY, "key": "accessToken"}], "api_key", "API key", ["domain", "apiKey", "accessToken"]),
        ([DOMAIN], "api_key", "API key", ["domain"]),
        ([DOMAIN, PASSWORD, {**PASSWORD, "key": "pin"}], "api_key", "API key", ["domain", "password", "pin"]),
        ([KEY, TEXT, {**TEXT, "key": "two"}], "domain", "domain", ["one", "two"]),
        ([KEY, DOMAIN, {**DOMAIN, "key": "host"}], "domain", "domain", ["domain", "host"]),
        ([KEY], "domain", "domain", []),
        ([KEY, {**DOMAIN, "type": "number"}], "domain", "domain", ["domain"]),
    ],
)
def test_what_cannot_be_told_is_not_guessed(raw, option, noun, listed):
    failure = failed(mapped, *raw)
    assert failure.code.value == "field_ambiguous"
    assert failure.message == f"could not determine which field of StackOne's Freshservice form is for the {noun}."
    assert f"credential_fields.{option};" in failure.remediation
    assert all(f"'{key}' (" in failure.remediation for key in listed)
    assert failure.details == {"fields": listed}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ([{"key": "password", "secret": True}], "password"),
        ([PASSWORD, {"key": "accessToken", "secret": True}], "accessToken"),
        ([PASSWORD, {"key": "x", "label": "API Key (v2)", "secret": True}], "x"),
        ([PASSWORD, {"key": "x", "label": "Api-Key", "secret": True, "required": True}], "x"),
    ],
)
def test_the_only_secret_is_the_key_whatever_it_is_called(raw, key):
    assert mapped(DOMAIN, *raw).api_key.key == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ([{**TEXT, "key": "tenant"}], "tenant"),
        ([{**TEXT, "key": "tenant"}, {**DOMAIN, "required": False}], "tenant"),
        ([{**TEXT, "value": "eu"}, {**TEXT, "key": "tenant"}], "tenant"),
        ([{**TEXT, "type": "number", "value": 7}, {**TEXT, "key": "tenant"}], "tenant"),
        ([{**TEXT, "required": False}, {**DOMAIN, "required": False}], "domain"),
        ([{**DOMAIN, "value": "mycompany"}], "domain"),
        ([{**TEXT, "required": False}, {**TEXT, "required": False, "label": "Account URL", "key": "two"}], "two"),
        ([{**DOMAIN, "required": False}], "domain"),
        # It does not say that it is not secret.
        ([{"key": "subdomain", "required": True}], "subdomain"),
    ],
)
def test_the_only_required_text_is_the_domain_or_the_one_that_names_one(raw, key):
    assert mapped(KEY, *raw).domain.key == key


def test_among_several_texts_the_one_that_names_a_domain():
    region = {"key": "region", "label": "Region", "type": "text", "secret": False, "required": True, "value": "eu"}
    found = mapped(region, {**DOMAIN, "key": "x", "label": "Sub-Domain"}, KEY)
    assert found.credentials(TENANT) == {"region": "eu", "x": "acme", "apiKey": "K"}


def test_required_fields_that_nothing_fills_are_named():
    region = {"key": "region", "label": "Region", "type": "select", "secret": False, "required": True}
    zone = {"key": "zone", "type": "select", "secret": False, "required": True}
    optional = {**region, "key": "optional", "required": False}
    failure = failed(mapped, DOMAIN, KEY, region, optional, zone)
    assert failure.code.value == "field_unfilled"
    assert "requires 'region' (Region), 'zone', but no value is given" in failure.message
    assert "credential_fields.extra" in failure.remediation
    assert failure.details == {"fields": ["region", "zone"]}


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
        {"key": "pin", "secret": True},
    ]
    found = mapped(*raw, chosen=chosen).credentials(replace(TENANT, credential_fields=chosen))
    assert found == {"host": "acme", "token2": "K", "region": "us", "pin": "1234"}


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        (CredentialFields(extra={"regoin": "eu"}), "has no field regoin; its fields are 'domain'"),
        (CredentialFields(extra_secrets={"s3cret-1": "pin"}), "has no field with one of the names in extra_secrets"),
    ],
)
def test_a_value_for_a_field_that_the_form_lacks_is_refused(chosen, named):
    with pytest.raises(Failed, match=named) as caught:
        mapped(DOMAIN, {"key": "token", "secret": True}, chosen=chosen)
    failure = caught.value.failure
    assert (failure.code, failure.details) == (FailureCode.FIELD_UNFILLED, {"fields": ["domain", "token"]})
    assert failure.remediation == "Correct the names in credential_fields.extra (or extra_secrets)."
    assert "s3cret-1" not in caught.value.failure.line


@pytest.mark.parametrize(
    ("chosen", "named", "listed"),
    [
        (CredentialFields(domain="nope"), "credential_fields.domain names 'nope'", ["domain"]),
        (CredentialFields(api_key="nope"), "credential_fields.api_key names 'nope'", ["domain", "apiKey"]),
        (CredentialFields(domain="apiKey", api_key="apiKey"), "credential_fields.domain names 'apiKey'", ["domain"]),
    ],
)
def test_an_explicit_field_that_does_not_exist_is_an_error(chosen, named, listed):
    failure = failed(lambda: mapped(DOMAIN, KEY, chosen=chosen))
    assert failure.code.value == "field_unfilled"
    assert named in failure.message
    assert failure.remediation.startswith("It has 'domain' (Domain)")
    assert failure.details == {"fields": listed}


@pytest.mark.parametrize(
    "chosen",
    [
        CredentialFields(domain="nope"),
        CredentialFields(api_key="nope"),
        CredentialFields(domain="apiKey", api_key="apiKey"),
        CredentialFields(extra={"nope": "x"}),
        CredentialFields(extra_secrets={"nope": "x"}),
    ],
)
def test_names_are_checked_without_values(chosen):
    fields = parse_fields(
        {"configFields": [DOMAIN, KEY, {"key": "region", "required": True, "secret": False}]}, None, None
    )
    assert failed(check_named, fields, chosen).code.value == "field_unfilled"
    check_named(fields, CredentialFields("domain", "apiKey"))
    check_named(fields, AUTO)


HOST, URL = "acme.freshservice.com", "https://acme.freshservice.com"


def pattern(text):
    return {"validation": {"type": "html-pattern", "pattern": text}}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        *((pattern(text), "acme") for text in ("^[a-z]+$", r"^[a-z]+(\.freshservice\.com)?$", r"^[^://]+$")),
        *((pattern(text), "acme") for text in (r"^(?!.*\.freshservice\.com).*$", "[" * 100_000, "(")),
        (pattern(r"^[a-z]+\.freshservice\.com$"), HOST),
        (pattern(r"^(https:\/\/)?[a-z]+[.]freshservice[.]com$"), HOST),
        (pattern("^https://"), URL),
        (pattern(r"^https?:\/\/[^.]+\.freshservice\.com"), URL),
        ({**pattern(".+"), "placeholder": "you.freshservice.com"}, HOST),
        ({"validation": {"type": "domain", "pattern": "freshservice"}}, HOST),
        ({"validation": {"type": "domain", "pattern": "another-product"}}, "acme"),
        *(({"placeholder": text}, HOST) for text in ("mycompany.freshservice.com", " MyCompany.Freshservice.com ")),
        ({"placeholder": "https://mycompany.freshservice.com/"}, URL),
        ({}, "acme"),
        *(({"placeholder": text}, "acme") for text in ("see https://support.example.com", "mycompany")),
    ],
)
def test_the_domain_takes_the_form_that_the_field_wants(rule, value):
    assert mapped({**DOMAIN, **rule}, KEY).credentials(TENANT)["domain"] == value


@pytest.mark.parametrize(
    ("values", "chosen", "found"),
    [
        ({"subdomain": "acme", "region": "eu"}, AUTO, "acme"),
        ({"Account-URL": "acme", "region": "eu"}, AUTO, "acme"),
        ({"tenant": "acme"}, AUTO, "acme"),
        ({"tenant": "acme", "region": "eu"}, CredentialFields(extra={"region": "us"}), "acme"),
        *((values, AUTO, None) for values in ({"one": "acme", "two": "eu"}, {"domain": "acme", "host": "eu"}, {})),
        *(({"domain": other}, AUTO, None) for other in (7, "")),
        ({"one": "acme", "two": "eu"}, CredentialFields(domain="one"), "acme"),
        ({"domain": "eu"}, CredentialFields(domain="one"), None),
    ],
)
def test_the_stored_domain_is_found_again_or_not_told(values, chosen, found):
    assert find_stored_domain(values, chosen) == found


@pytest.mark.parametrize(
    ("secrets", "chosen", "found"),
    [
        ({"whatever": "p"}, AUTO, "p"),
        ({"pin": "q", "whatever": "p"}, CredentialFields(extra_secrets={"pin": "1"}), "p"),
        *(({"pin": "q", name: "p"}, AUTO, "p") for name in ("apiKey", "access_token")),
        *((secrets, AUTO, None) for secrets in ({"token": "q", "apiKey": "p"}, {"a": "q", "b": "p"}, {})),
        ({"a": "q", "b": "p"}, CredentialFields(api_key="b"), "p"),
        ({"a": "q"}, CredentialFields(api_key="b"), None),
    ],
)
def test_the_stored_key_is_found_again_or_not_told(secrets, chosen, found):
    assert find_stored_key(secrets, chosen) == found


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
    except Failed as error:
        code = error.failure.code.value
        assert code in ("field_ambiguous", "field_unfilled")
        return
    assert found.domain.key != found.api_key.key
    credentials = found.credentials(TENANT)
    assert credentials[found.api_key.key] == "K"
    required = {item["key"] for item in raw if item.get("required") and not item.get("readOnly")}
    assert required - {"external-trigger-token"} <= set(credentials)


def test_a_foreign_pattern_is_never_run(monkeypatch):
    """It could run for ever, as the ones below do on a domain of thirty letters. Ours are compiled already."""

    def run(*_arguments, **_options):
        raise AssertionError("somebody else's regular expression was compiled")

    for name in ("compile", "search", "match", "fullmatch"):
        monkeypatch.setattr(re, name, run)
    for pattern in (r"^(([a-z0-9.:/-])+)+\s$", r"(a|a)*$", r"^(.*a){25}$"):
        assert domain_value(FormField("d", pattern=pattern), "a" * 30) == "a" * 30
