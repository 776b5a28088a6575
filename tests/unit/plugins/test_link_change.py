# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed of an account without linking it again, and what is unlinked, with both services in memory."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import State
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.writer import Writer
from tests.support.one_tenant import HTML, LABELLED, LOST, changes, code, linked, uncertain, without
from tests.support.services_in_memory import (
    after,
    answers,
    breaks,
    does_and_answers,
    does_and_refuses,
    link,
    refuses,
    reply,
    tenant,
)

ABSENT = {"state": State.ABSENT, "api_key": None}


class TestChange:
    def test_only_what_differs_is_sent(self, services):
        linked(services, label="Old", type="production")
        outcome = link(services, tenant(label="New", account_type="production"))
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (None, [Action.UPDATE], [])
        assert changes(services) == [LABELLED]
        assert outcome.account.label == "New"

    @pytest.mark.parametrize("status", [400, 422])
    def test_a_label_that_cannot_be_changed_is_left(self, services, status):
        linked(services, label="Old")
        services.on("PATCH", "/accounts/.*", refuses(status, "label must be an object"))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions) == (None, [])
        assert outcome.warnings == ["StackOne cannot change the label of an existing account in place; it was left."]
        assert (outcome.applied.label_left, changes(services)) == (True, [LABELLED])

    def test_a_change_of_nothing_is_none(self, services):
        account_id = linked(services)
        clients = services.factory.clients()
        services.on("PATCH", "/accounts/.*", refuses(400, "label must be an object"))
        outcome, account = Outcome(tenant(label="New")), clients.stackone.account(account_id)
        Writer(clients.stackone, clients.hub).change(outcome, account, LABELLED)
        assert (outcome.applied.actions, outcome.applied.label_left) == ([], True)

    def test_a_label_that_is_left_is_not_among_what_was_changed(self, services):
        account_id = linked(services)
        clients = services.factory.clients()
        services.on("PATCH", "/accounts/.*", refuses(400, "label must be an object"))
        outcome, account = Outcome(tenant(label="New")), clients.stackone.account(account_id)
        Writer(clients.stackone, clients.hub).change(outcome, account, {**LABELLED, "type": "test"})
        assert (outcome.applied.actions, outcome.applied.updated) == ([Action.UPDATE], ("type",))

    @pytest.mark.parametrize("status", [400, 422])
    def test_the_rest_is_changed_without_the_label(self, services, status):
        linked(services, label="Old", type="test")
        services.on("PATCH", "/accounts/.*", refuses(status, "label must be an object"))
        outcome = link(services, tenant(label="New", account_type="production"))
        assert (code(outcome), outcome.applied.actions, len(outcome.warnings)) == (None, [Action.UPDATE], 1)
        assert changes(services) == [{"label": "New", "type": "production"}, {"type": "production"}]

    def test_an_account_that_only_its_owners_listing_shows_is_changed(self, services):
        account_id = linked(services, label="Old")
        services.on("GET", f"/accounts/{account_id}", refuses(404, "Account not found"))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), changes(services)) == (None, [LABELLED])
        assert services.requests("GET", "/accounts")[-1].params["origin_owner_id"] == ["1"]

    def test_one_that_nothing_shows_is_not_changed(self, services):
        account_id = linked(services, label="Old")
        services.on("GET", f"/accounts/{account_id}", after(services.accounts.clear))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.failure.details["account_id"], changes(services)) == (
            "account_not_found",
            account_id,
            [],
        )
        assert account_id in outcome.failure.message

    @pytest.mark.parametrize("status", [400, 422, 404, 403])
    def test_another_refusal_is_a_failure(self, services, status):
        linked(services, type="test")
        services.on("PATCH", "/accounts/.*", refuses(status, "No"), times=9)
        outcome = link(services, tenant(account_type="production"))
        expected = "stackone_forbidden" if status == 403 else "stackone_rejected"
        assert (code(outcome), outcome.applied.actions) == (expected, [])
        assert outcome.failure.details["doing"] == "change the account"

    @pytest.mark.parametrize("status", [400, 404, 409, 422])
    def test_a_refusal_of_what_was_done_is_seen(self, services, status):
        linked(services, type="test")
        services.on("PATCH", "/accounts/.*", does_and_refuses(status, "No"))
        outcome = link(services, tenant(account_type="production"))
        assert (code(outcome), outcome.applied.actions, outcome.applied.updated) == (None, [Action.UPDATE], ("type",))

    @pytest.mark.parametrize("status", [400, 422])
    @pytest.mark.parametrize("more", [{}, {"account_type": "production"}])
    def test_a_label_that_was_stored_and_refused_is_a_change(self, services, status, more):
        linked(services, label="Old", type="test")
        services.on("PATCH", "/accounts/.*", does_and_refuses(status, "No"))
        outcome = link(services, tenant(label="New", **more))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.UPDATE])
        assert (outcome.warnings, outcome.applied.label_left, outcome.account.label) == ([], False, "New")
        assert sorted(outcome.applied.updated) == ["label", *(["type"] if more else [])]

    @pytest.mark.parametrize("status", [404, 409])
    def test_a_label_that_is_refused_for_another_reason_is_a_failure(self, services, status):
        linked(services)
        services.on("PATCH", "/accounts/.*", refuses(status, "No"), times=9)
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.label_left, len(changes(services))) == ("stackone_rejected", False, 1)

    @pytest.mark.parametrize("trick", [*LOST, does_and_answers(200, {"id": "another"}), does_and_answers(200, [])])
    def test_a_lost_answer_is_looked_after(self, services, trick):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", trick)
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.UPDATE])
        assert outcome.warnings == [f"Account {account_id} was changed, although StackOne's answer did not say so."]

    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (breaks(), "stackone_unreachable"),
            (answers(200, HTML), "unexpected_answer"),
            (answers(200, {"id": "another", "label": "New"}), "unexpected_answer"),
        ],
    )
    def test_a_change_that_was_not_made_is_a_failure(self, services, trick, expected):
        linked(services)
        services.on("PATCH", "/accounts/.*", trick)
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (expected, [], [])
        assert not uncertain(outcome)
        assert outcome.failure.details.get("doing", "change the account") == "change the account"

    @pytest.mark.parametrize("kind", [TransportKind.TIMEOUT, TransportKind.DROPPED])
    def test_one_that_was_only_too_slow_may_still_be_made(self, services, kind):
        """History 15807 of `make simulate`: the change was made after the run had looked, and said that it was not."""
        linked(services)
        services.on("PATCH", "/accounts/.*", breaks(kind))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions) == ("stackone_unreachable", [])
        assert uncertain(outcome) is (kind is TransportKind.TIMEOUT)
        assert uncertain(outcome) is outcome.failure.message.endswith(" It is not known whether the change was made.")

    @pytest.mark.parametrize("answer", [(401,), (403, {"message": "no"}), (404, HTML)])
    def test_an_answer_of_something_in_between_says_nothing_of_it(self, services, answer):
        linked(services)
        services.on("PATCH", "/accounts/.*", does_and_answers(*answer))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.UPDATE])

    def test_one_that_somebody_else_overtook_may_have_been_made(self, services):
        """History 1002941 of `make simulate`: another run declared another label, right after this one was stored."""
        account_id = linked(services, label="Old")
        overtaken = after(lambda: services.accounts[account_id].update(label="Theirs"))
        services.on("PATCH", "/accounts/.*", does_and_answers(408, HTML))
        services.on("GET", f"/accounts/{account_id}", overtaken, skip=1)
        outcome = link(services, tenant(label="New"))
        assert (uncertain(outcome), outcome.applied.actions) == (True, [])
        assert outcome.failure.message.endswith(" It is not known whether the change was made.")

    def test_one_of_which_nothing_can_be_seen_says_so(self, services):
        linked(services)
        services.on("PATCH", "/accounts/.*", breaks(done=True))
        services.on("GET", "/accounts/.*", refuses(503), skip=1)
        outcome = link(services, tenant(label="New"))
        assert (uncertain(outcome), outcome.applied.actions) == (True, [])
        assert outcome.failure.message.endswith(" It is not known whether the change was made.")

    def test_an_account_that_is_gone_meanwhile_was_not_changed(self, services):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", lambda request, _perform: _gone_and_broken(services, account_id, request))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions) == ("stackone_unreachable", [])

    def test_a_label_that_was_not_kept_is_a_warning(self, services):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.applied.actions, outcome.applied.label_left) == (None, [], True)
        assert outcome.warnings == ["StackOne accepted the new label without an error, but did not keep it."]

    @pytest.mark.parametrize("field, option", [("label", "label"), ("origin_owner_name", "origin_owner_name")])
    def test_what_somebody_else_changes_right_after_was_a_change(self, services, field, option):
        """History 151 of `make simulate`: two runs declared different names, and the first said that it had changed nothing."""
        account_id = linked(services, label="Old")

        def overtaken(_request, perform):
            answer = perform()
            services.accounts[account_id][field] = "Theirs"
            return answer

        services.on("PATCH", "/accounts/.*", overtaken)
        outcome = link(services, tenant(**{option: "New"}))
        expected = None if field == "label" else "change_not_kept"
        assert (code(outcome), outcome.applied.actions) == (expected, [Action.UPDATE])
        told = outcome.warnings if field == "label" else [outcome.failure.message]
        assert [words for words in told if "at the same time" in words] == told
        assert outcome.failure is None or outcome.failure.retriable

    def test_a_type_that_was_not_kept_is_a_failure(self, services):
        account_id = linked(services, type="test")
        services.on("PATCH", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(account_type="production", label="New"))
        assert (code(outcome), outcome.applied.actions) == ("change_not_kept", [])
        assert outcome.failure.details == {"account_id": account_id, "fields": ["type"]}
        assert "did not keep type." in outcome.failure.message
        assert "leave the option out" in outcome.failure.remediation

    def test_what_was_kept_in_part_is_a_change(self, services):
        account_id = linked(services, type="test")

        def keeps_the_type(_request, _perform):
            services.accounts[account_id]["type"] = "production"
            return reply(200, {"id": account_id})

        services.on("PATCH", "/accounts/.*", keeps_the_type)
        outcome = link(services, tenant(account_type="production", label="New"))
        assert (code(outcome), outcome.applied.actions, outcome.applied.label_left) == (None, [Action.UPDATE], True)

    def test_a_new_account_must_keep_what_it_was_told(self, services):
        services.on("POST", "/connect_sessions", lambda request, perform: without(request, perform, "type"), times=9)
        services.on("PATCH", "/accounts/.*", answers(200, {"id": "acc-1"}))
        outcome = link(services, tenant(account_type="test"))
        assert (code(outcome), outcome.applied.actions) == ("change_not_kept", [Action.CREATE])


def _gone_and_broken(services, account_id, request):
    services.accounts.pop(account_id)
    return breaks()(request, lambda: None)


class TestUnlink:
    def test_the_account_is_seen_once_more_and_then_unlinked(self, services):
        account_id = linked(services)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions, services.accounts) == (None, [Action.DELETE], {})
        before = [(verb, path) for verb, path, _request in services.log]
        assert before.index(("GET", f"/accounts/{account_id}")) < before.index(("DELETE", f"/accounts/{account_id}"))

    @pytest.mark.parametrize("trick", LOST)
    def test_a_lost_answer_is_looked_after(self, services, trick):
        linked(services)
        services.on("DELETE", "/accounts/.*", trick)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions, services.accounts) == (None, [Action.DELETE], {})

    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (breaks(), "stackone_unreachable"),
            (answers(502, HTML), "stackone_unavailable"),
            (answers(200, HTML), "unexpected_answer"),
            (answers(200, {"id": "another"}), "unexpected_answer"),
            (refuses(403), "stackone_forbidden"),
            (refuses(409), "stackone_rejected"),
        ],
    )
    def test_what_is_still_there_was_not_unlinked(self, services, trick, expected):
        linked(services)
        services.on("DELETE", "/accounts/.*", trick)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions, len(services.accounts)) == (expected, [], 1)
        assert not uncertain(outcome)

    def test_one_of_which_nothing_can_be_seen_says_so(self, services):
        linked(services)
        services.on("DELETE", "/accounts/.*", breaks(done=True))
        services.on("GET", "/accounts/.*", refuses(503), skip=1)
        outcome = link(services, tenant(**ABSENT))
        assert (uncertain(outcome), outcome.applied.actions) == (True, [])
        assert outcome.failure.message.endswith(" It is not known whether the account was unlinked.")

    @pytest.mark.parametrize("status", [400, 404, 409, 422])
    def test_a_refusal_is_a_failure_if_the_account_is_still_there(self, services, status):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", refuses(status))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), uncertain(outcome), list(services.accounts)) == (
            "stackone_rejected",
            False,
            [account_id],
        )

    @pytest.mark.parametrize("status", [400, 404, 409, 422])
    def test_a_refusal_of_what_was_done_is_seen(self, services, status):
        linked(services)
        services.on("DELETE", "/accounts/.*", does_and_refuses(status, "No"))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.DELETE])

    @pytest.mark.parametrize("status", [404, 409])
    def test_a_refusal_that_cannot_be_looked_after_claims_nothing(self, services, status):
        account_id = linked(services)
        services.on("DELETE", f"/accounts/{account_id}", does_and_refuses(status, "Account not found"))
        services.on(
            "GET", f"/accounts/{account_id}", answers(200, {"id": "another", "provider": "freshservice"}), skip=1
        )
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), uncertain(outcome)) == ("stackone_rejected", True)
        assert "Nothing was done" not in outcome.failure.remediation

    def test_one_that_somebody_else_unlinked_is_no_change(self, services):
        account_id = linked(services)
        services.on("GET", f"/accounts/{account_id}", after(lambda: services.accounts.pop(account_id)))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions, outcome.account) == (None, [], None)
        assert services.requests("DELETE") == []

    @pytest.mark.parametrize("change", [{"origin_owner_id": "another"}, {"provider": "freshdesk"}])
    @pytest.mark.parametrize("pinned", [True, False])
    def test_one_that_turns_out_to_be_somebody_elses_stays(self, services, change, pinned):
        account_id = linked(services)
        changed = after(lambda: services.accounts[account_id].update(change))
        services.on("GET", f"/accounts/{account_id}", changed, skip=pinned)
        named = {"account_id": account_id, "origin_owner_id": None} if pinned else {}
        outcome = link(services, tenant(**ABSENT, **named))
        assert (code(outcome), list(services.accounts)) == ("account_mismatch", [account_id])
        assert services.requests("DELETE") == []

    def test_it_waits_until_the_account_is_gone(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(202, {"id": account_id}))
        services.clock.meanwhile[4] = lambda: services.accounts.pop(account_id)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.DELETE])
        assert services.clock.monotonic() >= 4

    def test_an_archived_account_is_gone(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(200, {"id": account_id}))
        services.clock.meanwhile[0.5] = lambda: services.accounts[account_id].update(status="archived")
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), services.clock.slept) == (None, [0.5])

    @pytest.mark.parametrize("kind", [TransportKind.TIMEOUT, TransportKind.DROPPED])
    def test_one_that_was_only_too_slow_may_still_be_unlinked(self, services, kind):
        linked(services)
        services.on("DELETE", "/accounts/.*", breaks(kind))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions) == ("stackone_unreachable", [])
        assert uncertain(outcome) is (kind is TransportKind.TIMEOUT)
        assert uncertain(outcome) is ("not known whether the account was unlinked" in outcome.failure.message)

    @pytest.mark.parametrize("answer", [(401,), (403, {"message": "no"}), (404, HTML)])
    def test_an_answer_of_something_in_between_says_nothing_of_it(self, services, answer):
        linked(services)
        services.on("DELETE", "/accounts/.*", does_and_answers(*answer))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.DELETE])

    def test_one_that_stays_is_a_failure(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.applied.actions) == ("change_not_kept", [])
        assert outcome.failure.retriable
        assert outcome.failure.details == {"account_id": account_id}
        assert f"unlink account {account_id}" in outcome.failure.message
        assert "dashboard" in outcome.failure.remediation
        assert sum(services.clock.slept) == 30
