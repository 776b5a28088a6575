# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""auth_link and auth_links: who gets a link, what it does, and that nobody but the registered variable sees it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.emulator.customer import Customer, Refused
from tests.support.collection import AUTH_LINK, AUTH_LINKS
from tests.support.playbook_runner import stackone_only


@pytest.fixture
def invite(runner):
    """Run auth_link once for each mapping of options; the results, which alone hold the links."""
    runner.secret_files.add(runner.folder / "report.json")

    def run(*tasks, module=AUTH_LINK):
        done = runner.play(*({**stackone_only(runner), "retries": 1, **options} for options in tasks), module=module)
        assert runner.emulator.stackone_api_key not in json.dumps(done.results)
        return done

    return run


@pytest.fixture
def acme(runner):
    """An account that somebody linked already."""
    key = runner.tenant_key("acme")
    return runner.emulator.add_account(origin_owner_id="customer-acme", domain="acme", api_key=key)


def test_from_a_link_to_an_account(runner, invite):
    """Link, finish as the customer would, and then there is nothing more to do."""
    shown = {"origin_owner_name": "Globex Ltd", "label": "Desk"}
    declared = {"origin_owner_id": "customer-globex", **shown, "account_type": "test"}
    run = invite({**declared, "check": True}, declared)
    check, made = run.results
    assert check["changed"] is made["changed"] is True
    assert (check["auth_link_url"], check["expires_at"]) == (None, None)
    assert (made["linked"], made["purpose"], made["account"]) == (False, "link", None)
    assert "token=" not in run.output
    Customer(made["auth_link_url"]).enter("globex", runner.tenant_key("globex"))
    (account,) = runner.emulator.accounts()
    for name, value in {**shown, "type": "test", "status": "active"}.items():
        assert account[name] == value
    runner.emulator.clear_requests()
    (again,) = invite(declared).results
    assert (again["changed"], again["linked"], again["auth_link_url"]) == (False, True, None)
    assert again["account"]["domain"] == "globex"
    assert [row["method"] for row in runner.emulator.requests(caller="client")] == ["GET"]


def test_a_refused_key_links_nothing(runner, invite):
    (made,) = invite({"origin_owner_id": "customer-acme"}).results
    with pytest.raises(Refused):
        Customer(made["auth_link_url"]).enter("acme", "not-the-key-of-acme")
    assert runner.emulator.accounts() == []


def test_who_is_linked_gets_a_link_only_to_enter_the_key_again(runner, invite, acme):
    known, entered = invite(
        {"origin_owner_id": "customer-acme"}, {"origin_owner_id": "customer-acme", "relink": True}
    ).results
    assert (known["changed"], known["auth_link_url"]) == (False, None)
    assert (entered["changed"], entered["linked"], entered["purpose"]) == (True, True, "relink")
    runner.emulator.set_tenant("acme", rotate_key=True)
    Customer(entered["auth_link_url"]).enter("acme", runner.tenant_key("acme"))
    (account,) = runner.emulator.accounts()
    assert account["id"] == acme["id"]
    assert runner.tenant_key("acme") in str(account)


@pytest.mark.parametrize(
    ("status", "purpose"), [("error", "relink"), ("expired", "relink"), ("suspended", None), ("archived", None)]
)
def test_an_account_that_does_not_work(runner, invite, acme, status, purpose):
    runner.emulator.change_account(acme["id"], status=status)
    (result,) = invite({"origin_owner_id": "customer-acme"}).results
    if purpose:
        assert (result["linked"], result["purpose"]) == (False, purpose)
        Customer(result["auth_link_url"]).enter("acme", runner.tenant_key("acme"))
        assert runner.emulator.account(acme["id"])["status"] == "active"
    else:
        assert result["failure"]["code"] == "account_not_active"
        assert "auth_link_url" not in result


def test_an_owner_with_several_accounts(runner, invite, acme):
    runner.emulator.add_account(origin_owner_id="customer-acme", domain="globex", api_key=runner.tenant_key("globex"))
    owner = {"origin_owner_id": "customer-acme"}
    multiple = {**owner, "allow_multiple": True}
    unclear, by_domain, pinned, another = invite(
        owner,
        {**owner, "domain": "acme"},
        {**owner, "account_id": acme["id"], "relink": True},
        {**multiple, "domain": "hooli"},
    ).results
    assert unclear["failure"]["code"] == "ambiguous_account"
    assert (by_domain["linked"], by_domain["account"]["id"]) == (True, acme["id"])
    assert pinned["purpose"] == "relink"
    assert another["purpose"] == "link"
    Customer(another["auth_link_url"]).enter("hooli", runner.tenant_key("hooli"))
    assert len(runner.emulator.accounts()) == 3


def test_how_long_a_link_is_good(runner, invite):
    started = datetime.now(timezone.utc)
    short, usual = invite({"origin_owner_id": "a", "expires_in": 60}, {"origin_owner_id": "b"}).results
    ended = datetime.now(timezone.utc)
    for result, seconds in ((short, 60), (usual, 432_000)):
        expires = datetime.fromisoformat(result["expires_at"].replace("Z", "+00:00"))
        assert started - timedelta(seconds=1) <= expires - timedelta(seconds=seconds) <= ended


FAILURES = [
    ({"expires_in": 0}, {}, "invalid_argument", "arguments"),
    ({"domain": "a b"}, {}, "invalid_domain", "arguments"),
    ({"account_id": "nobody"}, {}, "account_not_found", "observe"),
    ({"stackone_api_key": "v1.eu1.not-a-key"}, {}, "stackone_key_refused", "observe"),
    ({"integration_id": "no-such-profile"}, {}, "connector_profile_missing", "apply"),
    ({"expires_in": 61}, {"session_expires_in_max": 60}, "stackone_rejected", "apply"),
]


@pytest.mark.parametrize(("options", "switches", "code", "phase"), FAILURES, ids=[row[2] for row in FAILURES])
def test_failures(runner, invite, options, switches, code, phase):
    runner.emulator.switch(**switches)
    run = invite({"origin_owner_id": "customer-acme", **options})
    (result,) = run.results
    assert (result["failure"]["code"], result["failure"]["phase"]) == (code, phase)
    # There is no link to hide, so why it failed is shown.
    assert result["msg"][:60] in run.output.replace("\\", "")


def test_an_answer_without_a_link_shows_no_token(runner, invite):
    body = {"raw": '{"token": "a-token-that-nobody-may-see"}'}
    runner.emulator.fault(service="stackone", method="POST", path="/connect_sessions", body=body, status=201)
    runner.known.add("a-token-that-nobody-may-see")
    (result,) = invite({"origin_owner_id": "customer-acme"}).results
    assert result["failure"]["code"] == "unexpected_answer"
    assert "a-token" not in result["msg"]


@pytest.mark.parametrize("module", [AUTH_LINK, AUTH_LINKS])
def test_links_are_hidden_wherever_ansible_shows_results(runner, module):
    """In a loop, retried with until, delegated, and ignored: the search for secrets knows the tokens."""
    owner = {"origin_owner_id": "{{ item }}"}
    arguments = {**stackone_only(runner), **(owner if module == AUTH_LINK else {"tenants": [owner]})}
    common = {module: arguments, "loop": ["a", "b"], "register": "made", "ignore_errors": True}
    failing = {**common, "failed_when": True}
    waiting = {**common, "until": "made.auth_link_url is defined and false", "retries": 2, "delay": 0}
    delegated = {**common, "delegate_to": "localhost", "run_once": True}
    kept = {"ansible.builtin.set_fact": {"kept": "{{ made.results | map(attribute='linked', default=false) | list }}"}}
    runner.secret_files.add(runner.folder / "play.json")
    run = runner.run_tasks(common, failing, waiting, delegated, kept)
    assert run.code == 0, run.output
    assert len(runner.emulator.tokens()) >= 8
    assert run.output.count("the output has been hidden") >= 8


def test_it_does_not_run_in_the_background(runner):
    runner.secret_files.add(runner.folder / "play.json")
    run = runner.run_tasks({AUTH_LINK: {**stackone_only(runner), "origin_owner_id": "a"}, "async": 60, "poll": 1})
    assert run.code == 2
    assert "support async" in run.output or "async is not supported" in run.output
    assert runner.emulator.tokens() == []


def test_many_owners(runner, invite, acme):
    runner.emulator.add_account(origin_owner_id="customer-broken", domain="globex", api_key="x", status="error")
    for number in range(2):
        runner.emulator.add_account(origin_owner_id="customer-twice", domain=f"d{number}", api_key="x")
    tenants = [
        {"origin_owner_id": "customer-acme", "domain": "acme", "api_key": runner.tenant_key("acme")},
        {"origin_owner_id": "customer-new", "origin_owner_name": "New Ltd"},
        {"origin_owner_id": "customer-broken"},
        {"origin_owner_id": "customer-twice"},
        {"origin_owner_id": "customer-gone", "state": "absent"},
        {"domain": "without-an-owner"},
    ]
    run = invite({"tenants": tenants, "check": True}, {"tenants": tenants}, module=AUTH_LINKS)
    check, made = run.results
    for result in (check, made):
        assert result["failed"]
        assert [row.get("purpose") for row in result["owners"]] == [None, "link", "relink", None, None]
        codes = [row.get("failure", {}).get("code") for row in result["owners"]]
        assert codes == [None, None, None, "ambiguous_account", "invalid_argument"]
        counts = {name: result["summary"][name] for name in ("tenants", "linked", "auth_links", "failed")}
        assert counts == {"tenants": 5, "linked": 1, "auth_links": 2, "failed": 2}
        assert result["failure"]["code"] == "tenants_failed"
    assert "2 of 5 tenants failed: " in run.output
    assert not any(row.get("auth_link_url") for row in check["owners"])
    for row in made["owners"][1:3]:
        Customer(row["auth_link_url"]).enter("globex", runner.tenant_key("globex"))
    assert {account["status"] for account in runner.emulator.accounts()} == {"active"}


def test_who_has_linked_another_domain_is_named(runner, invite, acme):
    owner = {"origin_owner_id": "customer-acme"}
    for domain in ("globex", "acme", "ACME.freshservice.com"):
        result = invite({"tenants": [{**owner, "domain": domain}]}, module=AUTH_LINKS)
        told = (
            "1 customer has an account for another domain than the declared one: globex (owner customer-acme) for acme."
        )
        assert (told in " ".join(result.results[0].get("warnings", []))) is (domain == "globex")
        assert result.results[0]["owners"][0]["linked"] is True


def test_many_owners_cost_few_requests(runner, invite):
    for number in range(30):
        runner.emulator.add_account(origin_owner_id=f"customer-{number}", domain="acme", api_key="x")
    runner.emulator.clear_requests()
    tenants = [{"origin_owner_id": f"customer-{number}"} for number in range(100)]
    (result,) = invite({"tenants": tenants}, module=AUTH_LINKS).results
    assert result["summary"]["auth_links"] == 70
    sent = runner.count("stackone")
    assert result["summary"]["requests"] == {"stackone": sent}
    # One for each link; the listing takes two portions of owners, and at most three pages for each.
    assert sent <= 70 + 6


def test_a_refused_stackone_key_ends_the_run(runner, invite):
    tenants = [{"origin_owner_id": "a"}, {"origin_owner_id": "b"}]
    options = {"tenants": tenants, "stackone_api_key": "v1.eu1.not-a-key"}
    (result,) = invite(options, module=AUTH_LINKS).results
    assert (result["failure"]["code"], result["failure"]["phase"]) == ("stackone_key_refused", "observe")
    reader = runner.emulator.key(scopes=["platform:read"])
    runner.known.add(reader)
    (result,) = invite({"tenants": tenants, "concurrency": 1, "stackone_api_key": reader}, module=AUTH_LINKS).results
    assert [row["failure"]["code"] for row in result["owners"]] == ["stackone_forbidden", "stopped"]


def test_the_same_owner_twice_is_refused(runner, invite):
    (result,) = invite({"tenants": [{"origin_owner_id": "a"}, {"origin_owner_id": "a"}]}, module=AUTH_LINKS).results
    assert result["failure"]["code"] == "duplicate_tenant"
    assert runner.emulator.tokens() == []
