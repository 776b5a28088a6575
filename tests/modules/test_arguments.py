# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of every option: one clear line, failed, nothing sent."""

from __future__ import annotations

import json

import pytest

from tests.support.bad_options import BAD_OPTIONS
from tests.support.collection import ACCOUNT_INFO, KEY_INFO, LINK
from tests.support.hostile_texts import ESCAPES, MARKUP, RAW, REFUSED


def test_bad_input_is_refused_in_one_line_before_any_request(runner):
    results = runner.play(*[runner.options(**bad) for bad, _words in BAD_OPTIONS]).results
    for (bad, words), result in zip(BAD_OPTIONS, results):
        assert result.get("failed"), bad
        assert not result.get("changed")
        assert words in result["msg"], (bad, result["msg"])
        assert "\n" not in result["msg"]
        assert result["failure"]["code"] in ("invalid_argument", "invalid_domain"), bad
        assert result["failure"]["phase"] == "arguments"
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), "inf", "-inf", "nan"])
def test_a_timeout_without_end_is_refused(runner, seconds):
    assert "timeout must be a number" in runner.link(timeout=seconds)["msg"]


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


def test_passwords_in_urls_are_never_shown(runner):
    """Whether the URL is taken or refused, in every module that takes it."""
    elsewhere = {"stackone_url": "https://stackone.invalid", "freshservice_url": "https://{domain}.invalid"}
    for module in (LINK, KEY_INFO, ACCOUNT_INFO):
        for name, url in URLS:
            world = runner.modules
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
def test_the_key_check_needs_both(runner, missing):
    result = runner.key_info(**{missing: None})
    assert missing in result["msg"]


@pytest.mark.parametrize("option", ["origin_owner_id", "origin_owner_name", "origin_username", "label"])
def test_control_characters_are_refused(runner, option):
    for text in REFUSED:
        result = runner.link(**{option: text})
        assert result["failed"], text
        assert "control character" in result["msg"], text
        assert not RAW.search(result["msg"])
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("service", ["stackone", "hub", "freshservice"])
@pytest.mark.parametrize("status", [400, 403, 502])
def test_what_servers_answer_is_never_raw(runner, service, status):
    words = ESCAPES + MARKUP
    body = {"message": words, "description": words, "code": words, "provider_response": words, "errors": [words]}
    runner.emulator.fault(service=service, caller="client", status=status, body={"raw": json.dumps(body)})
    result = runner.link(retries=0)
    assert result["failed"]
    shown = json.dumps(result, ensure_ascii=False)
    assert not RAW.search(shown)
    assert "62615533" not in shown
