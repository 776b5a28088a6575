# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import (
    Tenant,
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
        ("evil.com", "single label"),
        ("a.b", "single label"),
        ("a.b.freshservice.com", "single label"),
        ("mycompany.freshservice.com.evil.com", "single label"),
        ("https://evil.com/mycompany.freshservice.com", "single label"),
        ("https://evil.com/.freshservice.com", "single label"),
        ("https://evil.com?.freshservice.com", "single label"),
        ("https://evil.com#.freshservice.com", "single label"),
        ("user@mycompany.freshservice.com", "'@'"),
        ("https://mycompany.freshservice.com@evil.com/", "'@'"),
        ("agent@mycompany", "'@'"),
        ("mycompany:443", "port"),
        ("https://mycompany.freshservice.com:8443/", "port"),
        ("mycompany/../evil", "path"),
        ("https://evil.com\\.freshservice.com", "path"),
        ("mycompany%2eevil", "path"),
        ("my company", "white space"),
        ("mycompany\x00", "white space"),
        ("mycömpany", "non-ASCII"),
        ("m\u0443company", "non-ASCII"),
        ("mycompany\u200b", "non-ASCII"),
        ("xn--mycmpany-q4a", "look-alike"),
        ("a" * 64, "longer than 63"),
        ("-mycompany", "letters, digits and inner hyphens"),
        ("mycompany-", "letters, digits and inner hyphens"),
        ("my_company", "letters, digits and inner hyphens"),
        ("ftp://mycompany.freshservice.com", "http or https"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text, reason):
    with pytest.raises(Failed) as caught:
        normalise_domain(text)
    assert caught.value.failure.code.value == "invalid_domain"
    assert caught.value.failure.phase.value == "arguments"
    assert reason in caught.value.failure.message


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


@pytest.mark.parametrize("key", ["", " \n", "two words", "k\u00e9y", "a:b", "a\x00b"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key):
    with pytest.raises(Failed) as caught:
        normalise_key(key, "api_key")
    assert caught.value.failure.code.value == "invalid_argument"
    assert not key.strip() or key.strip() not in caught.value.failure.line


def test_a_tenant_never_shows_its_keys():
    tenant = Tenant("owner", "acme", api_key="SECRET1", admin_api_key="SECRET2")
    assert "SECRET" not in repr(tenant)
