# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of every option: one clear line, failed, nothing sent."""

from __future__ import annotations

import json

import pytest

from tests.integration.house import ACCOUNT_INFO, KEY_INFO, LINK
from tests.integration.test_hostile import ESCAPES, MARKUP, RAW, REFUSED

BAD = [
    ({"domain": "evil.com"}, "single label"),
    ({"domain": None}, "domain"),
    ({"api_key": None}, "api_key"),
    ({"api_key": "two words"}, "api_key"),
    ({"api_key": " "}, "api_key is missing"),
    ({"origin_owner_id": None}, "origin_owner_id"),
    ({"origin_owner_id": " "}, "origin_owner_id is missing"),
    ({"origin_owner_id": "x" * 256}, "longer than 255"),
    ({"label": "a\tb"}, "control character"),
    ({"account_type": "staging"}, "account_type"),
    ({"allow_multiple": "perhaps"}, "allow_multiple"),
    ({"state": "gone"}, "state"),
    ({"state": "absent", "origin_owner_id": None}, "origin_owner_id or account_id"),
    ({"credential_fields": {"unknown": "x"}}, "unknown"),
    ({"credential_fields": {"extra": "text"}}, "extra"),
    ({"update_credentials": "sometimes"}, "update_credentials"),
    ({"verify_key": "perhaps"}, "verify_key"),
    ({"admin_api_key": "abcdefghij"}, "agent_email"),
    ({"agent_email": "a@x"}, "admin_api_key"),
    ({"confirm_timeout": -1}, "confirm_timeout"),
    ({"confirm_timeout": "soon"}, "confirm_timeout"),
    ({"stackone_api_key": None}, "stackone_api_key"),
    ({"stackone_api_key": "a b"}, "stackone_api_key"),
    ({"stackone_url": "http://stackone.example"}, "https"),
    ({"stackone_url": "stackone.example"}, "https"),
    ({"stackone_url": "https://user:pw@stackone.example"}, "user name"),
    ({"stackone_url": "https://[broken"}, "not a URL"),
    ({"freshservice_url": "https://freshservice.example"}, "{domain}"),
    ({"freshservice_url": "http://{domain}.freshservice.example"}, "https"),
    ({"validate_certs": "perhaps"}, "validate_certs"),
    ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
    ({"client_cert": "/nowhere/cert.pem"}, "client_cert"),
    ({"client_key": "/nowhere/key.pem"}, "client_cert"),
    ({"stackone_url": "https://user:p/w@stackone.example"}, "user name"),
    ({"freshservice_url": "https://user:pw@{domain}.example"}, "user name"),
    ({"proxy": "proxy.example:3128"}, "proxy"),
    ({"proxy": "http://[broken"}, "not a URL"),
    ({"proxy": "http://user:p#w@proxy.example"}, "%23"),
    *[({"timeout": seconds}, "at most 3600") for seconds in (0, -1, 3601, 1e10)],
    *[({"retries": times}, "from 0 to 100") for times in (-1, 101, 2000)],
    ({"requests_per_minute": 0}, "requests_per_minute"),
    ({"unheard_of": 1}, "unheard_of"),
]


def test_bad_input_is_refused_in_one_line_before_any_request(house):
    results = house.play(*[house.options(**bad) for bad, _words in BAD]).results
    for (bad, words), result in zip(BAD, results):
        assert result.get("failed"), bad
        assert not result.get("changed")
        assert words in result["msg"], (bad, result["msg"])
        assert "\n" not in result["msg"]
        assert result["failure"]["code"] in ("invalid_argument", "invalid_domain"), bad
        assert result["failure"]["phase"] == "arguments"
    assert house.emulator.requests() == []


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), "inf", "-inf", "nan"])
def test_a_timeout_without_end_is_refused(house, seconds):
    assert "timeout must be a number" in house.link(timeout=seconds)["msg"]


PASSWORD = "Pass-Word-0815"
URLS = [
    *[("proxy", f"{before}{PASSWORD}@proxy.example:3128") for before in
      ("http://user:", "http://user:#", "http://user:a/", "http://user:?", "http://user:@", "user:", "http://", "", "ftp://u:")],
    *[("stackone_url", f"https://{before}{PASSWORD}@stackone.example") for before in ("user:", "", "user:a/", "a#")],
    ("freshservice_url", f"https://user:{PASSWORD}@{{domain}}.example"),
    ("freshservice_url", f"https://{{domain}}.example/?key={PASSWORD}"),
    ("stackone_url", f"https://api.stackone.example/?api_key={PASSWORD}"),
    *[("domain", f"{before}{PASSWORD}@acme.freshservice.com") for before in ("https://user:", "user:", "https://", "")],
    ("domain", f"https://acme.example/?key={PASSWORD}"),
    ("domains", [f"https://user:{PASSWORD}@acme.freshservice.com"]),
]  # fmt: skip


def test_passwords_in_urls_are_never_shown(house):
    """Whether the URL is taken or refused, in every module that takes it."""
    elsewhere = {"stackone_url": "https://stackone.invalid", "freshservice_url": "https://{domain}.invalid"}
    for module in (LINK, KEY_INFO, ACCOUNT_INFO):
        for name, url in URLS:
            world = house._world
            options = {**world.connection(module.rpartition(".")[2]), "retries": 0}
            options |= {own: value for own, value in elsewhere.items() if own in options}
            if name != "proxy" and name not in options:
                continue
            if module == KEY_INFO:
                options |= {"domain": "acme", "api_key": "a-key-for-no-tenant"}
            if module == LINK:
                options |= {"domain": "acme", "api_key": "a-key-for-no-tenant", "origin_owner_id": "one"}
            if name not in options and not (name == "domains" and module == ACCOUNT_INFO) and name != "proxy":
                continue
            run = world.enter(module.rpartition(".")[2], {**options, name: url})
            assert run.failed or run.result["key_check"]["status"] == "unreachable"
            assert PASSWORD not in run.text, (module, name, url)
            assert name in run.invocation["module_args"]


@pytest.mark.parametrize("missing", ["domain", "api_key"])
def test_the_key_check_needs_both(house, missing):
    result = house.key_info(**{missing: None})
    assert missing in result["msg"]


@pytest.mark.parametrize("option", ["origin_owner_id", "origin_owner_name", "origin_username", "label"])
def test_control_characters_are_refused(house, option):
    for text in REFUSED:
        result = house.link(**{option: text})
        assert result["failed"], text
        assert "control character" in result["msg"], text
        assert not RAW.search(result["msg"])
    assert house.emulator.requests() == []


@pytest.mark.parametrize("service", ["stackone", "hub", "freshservice"])
@pytest.mark.parametrize("status", [400, 403, 502])
def test_what_servers_answer_is_never_raw(house, service, status):
    words = ESCAPES + MARKUP
    body = {"message": words, "description": words, "code": words, "provider_response": words, "errors": [words]}
    house.emulator.fault(service=service, caller="client", status=status, body={"raw": json.dumps(body)})
    result = house.link(retries=0)
    assert result["failed"]
    shown = json.dumps(result, ensure_ascii=False)
    assert not RAW.search(shown)
    assert "62615533" not in shown
