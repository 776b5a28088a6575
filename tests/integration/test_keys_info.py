# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_keys_info: many domains and keys, each told apart, and nothing sent to StackOne."""

from __future__ import annotations

import pytest


@pytest.fixture
def listed(runner):
    """Tenants of every kind; the list is the one that freshservice_links takes."""
    runner.known.add("not-the-key-of-globex")
    return [
        *runner.tenants("acme", label="Desk", account_type="test"),
        *runner.tenants("initech", "umbrella", "nobody"),
        *runner.tenants("globex", api_key="not-the-key-of-globex"),
        {"domain": "hooli.freshservice.com", "api_key": runner.tenant_key("hooli")},
        {"state": "absent", "origin_owner_id": "customer-gone"},
    ]


def test_every_verdict_is_returned(runner, listed):
    result = runner.keys_info(listed)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is False
    verdicts = {row["domain"]: row["verdict"] for row in result["results"]}
    refused = {"initech": "key_refused", "globex": "key_refused"}
    others = {"umbrella": "tenant_suspended", "nobody": "domain_not_found"}
    assert verdicts == {"acme": "valid", "hooli": "valid", **refused, **others}
    acme, initech, *_others, hooli = result["results"]
    assert acme["agent"] == runner.emulator.tenant("acme")["agent"]["email"]
    assert (hooli["domain"], hooli["origin_owner_id"]) == ("hooli", None)
    assert "failure" not in acme
    assert initech["failure"]["msg"].startswith("initech (owner customer-initech): Freshservice refused the API key")
    assert "Permissions" in initech["failure"]["remediation"]
    assert result["summary"]["verdicts"] == {"valid": 2, "key_refused": 2, "tenant_suspended": 1, "domain_not_found": 1}
    assert (result["summary"]["tenants"], result["summary"]["failed"]) == (6, 4)
    # Each key is tried once: Freshservice locks out after repeated failures.
    assert result["summary"]["requests"] == {"freshservice": runner.count("freshservice")} == {"freshservice": 6}
    assert runner.count("stackone") == 0


def test_it_can_be_red(runner, listed):
    result = runner.keys_info(listed, fail_on_refused=True)
    assert result["failed"]
    assert (result["failure"]["code"], result["failure"]["phase"]) == ("tenants_failed", "key_check")
    assert result["msg"].startswith("4 of 6 tenants failed: initech (owner customer-initech): ")
    assert len(result["results"]) == 6
    assert not runner.keys_info(runner.tenants("acme"), fail_on_refused=True).get("failed")
