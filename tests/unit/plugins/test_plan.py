# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a table: what is declared, what is there, what is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import Agent
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import REDACTED, AccountView
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import (
    CredentialFields,
    State,
    Tenant,
    UpdateCredentials,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import (
    Stored,
    agent_change,
    compare_secret,
    compare_stored,
    plan_absent,
    plan_create,
    plan_present,
    relink_reasons,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.selection import (
    Candidate,
    check_pinned,
    needs_domains,
    select,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.status import not_active
from tests.support.hub_client import failed

TENANT = Tenant("o1", "acme", api_key="KEY-1234")
ACCOUNT = Account("a1", "freshservice", "active", "o1", "Owner", "u@x", "L", "production")
SAME = Stored("acme", StoredKey.UNCHANGED)
ALWAYS, ON_CREATE = UpdateCredentials.ALWAYS, UpdateCredentials.ON_CREATE
ON_DOUBT = UpdateCredentials.ON_DOUBT


@pytest.mark.parametrize(
    ("declared", "account", "stored", "actions", "changes"),
    [
        ({}, {}, SAME, [], {}),
        ({"label": "L", "account_type": "production", "origin_owner_name": "Owner"}, {}, SAME, [], {}),
        ({"label": "M"}, {}, SAME, ["update"], {"label": "M"}),
        ({"label": ""}, {"label": None}, SAME, [], {}),
        ({"label": ""}, {}, SAME, ["update"], {"label": ""}),
        ({"account_type": "test"}, {}, SAME, ["update"], {"type": "test"}),
        ({"shared": True}, {"shared": True}, SAME, [], {}),
        ({"shared": False}, {"shared": False}, SAME, [], {}),
        ({"shared": False}, {"shared": True}, SAME, ["update"], {"shared": False}),
        ({"shared": False}, {}, SAME, ["update"], {"shared": False}),
        ({}, {"shared": False}, SAME, [], {}),
        ({"origin_owner_name": "New"}, {}, SAME, ["update"], {"origin_owner_name": "New"}),
        ({"origin_username": "v@x"}, {}, SAME, ["update"], {"origin_username": "v@x"}),
        ({}, {}, Stored("other", StoredKey.UNCHANGED), ["relink"], {}),
        ({}, {}, Stored("ACME.freshservice.com", StoredKey.UNCHANGED), [], {}),
        ({}, {}, Stored("acme", StoredKey.CHANGED), ["relink"], {}),
        ({}, {}, Stored("acme", StoredKey.UNKNOWN), [], {}),
        ({}, {}, Stored(None, StoredKey.UNKNOWN), [], {}),
        ({}, {}, Stored("acme", StoredKey.UNCHANGED, ("region",)), ["relink"], {}),
        *(({}, {"status": status}, SAME, ["relink"], {}) for status in ("error", "expired", "inactive", "new to us")),
        ({"update_credentials": ALWAYS}, {}, Stored("acme"), ["relink"], {}),
        ({"update_credentials": ALWAYS}, {}, SAME, ["relink"], {}),
        ({"update_credentials": ON_DOUBT}, {}, Stored("acme", StoredKey.UNKNOWN), ["relink"], {}),
        ({"update_credentials": ON_DOUBT}, {}, SAME, [], {}),
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


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("suspended", "Resume it in StackOne's dashboard"),
        ("archived", "state: absent"),
        ("inactive", "Connector Profiles"),
        ("error", "then link again"),
        ("never-heard-of", "then link again"),
    ],
)
def test_an_account_that_does_not_work_names_its_reasons_and_what_ends_it(status, advice):
    account = replace(ACCOUNT, status=status, status_reasons=("key expired", "agent left"))
    failure = not_active(account).failure
    assert failure.code.value == "account_not_active"
    assert failure.message == f"the status of account a1 is {status} (key expired; agent left)."
    assert advice in failure.remediation
    assert failure.details == {"account_id": "a1", "status": status, "status_reasons": ["key expired", "agent left"]}


def test_where_stackone_gives_no_reason_none_is_said():
    assert not_active(replace(ACCOUNT, status="error")).failure.message == "the status of account a1 is error."


@pytest.mark.parametrize(
    ("declared", "status", "stored", "reasons"),
    [
        ({}, "active", SAME, []),
        ({}, "active", Stored(), []),
        ({"update_credentials": ALWAYS}, "active", SAME, ["update_credentials is always"]),
        ({"update_credentials": ON_DOUBT}, "active", Stored(), ["It is not known which API key is stored"]),
        ({}, "error", SAME, ["The account's status is error"]),
        ({}, "active", Stored("other"), ["The stored domain is other"]),
        ({"domain": None}, "active", Stored("other"), []),
        ({}, "active", Stored("acme", StoredKey.CHANGED), ["The stored API key is another one"]),
        ({}, "active", Stored("acme", others=("a", "b")), ["The stored field a differs", "The stored field b differs"]),
    ],
)
def test_why_credentials_are_sent_again(declared, status, stored, reasons):
    assert relink_reasons(replace(TENANT, **declared), replace(ACCOUNT, status=status), stored) == reasons


def test_on_create_leaves_a_broken_account_but_not_green():
    with pytest.raises(Failed, match="error"):
        plan_present(replace(TENANT, update_credentials=ON_CREATE), replace(ACCOUNT, status="error"), Stored())


def test_on_create_warns_of_what_it_leaves():
    plan = plan_present(replace(TENANT, update_credentials=ON_CREATE), ACCOUNT, Stored("other"))
    assert plan.warnings == ("The stored domain is other; it is kept because update_credentials is on_create.",)
    assert plan_present(TENANT, ACCOUNT, Stored("other")).warnings == ()


SHOWN = {
    **{"origin_owner_id": "o1", "origin_owner_name": "Owner", "origin_username": "u@x", "label": "L"},
    **{"type": "production", "domain": "acme", "status": "active", "api_key": "unchanged"},
}


@pytest.mark.parametrize(
    ("declared", "status", "stored", "before", "after"),
    [
        ({}, "active", SAME, {}, {}),
        ({"label": "M"}, "active", SAME, {}, {"label": "M"}),
        ({}, "active", Stored("other", StoredKey.UNCHANGED), {"domain": "other"}, {}),
        ({}, "active", Stored("acme", StoredKey.CHANGED), {}, {"api_key": "changed"}),
        ({}, "error", SAME, {"status": "error"}, {}),
        ({}, "error", Stored("acme"), {"status": "error", "api_key": "unknown"}, {"api_key": "changed"}),
        ({"update_credentials": ALWAYS}, "active", SAME, {}, {"api_key": "changed"}),
        ({"update_credentials": ON_CREATE}, "active", Stored("acme", others=("pin",)), {"api_key": "unknown"}, None),
        (
            {},
            "active",
            Stored("acme", StoredKey.UNCHANGED, ("pin", "region")),
            {"credential_fields": {"pin": "unchanged", "region": "unchanged"}},
            {"credential_fields": {"pin": "changed", "region": "changed"}},
        ),
    ],
)
def test_the_diff_shows_what_changes_and_nothing_else(declared, status, stored, before, after):
    plan = plan_present(replace(TENANT, **declared), replace(ACCOUNT, status=status), stored)
    assert plan.before == SHOWN | before
    assert plan.after == (plan.before if after is None else SHOWN | after)


def test_the_diff_of_a_rotated_key_tells_no_more_than_that():
    plan = plan_present(TENANT, ACCOUNT, Stored("acme", StoredKey.CHANGED))
    assert plan.before["api_key"] == "unchanged"
    assert plan.after["api_key"] == "changed"
    assert "KEY" not in str(plan)


NEW = {
    **{"origin_owner_id": "o1", "origin_owner_name": "o1", "type": "production", "domain": "acme"},
    **{"status": "active", "api_key": "changed"},
}


@pytest.mark.parametrize(
    ("declared", "username", "after"),
    [
        ({}, "agent@x", {"origin_username": "agent@x"}),
        ({}, None, {}),
        ({"label": "L", "account_type": "test"}, None, {"label": "L", "type": "test"}),
        ({"origin_owner_name": "Owner"}, None, {"origin_owner_name": "Owner"}),
    ],
)
def test_create_shows_what_will_be(declared, username, after):
    plan = plan_create(replace(TENANT, **declared), username)
    assert [action.value for action in plan.actions] == ["create"]
    assert plan.before == {}
    assert plan.after == NEW | after


def test_absent():
    gone = plan_absent(TENANT, None)
    assert (gone.actions, gone.before, gone.after) == ((), {}, {})
    account = replace(ACCOUNT, setup_information={"one": "acme", "two": "eu"})
    plan = plan_absent(replace(TENANT, credential_fields=CredentialFields(domain="one")), account)
    assert [action.value for action in plan.actions] == ["delete"]
    assert plan.before == {name: value for name, value in SHOWN.items() if name != "api_key"}
    assert plan.after == {}


OTHER_AGENT, SAME_AGENT = Agent(2, "b@x"), Agent(1, "renamed@x")


@pytest.mark.parametrize(
    ("declared", "username", "agent", "before", "change"),
    [
        ({}, None, Agent(1), Agent(1), "same"),
        ({}, "b@x", Agent(1, "a@x"), SAME_AGENT, "same"),
        ({}, "a@x", Agent(1, "a@x"), OTHER_AGENT, "other"),
        ({}, "A@X", Agent(1, "a@x"), None, "same"),
        ({}, "a@x", Agent(1, "A@X"), None, "same"),
        ({}, "b@x", Agent(1, "a@x"), None, "other"),
        ({}, "b@x", Agent(1), None, "unknown"),
        ({}, "a@x", None, SAME_AGENT, "unknown"),
        *(({}, username, Agent(1, "a@x"), None, "unknown") for username in ("somebody", "", None)),
        ({"origin_username": "a@x"}, "a@x", Agent(1, "a@x"), None, "unknown"),
    ],
)
def test_whose_key_the_new_one_is(declared, username, agent, before, change):
    account = replace(ACCOUNT, origin_username=username)
    assert agent_change(replace(TENANT, **declared), account, agent, before).value == change


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
        # Whose domain nobody knows is not unlinked on a guess.
        (ABSENT, [at("a", None)], "ambiguous"),
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
        assert failed(select, tenant, candidates).code.value == "ambiguous_account"
        return
    account = select(tenant, candidates)
    assert (account.id if account else None) == found


A, B = at("a", None), Candidate(replace(ACCOUNT, id="b", status="error"), "x")


@pytest.mark.parametrize(
    ("candidates", "message", "listed"),
    [
        ([A], "a (domain unknown, active) may be this link.", [("a", None, "active")]),
        (
            [A, B],
            "several accounts could be this link: a (domain unknown, active), b (domain x, error).",
            [("a", None, "active"), ("b", "x", "error")],
        ),
    ],
)
def test_who_must_choose_sees_the_candidates(candidates, message, listed):
    failure = failed(select, replace(TENANT, allow_multiple=True), candidates)
    assert failure.message == message
    assert "account_id" in failure.remediation
    names = ("account_id", "domain", "status")
    assert failure.details == {"candidates": [dict(zip(names, item)) for item in listed]}


@pytest.mark.parametrize(
    ("declared", "accounts", "needed"),
    [
        *(({}, count, count > 1) for count in (0, 1, 2)),
        *((declared, count, count > 0) for declared in ({"allow_multiple": True}, ABSENT) for count in (0, 1)),
        *((ABSENT | {"domain": None}, count, False) for count in (1, 2)),
    ],
)
def test_domains_are_only_asked_for_where_they_decide(declared, accounts, needed):
    assert needs_domains(replace(TENANT, **declared), [ACCOUNT] * accounts) is needed


@pytest.mark.parametrize(
    ("declared", "account"),
    [
        ({}, {}),
        ({}, {"provider": "FreshService"}),
        ({"provider": "FRESHSERVICE"}, {}),
        ({"origin_owner_id": None}, {"origin_owner_id": "o2"}),
    ],
)
def test_a_pinned_account_may_be(declared, account):
    check_pinned(replace(TENANT, **declared), replace(ACCOUNT, **account))


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"provider": "hubspot"}, "its provider is hubspot"),
        ({"origin_owner_id": "o2"}, "its origin owner is o2"),
        ({"provider": "hubspot", "origin_owner_id": "o2"}, "its provider is hubspot and its origin owner is o2"),
    ],
)
@pytest.mark.parametrize("pinned", ["a1", None])
def test_an_account_of_somebody_else_is_not_touched(account, reason, pinned):
    """Whether it is declared by its id, or StackOne named it."""
    failure = failed(check_pinned, replace(TENANT, account_id=pinned), replace(ACCOUNT, **account))
    assert failure.code.value == "account_mismatch"
    assert failure.message == f"account a1 is not this tenant's: {reason}."
    assert ("Correct account_id" if pinned else "no proxy or cache") in failure.remediation
    assert failure.details == {"account_id": "a1"}


@pytest.mark.parametrize(
    ("placeholder", "state"),
    [
        (f"{REDACTED}1234", "unchanged"),
        (f"{REDACTED}9999", "changed"),
        *((placeholder, "unknown") for placeholder in (REDACTED, "KEY-1234", None, 7)),
    ],
)
def test_the_redacted_tail(placeholder, state):
    assert compare_secret("KEY-1234", placeholder).value == state


def test_extra_fields_are_compared_as_well():
    chosen = CredentialFields(extra={"zone": "1", "region": "eu"}, extra_secrets={"code": "77", "pin": "99"})
    view = AccountView(
        {"domain": "acme", "zone": "1", "region": "us"},
        {"apiKey": f"{REDACTED}1234", "code": f"{REDACTED}77", "pin": f"{REDACTED}98"},
    )
    stored = compare_stored(replace(TENANT, credential_fields=chosen), view)
    assert stored == Stored("acme", StoredKey.UNCHANGED, ("region", "pin"))


@pytest.mark.parametrize(
    ("count", "message", "remediation"),
    [
        (1, "a0 (domain unknown, active) may be this link.", "Name it in account_id; nothing was changed."),
        (
            2,
            "several accounts could be this link: a0 (domain unknown, active), a1 (domain unknown, active).",
            "Name the right one in account_id; nothing was changed. If they are duplicates of one link, a run over a list"
            " can unlink all but one: see resolve_duplicates.",
        ),
    ],
)
def test_what_an_owner_with_unclear_accounts_is_told(count, message, remediation):
    accounts = [replace(ACCOUNT, id=f"a{number}") for number in range(count)]
    leaver = replace(TENANT, state=State.ABSENT)
    failure = failed(lambda: select(leaver, [Candidate(account, None) for account in accounts]))
    assert (failure.message, failure.remediation) == (message, remediation)
    assert failure.details == {
        "candidates": [{"account_id": one.id, "domain": None, "status": "active"} for one in accounts]
    }
