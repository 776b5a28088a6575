# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_links: what it does for each tenant, and what it costs."""

from __future__ import annotations

import re
import stat

from tests.support.collection import LINKS
from tests.support.playbook_fixtures import numbered_domains, numbered_emulator
from tests.support.playbook_runner import actions

MANY = 60
DOMAINS = numbered_domains(MANY)


numbered = numbered_emulator(MANY)


def test_first_link_then_nothing_to_do(many):
    declared = many.bulk(many.tenants(*DOMAINS), fingerprints=str(many.folder / "fingerprints.json"))
    check, run, again = many.play({**declared, "check": True}, declared, declared, module=LINKS).results
    assert [check["changed"], run["changed"], again["changed"]] == [True, True, False]
    assert actions(check) == actions(run) == ["create"] * MANY
    assert check["diff"] == run["diff"]
    assert actions(again) == ["none"] * MANY
    assert [row["domain"] for row in run["results"]] == DOMAINS
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS}
    ids = {account["origin_owner_id"]: account["id"] for account in many.emulator.accounts()}
    assert {row["origin_owner_id"]: row["account_id"] for row in again["results"]} == ids


def test_every_tenant_gets_its_own_verdict(runner):
    good, absent = runner.tenants("acme", "globex"), [{"origin_owner_id": "customer-hooli", "state": "absent"}]
    runner.emulator.add_account(origin_owner_id="customer-hooli", domain="hooli", api_key=runner.tenant_key("hooli"))
    broken = runner.tenants("initech", "umbrella", "nobody")
    unsound = [
        {"domain": "not a domain", "api_key": "some-key", "origin_owner_id": "customer-1"},
        {"domain": "keyless", "origin_owner_id": "customer-2"},
        {"state": "absent"},
    ]
    result = runner.links([*broken, *good, *unsound, *absent])
    assert result["failed"]
    codes = [row.get("failure", {}).get("code") for row in result["results"]]
    found = ["key_refused", "tenant_suspended", "domain_not_found", None, None]
    assert codes == [*found, "invalid_domain", "key_missing", "invalid_argument", None]
    assert actions(result) == ["none"] * 3 + ["create"] * 2 + ["none"] * 3 + ["delete"]
    assert runner.linked() == {"customer-acme": "acme", "customer-globex": "globex"}
    assert result["summary"]["failed"] == 6
    assert result["summary"]["failures"]["invalid_argument"] == 1
    assert result["failure"]["code"] == "tenants_failed"
    assert "umbrella (owner customer-umbrella): the Freshservice tenant is suspended." in result["msg"]
    assert "keyless (owner customer-2): this tenant has no account yet, but no API key is declared." in result["msg"]
    assert "\n" not in result["msg"]
    assert result["changed"]


def test_duplicates_are_refused_before_anything_is_done(runner):
    twice = [*runner.tenants("acme", "globex"), *runner.tenants("acme")]
    result = runner.links(twice)
    assert result["failure"]["code"] == "duplicate_tenant"
    assert result["failure"]["details"]["positions"] == [1, 3]
    assert "entry 1 (acme" in result["msg"]
    assert "entry 3 (acme" in result["msg"]
    assert runner.emulator.requests(caller="client") == []


def test_drift_is_mended(runner):
    tenants = runner.tenants("acme", "globex", "hooli", label="Desk")
    runner.links(tenants)
    ids = {account["origin_owner_id"]: account["id"] for account in runner.emulator.accounts()}
    runner.emulator.change_account(ids["customer-acme"], label="changed by hand")
    runner.emulator.change_account(ids["customer-globex"], api_key="some-other-key")
    runner.emulator.change_account(ids["customer-hooli"], status="error")
    declared = runner.bulk(tenants)
    check, run, again = runner.play({**declared, "check": True}, declared, declared, module=LINKS).results
    assert actions(check) == actions(run) == ["update", "relink", "relink"]
    assert check["diff"] == run["diff"]
    assert "acme (owner customer-acme): label changed by hand" in run["diff"]["before"]
    assert "acme (owner customer-acme): label Desk" in run["diff"]["after"]
    assert actions(again) == ["none"] * 3
    assert len(runner.linked()) == 3
    stored = runner.emulator.account(ids["customer-globex"])["credentials"]
    assert list(stored.values()) == [runner.tenant_key("globex")]


def test_fingerprints_notice_a_rotated_key_that_stackone_does_not_show(runner):
    runner.emulator.switch(hub_secret_tail=0)
    path = runner.folder / "new folder" / "fingerprints.json"
    runner.links(runner.tenants("acme", "globex"), fingerprints=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    runner.emulator.set_tenant("acme", rotate_key=True)
    rotated = runner.tenants("acme", "globex")
    assert actions(runner.links(rotated)) == ["none", "none"]
    assert actions(runner.links(rotated, fingerprints=str(path))) == ["relink", "none"]
    runner.emulator.clear_requests()
    assert actions(runner.links(rotated, fingerprints=str(path))) == ["none", "none"]
    # The listing, and the pages that show its end.
    assert runner.count("stackone") == 3


def test_check_mode_writes_no_fingerprints(runner):
    path = runner.folder / "fingerprints.json"
    declared = runner.bulk(runner.tenants("acme"), fingerprints=str(path))
    runner.play({**declared, "check": True}, module=LINKS)
    assert not path.exists()


def test_tenants_data_is_neither_echoed_nor_logged(many):
    run = many.play(many.bulk(many.tenants(*DOMAINS)), module=LINKS)
    # Beside the summary's count; later versions of ansible-core show no invocation at all.
    assert set(re.findall(r'"tenants": ([^,\n]*)', run.output)) <= {f"{MANY}", f'"{MANY} tenants"'}
    assert set(re.findall(r'"stackone_api_key": ([^,\n]*)', run.output)) <= {'"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"'}
    for wrong in ("a string", [{"api_key": many.keys["t00001"], "no_such_option": 1}], ["a string"]):
        failed = many.play(many.bulk(wrong), module=LINKS).results[0]
        assert failed["failed"]
