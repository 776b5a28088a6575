# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant that is linked for the first time, with both services in memory: what is sent, and what is told.

Nothing is written to an account that was not seen under its own id (the fixture sees to that).
"""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.options import VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Rules
from tests.support.one_tenant import HTML, REFUSAL, changes, code, posts, says_no_profile, uncertain, without
from tests.support.services_in_memory import (
    FIELDS,
    KEY,
    after,
    answers,
    breaks,
    does_and_refuses,
    error,
    link,
    refuses,
    reply,
    tenant,
)


def stop():
    raise Stopped


class TestNewLink:
    def test_the_requests_say_what_is_declared(self, services):
        declared = tenant(
            origin_owner_name="Acme Inc.", label="L", account_type="test", integration_id="p1", allow_multiple=True
        )
        outcome = link(services, declared)
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (None, [Action.CREATE], [])
        (session, *_others) = services.requests("POST", "/connect_sessions")
        assert session.body == {
            **{"provider": "freshservice", "integration_id": "p1", "multiple": True, "label": "L", "type": "test"},
            **{"origin_owner_id": "1", "origin_owner_name": "Acme Inc.", "origin_username": "agent@customer.example"},
            "expires_in": 600,
        }
        (post,) = posts(services)
        assert post.body == {"integration_id": "p1", "credentials": {"domain": "acme", "apiKey": KEY}}
        assert post.headers["x-hub-session-token"] in services.sessions
        assert not post.repeatable
        assert changes(services) == []

    @pytest.mark.parametrize("shared", [True, False])
    def test_whether_it_is_shared_is_sent_if_declared(self, services, shared):
        link(services, tenant(shared=shared))
        assert services.requests("POST", "/connect_sessions")[0].body["shared"] is shared

    @pytest.mark.parametrize("secret", ["key-of-an-agent-1", "v1.eu1.key-of-stackone"])
    def test_an_address_that_contains_a_key_is_not_sent_on(self, services, secret):
        """A server in place of Freshservice may repeat what it was sent."""
        services.scrubber.add(secret)
        services.agents[KEY]["email"] = f"{secret.upper()}@customer.example"
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
        assert all("origin_username" not in request.body for request in services.requests("POST", "/connect_sessions"))
        assert outcome.agent.email is None

    def test_an_address_that_contains_a_word_is_sent(self, services):
        services.scrubber.add("customer")
        link(services, tenant())
        (session, *_others) = services.requests("POST", "/connect_sessions")
        assert session.body["origin_username"] == "agent@customer.example"

    def test_a_default_of_the_form_that_contains_a_key_is_not_sent_back(self, services):
        services.scrubber.add("v1.eu1.key-of-stackone")
        note = {"key": "note", "secret": False, "value": "for v1.eu1.key-of-stackone"}
        services.config = {"configFields": [*FIELDS, note, {"key": "region", "secret": False, "value": "eu"}]}
        link(services, tenant())
        assert posts(services)[0].body["credentials"] == {"domain": "acme", "apiKey": KEY, "region": "eu"}

    def test_it_is_linked_under_the_declared_profile(self, services):
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        services.on("POST", "/connect_sessions", says_no_profile, times=9)
        link(services, tenant(integration_id="p2"))
        assert posts(services)[0].body["integration_id"] == "p2"

    def test_an_owner_without_a_name_is_called_by_its_id(self, services):
        link(services, tenant(origin_username="declared@customer.example"))
        body = services.requests("POST", "/connect_sessions")[0].body
        names = {"origin_owner_id": "1", "origin_owner_name": "1", "origin_username": "declared@customer.example"}
        assert body == {"provider": "freshservice", "expires_in": 600, **names}

    def test_it_has_the_account_that_the_answer_names(self, services):
        services.add(owner="another")
        outcome = link(services, tenant())
        assert outcome.account.id == outcome.created_id == "acc-2"
        assert (outcome.domain, outcome.confirmed, outcome.phase) == ("acme", True, Phase.CONFIRM)
        assert services.clock.slept == []

    def test_check_mode_sends_nothing_that_changes(self, services):
        outcome = link(services, tenant(), rules=Rules(check_mode=True))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
        assert {request.method for _verb, _path, request in services.log} == {"GET"}

    def test_what_the_session_dropped_is_told_once_more(self, services):
        services.on("POST", "/connect_sessions", lambda request, perform: without(request, perform, "label"), times=9)
        outcome = link(services, tenant(label="L"))
        assert (code(outcome), outcome.account.label) == (None, "L")
        assert outcome.applied.actions == [Action.CREATE, Action.UPDATE]
        assert changes(services) == [{"label": "L"}]

    def test_a_new_account_that_keeps_part_of_a_change_was_changed(self, services):
        services.on("POST", "/connect_sessions", lambda *asked: without(*asked, "label", "type"), times=9)
        services.on("PATCH", "/accounts/.*", lambda *asked: without(*asked, "label"), times=9)
        outcome = link(services, tenant(label="L", account_type="test"))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE, Action.UPDATE])
        assert (outcome.account.type, outcome.account.label) == ("test", None)
        assert outcome.applied.label_left

    def test_it_waits_for_an_account_that_is_not_active_yet(self, services):
        services.first_status = "pending"
        services.clock.meanwhile[20] = lambda: services.accounts["acc-1"].update(status="active")
        outcome = link(services, tenant())
        assert (code(outcome), outcome.account.active) == (None, True)
        assert len(posts(services)) == 1

    @pytest.mark.parametrize("status", ["pending", "inactive"])
    def test_an_account_that_stays_inactive_is_a_failure(self, services, status):
        services.first_status = status
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions) == ("account_not_active", [Action.CREATE])
        assert sum(services.clock.slept) == 30

    @pytest.mark.parametrize("status", ["error", "expired"])
    def test_a_broken_account_is_not_waited_for(self, services, status):
        services.first_status = status
        outcome = link(services, tenant())
        assert (code(outcome), services.clock.slept) == ("account_not_active", [])

    @pytest.mark.parametrize("status", ["pending", "error"])
    def test_without_verification_it_is_left_as_it_is(self, services, status):
        services.first_status = status
        outcome = link(services, tenant(), rules=Rules(verify_link=VerifyLink.NONE))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
        assert outcome.warnings == [f"Account acc-1 is {status}; verify_link is none, so it was left."]
        assert services.clock.slept == []


class TestRefusedLink:
    @pytest.mark.parametrize(
        ("trick", "expected"),
        [
            (refuses(502, **REFUSAL), "credentials_refused"),
            (refuses(422, "You have to be logged in."), "credentials_refused"),
            (refuses(401, "Unauthorized"), "credentials_refused"),
            (refuses(403, "Forbidden"), "credentials_refused"),
            (refuses(429, "Too many"), "stackone_rate_limited"),
            (refuses(502, provider_errors=[{"status": 429, "raw": {"message": "rate limit"}}]), "rate_limited"),
            (refuses(502, provider_errors=[{"status": 503, "raw": "down"}]), "unreachable"),
        ],
    )
    def test_a_refusal_is_told_and_nothing_is_sent_again(self, services, trick, expected):
        services.on("POST", "/hub/accounts", trick, times=9)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, len(posts(services))) == (expected, [], 1)
        assert (outcome.failure.phase, outcome.warnings) == (Phase.APPLY, [])

    @pytest.mark.parametrize("answer", [(status, HTML) for status in (401, 403, 404)] + [(404, {"error": "no route"})])
    @pytest.mark.parametrize("is_made", [True, False])
    def test_an_answer_of_something_in_between_says_nothing_about_the_account(self, services, answer, is_made):
        def trick(_request, perform):
            if is_made:
                perform()
            return reply(*answer)

        services.on("POST", "/hub/accounts", trick, times=9)
        outcome = link(services, tenant())
        assert len(posts(services)) == 1
        if is_made:
            assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
            assert f"HTTP {answer[0]}" in outcome.warnings[0]
        else:
            assert (code(outcome), outcome.applied.actions) == ("create_uncertain", [])
            assert outcome.failure.retriable
            assert "no proxy or login page" in outcome.failure.remediation

    @pytest.mark.parametrize(
        "says",
        [
            *(answers(*says) for says in ((401,), (403, HTML), (500, HTML), (401, {"message": "no"}))),
            *(breaks(kind) for kind in (TransportKind.DROPPED, TransportKind.STOPPED)),
            after(stop),
        ],
    )
    @pytest.mark.parametrize("is_made", [True, False])
    def test_a_session_that_may_be_used_up_is_not_replaced(self, services, says, is_made):
        """The link that it made may be what used it up, so a second request could make a second account."""
        services.on("POST", "/hub/accounts", (does_and_refuses if is_made else refuses)(401, "Unauthorized"))
        services.on("POST", "/connect_sessions/authenticate", says, times=9)
        outcome = link(services, tenant())
        assert len(posts(services)) == 1
        if is_made:
            assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
            assert "HTTP 401: Unauthorized" in outcome.warnings[0]
        else:
            assert (code(outcome), outcome.applied.actions) == ("create_uncertain", [])
            assert (outcome.failure.http_status, outcome.failure.retriable) == (401, True)

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refusal_of_what_was_done_is_seen(self, services, status):
        services.on("POST", "/hub/accounts", does_and_refuses(status, "No"))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, len(posts(services))) == (None, [Action.CREATE], 1)

    def test_a_session_that_could_end_too_early_is_replaced_before(self, services):
        services.on("GET", "/hub/connectors", after(lambda: services.clock.sleep(301)))
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == (None, 1)
        first, second = services.requests("POST", "/connect_sessions")
        assert first.body == second.body

    def test_a_session_that_is_alive_is_not(self, services):
        services.on("POST", "/hub/accounts", refuses(403, "No"))
        outcome = link(services, tenant())
        assert (code(outcome), uncertain(outcome), len(posts(services))) == ("credentials_refused", True, 1)
        assert outcome.failure.message.endswith(" It is not known whether an account was made nevertheless.")
        assert outcome.failure.message.count("It is not known") == 1

    def test_a_broken_account_that_was_left_behind_is_told(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error"))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions) == ("credentials_refused", [Action.CREATE])
        assert outcome.account.id == "acc-1"
        assert outcome.warnings == [
            "StackOne refused the link but left account acc-1; the next run with a valid key repairs it."
        ]

    def test_one_whose_domain_the_hub_alone_shows_is_told(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error", silent=True))
        assert link(services, tenant()).applied.actions == [Action.CREATE]

    @pytest.mark.parametrize(
        "left",
        [
            {"status": "active", "domain": "globex"},
            {"status": "error", "domain": "globex"},
            {"status": "error", "domain": "globex", "silent": True},
            {"status": "error", "owner": "another"},
        ],
    )
    def test_an_account_of_another_link_is_not_ours(self, services, left):
        services.on("POST", "/hub/accounts", _leaves(services, **left))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, outcome.account) == ("credentials_refused", [], None)
        assert outcome.warnings == []

    @pytest.mark.parametrize("status", [400, 404, 409, 422])
    def test_an_account_that_was_made_and_refused_is_told(self, services, status):
        services.on("POST", "/hub/accounts", does_and_refuses(status, "No"))
        outcome = link(services, tenant())
        refused = "credentials_refused" if status in (400, 422) else "stackone_rejected"
        assert (code(outcome), outcome.applied.actions, outcome.account.id) == (refused, [Action.CREATE], "acc-1")
        assert outcome.warnings == [
            "StackOne refused the link, but account acc-1 was made, by this run or by somebody else at the same time; the next"
            " run adopts it."
        ]
        assert link(services, tenant()).applied.actions == []

    def test_the_refusal_matters_more_than_a_look_that_fails(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error"))
        services.on("GET", "/accounts", refuses(503), skip=2)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == ("credentials_refused", [], [])
        assert outcome.failure.message.endswith(" It is not known whether an account was made nevertheless.")


def _leaves(services, **left):
    """Refuse a link, but leave an account behind all the same (H16)."""
    silent = left.pop("silent", False)

    def trick(_request, _perform):
        account_id = services.add(**left)
        if silent:
            services.accounts[account_id]["setup_information"] = {}
        return error(502, "x", **REFUSAL)

    return trick


class TestForeignSession:
    """The answer to the request for a session names somebody else, or the same owner in another form."""

    @pytest.mark.parametrize(
        ("told", "expected"), [("2", "account_mismatch"), (2, "account_mismatch"), (1, None), (None, None)]
    )
    def test_whose_session_it_is(self, services, told, expected):
        def opened(_request, perform):
            answer = perform()
            return reply(answer.status, {**answer.data, "origin_owner_id": told})

        services.on("POST", "/connect_sessions", opened, times=9)
        assert code(link(services, tenant())) == expected
        assert len(posts(services)) == (0 if expected else 1)


class TestForeignAnswer:
    """The answer to a new link names an account that this request did not make."""

    def test_of_another_owner(self, services):
        other = services.add(owner="another", domain="globex")
        services.on("POST", "/hub/accounts", answers(200, {"id": other}))
        outcome = link(services, tenant(label="L"))
        assert (code(outcome), services.accounts[other].get("label")) == ("account_mismatch", None)
        assert changes(services) == []

    def test_of_another_domain(self, services):
        services.on("POST", "/hub/accounts", lambda _request, _perform: _other_domain(services))
        outcome = link(services, tenant(label="L"))
        assert code(outcome) == "account_mismatch"
        assert outcome.failure.retriable
        assert "which stores the domain globex" in outcome.failure.message
        assert "still stores what it should" in outcome.failure.remediation
        assert outcome.failure.details == {"account_id": "theirs"}
        assert (changes(services), services.requests("DELETE")) == ([], [])

    def test_of_no_account(self, services):
        services.on("POST", "/hub/accounts", answers(200, {"id": "nobody"}))
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == ("account_not_found", 1)
        assert outcome.failure.details == {"account_id": "nobody"}

    def test_an_account_that_works_but_is_not_listed_is_taken_with_a_warning(self, services):
        services.hidden.add("acc-1")
        outcome = link(services, tenant(label="L"))
        assert (code(outcome), outcome.account.id, outcome.confirmed) == (None, "acc-1", True)
        assert "listing does not show it yet" in outcome.warnings[0]
        assert sum(services.clock.slept) == 30

    def test_an_account_that_is_not_listed_and_does_not_work_is_a_failure(self, services):
        services.hidden.add("acc-1")
        services.first_status = "pending"
        assert code(link(services, tenant())) == "account_not_active"

    def test_it_is_taken_all_the_same_without_verification(self, services):
        services.hidden.add("acc-1")
        services.first_status = "pending"
        outcome = link(services, tenant(), rules=Rules(verify_link=VerifyLink.NONE))
        assert (code(outcome), services.clock.slept) == (None, [])
        assert outcome.warnings == ["Account acc-1 is not shown yet; verify_link is none."]


def _other_domain(services):
    services.add(id="theirs", domain="globex")
    return reply(200, {"id": "theirs"})
