# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole list in one run, with both services in memory: one link has one account, whatever goes wrong on the way."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.options import LinksOptions, PurgeScope
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.batch import IN_A_ROW
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.links import Links
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import ProgressFile
from tests.support.declared_entries import declared
from tests.support.one_tenant import HTML
from tests.support.services_in_memory import START, after, answers, breaks, does_and_answers, iso, refuses


def run(services, *listed, **options):
    """Work through a list; return the report, and for each entry its failure's code and its actions."""
    jobs = [LinkJob(entry) for entry in entries_from(listed)]
    settings = LinksOptions(2, 30.0, **options)
    report = Links(services.factory, settings, StopSignal(), ProgressFile(None, len(jobs), services.clock)).run(jobs)
    codes = [job.failure and job.failure.code.value for job in report.jobs]
    return report, list(zip(codes, [job.outcome.applied.actions if job.outcome else None for job in report.jobs]))


def posts(services):
    return [request.body["credentials"]["domain"] for request in services.requests("POST", "/hub/accounts")]


def owners(services):
    return sorted(account["origin_owner_id"] for account in services.accounts.values())


def test_each_tenant_gets_what_it_needs(services):
    services.add("1", "a", origin_username="agent@customer.example")
    services.add("2", "b", key="another-key", origin_username="agent@customer.example")
    services.add("4", "d")
    _report, told = run(
        services, declared("a", "1"), declared("b", "2"), declared("c", "3"), declared("d", "4", state="absent")
    )
    assert told == [(None, []), (None, [Action.RELINK]), (None, [Action.CREATE]), (None, [Action.DELETE])]
    assert (owners(services), posts(services)) == (["1", "2", "3"], ["c"])


def test_a_new_link_costs_one_session(services):
    run(services, *(declared(name, name) for name in "abc"))
    assert len(services.requests("POST", "/connect_sessions")) == 3


@pytest.mark.parametrize("trick", [answers(500), answers(503), breaks()])
def test_a_stackone_that_answers_no_request_to_link_ends_the_run(services, trick):
    """Whether such a request made an account shows later: until then it has not failed, and counts all the same."""
    services.on("POST", "/hub/accounts", trick, times=999)
    report, told = run(services, *(declared(f"d{number}", f"{number}") for number in range(60)))
    assert f"because StackOne failed for {IN_A_ROW} tenants in a row" in report.ended.reason
    assert sum(bool(job.failure and not job.failure.started) for job in report.jobs) >= 60 - IN_A_ROW - 2
    assert {code for code, _actions in told} == {"create_uncertain", "stopped"}
    assert all(job.failure.details["uncertain"] for job in report.jobs if job.failure.started)


def test_a_proxy_that_answers_every_request_to_link_ends_the_run_by_its_name(services):
    services.on("POST", "/hub/accounts", answers(403, HTML), times=999)
    report, told = run(services, *(declared(f"d{number}", f"{number}") for number in range(60)))
    assert report.ended.cause.code is FailureCode.UNEXPECTED_ANSWER
    assert "no proxy or login page" in report.ended.cause.remediation
    assert {code for code, _actions in told} == {"create_uncertain", "stopped"}


def test_a_listing_that_holds_accounts_back_links_nobody_twice(services):
    services.add("1", "a")
    services.on("GET", "/accounts", answers(200, {"data": [], "next": "abc"}), times=999)
    with pytest.raises(Failed, match="more than its pages show"):
        run(services, declared("a", "1"), declared("b", "2"))
    assert posts(services) == []


def test_an_outage_that_left_nothing_undone_is_not_a_failure(services):
    """The answers of the last requests to link were lost, but the accounts are there."""
    services.on("POST", "/hub/accounts", breaks(done=True), times=IN_A_ROW)
    report, told = run(services, *(declared(f"d{number}", f"{number}") for number in range(IN_A_ROW)))
    assert {code for code, _actions in told} == {None}
    assert report.ended is None


def test_a_second_run_changes_nothing(services):
    listed = [declared(name, name) for name in "abc"]
    run(services, *listed)
    before = len(services.log)
    _report, told = run(services, *listed)
    assert told == [(None, [])] * 3
    assert {verb for verb, path, _request in services.log[before:] if path != "/connect_sessions"} == {"GET"}


def test_lost_answers_are_looked_after_together_and_repeated_once(services):
    """Of three, the first was carried out, the second was not, the third never is."""
    services.on("POST", "/hub/accounts", lambda request, perform: _lose(services, request, perform), times=9)
    listed = [declared(name, name) for name in ("made", "lost", "never")]
    _report, told = run(services, *listed)
    assert told == [(None, [Action.CREATE]), (None, [Action.CREATE]), ("create_uncertain", [])]
    assert sorted(posts(services)) == ["lost", "lost", "made", "never", "never"]
    assert owners(services) == ["lost", "made"]


def _lose(services, request, perform):
    domain = request.body["credentials"]["domain"]
    first = posts(services).count(domain) == 1
    if domain == "never" or first:
        return breaks(done=domain == "made")(request, perform)
    return perform()


def test_two_accounts_that_were_seen_are_told_although_the_last_listing_fails(services):
    """History 3003909 of `make simulate`: the failure said that StackOne showed no new account."""
    services.on("POST", "/hub/accounts", does_and_answers(403, HTML))
    services.on("POST", "/connect_sessions", after(lambda: services.add("1", "a", id="theirs")))
    services.clock.meanwhile[3] = lambda: services.on("GET", "/accounts", refuses(503), times=99)
    report, told = run(services, declared("a", "1"))
    assert told == [("duplicate_account", [])]
    assert "theirs" in report.jobs[0].failure.message


def test_an_owner_whom_the_listing_leaves_out_is_not_linked_twice(services):
    services.add("1", "a")
    services.on("GET", "/accounts", answers(200, []))
    _report, told = run(services, declared("a", "1"))
    assert (told, posts(services)) == ([(None, [])], [])


def test_a_domain_of_another_owner_is_not_linked(services):
    services.add("1.0", "a")
    report, told = run(services, declared("a", "1"), purge=True, purge_limit=9)
    assert told == [("domain_linked_elsewhere", [])]
    assert (owners(services), report.purged) == (["1.0"], [])


def test_two_domains_of_one_owner_are_told_apart(services):
    listed = [declared(name, "1", allow_multiple=True) for name in "ab"]
    _report, told = run(services, *listed)
    assert told == [(None, [Action.CREATE])] * 2
    assert {account["setup_information"]["domain"] for account in services.accounts.values()} == {"a", "b"}
    _report, told = run(services, *listed)
    assert told == [(None, [])] * 2


def test_a_domain_is_exchanged_for_another(services):
    services.add("1", "old")
    listed = [declared("old", "1", state="absent", allow_multiple=True), declared("new", "1", allow_multiple=True)]
    _report, told = run(services, *listed)
    assert told == [(None, [Action.DELETE]), (None, [Action.CREATE])]
    assert [account["setup_information"]["domain"] for account in services.accounts.values()] == ["new"]


def test_duplicates_go_and_the_oldest_that_works_stays(services):
    services.add("1", "a", id="broken", status="error", created_at=iso(START - 9))
    services.add("1", "a", id="old", created_at=iso(START - 5))
    services.add("1", "a", id="young", created_at=iso(START - 1))
    report, told = run(services, declared("a", "1"), resolve_duplicates=True, resolve_duplicates_limit=2)
    assert told == [(None, [])]
    assert list(services.accounts) == ["old"]
    assert [job.outcome.applied.actions for job in report.resolved] == [[Action.DELETE]] * 2


def test_too_many_duplicates_stay(services):
    services.add("1", "a"), services.add("1", "a")
    report, told = run(services, declared("a", "1"), resolve_duplicates=True, resolve_duplicates_limit=0)
    assert (report.failure.code.value, told) == ("duplicates_refused", [("ambiguous_account", [])])
    assert len(services.accounts) == 2


def test_a_purge_takes_what_no_entry_means(services):
    services.add("1", "a"), services.add("former", "z")
    report, told = run(services, declared("a", "1"), purge=True, purge_limit=1)
    assert (told, owners(services)) == ([(None, [])], ["1"])
    assert [job.outcome.applied.actions for job in report.purged] == [[Action.DELETE]]


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({}, []),
        ({"labels": ["Ours"]}, ["crm-2", "hr-1"]),
        ({"labels": [""]}, ["CRM-3", "crm-1", "hr-1"]),
        ({"owner_ids": ["crm-*"]}, ["CRM-3", "hr-1"]),
        ({"owner_ids": ["crm-[13]", "hr-*"], "labels": ["Ours", "Theirs"]}, ["CRM-3", "crm-2"]),
        ({"labels": []}, ["CRM-3", "crm-1", "crm-2", "hr-1"]),
        ({"profiles": ["p1"]}, ["crm-1"]),
        ({"profiles": ["p2"], "labels": ["Ours"]}, ["CRM-3", "crm-2", "hr-1"]),
    ],
)
def test_a_purge_stays_within_its_scope(services, scope, left):
    """The accounts outside are not counted either: the limit allows exactly those inside."""
    services.add("1", "mine", label="Theirs")
    others = {"crm-1": "Ours", "crm-2": None, "CRM-3": "Ours", "hr-1": "Theirs"}
    ids = {owner: services.add(owner, owner.lower(), label=label) for owner, label in others.items()}
    services.profile_of[ids["crm-1"]] = "p2"
    kinds = {"labels": frozenset, "owner_ids": tuple, "profiles": frozenset}
    purge = PurgeScope(**{name: kinds[name](values) for name, values in scope.items()})
    inside = len(others) - len(left)
    report, _told = run(services, declared("mine", "1"), purge=True, purge_limit=max(inside - 1, 0), purge_scope=purge)
    assert (report.failure and report.failure.code.value) == ("purge_refused" if inside else None)
    assert len(services.accounts) == 5
    report, _told = run(services, declared("mine", "1"), purge=True, purge_limit=inside, purge_scope=purge)
    assert report.failure is None
    assert owners(services) == sorted(["1", *left])


@pytest.mark.parametrize(
    ("scope", "limit", "told"),
    [
        (
            PurgeScope(labels=frozenset({"Theirs"})),
            0.4,
            "1 of 2 accounts is not in the list, but purge_limit allows 0",
        ),
        (PurgeScope(labels=frozenset({"Ours"})), 0.9, "1 of 1 accounts is not in the list, but purge_limit allows 0"),
        (PurgeScope(owner_ids=("hr-*", "1")), 0.4, "1 of 2 accounts is not in the list, but purge_limit allows 0"),
        (PurgeScope(profiles=frozenset({"p1"})), 0.6, "2 of 3 accounts are not in the list, but purge_limit allows 1"),
    ],
)
def test_a_share_is_one_of_the_accounts_inside_the_scope(services, scope, limit, told):
    services.add("1", "mine", label="Theirs")
    other, _second, _third = (
        services.add(f"{name}-1", name, label=label)
        for name, label in (("crm", "Ours"), ("hr", "Theirs"), ("it", None))
    )
    services.profile_of[other] = "p2"
    report, _told = run(services, declared("mine", "1"), purge=True, purge_limit=limit, purge_scope=scope)
    assert report.failure.message.startswith(told)
    assert len(services.accounts) == 4


def test_a_purge_spares_an_account_that_turns_out_to_be_somebody_elses(services):
    services.add("1", "a"), services.add("former", "z")
    services.on("GET", "/accounts/acc-2", after(lambda: services.accounts["acc-2"].update(origin_owner_id="1")))
    report, _told = run(services, declared("a", "1"), purge=True, purge_limit=1)
    assert report.purged[0].failure.code.value == "account_mismatch"
    assert len(services.accounts) == 2


def test_somebody_else_links_the_same_tenant_and_was_first(services):
    services.on("POST", "/hub/accounts", lambda request, perform: _comes_second(services, request, perform), times=9)
    report, told = run(services, declared("a", "1"), declared("b", "2"))
    assert told == [(None, []), (None, [Action.CREATE])]
    assert report.jobs[0].outcome.account.id == "theirs"
    assert owners(services) == ["1", "2"]


def _comes_second(services, request, perform):
    if request.body["credentials"]["domain"] == "a":
        services.add("1", "a", id="theirs", created_at=iso(START - 1), origin_username="agent@customer.example")
    return perform()


def test_a_stackone_that_cannot_be_listed_changes_nothing(services):
    services.on("GET", "/accounts", refuses(503), times=99)
    with pytest.raises(Failed) as caught:
        run(services, declared("a", "1"))
    assert (caught.value.failure.code.value, caught.value.failure.phase) == ("stackone_unavailable", Phase.OBSERVE)
    assert {verb for verb, _path, _request in services.log} == {"GET"}
