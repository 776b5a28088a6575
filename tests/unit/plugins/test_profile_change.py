# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link whose connector profile is changed, with both services in memory: what a Hub may do instead, and what is kept then."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.profiles import ProfileDrift
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import ProfileChange
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action, StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import Stored, plan_present, replacing
from tests.support.one_tenant import code, posts, uncertain
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

OLD, NEW = "p1", "p2"
REPLACE = {"integration_id": NEW, "profile_change": ProfileChange.REPLACE}


@pytest.fixture
def former(services):
    """The id of an account under the former of two profiles."""
    services.profiles.append({**services.profiles[0], "integration_id": NEW})
    return services.add(origin_username="agent@customer.example")


def deletions(services):
    return [path.rpartition("/")[2] for method, path, _request in services.log if method == "DELETE"]


def lands_on(services, profile):
    """Link what is asked for, under another profile."""

    def trick(request, perform):
        request.body["integration_id"] = profile
        return perform()

    services.on("POST", "/hub/accounts", trick)


def test_the_new_one_works_before_the_former_one_is_unlinked(services, former):
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions, outcome.replaced_by_now) == (
        None,
        [Action.CREATE, Action.DELETE],
        [former],
    )
    order = [f"{method} {path}" for method, path, _request in services.log]
    shown = order.index(f"GET /hub/accounts/{outcome.account.id}")
    assert order.index("POST /hub/accounts") < shown < order.index(f"DELETE /accounts/{former}")
    assert services.profile_of[outcome.account.id] == NEW


def test_the_session_asks_for_a_second_account(services, former):
    link(services, tenant(**REPLACE))
    sessions = [request.body for request in services.requests("POST", "/connect_sessions")]
    assert [body["integration_id"] for body in sessions] == [NEW] * len(sessions)
    (linking,) = [body for body in sessions if "account_id" not in body]
    assert linking["multiple"] is True


def test_a_new_one_under_another_profile_is_unlinked_again(services, former):
    lands_on(services, OLD)
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions, outcome.account.id) == ("change_not_kept", [], former)
    assert list(services.accounts) == [former]
    assert former not in deletions(services)
    assert f"Account {former} under the former connector profile is kept." in outcome.failure.message


@pytest.mark.parametrize("moves", [True, False])
def test_a_hub_that_changes_the_former_one_instead(services, former, moves):
    """Its answer names an account that was there before (H19): there is nothing to unlink."""

    def trick(_request, _perform):
        services.profile_of[former] = NEW if moves else OLD
        return reply(200, {"id": former, "provider": "freshservice"})

    services.on("POST", "/hub/accounts", trick)
    outcome = link(services, tenant(**REPLACE))
    assert code(outcome) == (None if moves else "change_not_kept")
    assert outcome.applied.actions == ([Action.RELINK] if moves else [])
    assert (deletions(services), list(services.accounts)) == ([], [former])


def test_a_view_that_shows_no_profile_proves_nothing(services, former):
    services.on("GET", "/hub/accounts/acc-2", answers(200, {"setupInformation": {"domain": "acme"}}), times=9)
    outcome = link(services, tenant(**REPLACE))
    assert code(outcome) == "change_not_kept"
    assert former in services.accounts
    assert former not in deletions(services)


def test_another_run_has_replaced_it_at_the_same_time(services, former):
    """The account that was made first is kept, and each run unlinks only its own and the former one."""

    def other():
        services.profile_of[services.add(id="acc-0", origin_owner_name="Other")] = NEW

    services.on("POST", "/hub/accounts", after(other))
    outcome = link(services, tenant(**REPLACE))
    assert code(outcome) is None
    assert list(services.accounts) == ["acc-0"]
    assert outcome.account.id == "acc-0"


def test_somebody_else_has_unlinked_the_former_one(services, former):
    services.on("GET", "/hub/accounts/acc-2", after(lambda: services.accounts.pop(former)))
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
    assert list(services.accounts) == ["acc-2"]


def test_a_lost_answer_is_never_repeated(services, former):
    services.on("POST", "/hub/accounts", answers(502, "<html>"))
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), len(posts(services))) == ("create_uncertain", 1)
    assert former in services.accounts
    assert former in outcome.failure.message


def test_a_lost_answer_to_a_link_that_was_made(services, former):
    services.on("POST", "/hub/accounts", does_and_answers(502, "<html>"))
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE, Action.DELETE])
    assert list(services.accounts) == [outcome.account.id]


def test_texts_of_the_former_one_that_contain_a_key_are_left_behind(services, former):
    secret = "v1.eu1.key-of-stackone"
    services.scrubber.add(secret)
    texts = dict.fromkeys(("label", "origin_owner_name", "origin_username"), f"for {secret}")
    services.accounts[former].update(texts)
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE, Action.DELETE])
    (linking,) = [
        request.body for request in services.requests("POST", "/connect_sessions") if "account_id" not in request.body
    ]
    assert secret not in str(linking)
    assert secret not in str([services.requests("PATCH"), outcome.applied.plan.after])
    assert linking["origin_owner_name"] == "1"


class TestPlan:
    ACCOUNT = Account("a1", "freshservice", "active", "1", "Owner", "u@x", "L", "test", shared=False)
    MOVED = ProfileDrift(NEW, OLD)

    def test_what_is_not_declared_is_as_before(self):
        declared = replacing(tenant(), self.ACCOUNT)
        values = (
            declared.origin_owner_name,
            declared.origin_username,
            declared.label,
            declared.account_type,
            declared.shared,
        )
        assert values == ("Owner", "u@x", "L", "test", False)
        declared = replacing(tenant(label="", shared=True, account_type="production"), self.ACCOUNT)
        assert (declared.label, declared.shared, declared.account_type) == ("", True, "production")

    @pytest.mark.parametrize("how", [ProfileChange.RELINK, ProfileChange.REPLACE])
    def test_both_profiles_are_in_the_diff(self, how):
        plan = plan_present(tenant(profile_change=how), self.ACCOUNT, Stored("acme", StoredKey.UNCHANGED), self.MOVED)
        assert (plan.before["integration_id"], plan.after["integration_id"]) == (OLD, NEW)
        assert plan.actions == ((Action.RELINK,) if how is ProfileChange.RELINK else (Action.CREATE, Action.DELETE))


def test_a_former_one_that_is_still_shown_was_not_unlinked(services, former):
    services.on("DELETE", f"/accounts/{former}", answers(200))
    outcome = link(services, tenant(**REPLACE))
    assert (code(outcome), outcome.applied.actions) == ("change_not_kept", [Action.CREATE])
    assert former in outcome.failure.message
    assert outcome.account.id in outcome.failure.message


@pytest.mark.parametrize("status", [403, 404, 409, 502])
def test_it_is_not_said_that_one_is_kept_that_may_be_unlinked(services, former, status):
    services.on("DELETE", f"/accounts/{former}", does_and_refuses(status, "No"))
    services.on("DELETE", f"/accounts/{former}", refuses(500))
    services.on("GET", f"/accounts/{former}", refuses(500), skip=2, times=9)
    outcome = link(services, tenant(**REPLACE))
    assert uncertain(outcome)
    assert outcome.failure.message.endswith(
        f" It is not known whether the account was unlinked. Account {former} under the former connector profile may be kept,"
        f" in addition to its new account {outcome.account.id}."
    )
