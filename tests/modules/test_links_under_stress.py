# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_links where StackOne is unusual, or fails."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.modules.conftest import MANY
from tests.support.collection import LINKS
from tests.support.playbook_runner import actions

DOMAINS = [f"t{serial:05d}" for serial in range(1, MANY + 1)]


def test_faulty_answers_and_broken_tenants(many):
    """A tenth of the tenants broken in mixed ways, and more than 1 % of all answers faulty."""
    chance = random.Random(7)
    broken = {
        **dict.fromkeys(DOMAINS[0:90:9], ("suspended", "tenant_suspended")),
        **dict.fromkeys(DOMAINS[1:90:9], ("html_200", "not_freshservice")),
        **dict.fromkeys(DOMAINS[2:90:9], ("rotated", "key_refused")),
    }
    tenants = many.tenants(*DOMAINS)
    for domain, (state, _code) in broken.items():
        many.emulator.set_tenant(domain, **({"rotate_key": True} if state == "rotated" else {"state": state}))
    kinds = [
        {"status": 500}, {"status": 502, "when": "after"}, {"status": 503, "body": "html"}, {"drop": "before"},
        {"drop": "after"}, {"service": "stackone", "status": 429, "retry_after": "1"}, {"status": 408},
        {"service": "hub", "method": "POST", "status": 504, "when": "after"}, {"body": "truncated", "when": "after"},
    ]  # fmt: skip
    for _count in range(4):
        for kind in kinds:
            many.emulator.fault(**kind, call=chance.randrange(5, 150 if "service" in kind else 700))
    first = many.links(tenants, requests_per_minute=1000000, retries=3)
    assert sum(row["fault"] for row in many.emulator.requests(caller="client")) >= 20
    assert first["failed"]
    verdicts = {row["domain"]: row["failure"]["code"] for row in first["results"] if "failure" in row}
    assert {domain: verdicts.get(domain) for domain in broken} == {
        domain: code for domain, (_state, code) in broken.items()
    }
    transient = [row["failure"] for row in first["results"] if "failure" in row and row["domain"] not in broken]
    # Where Freshservice fails StackOne's own test, StackOne calls the credentials refused.
    assert all(failure["retriable"] or failure["code"] == "credentials_refused" for failure in transient), transient
    assert len(transient) < 18, "repetitions and adoption should have saved most"
    many.emulator.clear_faults()
    second = many.links(tenants, requests_per_minute=1000000)
    assert Counter(row["failure"]["code"] for row in second["results"] if "failure" in row) == Counter(
        code for _state, code in broken.values()
    )
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS if domain not in broken}
    assert len(many.emulator.accounts()) == MANY - len(broken)


VARIANTS = [
    {"accounts_shape": "data", "accounts_page_cap": 30},
    {"accounts_shape": "data_next", "accounts_page_base": 0, "accounts_page_cap": 25},
    {"accounts_page_cap": 40, "accounts_shuffle": True}, {"accounts_page_cap": 10},
    {"accounts_page_cap": 7, "accounts_filters": "ignored", "accounts_page_base": 0},
    {"accounts_filters": "ignored", "accounts_page_cap": 50}, {"eventual_listing_ms": 700},
    {"hub_existing_triple": "duplicate"}, {"hub_test": "async", "hub_async_delay_ms": 400},
    {"setup_information_in_accounts": False}, {"type_case": "upper", "status_case": "upper"},
    {"connector_config": "legacy"}, {"hub_patch_body": "empty", "hub_secret_tail": 0},
    {"organization_id": "string", "settings_existing_account": False},
]  # fmt: skip


@pytest.mark.parametrize("switches", VARIANTS, ids=lambda switches: "-".join(map(str, switches.values())))
def test_unusual_stackones(many, switches):
    many.emulator.switch(**switches)
    for number in range(30):
        many.emulator.add_account(origin_owner_id=f"other-{number}", domain=f"other-{number}", api_key="another")
    some = DOMAINS[:70]
    tenants = many.tenants(*some, label="Desk", account_type="test")
    declared = many.bulk(tenants, confirm_timeout=20, fingerprints=str(many.folder / "fingerprints.json"))
    first, again = many.play(declared, declared, module=LINKS).results
    assert not first.get("failed"), first["msg"]
    assert actions(first) == ["create"] * len(some)
    owners = Counter(account["origin_owner_id"] for account in many.emulator.accounts())
    assert all(owners[f"customer-{domain}"] == 1 for domain in some)
    assert not again.get("failed"), again["msg"]
    assert not again["changed"]


def test_profile_property_is_learnt_once(many):
    many.emulator.switch(profile_property="connector_profile_id")
    profile = next(item["integration_id"] for item in many.emulator.profiles() if item.get("default"))
    result = many.links(many.tenants(*DOMAINS[:50], integration_id=profile), concurrency=1)
    assert not result.get("failed"), result["msg"]
    assert len(many.emulator.requests(path="/connect_sessions", status=400)) == 1


def test_a_closing_listing_that_fails_loses_nothing(many):
    many.emulator.fault(service="stackone", path="/accounts", status=500, call=3, count=1000)
    result = many.links(many.tenants(*DOMAINS[:40]))
    assert result["failure"]["code"] == "stackone_unavailable"
    assert result["failure"]["phase"] == "confirm"
    assert actions(result) == ["create"] * 40
    assert any("40 changes were made, but not confirmed" in warning for warning in result["warnings"])
    many.emulator.clear_faults()
    assert not many.links(many.tenants(*DOMAINS[:40]))["changed"]


def test_a_form_that_cannot_be_read_ends_the_run_and_is_asked_for_once(many):
    """Each tenant would ask for it again, and wait until all before it had their answers."""
    many.links(many.tenants(*DOMAINS[:30]))
    many.emulator.fault(service="hub", path="/hub/connectors", status=503)
    result = many.links(many.tenants(*DOMAINS, label="New"), concurrency=16, retries=0)
    assert actions(result)[:30] == ["update"] * 30
    assert (result["failure"]["code"], result["failure"]["http_status"]) == ("stackone_unavailable", 503)
    assert "The run ended because StackOne failed for 20 tenants in a row: StackOne could not list" in result["msg"]
    assert set(result["summary"]["failures"]) == {"stackone_unavailable", "stopped"}
    assert result["summary"]["not_started"] > MANY // 2
    assert sum(row["fault"] for row in many.emulator.requests(path="/hub/connectors")) == 1


def test_what_stackone_has_against_one_tenant_stops_no_other(many):
    many.emulator.fault(service="stackone", path="/connect_sessions", status=500, call=1)
    result = many.links(many.tenants(*DOMAINS[:30]), concurrency=16, retries=0)
    assert actions(result).count("create") == 29
    assert result["failure"]["code"] == "tenants_failed"
