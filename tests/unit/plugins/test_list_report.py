# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run over many tenants tells in the end: diff, message and code."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import (
    Failure,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import Scrubber
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Creation, Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import Stored, plan_create, plan_present
from ansible_collections.tenantlink.stackone.plugins.module_utils._list import early_end, links_report
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.links_result import LinksResult
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.results import job_row, run_summary
from tests.support.declared_entries import declared, entries


def job(entry, outcome=None, failure=None):
    return LinkJob(entry, outcome, failure)


def created(entry):
    made = Outcome(entry.tenant)
    made.applied.plan, made.applied.actions = plan_create(entry.tenant, None), [Action.CREATE]
    made.applied.creation = Creation(None, "id-1", answered=True)
    return made


def test_a_diff_of_many_new_links_stays_readable():
    jobs = [job(each.entry, created(each.entry)) for each in jobs_of(5000)]
    diff = links_report.diff_of(jobs, Scrubber())
    lines = diff["after"].splitlines()
    assert lines[0] == "d0 (owner 0): linked"
    assert lines[-1] == f"... and {5000 - links_report.DIFF_LINES} more to create"
    assert len(lines) == links_report.DIFF_LINES + 1
    assert diff["before"] == ""


def test_a_diff_names_what_changes():
    (entry,) = entries(declared("a", "1", label="New"))
    have = Account("id-1", "freshservice", "error", "1", label="Old", setup_information={"domain": "a"})
    made = Outcome(entry.tenant)
    made.account = have
    made.applied.note_planned(plan_present(entry.tenant, have, Stored("a")))
    diff = links_report.diff_of([job(entry, made)], Scrubber())
    assert diff["before"] == "a (owner 1): label Old, status error, api_key unknown\n"
    assert diff["after"] == "a (owner 1): label New, status active, api_key changed\n"


@pytest.mark.parametrize(("stored", "moved"), [("former", "former"), ("a", None), (None, None)])
def test_a_tenant_that_moves_to_another_domain_is_told_apart(stored, moved):
    (entry,) = entries(declared("a", "1", update_credentials="always"))
    have = Account("id-1", "freshservice", "active", "1")
    relinked = Outcome(entry.tenant)
    relinked.account = have
    relinked.applied.note_planned(plan_present(entry.tenant, have, Stored(stored)))
    assert job_row(job(entry, relinked)).get("moved_from") == moved
    assert links_report.count_actions(LinksResult([job(entry, relinked)]))["moved"] == bool(moved)
    assert job_row(job(entry, Outcome(entry.tenant))).get("moved_from") is None


def test_nothing_changed_is_no_diff():
    (entry,) = entries(declared("a", "1"))
    assert links_report.diff_of([job(entry, Outcome(entry.tenant))], Scrubber()) is None


def jobs_of(count, failed=0, waiting=0):
    """So many jobs, of which the first were not started, the next failed, and the others went well."""
    jobs = [job(entry) for entry in entries(*(declared(f"d{number}", f"{number}") for number in range(count)))]
    for each in jobs[:waiting]:
        each.own_failure = not_started("by SIGTERM").located(Phase.APPLY, each.entry.name)
    for each in jobs[waiting : waiting + failed]:
        reason = f"reason {each.entry.position}."
        each.own_failure = Failure(FailureCode.UNREACHABLE, reason, tenant=each.entry.name, phase=Phase.KEY_CHECK)
    return jobs


NAMED = "entry 1 (d0 (owner 0)): reason 1."
STOP = "by SIGTERM"
STOPPED_BY = "The run ended by SIGTERM. "
OTHERS = "Unlinking 1 of 2 other accounts failed"


@pytest.mark.parametrize(
    ("jobs", "purged", "stopped", "line"),
    [
        (jobs_of(7, 1), (), None, f"1 of 7 tenants failed: {NAMED}"),
        (jobs_of(7), jobs_of(1, 1), None, f"Unlinking 1 of 1 other accounts failed: {NAMED}"),
        (jobs_of(7, 1), jobs_of(2), None, f"1 of 7 tenants failed: {NAMED}"),
        (jobs_of(7, 1), jobs_of(2, 1), None, f"1 of 7 tenants failed: {NAMED} {OTHERS}: {NAMED}"),
        (jobs_of(60, 1, 52)[::-1], (), STOP, f"{STOPPED_BY}1 of 60 tenants failed, 52 were not started: entry 53 "),
        (jobs_of(2, 1, 1), (), STOP, f"{STOPPED_BY}1 of 2 tenants failed, 1 was not started: entry 2 "),
        (jobs_of(9, 0, 9), (), STOP, f"{STOPPED_BY}9 of 9 tenants were not started."),
        (jobs_of(9), jobs_of(2, 0, 2), STOP, f"{STOPPED_BY}Unlinking 2 of 2 other accounts was not started."),
        (jobs_of(9), (), STOP, STOPPED_BY.strip()),
    ],
)
def test_the_message_counts_tenants_purged_accounts_and_what_was_not_started(jobs, purged, stopped, line):
    report = LinksResult(jobs, purged=list(purged), ended=early_end.Ended(stopped) if stopped else None)
    failure = links_report.run_failure(report)
    assert failure.code is (FailureCode.STOPPED if stopped else FailureCode.TENANTS_FAILED)
    assert failure.line.startswith(line)
    assert failure.line == line or "entry" in line
    assert failure.details == ({"reason": STOPPED_BY.strip()} if stopped else {})
    summary = run_summary(report.jobs, links_report.count_actions(report), {})
    assert summary["tenants"] == len(jobs)
    assert summary["failed"] == sum(bool(each.failure and each.failure.started) for each in jobs)
    assert summary["not_started"] == sum(bool(each.failure and not each.failure.started) for each in jobs)


def test_the_message_names_a_few_and_counts_the_rest():
    failure = links_report.run_failure(LinksResult(jobs_of(9, 9)))
    assert failure.line.startswith("9 of 9 tenants failed: entry 1 (d0 (owner 0)): reason 1. | ")
    assert failure.line.endswith("| and 4 more, see results.")
    assert links_report.run_failure(LinksResult([])) is None


def test_a_failure_of_the_run_comes_after_its_tenants_and_is_told_apart_from_them():
    own = Failure(FailureCode.PURGE_REFUSED, "too many.", "Check.", tenant="purge", details={"more": 0})
    failure = links_report.run_failure(LinksResult(jobs_of(7, 1), failure=own))
    assert failure.line == f"1 of 7 tenants failed: {NAMED} purge: too many. Check."
    assert failure.details == {"more": 0, "reason": "purge: too many."}


@pytest.mark.parametrize("retriable", [True, False])
def test_a_failure_of_the_run_says_itself_whether_it_is_retriable(retriable):
    own = Failure(FailureCode.STACKONE_UNAVAILABLE, "no.", tenant="the run", retriable=retriable)
    assert links_report.run_failure(LinksResult(jobs_of(2), failure=own)).retriable is retriable


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
    stop = StopSignal()
    stop.drain(*end)
    failure = early_end.tenants_failed(early_end.Failures(failures, 9), early_end.ended_early(stop, failures, skipped))
    assert (failure.code, failure.http_status) == (code, end[1] and end[1].http_status)
    assert failure.message.startswith("The run ended") is (code is not FailureCode.TENANTS_FAILED)


def test_a_signal_is_told_even_where_all_is_done():
    stop = StopSignal()
    stop.cancel("by SIGTERM")
    assert early_end.ended_early(stop, []) == early_end.Ended("by SIGTERM")
