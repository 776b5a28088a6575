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
    checked_id,
    invalid_argument,
    missing_options,
    normalise_domain,
    normalise_key,
    same_domain,
)
from tests.support.hub_client import failed

LABELS = st.from_regex(re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"), fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)


@pytest.mark.parametrize(
    "text",
    [
        *("mycompany", "MyCompany", " mycompany \n", "\ufeffmycompany\u200b", "mycompany.freshservice.com"),
        *("https://mycompany.freshservice.com", "HTTPS://MyCompany.Freshservice.com/", "mycompany.freshservice.com/"),
        *("http://mycompany.freshservice.com/a/dashboard?x=1#y", "MyCompany.freshservice.com/a/tickets?x=1"),
        *("https://mycompany.freshservice.com?x=1", "https://mycompany.freshservice.com#y"),
        "\u00a0mycompany.freshservice.com/\u00a0",
    ],
)
def test_the_three_forms_that_people_paste(text):
    assert normalise_domain(text) == "mycompany"


REFUSED = {
    "empty": ["", "   ", ".freshservice.com", "https://"],
    "it must be a single name directly under freshservice.com;": [
        *("evil.com", "a.b", "a.b.freshservice.com", "mycompany.freshservice.com.evil.com"),
        *("https://evil.com/mycompany.freshservice.com", "https://evil.com/.freshservice.com"),
        *("https://evil.com?.freshservice.com", "https://evil.com#.freshservice.com"),
    ],
    "user name": ["user@mycompany.freshservice.com", "https://mycompany.freshservice.com@evil.com/", "agent@mycompany"],
    "port": ["mycompany:443", "https://mycompany.freshservice.com:8443/", "mycompany.freshservice.com:443/"],
    "path": [
        *("mycompany/../evil", "https://evil.com\\.freshservice.com", "mycompany%2eevil", "mycompany/"),
        "evil.com/mycompany.freshservice.com",
    ],
    "white space": ["my company", "mycompany\x00", "my\x1fcompany", "my\x7fcompany"],
    "non-ASCII": ["mycömpany", "m\u0443company", "my\u200bcompany"],
    "localhost is not a tenant": ["localhost"],
    "look-alike": ["xn--mycmpany-q4a"],
    "longer than 63": ["a" * 64],
    "letters, digits and inner hyphens": ["-mycompany", "mycompany-", "my_company"],
    "only http and https": ["ftp://mycompany.freshservice.com"],
}


@pytest.mark.parametrize(("text", "reason"), [(text, reason) for reason, texts in REFUSED.items() for text in texts])
def test_anything_else_is_refused_with_the_reason(text, reason):
    failure = failed(normalise_domain, text)
    assert (failure.code.value, failure.phase.value) == ("invalid_domain", "arguments")
    assert reason in failure.message
    assert "before .freshservice.com" in failure.remediation


def test_a_label_may_be_as_long_as_dns_allows():
    assert normalise_domain("a" * 63) == "a" * 63


def test_a_refused_domain_is_shown_printable_and_a_long_one_is_not():
    """Cut, it could end in the beginning of a key, which nobody would recognise any more."""
    shown = failed(normalise_domain, "\u0443" + "x" * 79)
    assert f"domain '\\u0443{'x' * 79}' is not" in shown.message
    assert failed(normalise_domain, "\u0443" + "x" * 80).message.startswith("domain of 81 characters is not")


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


STRANGE = ("two words", "k\u00e9y", "a:b", "a\x00b", "$ANSIBLE_VAULT;1.1;AES256\n3061")


@pytest.mark.parametrize(
    ("key", "words", "advice"),
    [
        ("", "api_key is empty.", "Ansible Vault"),
        (" \n", "api_key is empty.", "Ansible Vault"),
        ("a" * 7, "api_key is shorter than 8 characters", "vaulted variable"),
        (" abc \n", "api_key is shorter than 8 characters", "vaulted variable"),
        *((key, "api_key contains a character that API keys never contain", "vaulted variable") for key in STRANGE),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_shown(key, words, advice):
    failure = failed(normalise_key, key, "api_key")
    assert (failure.code.value, failure.phase.value) == ("invalid_argument", "arguments")
    assert failure.message.startswith(words)
    assert advice in failure.remediation
    assert not key.strip() or key.strip() not in failure.line


def test_the_shortest_key():
    assert normalise_key(" 8letters ", "api_key") == "8letters"


def test_an_invalid_argument_needs_no_advice():
    assert invalid_argument("domain is missing.").failure.line == "domain is missing."


SECRETIVE = Tenant(
    *("owner", "acme", "SECRET1"),
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


def test_the_options_that_are_missing_are_named_for_programs_as_well():
    assert missing_options(["domain"]).failure.message == "domain is missing."
    failure = missing_options(["domain", "origin_owner_id"]).failure
    assert failure.message == "domain and origin_owner_id are missing."
    assert failure.details == {"missing": ["domain", "origin_owner_id"]}
    assert invalid_argument("x", "y", at=7).failure.details == {"at": 7}


@pytest.mark.parametrize(
    ("value", "message", "remediation"),
    [
        ("a\u200bb", "account_id contains an invisible character (U+200B).", "Type it again instead of copying it."),
        (
            "1.5E+10",
            "account_id '1.5E+10' is a number in a spreadsheet's notation, not an id.",
            "Write the id itself, in YAML in quotes. To unlink an account that has this id by mistake, use its account_id.",
        ),
    ],
)
def test_what_cannot_be_an_id_says_why(value, message, remediation):
    failure = failed(checked_id, value, "account_id")
    assert (failure.message, failure.remediation) == (message, remediation)


def test_an_id_is_left_as_it_is():
    assert checked_id("0123", "account_id") == "0123"
