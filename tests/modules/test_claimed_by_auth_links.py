# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An auth link never lets a customer overwrite an account that another entry of the list means."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.tenants import tenants
from tests.support.collection import AUTH_LINKS

OWNER = "customer-before"
MOVED = {"domain": "acme", "origin_owner_id": "customer-acme", "previous_origin_owner_id": OWNER}
NEW = {"domain": "globex", "origin_owner_id": OWNER}
OTHERS = {
    "it moves": MOVED,
    "it is unlinked": {"domain": "acme", "origin_owner_id": OWNER, "state": "absent"},
    "its former id was forgotten": {"domain": "acme", "origin_owner_id": "customer-acme"},
    "its entry cannot be read": {**MOVED, "label": "#N/A"},
}


@pytest.fixture(params=[True, False], ids=["domains are listed", "domains are not listed"])
def shown(request, runner):
    runner.emulator.switch(setup_information_in_accounts=request.param)


def links(runner, entries, check=False, **options):
    given = {**runner.bulk(entries), "check": check, **options}
    names = ("confirm_timeout", "freshservice_url")
    played = runner.play({name: value for name, value in given.items() if name not in names}, module=AUTH_LINKS)
    return played.results[0]


@pytest.mark.parametrize("relink", [True, False])
@pytest.mark.parametrize("status", ["active", "error"])
@pytest.mark.parametrize("order", [1, -1], ids=["before", "after"])
@pytest.mark.parametrize("why", OTHERS)
def test_the_account_is_left_to_the_other_entry(runner, why, order, status, relink, shown):
    account = runner.by_hand("acme", origin_owner_id=OWNER, status=status)
    listed = [NEW, OTHERS[why]][::order]
    part = [{**NEW, "position": listed.index(NEW) + 1}]
    for entries, others in ((listed, None), (part, tenants(listed, without_keys=True))):
        for check in (True, False):
            result = links(runner, entries, check, relink=relink, **({"other_tenants": others} if others else {}))
            row = next(row for row in result["owners"] if row["domain"] == "globex")
            if status == "active" and not relink and why in list(OTHERS)[2:]:
                # It gets no link, so that nothing can be overwritten.
                assert row["auth_link_url"] is None
                continue
            assert row["failure"]["code"] == "account_claimed", row
            assert "auth_link_url" not in row or row["auth_link_url"] is None
            assert account["id"] in row["failure"]["msg"]
            assert "Link the list first" in row["failure"]["remediation"]
    runner.assert_no_secret()


def test_entries_that_mean_one_account_are_refused(runner, shown):
    account = runner.by_hand("acme", origin_owner_id=OWNER, status="error")
    pinned = {"domain": "acme", "origin_owner_id": OWNER, "account_id": account["id"], "allow_multiple": True}
    for entries, others in (([NEW, pinned], None), ([{**NEW, "position": 1}], [NEW, pinned])):
        result = links(runner, entries, **({"other_tenants": others} if others else {}))
        assert result["failure"]["code"] == "duplicate_tenant", result


def test_once_it_has_moved_everybody_gets_a_link(runner, shown):
    runner.by_hand("acme", origin_owner_id="customer-acme", status="error")
    rows = links(runner, [MOVED, NEW])["owners"]
    assert [row["purpose"] for row in rows] == ["relink", "link"]
    assert all(row["auth_link_url"] for row in rows)


@pytest.mark.parametrize("declared", ["in the list", "in the whole list", "not at all"])
def test_a_domain_is_not_linked_for_two_owners(runner, declared):
    account = runner.by_hand("acme", origin_owner_id=OWNER)
    owner, other = {"domain": "acme", "origin_owner_id": OWNER}, OTHERS["its former id was forgotten"]
    part = [{**other, "position": 2}]
    options = {"other_tenants": [owner, other]} if declared == "in the whole list" else {}
    rows = links(runner, [owner, other] if declared == "in the list" else part, **options)["owners"]
    assert rows[-1]["failure"]["code"] == "domain_linked_elsewhere"
    assert all("failure" not in row for row in rows[:-1])
    assert account["id"] in rows[-1]["failure"]["msg"]
    (row,) = links(runner, [{**other, "allow_shared_domain": True}])["owners"]
    assert row["auth_link_url"]


def test_a_customer_gets_no_link_to_another_ones_domain_for_its_own_account(runner):
    runner.by_hand("acme", origin_owner_id=OWNER, status="error")
    account = runner.by_hand("globex", origin_owner_id="customer-globex")
    for check in (True, False):
        (row,) = links(runner, [NEW], check)["owners"]
        assert row["failure"]["code"] == "domain_linked_elsewhere", row
        assert account["id"] in row["failure"]["msg"]
    (row,) = links(runner, [{**NEW, "allow_shared_domain": True}])["owners"]
    assert row["purpose"] == "relink"


def test_an_owner_without_a_domain_gets_no_link_for_anothers(runner, shown):
    runner.by_hand("acme", origin_owner_id=OWNER, status="error")
    owner = {"origin_owner_id": OWNER}
    rows = links(runner, [owner, OTHERS["its former id was forgotten"]])["owners"]
    assert rows[0]["failure"]["code"] == "account_claimed"
    for other in ({"domain": "globex", "origin_owner_id": "another"}, {"domain": "globex", "origin_owner_id": 47.11}):
        assert links(runner, [owner, other])["owners"][0]["purpose"] == "relink"
