# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant's way through a run, with both services in memory: what is sent, at most how often, and what is told.

One link has one account; the account that was made first stays; a run unlinks only what it made; nothing is written to
an account that was not seen under its own id (the fixture sees to that).
"""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Writer
from ansible_collections.tenantlink.stackone.plugins.module_utils._confirm import Confirmer, polls
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._link import Linker, Rules
from ansible_collections.tenantlink.stackone.plugins.module_utils._options import VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import (
    CredentialFields,
    State,
    UpdateCredentials,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._transport_errors import TransportKind

from .services import (
    KEY,
    START,
    after,
    answers,
    breaks,
    does_and_answers,
    error,
    iso,
    link,
    refuses,
    reply,
    tenant,
)

ROTATED = "key-after-a-rotation"
HTML = "<html>Please log in</html>"
REFUSAL = {"provider_errors": [{"status": 401, "raw": {"message": "You have to be logged in."}}]}
LABELLED = {"label": "New"}
ABSENT = {"state": State.ABSENT, "api_key": None}


def linker_of(services):
    clients = services.exchange.clients()
    return Linker(clients, clients.stackone, Rules())


def code(outcome):
    return outcome.failure and outcome.failure.code.value


def posts(services):
    return services.requests("POST", "/hub/accounts")


def hub_edits(services):
    return services.requests("PATCH", "/hub/accounts/.*")


def changes(services):
    return [request.body for request in services.requests("PATCH", "/accounts/.*")]


def linked(services, **more):
    """Make an account as a run of ours would have left it."""
    return services.add(**{"origin_username": "agent@customer.example", **more})


def rotated(services):
    """Give the agent another key than the one that accounts store."""
    services.agents[ROTATED] = services.agents[KEY]
    return tenant(api_key=ROTATED)


def uncertain(outcome):
    return outcome.failure.details.get("uncertain", False)


class TestNewLink:
    def test_the_requests_say_what_is_declared(self, services):
        declared = tenant(
            origin_owner_name="Acme Inc.", label="L", account_type="test", integration_id="p1", allow_multiple=True
        )
        outcome = link(services, declared)
        assert (code(outcome), outcome.actions, outcome.warnings) == (None, [Action.CREATE], [])
        (session, *_others) = services.requests("POST", "/connect_sessions")
        assert session.body == {
            "provider": "freshservice",
            "origin_owner_id": "1",
            "origin_owner_name": "Acme Inc.",
            "origin_username": "agent@customer.example",
            "multiple": True,
            "label": "L",
            "type": "test",
            "expires_in": 600,
            "integration_id": "p1",
        }
        (post,) = posts(services)
        assert post.body == {"integration_id": "p1", "credentials": {"domain": "acme", "apiKey": KEY}}
        assert post.headers["x-hub-session-token"] in services.sessions
        assert not post.repeatable
        assert changes(services) == []

    def test_it_is_linked_under_the_declared_profile(self, services):
        services.profiles.append({**services.profiles[0], "integration_id": "p2"})
        services.on("POST", "/connect_sessions", _says_no_profile, times=9)
        link(services, tenant(integration_id="p2"))
        assert posts(services)[0].body["integration_id"] == "p2"

    def test_an_owner_without_a_name_is_called_by_its_id(self, services):
        link(services, tenant(origin_username="declared@customer.example"))
        body = services.requests("POST", "/connect_sessions")[0].body
        assert body == {
            "provider": "freshservice",
            "origin_owner_id": "1",
            "origin_owner_name": "1",
            "origin_username": "declared@customer.example",
            "expires_in": 600,
        }

    def test_it_has_the_account_that_the_answer_names(self, services):
        services.add(owner="another")
        outcome = link(services, tenant())
        assert outcome.account.id == outcome.created_id == "acc-2"
        assert (outcome.domain, outcome.confirmed, outcome.phase) == ("acme", True, Phase.CONFIRM)
        assert services.clock.slept == []

    def test_check_mode_sends_nothing_that_changes(self, services):
        outcome = link(services, tenant(), rules=Rules(check_mode=True))
        assert (code(outcome), outcome.actions) == (None, [Action.CREATE])
        assert {request.method for _verb, _path, request in services.log} == {"GET"}

    def test_what_the_session_dropped_is_told_once_more(self, services):
        services.on("POST", "/connect_sessions", lambda request, perform: _without(request, perform, "label"), times=9)
        outcome = link(services, tenant(label="L"))
        assert (code(outcome), outcome.actions, outcome.account.label) == (None, [Action.CREATE, Action.UPDATE], "L")
        assert changes(services) == [{"label": "L"}]

    def test_a_new_account_that_keeps_part_of_a_change_was_changed(self, services):
        services.on("POST", "/connect_sessions", lambda *asked: _without(*asked, "label", "type"), times=9)
        services.on("PATCH", "/accounts/.*", lambda *asked: _without(*asked, "label"), times=9)
        outcome = link(services, tenant(label="L", account_type="test"))
        assert (code(outcome), outcome.actions) == (None, [Action.CREATE, Action.UPDATE])
        assert (outcome.account.type, outcome.account.label) == ("test", None)
        assert outcome.label_left

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
        assert (code(outcome), outcome.actions) == ("account_not_active", [Action.CREATE])
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
        assert (code(outcome), outcome.actions) == (None, [Action.CREATE])
        assert outcome.warnings == [f"Account acc-1 is {status}; verify_link is none, so it was left."]
        assert services.clock.slept == []


def _says_no_profile(_request, perform):
    """Open a session, but do not say which profile it is for."""
    data = dict(perform().data)
    data.pop("integration_id")
    return reply(201, data)


def _without(request, perform, *names):
    for name in names:
        request.body.pop(name, None)
    return perform()


class TestLostAnswer:
    """A request to link is sent again once at most, after `confirm_timeout`, and only where no second account can come
    of it."""

    def test_an_account_that_was_made_is_adopted(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, outcome.created_id) == (None, [Action.CREATE], "acc-1")
        assert outcome.warnings[0].startswith("The answer to the link was lost (api.stackone.com: the connection broke")
        assert outcome.warnings[0].endswith("); account acc-1 was made and is kept.")
        assert len(posts(services)) == 1
        assert (outcome.lost, outcome.account.id, services.clock.slept) == (None, "acc-1", [])

    def test_one_that_does_not_work_yet_is_no_duplicate(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        services.first_status = "pending"
        assert code(link(services, tenant(), timeout=0)) == "account_not_active"

    def test_it_is_sent_again_once_whoever_asks(self, services):
        services.on("POST", "/hub/accounts", breaks(), times=9)
        outcome, linker = Outcome(tenant()), linker_of(services)
        linker.apply(outcome)
        assert [linker.try_again(outcome) for _time in range(3)] == [True, False, False]
        assert (len(posts(services)), outcome.creation.attempts) == (2, 2)

    def test_one_that_shows_late_is_adopted_too(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        services.hidden.add("acc-1")
        services.clock.meanwhile[25] = services.hidden.clear
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services)), list(services.accounts)) == (None, 1, ["acc-1"])
        assert services.clock.monotonic() < 30

    def test_where_none_was_made_it_is_sent_once_more_after_the_timeout(self, services):
        times = []
        services.on("POST", "/hub/accounts", breaks())
        services.on("POST", "/hub/accounts", after(lambda: times.append(services.clock.monotonic())))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, outcome.warnings) == (None, [Action.CREATE], [])
        assert (len(posts(services)), list(services.accounts), times) == (2, ["acc-1"], [30])

    def test_it_is_never_sent_a_third_time(self, services):
        services.on("POST", "/hub/accounts", breaks(), times=9)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services)), services.accounts) == ("create_uncertain", 2, {})
        assert outcome.failure.retriable
        assert outcome.actions == []
        assert sum(services.clock.slept) == 60

    @pytest.mark.parametrize("trick", [breaks(), answers(503, HTML), refuses(502), refuses(408), answers(500)])
    @pytest.mark.parametrize("multiple", [True, False])
    def test_never_where_the_owner_may_have_several(self, services, trick, multiple):
        services.on("POST", "/hub/accounts", trick, times=9)
        outcome = link(services, tenant(allow_multiple=multiple))
        assert (code(outcome), len(posts(services))) == ("create_uncertain", 1 if multiple else 2)
        assert (outcome.failure.phase, outcome.failure.retriable) == (Phase.APPLY, True)
        assert "and shows no new account (" in outcome.failure.message
        assert "is adopted" in outcome.failure.remediation

    def test_the_status_of_an_unclear_answer_is_told(self, services):
        services.on("POST", "/hub/accounts", answers(503, HTML), times=9)
        assert link(services, tenant()).failure.http_status == 503

    @pytest.mark.parametrize(
        "trick",
        [
            breaks(TransportKind.TIMEOUT),
            answers(200, HTML),
            answers(200),
            answers(200, {}),
            answers(302, HTML),
            answers(200, {"id": "a/b"}),
            answers(200, {"id": True}),
            answers(200, []),
        ],
    )
    def test_never_after_an_answer_that_came_late_or_from_somebody_else(self, services, trick):
        services.on("POST", "/hub/accounts", trick)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services)), services.accounts) == ("create_uncertain", 1, {})

    @pytest.mark.parametrize(
        "trick",
        [
            breaks(TransportKind.TIMEOUT, done=True),
            does_and_answers(200, HTML),
            does_and_answers(302, HTML),
            does_and_answers(503, HTML),
            does_and_answers(200, {"provider": "freshservice"}),
        ],
    )
    def test_an_account_that_such_a_request_made_is_adopted(self, services, trick):
        services.on("POST", "/hub/accounts", trick)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, len(posts(services))) == (None, [Action.CREATE], 1)
        assert "account acc-1 was made and is kept" in outcome.warnings[0]

    def test_the_hubs_own_rule_knows_an_account_that_no_listing_shows(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        services.hidden.add("acc-1")
        outcome = link(services, tenant())
        assert (len(posts(services)), list(services.accounts)) == (1, ["acc-1"])
        assert (code(outcome), outcome.created_id, outcome.actions) == (None, "acc-1", [Action.CREATE])
        assert "account acc-1 was made and is kept" in outcome.warnings[0]
        assert "listing does not show it yet" in outcome.warnings[1]

    def test_what_the_hub_names_must_be_this_tenants(self, services):
        services.on("POST", "/hub/accounts", breaks())
        other = services.add(owner="another")
        services.on("GET", "/hub/settings", answers(200, {"existing_account_id": other}), skip=1)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, len(posts(services))) == ("account_mismatch", [], 1)

    def test_an_account_of_another_domain_is_not_taken_for_the_lost_one(self, services):
        services.on("POST", "/hub/accounts", breaks())
        services.clock.meanwhile[1] = lambda: services.add(domain="globex", origin_owner_name="G", id="theirs")
        outcome = link(services, tenant())
        assert outcome.created_id != "theirs"
        assert services.accounts["theirs"]["setup_information"] == {"domain": "globex"}
        assert code(outcome) is None

    def test_a_look_that_fails_says_that_it_is_not_known(self, services):
        services.on("POST", "/hub/accounts", breaks())
        services.on("GET", "/accounts", refuses(503), skip=2)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == ("create_uncertain", 1)
        assert "and it is not known whether it made an account" in outcome.failure.message

    def test_a_connection_that_was_never_made_made_nothing(self, services):
        services.on("POST", "/hub/accounts", breaks(TransportKind.REFUSED, sent=False))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, len(posts(services))) == ("stackone_unreachable", [], 1)
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
            (answers(404, HTML), "unexpected_answer"),
            (refuses(502, provider_errors=[{"status": 429, "raw": {"message": "rate limit"}}]), "rate_limited"),
            (refuses(502, provider_errors=[{"status": 503, "raw": "down"}]), "unreachable"),
        ],
    )
    def test_a_refusal_is_told_and_nothing_is_sent_again(self, services, trick, expected):
        services.on("POST", "/hub/accounts", trick, times=9)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, len(posts(services))) == (expected, [], 1)
        assert (outcome.failure.phase, outcome.warnings) == (Phase.APPLY, [])

    def test_a_session_that_died_is_renewed_once(self, services):
        services.on("POST", "/hub/accounts", refuses(401, "Unauthorized"))
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "Unauthorized"))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, len(posts(services))) == (None, [Action.CREATE], 2)
        first, second = (post.headers["x-hub-session-token"] for post in posts(services))
        assert first != second
        assert services.sessions[first] == services.sessions[second]
        assert services.sessions[second]["origin_username"] == "agent@customer.example"

    def test_and_only_once(self, services):
        services.on("POST", "/hub/accounts", refuses(401, "Unauthorized"), times=9)
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "Unauthorized"), times=9)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == ("credentials_refused", 2)
        assert outcome.failure.http_status == 401
        assert "Unauthorized" in outcome.failure.message

    def test_a_session_that_is_alive_is_not(self, services):
        services.on("POST", "/hub/accounts", refuses(403, "No"))
        assert code(link(services, tenant())) == "credentials_refused"
        assert len(posts(services)) == 1

    def test_a_broken_account_that_was_left_behind_is_told(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error"))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions) == ("credentials_refused", [Action.CREATE])
        assert outcome.account.id == "acc-1"
        assert outcome.warnings == [
            "StackOne refused the link but left account acc-1; the next run with a good key repairs it."
        ]

    def test_one_whose_domain_the_hub_alone_shows_is_told(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error", silent=True))
        assert link(services, tenant()).actions == [Action.CREATE]

    @pytest.mark.parametrize(
        "left",
        [
            {"status": "active"},
            {"status": "error", "domain": "globex"},
            {"status": "error", "domain": "globex", "silent": True},
            {"status": "error", "owner": "another"},
        ],
    )
    def test_an_account_that_works_or_is_another_link_is_not_ours(self, services, left):
        services.on("POST", "/hub/accounts", _leaves(services, **left))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, outcome.account) == ("credentials_refused", [], None)
        assert outcome.warnings == []

    def test_the_refusal_matters_more_than_a_look_that_fails(self, services):
        services.on("POST", "/hub/accounts", _leaves(services, status="error"))
        services.on("GET", "/accounts", refuses(503), skip=2)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, outcome.warnings) == ("credentials_refused", [], [])


def _leaves(services, **left):
    """Refuse a link, but leave an account behind all the same (H16)."""

    silent = left.pop("silent", False)

    def trick(_request, _perform):
        account_id = services.add(**left)
        if silent:
            services.accounts[account_id]["setup_information"] = {}
        return error(502, "x", **REFUSAL)

    return trick


class TestTwins:
    """Somebody else links the same tenant at the same time."""

    def test_the_one_that_was_made_first_stays_and_ours_goes(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START - 1))))
        outcome = link(services, tenant())
        assert (code(outcome), list(services.accounts)) == (None, ["theirs"])
        assert (outcome.account.id, outcome.actions, outcome.created_id) == ("theirs", [], None)
        assert outcome.warnings == [
            "Somebody else linked the same tenant at the same time, as account theirs, which is kept; this run's own"
            " account acc-1 was unlinked again."
        ]

    def test_ours_stays_where_it_was_made_first_and_the_other_run_yields(self, services):
        services.clock.meanwhile[5] = lambda: services.accounts.pop("theirs")
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START + 1))))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, list(services.accounts)) == (None, [Action.CREATE], ["acc-1"])
        assert services.requests("DELETE") == []

    def test_where_nobody_yields_both_are_named(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START + 1))))
        outcome = link(services, tenant())
        assert (code(outcome), sorted(services.accounts)) == ("duplicate_account", ["acc-1", "theirs"])
        named = outcome.failure.details["candidates"]
        assert [one["account_id"] for one in named] == ["acc-1", "theirs"]
        assert outcome.actions == [Action.CREATE]

    def test_a_twin_is_never_unlinked_without_its_age(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at="soon")))
        assert code(link(services, tenant())) == "duplicate_account"
        assert services.requests("DELETE") == []

    def test_a_hub_that_updates_answers_with_an_account_that_is_not_ours(self, services):
        """Neither goes: the one that the Hub named was there before."""
        old = services.add(created_at=iso(START - 9), origin_owner_name="Old")
        older = services.add(created_at=iso(START - 99), origin_owner_name="Older")
        services.hidden |= {old, older}
        services.on("POST", "/hub/accounts", lambda _request, _perform: _named(services, old))
        outcome = link(services, tenant())
        assert (code(outcome), sorted(services.accounts)) == ("duplicate_account", [old, older])
        assert services.requests("DELETE") == []

    def test_two_new_accounts_after_a_lost_answer_are_not_guessed_between(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        services.on("GET", "/accounts", after(lambda: services.add(id="theirs")), skip=2)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == ("duplicate_account", 1)
        assert sorted(services.accounts) == ["acc-1", "theirs"]
        assert outcome.actions == []

    def test_of_several_domains_of_one_owner_only_the_same_one_is_a_twin(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", domain="globex")))
        outcome = link(services, tenant(allow_multiple=True))
        assert (code(outcome), outcome.created_id, len(services.accounts)) == (None, "acc-1", 2)

    def test_a_twin_that_shows_no_domain_is_looked_at(self, services):
        services.on("POST", "/hub/accounts", after(lambda: _add_silent(services)))
        outcome = link(services, tenant(allow_multiple=True))
        assert code(outcome) == "duplicate_account"


def _add_silent(services):
    """Add an account whose domain no listing shows, but the Hub."""
    services.accounts[services.add(id="theirs")]["setup_information"] = {}


def _named(services, account_id):
    services.hidden.clear()
    return reply(200, {"id": account_id})


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
        assert "account theirs was not changed" in outcome.failure.remediation
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


class TestRelink:
    def test_a_rotated_key_is_sent_to_the_account(self, services):
        account_id = linked(services, domain="ACME.freshservice.com")
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.actions, outcome.warnings) == (None, [Action.RELINK], [])
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
        services.on("POST", "/connect_sessions", _says_no_profile, times=9)
        view = {"setupInformation": {"domain": "globex"}}
        services.on("GET", "/hub/accounts/.*", answers(200, view))
        link(services, tenant(integration_id="p2"))
        assert hub_edits(services)[0].body["integration_id"] == "p2"

    def test_nothing_is_sent_where_nothing_differs(self, services):
        linked(services)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, hub_edits(services)) == (None, [], [])

    def test_a_broken_account_is_repaired_and_waited_for(self, services):
        account_id = linked(services, status="error")
        services.first_status = "error"
        services.clock.meanwhile[3] = lambda: services.accounts[account_id].update(status="active")
        outcome = link(services, tenant())
        assert (code(outcome), outcome.actions, outcome.account.active) == (None, [Action.RELINK], True)

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

    @pytest.mark.parametrize(
        "trick",
        [
            breaks(done=True),
            breaks(TransportKind.TIMEOUT, done=True),
            does_and_answers(200, HTML),
            does_and_answers(302, HTML),
            does_and_answers(502, HTML),
        ],
    )
    def test_a_lost_answer_is_looked_after(self, services, trick):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", trick)
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.actions, len(hub_edits(services))) == (None, [Action.RELINK], 1)
        (warning,) = outcome.warnings
        assert warning.startswith("The answer to the re-link was lost (")
        assert warning.endswith("); the new key is stored.")

    @pytest.mark.parametrize("data", [None, {}, {"ok": True}, {"id": "another"}])
    def test_an_answer_without_the_accounts_id_is_looked_after_without_a_word(self, services, data):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", does_and_answers(200, data))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.actions, outcome.warnings) == (None, [Action.RELINK], [])
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
        assert (code(outcome), outcome.actions) == (expected, [])
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
        assert outcome.actions == []
        assert outcome.failure.message.endswith(" It is not known whether the key is stored.")

    @pytest.mark.parametrize(
        ("answer", "expected"), [((200,), "change_not_kept"), ((200, {"id": "another"}), "account_mismatch")]
    )
    def test_a_success_that_stored_nothing_is_told_as_uncertain(self, services, answer, expected):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", answers(*answer))
        outcome = link(services, rotated(services))
        assert (code(outcome), uncertain(outcome), outcome.actions) == (expected, True, [])
        assert services.stored[account_id]["apiKey"] == KEY

    def test_a_tail_that_fitted_before_proves_nothing(self, services):
        """The key is sent again and the answer is lost: that its last characters are shown says nothing."""
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(502), times=9)
        outcome = link(services, tenant(update_credentials=UpdateCredentials.ALWAYS))
        assert (outcome.failure is not None, uncertain(outcome), outcome.actions) == (True, True, [])

    def test_an_answer_for_another_account_is_told_with_both(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", does_and_answers(200, {"id": "another"}))
        services.on("GET", "/hub/accounts/.*", refuses(503), skip=1)
        failure = link(services, rotated(services)).failure
        assert f"re-link account {account_id} for another account, another." in failure.message
        assert (failure.http_status, failure.details) == (200, {"account_id": account_id, "uncertain": True})
        assert "Look at both" in failure.remediation

    def test_one_that_changed_nothing_is_a_failure(self, services):
        linked(services)
        services.on("PATCH", "/hub/accounts/.*", answers(200, {"id": "another"}))
        outcome = link(services, rotated(services))
        assert (outcome.failure.http_status, outcome.actions) == (200, [])

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
        services.on("PATCH", "/hub/accounts/.*", breaks())
        fields = CredentialFields(extra={"region": "eu"})
        outcome = link(services, tenant(credential_fields=fields))
        assert (code(outcome), outcome.actions) == ("stackone_unreachable", [])

    def test_a_dead_session_is_renewed_for_the_same_account(self, services):
        account_id = linked(services)
        services.on("PATCH", "/hub/accounts/.*", refuses(401, "No"))
        services.on("POST", "/connect_sessions/authenticate", refuses(401, "No"))
        outcome = link(services, rotated(services))
        assert (code(outcome), outcome.actions, len(hub_edits(services))) == (None, [Action.RELINK], 2)
        first, second = (edit.headers["x-hub-session-token"] for edit in hub_edits(services))
        assert services.sessions[first]["account_id"] == services.sessions[second]["account_id"] == account_id
        assert first != second

    def test_what_is_declared_otherwise_is_changed_as_well(self, services):
        linked(services, label="Old")
        outcome = link(services, tenant(label="New", update_credentials=UpdateCredentials.ALWAYS))
        assert outcome.actions == [Action.RELINK, Action.UPDATE]
        assert changes(services) == [LABELLED]


def _gone(services, account_id):
    del services.accounts[account_id]
    return reply(200, {"id": account_id})


class TestChange:
    def test_only_what_differs_is_sent(self, services):
        linked(services, label="Old", type="production")
        outcome = link(services, tenant(label="New", account_type="production"))
        assert (code(outcome), outcome.actions, outcome.warnings) == (None, [Action.UPDATE], [])
        assert changes(services) == [LABELLED]
        assert outcome.account.label == "New"

    @pytest.mark.parametrize("status", [400, 422])
    def test_a_label_that_cannot_be_changed_is_left(self, services, status):
        linked(services, label="Old")
        services.on("PATCH", "/accounts/.*", refuses(status, "label must be an object"))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.actions) == (None, [])
        assert outcome.warnings == ["StackOne cannot change the label of an existing account in place; it was left."]
        assert outcome.label_left

    def test_a_change_of_nothing_is_none(self, services):
        account_id = linked(services)
        clients = services.exchange.clients()
        services.on("PATCH", "/accounts/.*", refuses(400, "label must be an object"))
        outcome, account = Outcome(tenant(label="New")), clients.stackone.account(account_id)
        Writer(clients.stackone, clients.hub).change(outcome, account, LABELLED)
        assert (outcome.actions, outcome.label_left) == ([], True)

    @pytest.mark.parametrize("status", [400, 422])
    def test_the_rest_is_changed_without_the_label(self, services, status):
        linked(services, label="Old", type="test")
        services.on("PATCH", "/accounts/.*", refuses(status, "label must be an object"))
        outcome = link(services, tenant(label="New", account_type="production"))
        assert (code(outcome), outcome.actions, len(outcome.warnings)) == (None, [Action.UPDATE], 1)
        assert changes(services) == [{"label": "New", "type": "production"}, {"type": "production"}]

    @pytest.mark.parametrize("status", [400, 422, 404, 403])
    def test_another_refusal_is_a_failure(self, services, status):
        linked(services, type="test")
        services.on("PATCH", "/accounts/.*", refuses(status, "No"), times=9)
        outcome = link(services, tenant(account_type="production"))
        assert (code(outcome), outcome.actions) == (
            "stackone_forbidden" if status == 403 else "stackone_rejected",
            [],
        )
        assert outcome.failure.details["doing"] == "change the account"

    @pytest.mark.parametrize("status", [404, 409])
    def test_a_label_that_is_refused_for_another_reason_is_a_failure(self, services, status):
        linked(services)
        services.on("PATCH", "/accounts/.*", refuses(status, "No"), times=9)
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.label_left, len(changes(services))) == ("stackone_rejected", False, 1)

    @pytest.mark.parametrize(
        "trick",
        [
            breaks(done=True),
            does_and_answers(200, HTML),
            does_and_answers(200, {"id": "another"}),
            does_and_answers(200, []),
            does_and_answers(502, HTML),
            does_and_answers(302, HTML),
        ],
    )
    def test_a_lost_answer_is_looked_after(self, services, trick):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", trick)
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.actions) == (None, [Action.UPDATE])
        assert outcome.warnings == [f"The answer to the change of account {account_id} was lost; it was made."]

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
        assert (code(outcome), outcome.actions, outcome.warnings) == (expected, [], [])
        assert not uncertain(outcome)
        assert outcome.failure.details.get("doing", "change the account") == "change the account"

    def test_one_of_which_nothing_can_be_seen_says_so(self, services):
        linked(services)
        services.on("PATCH", "/accounts/.*", breaks(done=True))
        services.on("GET", "/accounts/.*", refuses(503))
        outcome = link(services, tenant(label="New"))
        assert (uncertain(outcome), outcome.actions) == (True, [])
        assert outcome.failure.message.endswith(" It is not known whether the change was made.")

    def test_an_account_that_is_gone_meanwhile_was_not_changed(self, services):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", lambda request, _perform: _gone_and_broken(services, account_id, request))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.actions) == ("stackone_unreachable", [])

    def test_a_label_that_was_not_kept_is_a_warning(self, services):
        account_id = linked(services)
        services.on("PATCH", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(label="New"))
        assert (code(outcome), outcome.actions, outcome.label_left) == (None, [], True)
        assert outcome.warnings == ["StackOne took the new label without an error, but did not keep it."]

    def test_a_type_that_was_not_kept_is_a_failure(self, services):
        account_id = linked(services, type="test")
        services.on("PATCH", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(account_type="production", label="New"))
        assert (code(outcome), outcome.actions) == ("change_not_kept", [])
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
        assert (code(outcome), outcome.actions, outcome.label_left) == (None, [Action.UPDATE], True)

    def test_a_new_account_must_keep_what_it_was_told(self, services):
        services.on("POST", "/connect_sessions", lambda request, perform: _without(request, perform, "type"), times=9)
        services.on("PATCH", "/accounts/.*", answers(200, {"id": "acc-1"}))
        outcome = link(services, tenant(account_type="test"))
        assert (code(outcome), outcome.actions) == ("change_not_kept", [Action.CREATE])


def _gone_and_broken(services, account_id, request):
    services.accounts.pop(account_id)
    return breaks()(request, lambda: None)


class TestUnlink:
    def test_the_account_is_seen_once_more_and_then_unlinked(self, services):
        account_id = linked(services)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.actions, services.accounts) == (None, [Action.DELETE], {})
        before = [(verb, path) for verb, path, _request in services.log]
        assert before.index(("GET", f"/accounts/{account_id}")) < before.index(("DELETE", f"/accounts/{account_id}"))

    @pytest.mark.parametrize("trick", [breaks(done=True), does_and_answers(502, HTML), does_and_answers(200, HTML)])
    def test_a_lost_answer_is_looked_after(self, services, trick):
        linked(services)
        services.on("DELETE", "/accounts/.*", trick)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.actions, services.accounts) == (None, [Action.DELETE], {})

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
        assert (code(outcome), outcome.actions, len(services.accounts)) == (expected, [], 1)
        assert not uncertain(outcome)

    def test_one_of_which_nothing_can_be_seen_says_so(self, services):
        linked(services)
        services.on("DELETE", "/accounts/.*", breaks(done=True))
        services.on("GET", "/accounts/.*", refuses(503), skip=1)
        outcome = link(services, tenant(**ABSENT))
        assert (uncertain(outcome), outcome.actions) == (True, [])
        assert outcome.failure.message.endswith(" It is not known whether the account was unlinked.")

    def test_a_refusal_is_not_looked_after(self, services):
        linked(services)
        services.on("DELETE", "/accounts/.*", refuses(409))
        link(services, tenant(**ABSENT))
        assert len(services.requests("GET", "/accounts/.*")) == 1

    def test_one_that_somebody_else_unlinked_is_no_change(self, services):
        account_id = linked(services)
        services.on("GET", f"/accounts/{account_id}", after(lambda: services.accounts.pop(account_id)))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.actions, outcome.account) == (None, [], None)
        assert services.requests("DELETE") == []

    @pytest.mark.parametrize("change", [{"origin_owner_id": "another"}, {"provider": "freshdesk"}])
    @pytest.mark.parametrize("pinned", [True, False])
    def test_one_that_turns_out_to_be_somebody_elses_stays(self, services, change, pinned):
        account_id = linked(services)
        services.on(
            "GET", f"/accounts/{account_id}", after(lambda: services.accounts[account_id].update(change)), skip=pinned
        )
        named = {"account_id": account_id, "origin_owner_id": None} if pinned else {}
        outcome = link(services, tenant(**ABSENT, **named))
        assert (code(outcome), list(services.accounts)) == ("account_mismatch", [account_id])
        assert services.requests("DELETE") == []

    def test_it_waits_until_the_account_is_gone(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(202, {"id": account_id}))
        services.clock.meanwhile[4] = lambda: services.accounts.pop(account_id)
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.actions) == (None, [Action.DELETE])
        assert services.clock.monotonic() >= 4

    def test_an_archived_account_is_gone(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(200, {"id": account_id}))
        services.clock.meanwhile[0.5] = lambda: services.accounts[account_id].update(status="archived")
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), services.clock.slept) == (None, [0.5])

    def test_one_that_stays_is_a_failure(self, services):
        account_id = linked(services)
        services.on("DELETE", "/accounts/.*", answers(200, {"id": account_id}))
        outcome = link(services, tenant(**ABSENT))
        assert (code(outcome), outcome.actions) == ("change_not_kept", [])
        assert outcome.failure.retriable
        assert outcome.failure.details == {"account_id": account_id}
        assert f"unlink account {account_id}" in outcome.failure.message
        assert "dashboard" in outcome.failure.remediation
        assert sum(services.clock.slept) == 30


@pytest.mark.parametrize(
    ("timeout", "slept"), [(0, []), (0.25, [0.25]), (1, [0.5, 0.5]), (10, [0.5, 0.75, 1.125, 1.6875, 2, 2, 1.9375])]
)
def test_pauses_grow_until_the_time_is_over(services, timeout, slept):
    assert len(list(polls(services.clock, timeout))) == len(slept) + 1
    assert services.clock.slept == slept


def test_who_confirms_is_patient(services):
    services.add(status="pending")
    clients = services.exchange.clients()
    outcome = Outcome(tenant(), account=clients.stackone.account("acc-1"))
    assert Confirmer(clients).settled(outcome, clients.stackone) is False
    assert Confirmer(clients, patient=False).settled(outcome, clients.stackone) is True
