# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account whose stored key or status is not as declared is linked again, with both services in memory."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.options import VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import (
    CredentialFields,
    ProfileChange,
    UpdateCredentials,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Rules
from tests.support.one_tenant import (
    HTML,
    LABELLED,
    LOST,
    REFUSAL,
    ROTATED,
    changes,
    code,
    linked,
    rotated,
    says_no_profile,
    uncertain,
)
from tests.support.services_in_memory import (
    FIELDS,
    KEY,
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


def hub_edits(services):
    return services.requests("PATCH", "/hub/accounts/.*")


class TestRelink:
    def test_a_rotated_key_is_sent_to_the_account(self, services):
        account_id = linked(services, domain="ACME.freshservice.com")
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (None, [Action.RELINK], [])
        (edit,) = hub_edits(services)
        assert edit.body == {"integration_id": "p1", "credentials": {"domain": "acme", "apiKey": ROTATED}}
        assert edit.repeatable
        assert services.stored[account_id]["apiKey"] == ROTATED
        (session,) = services.requests("POST", "/connect_sessions")
        assert session.body["account_id"] == account_id
        assert outcome.domain == "acme"

    def test_the_session_names_the_declared_profile(self, services):
        linked(services)
        link(services, tenant(integration_id="p1", update_credentials=UpdateCredentials.ALWAYS))
        (session,) = services.requests("POST", "/connect_sessions")
        assert session.body["integration_id"] == "p1"

    def test_an_account_without_a_known_profile_is_edited_under_the_declared_one(self, services):
        linked(services)
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        services.on("POST", "/connect_sessions", says_no_profile, times=9)
        view = {"setupInformation": {"domain": "globex"}}
        services.on("GET", "/hub/accounts/.*", answers(200, view))
        link(services, tenant(integration_id="p2"))
        assert hub_edits(services)[0].body["integration_id"] == "p2"

    def test_nothing_is_sent_where_nothing_differs(self, services):
        linked(services)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, hub_edits(services)) == (None, [], [])

    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (answers(404, "<html>"), None),
            (
                answers(200, {"integrations": [{"integration_id": "p1", "provider": "freshservice", "active": False}]}),
                None,
            ),
            (breaks(), "stackone_unreachable"),
        ],
    )
    def test_fields_are_not_checked_where_no_form_is_shown(self, services, trick, expected):
        linked(services)
        services.on("GET", "/hub/connectors", trick)
        outcome = link(services, tenant(credential_fields=CredentialFields(domain="nope")))
        assert (code(outcome), hub_edits(services)) == (expected, [])

    def test_a_moved_account_is_checked_by_the_form_of_the_declared_profile(self, services):
        linked(services)
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        more = [{"key": "region", "secret": False}]
        services.on("GET", "/hub/connectors/p2", answers(200, {"config": {"configFields": [*FIELDS, *more]}}))
        fields = CredentialFields(extra={"region": "eu"})
        moved = tenant(integration_id="p2", profile_change=ProfileChange.RELINK, credential_fields=fields)
        outcome = link(services, moved)
        assert (code(outcome), outcome.applied.actions) == (None, [Action.RELINK])
        assert services.requests("GET", "/hub/connectors/p1") == []

    def test_a_broken_account_is_repaired_and_waited_for(self, services):
        account_id = linked(services, status="error")
        services.first_status = "error"
        services.clock.meanwhile[3] = lambda: services.accounts[account_id].update(status="active")
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, outcome.account.active) == (None, [Action.RELINK], True)

    def test_one_that_stays_broken_is_a_failure(self, services):
        linked(services, status="error")
        services.first_status = "error"
        outcome = link(services, tenant())
        assert (code(outcome), sum(services.clock.slept)) == ("account_not_active", 30)

    def test_one_that_breaks_by_it_is_not_waited_for(self, services):
        linked(services)
        services.first_status = "error"
        outcome = link(services, rotated(services))
        assert (code(outcome), services.clock.slept) == ("account_not_active", [])

    def test_one_that_disappears_meanwhile_is_a_failure(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", lambda _request, _perform: _gone(services, account_id))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.failure.details) == ("account_not_found", {"account_id": account_id})

    def test_and_without_verification_a_warning(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", lambda _request, _perform: _gone(services, account_id))
        outcome = link(services, rotated(services), rules=Rules(verify_link=VerifyLink.NONE))
        assert code(outcome) is None
        assert outcome.warnings == [f"Account {account_id} is not shown yet; verify_link is none."]

    @pytest.mark.parametrize("trick", [*LOST, breaks(TransportKind.TIMEOUT, done=True)])
    def test_a_lost_answer_is_looked_after(self, services, trick):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", trick)
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions, len(hub_edits(services))) == (None, [Action.RELINK], 1)
        (warning,) = outcome.warnings
        assert warning.startswith("The answer to the re-link was lost (")
        assert warning.endswith("); the new key is stored.")

    @pytest.mark.parametrize("data", [None, {}, {"ok": True}, {"id": "another"}])
    def test_an_answer_without_the_accounts_id_is_looked_after_without_a_word(self, services, data):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", does_and_answers(200, data))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (None, [Action.RELINK], [])
        assert len(services.requests("GET", "/hub/accounts/.*")) == 2

    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (breaks(), "stackone_unreachable"),
            (answers(200, HTML), "unexpected_answer"),
            (answers(302, HTML), "unexpected_answer"),
            (answers(502, HTML), "stackone_unavailable"),
            (refuses(502, **REFUSAL), "credentials_refused"),
            (refuses(422, "No"), "credentials_refused"),
            (refuses(401, "No"), "credentials_refused"),
            (breaks(TransportKind.REFUSED, sent=False), "stackone_unreachable"),
        ],
    )
    def test_where_the_key_is_not_stored_it_is_a_failure(self, services, trick, expected):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", trick, times=9)
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions) == (expected, [])
        assert not uncertain(outcome)
        assert services.stored[account_id]["apiKey"] == KEY

    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (breaks(done=True), "stackone_unreachable"),
            (does_and_answers(200, HTML), "unexpected_answer"),
            (does_and_answers(200), "change_not_kept"),
            (does_and_answers(200, {"id": "another"}), "account_mismatch"),
        ],
    )
    def test_where_it_cannot_be_seen_the_failure_says_so(self, services, trick, expected):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", trick)
        services.on("GET", "/hub/accounts/.*", refuses(503), skip=1)
        outcome = link(services, rotated(services))
        assert (code(outcome), uncertain(outcome), outcome.failure.retriable) == (expected, True, True)
        assert outcome.applied.actions == []
        assert outcome.failure.message.endswith(" It is not known whether the key is stored.")

    @pytest.mark.parametrize("kind", [TransportKind.TIMEOUT, TransportKind.DROPPED])
    def test_a_relink_that_was_only_too_slow_may_still_be_stored(self, services, kind):
        """History 7765 of `make simulate`: the key was stored after the run had looked, and said that it was not."""
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", breaks(kind))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions) == ("stackone_unreachable", [])
        assert uncertain(outcome) is (kind is TransportKind.TIMEOUT)
        assert uncertain(outcome) is outcome.failure.message.endswith(" It is not known whether the key is stored.")

    @pytest.mark.parametrize("named, expected", [({}, "change_not_kept"), ({"id": "another"}, "account_mismatch")])
    def test_a_success_that_stored_nothing_is_told_as_uncertain(self, services, named, expected):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", answers(200, named or None))
        outcome = link(services, rotated(services))
        assert (code(outcome), uncertain(outcome), outcome.applied.actions) == (expected, True, [])
        assert services.stored[account_id]["apiKey"] == KEY
        assert outcome.failure.http_status == (200 if named else None)
        assert outcome.failure.details == {"account_id": account_id, "uncertain": True}
        if not named:
            assert (
                f"the domain and key of account {account_id} without an error, but shows others."
                in outcome.failure.message
            )
            assert outcome.failure.remediation.startswith("Run again. If this happens again, enter them")
            assert outcome.failure.retriable

    @pytest.mark.parametrize("updated_at, known", [("2027-01-15T09:00:00Z", True), (None, False), ("before", False)])
    def test_an_account_that_was_changed_meanwhile_stores_the_key(self, services, updated_at, known):
        """The tail of the key was shown before as well, so only the time of the change tells."""
        account_id = linked(services)
        services.accounts[account_id]["updated_at"] = "before"
        changed = after(lambda: services.accounts[account_id].update(updated_at=updated_at))
        services.on("PATCH", "/hub/accounts/.*", breaks(done=True), times=9)
        services.on("GET", f"/accounts/{account_id}", changed, times=9)
        outcome = link(services, tenant(update_credentials=UpdateCredentials.ALWAYS))
        assert (outcome.failure is None, Action.RELINK in outcome.applied.actions) == (known, known)
        assert outcome.applied.credentials_sent is known

    def test_a_tail_that_fitted_before_proves_nothing(self, services):
        """The key is sent again and the answer is lost: that its last characters are shown says nothing."""
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(502), times=9)
        outcome = link(services, tenant(update_credentials=UpdateCredentials.ALWAYS))
        assert (outcome.failure is not None, uncertain(outcome), outcome.applied.actions) == (True, True, [])

    def test_an_answer_for_another_account_is_told_with_both(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", does_and_answers(200, {"id": "another"}))
        services.on("GET", "/hub/accounts/.*", refuses(503), skip=1)
        failure = link(services, rotated(services)).failure
        assert f"re-link account {account_id} for another account, another." in failure.message
        assert (failure.http_status, failure.details) == (200, {"account_id": account_id, "uncertain": True})
        assert "Check both" in failure.remediation

    @pytest.mark.parametrize(
        ("trick", "known"),
        [(breaks(done=True), False), (does_and_answers(200, HTML), False), (does_and_answers(200), True)],
    )
    def test_a_hub_that_shows_no_tail_says_nothing_of_the_key(self, services, trick, known):
        account_id = linked(services, domain="globex")
        view = {"setupInformation": {"domain": "acme"}, "secrets": {"apiKey": "__secretvalue:**redacted**"}}
        services.on("PATCH", "/hub/accounts/.*", trick)
        services.on("GET", "/hub/accounts/.*", answers(200, {**view, "integrationId": "p1"}), skip=1)
        outcome = link(services, tenant())
        assert (code(outcome) is None) is known
        assert known or (uncertain(outcome) and outcome.failure.message.endswith("whether the key is stored."))
        assert services.accounts[account_id]["setup_information"] == {"domain": "acme"}

    def test_the_domain_must_be_stored_as_well_as_the_key(self, services):
        linked(services, domain="globex")
        services.on("PATCH", "/hub/accounts/.*", breaks())
        assert code(link(services, tenant())) == "stackone_unreachable"

    def test_and_so_must_all_other_fields(self, services):
        account_id = linked(services)
        services.accounts[account_id]["setup_information"] = {"domain": "acme", "region": "us"}
        services.config["configFields"] = [*services.config["configFields"], {"key": "region", "secret": False}]
        services.on("PATCH", "/hub/accounts/.*", breaks())
        fields = CredentialFields(extra={"region": "eu"})
        outcome = link(services, tenant(credential_fields=fields))
        assert (code(outcome), outcome.applied.actions) == ("stackone_unreachable", [])

    def test_a_dead_session_is_renewed_for_the_same_account(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(401, "No"))
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "No"))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions, len(hub_edits(services))) == (None, [Action.RELINK], 2)
        first, second = (edit.headers["x-hub-session-token"] for edit in hub_edits(services))
        assert services.sessions[first]["account_id"] == services.sessions[second]["account_id"] == account_id
        assert first != second

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_session_is_renewed_once(self, services, status):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(status, "No"), times=9)
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "No"), times=9)
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.failure.http_status, len(hub_edits(services))) == ("session_refused", status, 2)

    def test_a_key_that_is_refused_in_a_renewed_session_is_refused(self, services):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(401, "No"), times=9)
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "No"))
        outcome = link(services, rotated(services))
        assert (code(outcome), len(hub_edits(services))) == ("credentials_refused", 2)

    def test_a_renewed_session_names_the_declared_profile(self, services):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(401, "No"))
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "No"))
        link(services, tenant(integration_id="p1", update_credentials=UpdateCredentials.ALWAYS))
        sessions = services.requests("POST", "/connect_sessions")
        assert [session.body["integration_id"] for session in sessions] == ["p1", "p1"]

    def test_an_account_keeps_its_own_profile(self, services):
        account_id = linked(services)
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        services.profile_of[account_id] = "p2"
        outcome = link(services, rotated(services))
        assert (code(outcome), hub_edits(services)[0].body["integration_id"]) == (None, "p2")

    def test_a_refusal_of_another_profile_names_both(self, services):
        account_id = linked(services)
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        services.on("PATCH", "/hub/accounts/.*", refuses(422, "integration_id cannot be changed"))
        outcome = link(services, tenant(integration_id="p2", profile_change=ProfileChange.RELINK))
        assert (code(outcome), outcome.applied.actions) == ("stackone_rejected", [])
        assert f"Account {account_id} was to move from the connector profile p1 to p2." in outcome.failure.message
        assert "profile_change: replace" in outcome.failure.remediation

    def test_a_lost_answer_that_stored_another_domain_is_proven_by_it(self, services):
        """The key was shown before as well, so only the domain tells."""
        account_id = linked(services, domain="globex")
        services.on("PATCH", "/hub/accounts/.*", breaks(done=True), times=9)
        outcome = link(services, tenant(account_id=account_id))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.RELINK])

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refusal_of_what_was_done_is_seen(self, services, status):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", does_and_refuses(status, "No"))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.applied.actions, len(hub_edits(services))) == (None, [Action.RELINK], 1)
        assert outcome.warnings == ["The answer to the re-link was lost (No); the new key is stored."]

    def test_what_is_declared_otherwise_is_changed_as_well(self, services):
        linked(services, label="Old")
        outcome = link(services, tenant(label="New", update_credentials=UpdateCredentials.ALWAYS))
        assert outcome.applied.actions == [Action.RELINK, Action.UPDATE]
        assert changes(services) == [LABELLED]


def _gone(services, account_id):
    del services.accounts[account_id]
    return reply(200, {"id": account_id})
