# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A creating answer is lost, or somebody else links at the same time: each link has one account in the end.

The account that was made first stays, and a run unlinks only what it made.
"""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.confirm import Confirmer, polls
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Linker, Rules
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Outcome
from tests.support.one_tenant import HTML, code, posts
from tests.support.services_in_memory import (
    START,
    after,
    answers,
    breaks,
    does_and_answers,
    iso,
    link,
    refuses,
    reply,
    tenant,
)


def linker_of(services):
    clients = services.factory.clients()
    return Linker(clients, clients.stackone, Rules())


class TestLostAnswer:
    """A request to link is sent again once at most, after `confirm_timeout`, and only where no second account can come
    of it."""

    def test_an_account_that_was_made_is_adopted(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, outcome.created_id) == (None, [Action.CREATE], "acc-1")
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
        assert (len(posts(services)), outcome.applied.creation.attempts) == (2, 2)

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
        assert (code(outcome), outcome.applied.actions) == (None, [Action.CREATE])
        assert (len(posts(services)), list(services.accounts), times) == (2, ["acc-1"], [30])
        (warning,) = outcome.warnings
        assert (
            "so it was sent again. If StackOne still carries out the first one, the tenant has two accounts" in warning
        )

    def test_what_was_sent_twice_and_is_in_no_listing_stays_uncertain(self, services):
        """The first request may have made an account as well."""
        services.on("POST", "/hub/accounts", breaks())
        services.hidden.add("acc-1")
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services))) == ("create_uncertain", 2)
        assert "whether" not in outcome.failure.message
        assert (
            "and its listing does not show yet how many accounts there are (it was sent twice)"
            in outcome.failure.message
        )
        assert outcome.failure.details == {"uncertain": True}

    def test_it_is_never_sent_a_third_time(self, services):
        services.on("POST", "/hub/accounts", breaks(), times=9)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services)), services.accounts) == ("create_uncertain", 2, {})
        assert outcome.failure.retriable
        assert outcome.applied.actions == []
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
            *(breaks(TransportKind.TIMEOUT), answers(302, HTML)),
            *(answers(200, data) for data in (HTML, None, {}, [], {"id": "a/b"}, {"id": True})),
            *(answers(status, data) for status in (401, 403, 404) for data in (HTML, None, {"message": "no"})),
        ],
    )
    def test_never_after_an_answer_that_came_late_or_from_somebody_else(self, services, trick):
        services.on("POST", "/hub/accounts", trick)
        outcome = link(services, tenant())
        assert (code(outcome), len(posts(services)), services.accounts) == ("create_uncertain", 1, {})

    @pytest.mark.parametrize(
        "trick",
        [
            *(breaks(TransportKind.TIMEOUT, done=True), does_and_answers(200, {"provider": "freshservice"})),
            *(does_and_answers(status, HTML) for status in (200, 302, 503)),
        ],
    )
    def test_an_account_that_such_a_request_made_is_adopted(self, services, trick):
        services.on("POST", "/hub/accounts", trick)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, len(posts(services))) == (None, [Action.CREATE], 1)
        assert "account acc-1 was made and is kept" in outcome.warnings[0]

    def test_the_hubs_own_rule_knows_an_account_that_no_listing_shows(self, services):
        services.on("POST", "/hub/accounts", breaks(done=True))
        services.hidden.add("acc-1")
        outcome = link(services, tenant())
        assert (len(posts(services)), list(services.accounts)) == (1, ["acc-1"])
        assert (code(outcome), outcome.created_id, outcome.applied.actions) == (None, "acc-1", [Action.CREATE])
        assert "account acc-1 was made and is kept" in outcome.warnings[0]
        assert "listing does not show it yet" in outcome.warnings[1]

    def test_what_the_hub_names_must_be_this_tenants(self, services):
        services.on("POST", "/hub/accounts", breaks())
        other = services.add(owner="another")
        services.on("GET", "/hub/settings", answers(200, {"existing_account_id": other}), skip=1)
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, len(posts(services))) == ("account_mismatch", [], 1)

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
        assert "proxy" not in outcome.failure.remediation

    @pytest.mark.parametrize("answer", [(302, HTML), (401,), (403, {"message": "no"})])
    def test_the_remedy_names_what_may_have_answered(self, services, answer):
        services.on("POST", "/hub/accounts", answers(*answer))
        assert "no proxy or login page answers in its place" in link(services, tenant()).failure.remediation

    def test_a_connection_that_was_never_made_made_nothing(self, services):
        services.on("POST", "/hub/accounts", breaks(TransportKind.REFUSED, sent=False))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, len(posts(services))) == ("stackone_unreachable", [], 1)
        assert services.clock.slept == []


class TestTwins:
    """Somebody else links the same tenant at the same time."""

    def test_the_one_that_was_made_first_stays_and_ours_goes(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START - 1))))
        outcome = link(services, tenant())
        assert (code(outcome), list(services.accounts)) == (None, ["theirs"])
        assert (outcome.account.id, outcome.applied.actions, outcome.created_id) == ("theirs", [], None)
        assert outcome.warnings == [
            "The tenant was linked as account theirs as well, by somebody else or by a request that was repeated. That one"
            " is kept; account acc-1 of this run was unlinked again."
        ]

    def test_ours_stays_where_it_was_made_first_and_the_other_run_yields(self, services):
        services.clock.meanwhile[5] = lambda: services.accounts.pop("theirs")
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START + 1))))
        outcome = link(services, tenant())
        assert (code(outcome), outcome.applied.actions, list(services.accounts)) == (None, [Action.CREATE], ["acc-1"])
        assert services.requests("DELETE") == []

    def test_where_nobody_yields_both_are_named(self, services):
        services.on("POST", "/hub/accounts", after(lambda: services.add(id="theirs", created_at=iso(START + 1))))
        outcome = link(services, tenant())
        assert (code(outcome), sorted(services.accounts)) == ("duplicate_account", ["acc-1", "theirs"])
        named = outcome.failure.details["candidates"]
        assert [one["account_id"] for one in named] == ["acc-1", "theirs"]
        assert outcome.applied.actions == [Action.CREATE]

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
        assert outcome.applied.actions == []

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


@pytest.mark.parametrize(
    ("timeout", "slept"), [(0, []), (0.25, [0.25]), (1, [0.5, 0.5]), (10, [0.5, 0.75, 1.125, 1.6875, 2, 2, 1.9375])]
)
def test_pauses_grow_until_the_time_is_over(services, timeout, slept):
    assert len(list(polls(services.clock, timeout))) == len(slept) + 1
    assert services.clock.slept == slept


def test_who_confirms_is_patient(services):
    services.add(status="pending")
    clients = services.factory.clients()
    outcome = Outcome(tenant(), account=clients.stackone.account("acc-1"))
    assert Confirmer(clients).check(outcome, clients.stackone) is False
    assert Confirmer(clients, patient=False).check(outcome, clients.stackone) is True
