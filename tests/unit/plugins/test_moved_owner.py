# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does with an account of a tenant's former owner: it is given to the tenant's owner, and then treated as its own."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from tests.support.one_tenant import HTML, changes, code, linked, posts, uncertain
from tests.support.services_in_memory import (
    after,
    answers,
    does_and_answers,
    does_and_refuses,
    link,
    refuses,
    reply,
    tenant,
)

MOVED = {"previous_origin_owner_id": "former"}
GIVEN = {"origin_owner_id": "1"}


def of_former(services, **more):
    return linked(services, owner="former", origin_owner_name="1", **more)


def test_the_account_is_given_to_the_owner(services):
    account_id = of_former(services)
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), outcome.applied.actions, outcome.applied.updated) == (
        None,
        [Action.UPDATE],
        ("origin_owner_id",),
    )
    assert (outcome.account_id, outcome.account.origin_owner_id) == (account_id, "1")
    assert (changes(services), posts(services)) == ([GIVEN], [])


def test_what_else_differs_is_changed_after_that(services):
    of_former(services, label="Old", key="another-key")
    outcome = link(services, tenant(**MOVED, label="New"))
    assert (code(outcome), outcome.applied.actions) == (None, [Action.UPDATE, Action.RELINK])
    assert sorted(outcome.applied.updated) == ["label", "origin_owner_id"]
    assert changes(services) == [GIVEN, {"label": "New"}]


def test_a_label_that_cannot_be_changed_is_no_change(services):
    of_former(services, label="Old")
    services.on("PATCH", "/accounts/.*", refuses(422), skip=1, times=9)
    outcome = link(services, tenant(**MOVED, label="New"))
    assert (code(outcome), outcome.applied.updated) == (None, ("origin_owner_id",))
    assert outcome.warnings == ["StackOne cannot change the label of an existing account in place; it was left."]


def test_an_account_that_only_its_owners_listing_shows_is_seen_there(services):
    """Right after it was moved, StackOne may not find it by its id."""
    account_id = of_former(services)
    missing = refuses(404, "Account not found")
    services.on("GET", f"/accounts/{account_id}", missing, skip=1)
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), outcome.account.id, outcome.account.origin_owner_id) == (None, account_id, "1")


def test_one_that_nothing_shows_is_a_failure(services):
    account_id = of_former(services)
    services.on("PATCH", "/accounts/.*", lambda _request, perform: (perform(), services.accounts.clear())[0])
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), outcome.failure.details) == ("account_not_found", {"account_id": account_id})
    assert outcome.failure.message.startswith(f"StackOne named account {account_id}, but does not show it now.")


@pytest.mark.parametrize("shown, expected", [("former", "change_not_kept"), ("somebody", "account_mismatch")])
def test_an_owner_that_is_not_kept_changes_nothing(services, shown, expected):
    account_id = of_former(services, label="Old")
    services.on("PATCH", "/accounts/.*", lambda _request, _perform: _owned_by(services, account_id, shown))
    outcome = link(services, tenant(**MOVED, label="New"))
    assert (code(outcome), outcome.applied.actions, outcome.applied.updated) == (expected, [], ())
    assert outcome.failure.details["account_id"] == account_id
    assert ("former" in outcome.failure.message, "1." in outcome.failure.message) == (True, True)
    assert shown in outcome.failure.message
    assert len(changes(services)) == 1


def _owned_by(services, account_id, owner):
    services.accounts[account_id]["origin_owner_id"] = owner
    return reply(200, {"id": account_id})


def test_a_refused_move_says_what_is_left(services):
    account_id = of_former(services)
    services.on("PATCH", "/accounts/.*", refuses(422, "No"))
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), outcome.applied.actions) == ("stackone_rejected", [])
    left = f"Nothing was changed: account {account_id} is still of the former owner former, not of 1."
    assert outcome.failure.message.endswith(left)


@pytest.mark.parametrize("answer", [(401,), (403, {"message": "no"}), (404, HTML)])
@pytest.mark.parametrize("done", [True, False])
def test_an_answer_of_something_in_between_says_nothing_of_the_move(services, answer, done):
    of_former(services)
    services.on("PATCH", "/accounts/.*", (does_and_answers if done else answers)(*answer))
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome) is None, outcome.applied.actions) == (done, [Action.UPDATE] if done else [])


def test_one_that_somebody_else_gave_away_meanwhile_is_left_alone(services):
    account_id = of_former(services)
    services.on("GET", f"/accounts/{account_id}", after(lambda: _owned_by(services, account_id, "somebody")))
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), changes(services)) == ("account_mismatch", [])
    assert services.accounts[account_id]["origin_owner_id"] == "somebody"


@pytest.mark.parametrize("look", [refuses(500), answers(200, HTML), refuses(404, "Account not found")])
@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_that_cannot_be_looked_after_claims_nothing(services, status, look):
    account_id = of_former(services)
    services.on("PATCH", f"/accounts/{account_id}", does_and_refuses(status, "No"))
    services.on("GET", f"/accounts/{account_id}", look, skip=1)
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), uncertain(outcome), outcome.applied.actions) == ("stackone_rejected", True, [])
    assert outcome.failure.message.endswith(" It is not known whether the change was made.")
    assert "former owner" not in outcome.failure.remediation


def test_two_changes_without_an_answer_are_told_once(services):
    account_id = of_former(services)
    services.on("PATCH", f"/accounts/{account_id}", does_and_refuses(409, "No"), times=9)
    outcome = link(services, tenant(**MOVED, origin_owner_name="Acme Ltd"))
    assert (code(outcome), len(changes(services))) == (None, 2)
    assert outcome.warnings == [f"Account {account_id} was changed, although StackOne's answer did not say so."]


def test_a_refusal_says_that_the_account_is_still_of_the_former_owner(services):
    account_id = of_former(services)
    services.on("PATCH", f"/accounts/{account_id}", refuses(409))
    outcome = link(services, tenant(**MOVED))
    assert (code(outcome), uncertain(outcome)) == ("stackone_rejected", False)
    assert f"Nothing was changed: account {account_id} is still of the former owner former" in outcome.failure.message
