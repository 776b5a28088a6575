# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are no friends: what customers are called, and what servers answer."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.collection import LINKS
from tests.support.hostile_texts import ESCAPES, MARKUP, RAW

TEXTS = [
    "Zażółć gęślą jaźń, Ægir & Søn, 株式会社, العربية, 🏢👩‍💻",
    "e\u0301 o\u0308 (combining)",
    "\u202egnirts\u202c \u200bzero\u200bwidth\ufeff",
    "quotes ' \" ` \\ \\n $HOME $(id) `id` ; | & > <",
    "{{ 7919 * 7907 }} {% for x in y %} {# no #} ${7919*7907} #{7919*7907} <%= 7919*7907 %>",
    "<script>alert(1)</script> \"><img src=x onerror=alert(1)> &amp;",
    "=HYPERLINK(\"http://x\") +1 -1 @SUM",
    "null", "true", "0", "[1, 2]", "{'a': 1}", "!vault x", "- x: y", "~", "* &", "%s %d {0}",
    "x" * 255,
    "../../etc/passwd", "a/b?c=d#e", "%2e%2e%2f", "owner id with spaces",
]  # fmt: skip
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\ufeff]")


def test_names_and_ids_of_every_kind_arrive_as_they_are(runner, playbook):
    """From a JSON file, where Ansible templates nothing, as owner id, name, user and label, in one list.

    An id holds nothing that cannot be seen.
    """
    common = {"domain": "acme", "api_key": runner.tenant_key("acme"), "allow_shared_domain": True}
    ids = [str(at) if INVISIBLE.search(text) else f"{at} {text}"[:255] for at, text in enumerate(TEXTS)]
    names = ("origin_owner_name", "origin_username", "label")
    tenants = [{**common, "origin_owner_id": own, **dict.fromkeys(names, text)} for own, text in zip(ids, TEXTS)]
    path = runner.folder / "tenants.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(tenants))
    runner.secret_files.add(path)
    first = playbook("link", freshservice_link_tenants_file=str(path))
    assert first.code == 0, first.output[-3000:]
    stored = {account["origin_owner_id"]: account for account in runner.emulator.accounts()}
    assert set(stored) == {tenant["origin_owner_id"] for tenant in tenants}
    for tenant in tenants:
        for name in names:
            assert stored[tenant["origin_owner_id"]][name] == tenant[name].strip("\u202e\ufeff")
    again = playbook("link", freshservice_link_tenants_file=str(path))
    assert again.code == 0, again.output[-3000:]
    assert f"{len(TEXTS)} as declared" in again.output
    assert not RAW.search(first.output + again.output)


@pytest.mark.parametrize(("service", "status"), [("stackone", 400), ("hub", 502), ("freshservice", 403)])
def test_what_servers_answer_reaches_no_terminal_raw(runner, service, status):
    words = ESCAPES + MARKUP
    body = {"message": words, "description": words, "code": words, "provider_response": words, "errors": [words]}
    runner.emulator.fault(service=service, caller="client", status=status, body={"raw": json.dumps(body)})
    run = runner.play(runner.options(retries=0))
    (result,) = run.results
    assert result["failed"]
    assert not RAW.search(run.output), run.output
    assert not RAW.search(json.dumps(result, ensure_ascii=False))
    assert "62615533" not in run.output
    assert "62615533" not in json.dumps(result)


def test_what_others_wrote_into_an_account_reaches_no_terminal_raw(runner):
    """In the diff above all, which Ansible prints as it is; yet the drift is seen and repaired."""
    hostile = f"{ESCAPES}\nFAKE LINE {MARKUP}"
    for domain in ("acme", "globex"):
        reason = {"code": hostile, "description": hostile, "timestamp": "2026-11-01T08:00:00Z"}
        texts = {"origin_owner_name": hostile, "label": hostile, "status_reasons": [reason]}
        runner.by_hand(domain, api_key=runner.tenant_key(domain), **texts)
    declared = {"label": "Desk", "origin_owner_name": "Acme"}
    one = runner.play({**runner.options(**declared), "check": True}, runner.options(**declared))
    many = runner.play(runner.bulk(runner.tenants("globex", **declared)), module=LINKS)
    for run in (one, many):
        assert not RAW.search(run.output)
        assert all(result["changed"] for result in run.results)
        assert not RAW.search(json.dumps(run.results, ensure_ascii=False))
    assert "\nFAKE LINE" not in many.results[0]["diff"]["before"]
    assert {account["label"] for account in runner.emulator.accounts()} == {"Desk"}
