# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import (
    CredentialFields,
    Tenant,
    invalid_argument,
    normalise_domain,
    normalise_key,
    same_domain,
)

LABELS = st.from_regex(re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"), fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)


@pytest.mark.parametrize(
    "text",
    [
        "mycompany",
        "MyCompany",
        " mycompany \n",
        "mycompany.freshservice.com",
        "https://mycompany.freshservice.com",
        "HTTPS://MyCompany.Freshservice.com/",
        "http://mycompany.freshservice.com/a/dashboard?x=1#y",
        "https://mycompany.freshservice.com?x=1",
        "https://mycompany.freshservice.com#y",
        "mycompany.freshservice.com/",
        "MyCompany.freshservice.com/a/tickets?x=1",
        "\ufeffmycompany\u200b",
        "\u00a0mycompany.freshservice.com/\u00a0",
    ],
)
def test_the_three_forms_that_people_paste(text):
    assert normalise_domain(text) == "mycompany"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (".freshservice.com", "empty"),
        ("https://", "empty"),
        ("evil.com", "it must be a single name directly under freshservice.com;"),
        ("a.b", "single name directly under freshservice.com"),
        ("a.b.freshservice.com", "single name directly under freshservice.com"),
        ("mycompany.freshservice.com.evil.com", "single name directly under freshservice.com"),
        ("https://evil.com/mycompany.freshservice.com", "single name directly under freshservice.com"),
        ("https://evil.com/.freshservice.com", "single name directly under freshservice.com"),
        ("https://evil.com?.freshservice.com", "single name directly under freshservice.com"),
        ("https://evil.com#.freshservice.com", "single name directly under freshservice.com"),
        ("user@mycompany.freshservice.com", "user name"),
        ("https://mycompany.freshservice.com@evil.com/", "user name"),
        ("agent@mycompany", "user name"),
        ("mycompany:443", "port"),
        ("https://mycompany.freshservice.com:8443/", "port"),
        ("mycompany/../evil", "path"),
        ("https://evil.com\\.freshservice.com", "path"),
        ("mycompany%2eevil", "path"),
        ("my company", "white space"),
        ("mycompany\x00", "white space"),
        ("my\x1fcompany", "white space"),
        ("my\x7fcompany", "white space"),
        ("mycömpany", "non-ASCII"),
        ("m\u0443company", "non-ASCII"),
        ("my\u200bcompany", "non-ASCII"),
        ("mycompany/", "path"),
        ("evil.com/mycompany.freshservice.com", "path"),
        ("mycompany.freshservice.com:443/", "port"),
        ("localhost", "localhost is not a tenant"),
        ("xn--mycmpany-q4a", "look-alike"),
        ("a" * 64, "longer than 63"),
        ("-mycompany", "letters, digits and inner hyphens"),
        ("mycompany-", "letters, digits and inner hyphens"),
        ("my_company", "letters, digits and inner hyphens"),
        ("ftp://mycompany.freshservice.com", "only http and https"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text, reason):
    with pytest.raises(Failed) as caught:
        normalise_domain(text)
    assert caught.value.failure.code.value == "invalid_domain"
    assert caught.value.failure.phase.value == "arguments"
    assert reason in caught.value.failure.message
    assert "before .freshservice.com" in caught.value.failure.remediation


def test_a_label_may_be_as_long_as_dns_allows():
    assert normalise_domain("a" * 63) == "a" * 63


def test_a_refused_domain_is_shown_printable_and_a_long_one_is_not():
    """Cut, it could end in the beginning of a key, which nobody would recognise any more."""
    with pytest.raises(Failed) as caught:
        normalise_domain("\u0443" + "x" * 79)
    assert f"domain '\\u0443{'x' * 79}' is not" in caught.value.failure.message
    with pytest.raises(Failed) as caught:
        normalise_domain("\u0443" + "x" * 80)
    assert caught.value.failure.message.startswith("domain of 81 characters is not")


@pytest.mark.parametrize("stored", ["other", "acme2", "acme.example.com", "not a domain", ""])
def test_another_domain_is_not_the_declared_one(stored):
    assert not same_domain("acme", stored)


@given(LABELS)
def test_every_label_survives_in_every_form(label):
    for form in (label, label.upper(), f"{label}.freshservice.com", f"https://{label}.freshservice.com/x"):
        assert normalise_domain(form) == label
        assert same_domain(label, form)


@given(st.text(max_size=80))
def test_whatever_is_pasted_the_result_is_one_label_or_a_refusal(text):
    try:
        label = normalise_domain(text)
    except Failed:
        return
    assert re.fullmatch(r"[a-z0-9-]{1,63}", label)


def test_keys_lose_the_white_space_around_them():
    assert normalise_key(" abcDEF123 \n", "api_key") == "abcDEF123"


@pytest.mark.parametrize(
    ("key", "words", "advice"),
    [
        ("", "api_key is empty.", "Ansible Vault"),
        (" \n", "api_key is empty.", "Ansible Vault"),
        ("a" * 7, "api_key is shorter than 8 characters", "vaulted variable"),
        (" abc \n", "api_key is shorter than 8 characters", "vaulted variable"),
        ("two words", "api_key contains a character that API keys never contain", "vaulted variable"),
        ("k\u00e9y", "api_key contains a character that API keys never contain", "vaulted variable"),
        ("a:b", "api_key contains a character that API keys never contain", "vaulted variable"),
        ("a\x00b", "api_key contains a character that API keys never contain", "vaulted variable"),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n3061",
            "api_key contains a character that API keys never contain",
            "vaulted variable",
        ),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_shown(key, words, advice):
    with pytest.raises(Failed) as caught:
        normalise_key(key, "api_key")
    failure = caught.value.failure
    assert (failure.code.value, failure.phase.value) == ("invalid_argument", "arguments")
    assert failure.message.startswith(words)
    assert advice in failure.remediation
    assert not key.strip() or key.strip() not in failure.line


def test_the_shortest_key():
    assert normalise_key(" 8letters ", "api_key") == "8letters"


def test_an_invalid_argument_needs_no_advice():
    assert invalid_argument("domain is missing.").failure.line == "domain is missing."


SECRETIVE = Tenant(
    "owner",
    "acme",
    api_key="SECRET1",
    admin_api_key="SECRET2",
    credential_fields=CredentialFields(extra_secrets={"pin": "SECRET3"}),
)


def test_a_tenant_never_shows_its_keys():
    assert "SECRET" not in repr(SECRETIVE)


def test_a_tenant_knows_its_secrets():
    assert SECRETIVE.secrets == ["SECRET1", "SECRET2", "SECRET3"]
    assert Tenant("owner", "acme").secrets == []


@pytest.mark.parametrize(
    ("owner", "domain", "account", "name"),
    [
        ("1", "acme", None, "acme (owner 1)"),
        ("1", "acme", "a1", "acme (owner 1)"),
        ("1", None, None, "owner 1"),
        (None, "acme", "a1", "acme (account a1)"),
        (None, None, "a1", "account a1"),
        (None, "acme", None, "acme"),
        (None, None, None, "a tenant without a name"),
    ],
)
def test_what_a_message_calls_a_tenant(owner, domain, account, name):
    assert Tenant(owner, domain, account_id=account).name == name
