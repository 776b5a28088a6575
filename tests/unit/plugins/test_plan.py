# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a table: what is declared, what is there, what is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import REDACTED, AccountView
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Candidate,
    Stored,
    StoredKey,
    check_pinned,
    compare_secret,
    compare_stored,
    plan_absent,
    plan_create,
    plan_present,
    select,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import (
    CredentialFields,
    State,
    Tenant,
    UpdateCredentials,
)

TENANT = Tenant("o1", "acme", api_key="KEY-1234")
ACCOUNT = Account("a1", "freshservice", "active", "o1", "Owner", "u@x", "L", "production")
SAME = Stored("acme", StoredKey.UNCHANGED)
ALWAYS, ON_CREATE = UpdateCredentials.ALWAYS, UpdateCredentials.ON_CREATE


@pytest.mark.parametrize(
    ("declared", "account", "stored", "actions", "changes"),
    [
        ({}, {}, SAME, [], {}),
        ({"label": "L", "account_type": "production", "origin_owner_name": "Owner"}, {}, SAME, [], {}),
        ({"label": "M"}, {}, SAME, ["update"], {"label": "M"}),
        ({"label": ""}, {"label": None}, SAME, [], {}),
        ({"label": ""}, {}, SAME, ["update"], {"label": ""}),
        ({"account_type": "test"}, {}, SAME, ["update"], {"type": "test"}),
        ({"origin_owner_name": "New"}, {}, SAME, ["update"], {"origin_owner_name": "New"}),
        ({"origin_username": "v@x"}, {}, SAME, ["update"], {"origin_username": "v@x"}),
        ({}, {}, Stored("other", StoredKey.UNCHANGED), ["relink"], {}),
        ({}, {}, Stored("ACME.freshservice.com", StoredKey.UNCHANGED), [], {}),
        ({}, {}, Stored("acme", StoredKey.CHANGED), ["relink"], {}),
        ({}, {}, Stored("acme", StoredKey.UNKNOWN), [], {}),
        ({}, {}, Stored(None, StoredKey.UNKNOWN), [], {}),
        ({}, {}, Stored("acme", StoredKey.UNCHANGED, ("region",)), ["relink"], {}),
        ({}, {"status": "error"}, SAME, ["relink"], {}),
        ({}, {"status": "expired"}, SAME, ["relink"], {}),
        ({}, {"status": "inactive"}, SAME, ["relink"], {}),
        ({}, {"status": "never-heard-of"}, SAME, ["relink"], {}),
        ({"update_credentials": ALWAYS}, {}, Stored("acme"), ["relink"], {}),
        ({"update_credentials": ON_CREATE}, {}, Stored("other"), [], {}),
        ({"label": "M"}, {"status": "error"}, SAME, ["relink", "update"], {"label": "M"}),
    ],
)
def test_present(declared, account, stored, actions, changes):
    plan = plan_present(replace(TENANT, **declared), replace(ACCOUNT, **account), stored)
    assert [action.value for action in plan.actions] == actions
    assert plan.changes == changes
    assert (plan.before != plan.after) is bool(actions)


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_what_only_the_dashboard_can_end_is_said(status):
    with pytest.raises(Failed, match=status) as caught:
        plan_present(TENANT, replace(ACCOUNT, status=status), SAME)
    assert "dashboard" in caught.value.failure.remediation


def test_on_create_leaves_a_broken_account_but_not_green():
    with pytest.raises(Failed, match="error"):
        plan_present(replace(TENANT, update_credentials=ON_CREATE), replace(ACCOUNT, status="error"), Stored())


def test_on_create_warns_of_what_it_leaves():
    plan = plan_present(replace(TENANT, update_credentials=ON_CREATE), ACCOUNT, Stored("other"))
    assert plan.warnings == ("The stored domain is other, and was left because update_credentials is on_create.",)


def test_the_diff_of_a_rotated_key_tells_no_more_than_that():
    plan = plan_present(TENANT, ACCOUNT, Stored("acme", StoredKey.CHANGED))
    assert plan.before["api_key"] == "unchanged"
    assert plan.after["api_key"] == "changed"
    assert "KEY" not in str(plan)


def test_create_shows_what_will_be():
    assert plan_create(TENANT, "agent@x").after == {
        "origin_owner_id": "o1",
        "origin_owner_name": "o1",
        "origin_username": "agent@x",
        "type": "production",
        "domain": "acme",
        "status": "active",
        "api_key": "changed",
    }


def test_absent():
    assert plan_absent(TENANT, None).actions == ()
    plan = plan_absent(TENANT, ACCOUNT)
    assert [action.value for action in plan.actions] == ["delete"]
    assert plan.before["origin_owner_id"] == "o1"
    assert plan.after == {}


def at(account_id, domain):
    return Candidate(replace(ACCOUNT, id=account_id), domain)


ABSENT = {"state": State.ABSENT, "api_key": None}


@pytest.mark.parametrize(
    ("declared", "candidates", "found"),
    [
        ({}, [], None),
        ({}, [at("a", "acme")], "a"),
        ({}, [at("a", "other")], "a"),
        ({}, [at("a", None)], "a"),
        ({"allow_multiple": True}, [at("a", "other")], None),
        ({"allow_multiple": True}, [at("a", "acme")], "a"),
        ({"allow_multiple": True}, [at("a", None)], "ambiguous"),
        ({}, [at("a", "acme"), at("b", "other")], "a"),
        ({}, [at("a", "https://ACME.freshservice.com"), at("b", "other")], "a"),
        ({}, [at("a", "acme"), at("b", None)], "a"),
        ({}, [at("a", "acme"), at("b", "acme")], "ambiguous"),
        ({}, [at("a", "x"), at("b", "y")], "ambiguous"),
        ({"allow_multiple": True}, [at("a", "x"), at("b", "y")], None),
        ({"allow_multiple": True}, [at("a", "x"), at("b", None)], "ambiguous"),
        (ABSENT, [at("a", "acme")], "a"),
        (ABSENT, [at("a", "other")], None),
        (ABSENT, [at("a", None)], "a"),
        (ABSENT | {"domain": None}, [at("a", "other")], "a"),
        (ABSENT | {"domain": None}, [at("a", "x"), at("b", "y")], "ambiguous"),
        (ABSENT, [at("a", "acme"), at("b", "y")], "a"),
        (ABSENT, [at("a", "acme"), at("b", None)], "ambiguous"),
        (ABSENT, [at("a", "x"), at("b", "y")], None),
        (ABSENT, [at("a", "x"), at("b", None)], "ambiguous"),
    ],
)
def test_which_account_is_the_link(declared, candidates, found):
    tenant = replace(TENANT, **declared)
    if found == "ambiguous":
        with pytest.raises(Failed) as caught:
            select(tenant, candidates)
        assert caught.value.failure.code.value == "ambiguous_account"
        listed = caught.value.failure.details["candidates"]
        assert [item["account_id"] for item in listed] == [item.account.id for item in candidates]
        return
    account = select(tenant, candidates)
    assert (account.id if account else None) == found


def test_a_pinned_account_must_be_the_owners():
    check_pinned(TENANT, ACCOUNT)
    for wrong in ({"provider": "hubspot"}, {"origin_owner_id": "o2"}):
        with pytest.raises(Failed) as caught:
            check_pinned(TENANT, replace(ACCOUNT, **wrong))
        assert caught.value.failure.code.value == "account_mismatch"


@pytest.mark.parametrize(
    ("placeholder", "state"),
    [
        (f"{REDACTED}1234", "unchanged"),
        (f"{REDACTED}9999", "changed"),
        (REDACTED, "unknown"),
        ("KEY-1234", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
def test_the_redacted_tail(placeholder, state):
    assert compare_secret("KEY-1234", placeholder).value == state


def test_extra_fields_are_compared_as_well():
    chosen = CredentialFields(extra={"region": "eu"}, extra_secrets={"pin": "99"})
    view = AccountView({"domain": "acme", "region": "us"}, {"apiKey": f"{REDACTED}1234", "pin": f"{REDACTED}98"})
    stored = compare_stored(replace(TENANT, credential_fields=chosen), view)
    assert stored == Stored("acme", StoredKey.UNCHANGED, ("region", "pin"))
