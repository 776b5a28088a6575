# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a run over many tenants that need no services: the list, the purge, the pages, the crew, the diff."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import (
    HUNG_IN_A_ROW,
    IN_A_ROW,
    Batch,
    Ended,
    Failures,
    Item,
    Tally,
    ended_early,
    tenants_failed,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import Report
from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew, Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._directory import URL_ROOM, _portions
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import (
    entries_from,
    refuse_duplicates,
    shared_domains,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import (
    Failed,
    Failure,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._jobs import Job
from ansible_collections.tenantlink.stackone.plugins.module_utils._outcome import Creation, Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._paging import Paging
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action, Stored, plan_create, plan_present
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile
from ansible_collections.tenantlink.stackone.plugins.module_utils._purge import check_limit, most, unlisted
from ansible_collections.tenantlink.stackone.plugins.module_utils._report import (
    DIFF_LINES,
    diff_of,
    failure_of,
    row_of,
    summary_of,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

UNSET = dict.fromkeys(
    (
        *("domain", "api_key", "admin_api_key", "agent_email", "origin_owner_id", "origin_owner_name"),
        *("origin_username", "label", "account_type", "account_id", "integration_id", "credential_fields"),
    )
)
DEFAULTS = {
    **UNSET,
    "state": "present",
    "allow_multiple": False,
    "provider": "freshservice",
    "update_credentials": "on_drift",
    "verify_key": True,
}


def declared(domain=None, owner=None, **options):
    key = "key-of-an-agent" if options.get("state", "present") == "present" else None
    return {**DEFAULTS, "domain": domain, "origin_owner_id": owner, "api_key": key, **options}


def entries(*listed):
    return entries_from(list(listed))


@pytest.mark.parametrize(
    ("listed", "positions"),
    [
        ([declared("a", "1"), declared("b", "2"), declared("a.freshservice.com", "1")], [1, 3]),
        ([declared("a", "1"), declared("b", "1")], [1, 2]),
        ([declared("a", "1", allow_multiple=True), declared("b", "1")], [1, 2]),
        ([declared("a", "1"), declared(None, "1", state="absent")], [1, 2]),
        ([declared("a", "1", account_id="x"), declared("b", "2", account_id="x")], [1, 2]),
        ([declared("a", "1", provider="Freshservice"), declared("a", "1")], [1, 2]),
    ],
)
def test_two_entries_for_one_link_are_refused(listed, positions):
    with pytest.raises(Failed) as caught:
        refuse_duplicates(entries(*listed))
    assert caught.value.failure.code is FailureCode.DUPLICATE_TENANT
    assert caught.value.failure.details == {"positions": positions}


@pytest.mark.parametrize(
    "listed",
    [
        [declared("a", "1"), declared("b", "2")],
        [declared("a", "1", allow_multiple=True), declared("b", "1", allow_multiple=True)],
        [declared("a", "1", allow_multiple=True), declared("b", "1", state="absent")],
        [declared("a", "1"), declared("a", "2")],
        [declared("a", "1", account_id="x"), declared("b", "1", account_id="y")],
        [declared("a", "1"), declared("a", "1", provider="other")],
        [declared(None, "1"), declared(None, "1")],
    ],
)
def test_entries_for_different_links_are_not(listed):
    refuse_duplicates(entries(*listed))


def test_one_domain_for_two_owners_is_a_warning():
    (warning,) = shared_domains(entries(declared("a", "1"), declared("b", "2"), declared("a", "3")))
    assert "Entries 1 and 3" in warning


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (declared("a", None), "entry 1 (a): origin_owner_id is missing."),
        (declared("a", "1", api_key=None), "entry 1 (a): api_key is missing."),
        (declared(None, "1"), "entry 1 (1): domain is missing."),
        (declared(None, None, state="absent"), "entry 1: origin_owner_id or account_id is needed."),
        (
            declared("a", "1", admin_api_key="key-of-an-admin"),
            "entry 1 (a): admin_api_key and agent_email are needed together.",
        ),
        (declared("a b", "1"), "entry 1 (a b): domain 'a b' is not a Freshservice domain"),
        (declared("a", "1", api_key="two words"), "entry 1 (a): api_key holds a character"),
    ],
)
def test_what_is_wrong_with_an_entry_names_it(params, words):
    (entry,) = entries(params)
    assert entry.tenant is None
    assert entry.failure.line.startswith(words)


def account(number, owner, domain=None):
    stored = {"domain": domain} if domain else {}
    return Account(f"id-{number}", "freshservice", "active", owner, setup_information=stored)


def outcome(entry, found, account=None):
    made = Outcome(entry.tenant)
    made.found, made.account = found, account
    return made


def jobs_with(listed, outcomes):
    return [Job(entry, outcome) for entry, outcome in zip(listed, outcomes)]


ACCOUNTS = [account(1, "1"), account(2, "2"), account(3, "2"), account(4, "former")]


def test_purge_takes_what_no_entry_means():
    listed = entries(declared("a", "1"), declared("b", "2"))
    outcomes = [outcome(listed[0], True, ACCOUNTS[0]), outcome(listed[1], True, ACCOUNTS[1])]
    assert [item.id for item in unlisted(ACCOUNTS, jobs_with(listed, outcomes))] == ["id-3", "id-4"]


def test_purge_spares_the_owners_of_entries_that_were_not_found():
    listed = entries(declared("a", "1"), declared("b", "2"), declared("not a domain", "former"))
    outcomes = [outcome(listed[0], True, ACCOUNTS[0]), outcome(listed[1], False), None]
    assert unlisted(ACCOUNTS, jobs_with(listed, outcomes)) == []


def test_purge_spares_pinned_accounts():
    listed = entries(declared("a", "1", account_id="id-4"))
    assert "id-4" not in [item.id for item in unlisted(ACCOUNTS, jobs_with(listed, [outcome(listed[0], False)]))]


def test_purge_spares_the_account_that_keeps_a_tenant_from_being_linked():
    """The tenant's owner was written differently: its working account must not go while no other can be made."""
    (entry,) = entries(declared("a", "other"))
    refused = Job(entry, outcome(entry, False), elsewhere=("id-1",))
    assert [item.id for item in unlisted(ACCOUNTS, [refused])] == ["id-2", "id-3", "id-4"]


def test_purge_spares_accounts_whose_provider_is_not_known():
    assert unlisted([Account("id-9", "", "active", "9")], []) == []


@pytest.mark.parametrize(
    ("limit", "total", "allowed"),
    [
        *[(0.1, 5, 0), (0.1, 10, 1), (0.1, 101, 10), (0, 9, 0), (1, 9, 1), (7, 3, 7)],
        *[(0.07, 100, 7), (0.29, 100, 29), (0.57, 100, 57), (1e-05, 100_000, 1), (0.999, 1, 0)],
    ],
)
def test_purge_limit(limit, total, allowed):
    assert most(limit, total) == allowed
    some = [account(number, "x") for number in range(allowed + 1)]
    check_limit(some[:allowed], limit, total)
    with pytest.raises(Failed):
        check_limit(some, limit, total)


@given(st.integers(0, 99), st.integers(0, 1000))
def test_a_share_is_never_rounded_up(hundredths, total):
    assert most(hundredths / 100, total) == hundredths * total // 100


def test_a_refused_purge_names_the_first_accounts():
    some = [account(number, f"owner-{number}", domain=f"d{number}") for number in range(12)]
    with pytest.raises(Failed) as caught:
        check_limit(some, 0.1, 60)
    failure = caught.value.failure
    assert failure.message.startswith(
        f"12 of 60 accounts are not in the list, but purge_limit allows 6 (0.1 of 60): {some[0].id} (owner owner-0, d0), "
    )
    assert f"{some[9].id} (owner owner-9, d9) and 2 more. None of them was unlinked." in failure.message
    assert failure.remediation.endswith("set purge_limit to 12.")
    assert failure.details["more"] == 2
    assert failure.details["accounts"][9] == {"account_id": some[9].id, "origin_owner_id": "owner-9", "domain": "d9"}
    assert len(failure.details["accounts"]) == 10
    with pytest.raises(Failed, match=r"purge_limit allows 1: [^ ]+ \(owner o\), [^ ]+ \(owner p\)\. No") as caught:
        check_limit([account(1, "o"), account(2, "p")], 1, 2)
    assert caught.value.failure.details["more"] == 0


@given(st.integers(0, 4000), st.sampled_from([0, 1]), st.integers(25, 150), st.integers(0, 6000))
def test_paging_sees_everything_once_and_asks_for_few_pages_too_many(total, base, size, expected):
    ids = [account(number, "x") for number in range(total)]
    paging, found, asked = Paging(expected), [], 0
    while not paging.done:
        for page in paging.next_pages():
            asked += 1
            start = max(0, (page or base) - base) * size
            found += paging.take(page, ids[start : start + size])
    assert [item.id for item in found] == [item.id for item in ids]
    pages = -(-total // size)
    if total >= size:
        assert asked <= max(pages, -(-expected // size)) * 1.04 + 3


@given(st.lists(st.text(min_size=1, max_size=255), unique=True, max_size=200))
def test_owners_are_asked_for_in_portions_that_fit_a_url(owners):
    portions = _portions(owners)
    assert [owner for portion in portions for owner in portion] == owners
    for portion in portions:
        length = sum(3 * len(owner.encode("utf-8", "surrogatepass")) + 18 for owner in portion)
        assert len(portion) == 1 or (length <= URL_ROOM and len(portion) <= 50)


def test_a_crew_keeps_the_order_and_works_at_the_same_time():
    together = threading.Barrier(4, timeout=30)

    def work(item):
        together.wait()
        return item * 2

    assert Crew(4, Stop()).each(work, range(8)) == [item * 2 for item in range(8)]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_crew_raises_what_its_work_raises(workers):
    with pytest.raises(ZeroDivisionError):
        Crew(workers, Stop()).each(lambda item: 1 // item, [1, 1, 0, 1])


@pytest.mark.parametrize("workers", [1, 4])
def test_a_crew_begins_nothing_after_a_stop(workers):
    stop = Stop()
    begun = []

    def work(item):
        begun.append(item)
        if item == 3:
            stop.gently("enough")

    Crew(workers, stop).each_tenant(work, range(100))
    assert 3 in begun
    assert len(begun) < 4 + workers
    stop.at_once("now")
    with pytest.raises(Stopped):
        Crew(workers, stop).each(begun.append, [1])


def job(entry, outcome=None, failure=None):
    return Job(entry, outcome, failure)


def created(entry):
    made = Outcome(entry.tenant)
    made.plan, made.actions = plan_create(entry.tenant, None), [Action.CREATE]
    made.creation = Creation(None, "id-1", answered=True)
    return made


def test_a_diff_of_many_new_links_stays_readable():
    jobs = [
        job(entry, created(entry))
        for entry in entries(*(declared(f"d{number}", f"{number}") for number in range(5000)))
    ]
    diff = diff_of(jobs, Scrubber())
    lines = diff["after"].splitlines()
    assert lines[0] == "d0 (owner 0): linked"
    assert lines[-1] == f"... and {5000 - DIFF_LINES} more to create"
    assert len(lines) == DIFF_LINES + 1
    assert diff["before"] == ""


def test_a_diff_names_what_changes():
    (entry,) = entries(declared("a", "1", label="New"))
    have = Account("id-1", "freshservice", "error", "1", label="Old", setup_information={"domain": "a"})
    made = Outcome(entry.tenant)
    made.account, made.plan = have, plan_present(entry.tenant, have, Stored("a"))
    made.actions = list(made.plan.actions)
    diff = diff_of([job(entry, made)], Scrubber())
    assert diff["before"] == "a (owner 1): label Old, status error, api_key unknown\n"
    assert diff["after"] == "a (owner 1): label New, status active, api_key changed\n"


@pytest.mark.parametrize(("stored", "moved"), [("former", "former"), ("a", None), (None, None)])
def test_a_tenant_that_moves_to_another_domain_is_told_apart(stored, moved):
    (entry,) = entries(declared("a", "1", update_credentials="always"))
    have = Account("id-1", "freshservice", "active", "1")
    relinked = Outcome(entry.tenant)
    relinked.account, relinked.plan = have, plan_present(entry.tenant, have, Stored(stored))
    relinked.actions = list(relinked.plan.actions)
    assert row_of(job(entry, relinked)).get("moved_from") == moved
    assert summary_of(Report([job(entry, relinked)]), {}, 0.0)["moved"] == bool(moved)
    assert row_of(job(entry, Outcome(entry.tenant))).get("moved_from") is None


def test_nothing_changed_is_no_diff():
    (entry,) = entries(declared("a", "1"))
    assert diff_of([job(entry, Outcome(entry.tenant))], Scrubber()) is None


def jobs_of(count, failed=0, waiting=0):
    """So many jobs, of which the first were not started, the next failed, and the others went well."""
    jobs = [job(entry) for entry in entries(*(declared(f"d{number}", f"{number}") for number in range(count)))]
    for each in jobs[:waiting]:
        each.failure = not_started("by SIGTERM").located(Phase.APPLY, each.entry.name)
    for each in jobs[waiting : waiting + failed]:
        reason = f"reason {each.entry.position}."
        each.failure = Failure(FailureCode.UNREACHABLE, reason, tenant=each.entry.name, phase=Phase.KEY_CHECK)
    return jobs


NAMED = "entry 1 (d0 (owner 0)): reason 1."
STOPPED_BY = "The run ended by SIGTERM. "


@pytest.mark.parametrize(
    ("jobs", "purged", "stopped", "line"),
    [
        (jobs_of(7, 1), (), None, f"1 of 7 tenants failed: {NAMED}"),
        (jobs_of(7), jobs_of(1, 1), None, f"Unlinking 1 of 1 other accounts failed: {NAMED}"),
        (jobs_of(7, 1), jobs_of(2), None, f"1 of 7 tenants failed: {NAMED}"),
        (
            jobs_of(7, 1),
            jobs_of(2, 1),
            None,
            f"1 of 7 tenants failed: {NAMED} Unlinking 1 of 2 other accounts failed: {NAMED}",
        ),
        (
            jobs_of(60, 1, 52)[::-1],
            (),
            "by SIGTERM",
            f"{STOPPED_BY}1 of 60 tenants failed, 52 were not started: entry 53 ",
        ),
        (jobs_of(2, 1, 1), (), "by SIGTERM", f"{STOPPED_BY}1 of 2 tenants failed, 1 was not started: entry 2 "),
        (jobs_of(9, 0, 9), (), "by SIGTERM", f"{STOPPED_BY}9 of 9 tenants were not started."),
        (jobs_of(9), jobs_of(2, 0, 2), "by SIGTERM", f"{STOPPED_BY}Unlinking 2 of 2 other accounts was not started."),
        (jobs_of(9), (), "by SIGTERM", STOPPED_BY.strip()),
    ],
)
def test_the_message_counts_tenants_purged_accounts_and_what_was_not_started(jobs, purged, stopped, line):
    report = Report(jobs, purged=list(purged), ended=Ended(stopped) if stopped else None)
    failure = failure_of(report)
    assert failure.code is (FailureCode.STOPPED if stopped else FailureCode.TENANTS_FAILED)
    assert failure.line.startswith(line)
    assert failure.line == line or "entry" in line
    assert failure.details == ({"reason": STOPPED_BY.strip()} if stopped else {})
    summary = summary_of(report, {}, 0.0)
    assert summary["tenants"] == len(jobs)
    assert summary["failed"] == sum(bool(each.failed and each.failed.started) for each in jobs)
    assert summary["not_started"] == sum(bool(each.failed and not each.failed.started) for each in jobs)


def test_the_message_names_a_few_and_counts_the_rest():
    failure = failure_of(Report(jobs_of(9, 9)))
    assert failure.line.startswith("9 of 9 tenants failed: entry 1 (d0 (owner 0)): reason 1. | ")
    assert failure.line.endswith("| and 4 more, see results.")
    assert failure_of(Report([])) is None


def test_a_failure_of_the_run_comes_after_its_tenants_and_is_told_apart_from_them():
    own = Failure(FailureCode.PURGE_REFUSED, "too many.", "Check.", tenant="purge", details={"more": 0})
    failure = failure_of(Report(jobs_of(7, 1), failure=own))
    assert failure.line == f"1 of 7 tenants failed: {NAMED} purge: too many. Check."
    assert failure.details == {"more": 0, "reason": "purge: too many."}


HUB_MISSING = Failure(FailureCode.HUB_UNAVAILABLE, "there is none.", http_status=404)
NOT_BEGUN = not_started("early").failure
FAILED = Failure(FailureCode.KEY_REFUSED, "no.")


@pytest.mark.parametrize(
    ("end", "failures", "skipped", "code"),
    [
        (("after 1 failed tenant", None), [FAILED], False, FailureCode.TENANTS_FAILED),
        (("after 1 failed tenant", None), [FAILED], True, FailureCode.STOPPED),
        (("after 1 failed tenant", None), [FAILED, NOT_BEGUN], False, FailureCode.STOPPED),
        (("because there is none", HUB_MISSING), [HUB_MISSING], False, FailureCode.HUB_UNAVAILABLE),
        (("because there is none", HUB_MISSING), [HUB_MISSING, NOT_BEGUN], False, FailureCode.HUB_UNAVAILABLE),
    ],
)
def test_the_code_of_a_run_says_why_it_ended(end, failures, skipped, code):
    """A limit that the last tenant reached has stopped nothing."""
    stop = Stop()
    stop.gently(*end)
    failure = tenants_failed(Failures(failures, 9), ended_early(stop, failures, skipped))
    assert (failure.code, failure.http_status) == (code, end[1] and end[1].http_status)
    assert failure.message.startswith("The run ended") is (code is not FailureCode.TENANTS_FAILED)


def test_a_signal_is_told_even_where_all_is_done():
    stop = Stop()
    stop.at_once("by SIGTERM")
    assert ended_early(stop, []) == Ended("by SIGTERM")


def outcomes(*codes, hung=False):
    """Return what stopped a run over tenants that ended with these codes, or with none."""
    stop = Stop()
    tally = Tally(ProgressFile(None, len(codes), Clock()), stop)
    for code in codes:
        tally.note(False, Failure(code, "StackOne gave no answer.", hung=hung) if code else None)
    return stop


def test_many_tenants_in_a_row_without_stackone_end_the_run():
    lost = FailureCode.STACKONE_UNREACHABLE
    stop = outcomes(*[lost] * IN_A_ROW)
    assert outcomes(*[FailureCode.UNEXPECTED_ANSWER] * IN_A_ROW).cause
    assert stop.cause.code is lost
    assert stop.reason == f"because {IN_A_ROW} tenants in a row failed: StackOne gave no answer"
    assert outcomes(*[lost] * (IN_A_ROW - 1), None, *[lost] * (IN_A_ROW - 1)).reason is None
    assert outcomes(*[FailureCode.UNREACHABLE] * 2 * IN_A_ROW).reason is None


def test_a_few_tenants_for_whom_stackone_hangs_end_the_run():
    lost = FailureCode.STACKONE_UNREACHABLE
    stop = outcomes(*[lost] * HUNG_IN_A_ROW, hung=True)
    assert stop.reason == f"because {HUNG_IN_A_ROW} tenants in a row failed: StackOne gave no answer"
    assert outcomes(lost, None, *[lost] * (HUNG_IN_A_ROW - 1), hung=True).reason is None
    assert outcomes(*[FailureCode.UNREACHABLE] * IN_A_ROW, hung=True).reason is None


@pytest.mark.parametrize("hangs", [True, False], ids=["its thread is left behind", "it notices"])
def test_a_tenant_that_is_cut_off_in_the_middle_was_started(hangs):
    stop, over = Stop(), threading.Event()

    def work(tenant):
        if tenant.domain != "b":
            return "done"
        stop.at_once("by SIGTERM", 0.0)
        if hangs:
            over.wait(60)
        raise Stopped("by SIGTERM")

    items = [Item(entry) for entry in entries(*(declared(name, name) for name in "abc"))]
    Batch(Crew(1, stop), stop, Tally(ProgressFile(None, 3, Clock()), stop), Phase.KEY_CHECK).run(items, work)
    over.set()
    done, cut_off, waiting = items
    assert (done.result, done.failure) == ("done", None)
    assert (cut_off.failure.code, cut_off.failure.started) == (FailureCode.STOPPED, True)
    assert "before this tenant was done" in cut_off.failure.message
    assert (waiting.failure.code, waiting.failure.started) == (FailureCode.STOPPED, False)
