# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is settled between the entries of a list before anything is applied."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.directory import Directory
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import Sent, Submission
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import (
    Failed,
    Failure,
    FailureCode,
    Phase,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.find import Found
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Applied, Creation, Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.selection import AmbiguousAccount, Candidate
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.found_jobs import by_owner, refuse_conflicts
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob, repairs_of
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.linked_domains import LinkedDomains
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.tenant_params import TO_INVITE
from tests.support.declared_entries import declared

NEW = Found(None)
WANTED = declared("acme", "1"), NEW
UNSOUND = declared("not a domain", "1")


def account(name, owner="1", domain="acme", second=0, **more):
    made = f"2027-01-15T08:00:0{second}Z"
    stored = {"domain": domain} if domain else {}
    values = {"status": "active", "setup_information": stored, "created_at": made, **more}
    return Account(name, "freshservice", values.pop("status"), owner, **values)


def directory(*accounts):
    seen = Directory(None)
    seen._add("freshservice", accounts)
    return seen


def jobs(*listed):
    """Return jobs of entries, each given with what was found for it."""
    entries = entries_from([params for params, _found in listed])
    return [LinkJob(entry, found=found) for entry, (_params, found) in zip(entries, listed)]


def absent(domain, owner, **more):
    return declared(domain, owner, state="absent", **more)


def ambiguous(*candidates):
    error = AmbiguousAccount(FailureCode.AMBIGUOUS_ACCOUNT, "x")
    error.candidates = candidates
    return error


class TestJob:
    def test_why_it_failed(self):
        entry, broken = entries_from([declared("a", "1"), UNSOUND])
        first, second = Failure(FailureCode.STOPPED, "x"), Failure(FailureCode.STOPPED, "y")
        outcome = Outcome(entry.tenant, failure=second)
        assert LinkJob(broken).failure is broken.failure
        assert LinkJob(entry, outcome, first).failure is first
        assert LinkJob(entry, outcome).failure is second
        assert LinkJob(entry).failure is None

    @pytest.mark.parametrize(
        ("params", "found", "is_new"),
        [
            (declared("a", "1"), NEW, True),
            (declared("a", "1"), Found(account("x")), False),
            (declared("a", "1"), None, False),
            (declared("a", "1"), Failed(FailureCode.STOPPED, "x"), False),
            (absent("a", "1"), NEW, False),
            (UNSOUND, NEW, False),
        ],
    )
    def test_whether_it_links_a_new_account(self, params, found, is_new):
        (job,) = jobs((params, found))
        assert job.is_new is is_new

    def test_what_was_found_is_given_or_raised(self):
        found, failure = Found(account("x")), Failed(FailureCode.STOPPED, "x")
        one, other, neither = jobs(*((declared("a", "1"), it) for it in (found, failure, None)))
        assert one.take_found() is found
        assert one.account is found.account
        assert other.account is None
        with pytest.raises(Failed) as caught:
            other.take_found()
        assert caught.value is failure
        with pytest.raises(AssertionError):
            neither.take_found()


class TestByOwner:
    def groups(self, listed, seen=None):
        grouped = by_owner(jobs(*((params, None) for params in listed)), seen)
        return [[job.entry.position for job in group] for group in grouped]

    def test_entries_of_one_owner_are_together(self):
        listed = [declared("a", "1"), declared("b", "2"), declared("c", "1"), UNSOUND]
        assert self.groups(listed) == [[1, 3], [2]]

    def test_owners_of_two_providers_are_apart_whatever_their_case(self):
        listed = [declared("a", "1"), declared("b", "1", provider="FreshService"), declared("c", "1", provider="other")]
        assert self.groups(listed) == [[1, 2], [3]]

    def test_an_account_that_is_named_alone_is_of_its_owner(self):
        listed = [declared("a", "1"), absent(None, None, account_id="x"), absent(None, None, account_id="y")]
        assert self.groups(listed, directory(account("x", "1"))) == [[1, 2], [3]]
        assert self.groups(listed) == [[1], [2], [3]]

    def test_an_owner_that_is_called_like_an_account_is_another(self):
        listed = [declared("a", "x"), absent(None, None, account_id="x")]
        assert self.groups(listed, directory()) == [[1], [2]]


def test_two_entries_for_one_account_are_refused():
    one, same = Found(account("x")), Found(account("x"))
    refuse_conflicts(jobs((declared("a", "1"), one), (declared("b", "2"), NEW), (declared("c", "3"), NEW)))
    with pytest.raises(Failed) as caught:
        refuse_conflicts(jobs((declared("b", "2"), NEW), (declared("a", "1"), one), (declared("c", "3"), same)))
    assert caught.value.failure.details == {"positions": [2, 3]}


LOST = Submission(Sent.UNCERTAIN, words="no answer")


def worked_on(ended, lost=LOST):
    """Return a job whose request to link has got no clear answer."""
    (job,) = jobs(WANTED)
    creation = Creation(None, lost=lost, account_id=None if lost else "new")
    job.result = Outcome(job.tenant, applied=Applied(creation=creation), phase=Phase.CONFIRM)
    job.started, job.ended = True, ended
    return job


class TestClosed:
    @pytest.mark.parametrize(
        ("stopped", "seen"),
        [(None, "and shows no new account"), ("by SIGTERM", "and was not asked again, because the run was stopped")],
    )
    def test_a_request_without_a_clear_answer(self, stopped, seen):
        job = worked_on(ended=True)
        job.close(stopped, Phase.APPLY)
        assert (job.failure.code, job.failure.details) == (FailureCode.CREATE_UNCERTAIN, {"uncertain": True})
        assert seen in job.failure.message
        assert (job.failure.phase, job.failure.tenant) == (Phase.APPLY, job.name)

    def test_a_tenant_that_was_cut_off_in_the_middle(self):
        job = worked_on(ended=False, lost=None)
        job.result.enter(Phase.APPLY)
        own = job.result
        job.close("by SIGTERM", Phase.CONFIRM)
        assert (job.failure.code, job.failure.phase) == (FailureCode.STOPPED, Phase.APPLY)
        assert "stopped (by SIGTERM)" in job.failure.message
        assert job.failure.details == {"uncertain": True}
        # The thread that works on it may still change its own.
        assert own.failure is None

    def test_one_that_was_never_started(self):
        (job,) = jobs(WANTED)
        job.close("by SIGTERM", Phase.APPLY)
        assert (job.failure.code, job.failure.started) == (FailureCode.STOPPED, False)

    def test_a_failure_is_in_the_phase_that_the_tenant_was_in(self):
        job = worked_on(ended=True)
        job.fail(Failed(FailureCode.STACKONE_UNREACHABLE, "x"), Phase.OBSERVE)
        assert job.failure.phase is Phase.CONFIRM
        (job,) = jobs(WANTED)
        job.fail(Failed(FailureCode.STACKONE_UNREACHABLE, "x"), Phase.OBSERVE)
        assert job.failure.phase is Phase.OBSERVE


def test_the_account_in_a_row():
    (unknown, pinned) = jobs(WANTED, (declared("b", "2", account_id="declared-one"), NEW))
    assert (unknown.parts()["account_id"], pinned.parts()["account_id"]) == (None, "declared-one")
    pinned.result = Outcome(pinned.tenant, account=account("found-one"))
    pinned.duplicate_of = "kept-one"
    assert (pinned.parts()["account_id"], pinned.parts()["duplicate_of"]) == ("found-one", "kept-one")
    assert "duplicate_of" not in unknown.parts()


class TestLinkedElsewhere:
    def settle(self, seen, *listed):
        """Return the jobs after the look at what is linked elsewhere, and the codes of those that fail by it."""
        settled = jobs(*listed)
        LinkedDomains(settled, seen).refuse(settled)
        return settled, [job.found.failure.code.value if isinstance(job.found, Failed) else None for job in settled]

    def test_a_domain_that_is_linked_for_another_owner_is_not_linked_again(self):
        seen = directory(account("x", "2"))
        (job,), codes = self.settle(seen, WANTED)
        assert codes == ["domain_linked_elsewhere"]
        failure = job.found.failure
        shown = "account x of owner '2' (active), and not for owner '1'."
        assert failure.message == f"its domain is linked already, as {shown}"
        assert failure.details == {"candidates": [{"account_id": "x", "origin_owner_id": "2", "status": "active"}]}
        assert "Correct origin_owner_id" in failure.remediation
        assert "allow_shared_domain" in failure.remediation
        assert job.elsewhere == ("x",)

    @pytest.mark.parametrize(("count", "more"), [(3, ""), (4, " and 1 more"), (5, " and 2 more")])
    def test_three_accounts_are_named_and_all_are_told(self, count, more):
        seen = directory(*(account(f"x{number}", "2") for number in range(count)))
        (job,), _codes = self.settle(seen, WANTED)
        assert job.found.failure.message.endswith(f"account x2 of owner '2' (active){more}, and not for owner '1'.")
        assert job.found.failure.message.count(", account") == 2
        assert len(job.found.failure.details["candidates"]) == len(job.elsewhere) == count

    @pytest.mark.parametrize(
        ("params", "found", "seen"),
        [
            (declared("acme", "1"), NEW, directory(account("x", "2", domain="globex"))),
            (declared("acme", "1"), NEW, directory(account("x", "2", status="archived"))),
            (declared("acme", "1"), NEW, directory()),
            (declared("acme", "1", allow_shared_domain=True), NEW, directory(account("x", "2"))),
            (declared("acme", "1"), Found(account("y")), directory(account("x", "2"))),
            (absent("acme", "1"), NEW, directory(account("x", "2"))),
            (declared("acme", "1", provider="other"), NEW, directory(account("x", "2"))),
        ],
    )
    def test_what_may_be_linked(self, params, found, seen):
        (job,), codes = self.settle(seen, (params, found))
        assert (codes, job.elsewhere) == ([None], ())

    def test_an_unsound_entry_is_passed_over_and_the_next_one_is_looked_at(self):
        seen = directory(account("x", "2"))
        for first in ((UNSOUND, None), (absent(None, "3"), NEW), (declared("acme", "9"), Found(account("z", "9")))):
            _jobs, codes = self.settle(seen, first, WANTED)
            assert codes == [None, "domain_linked_elsewhere"]

    def test_a_tenant_without_a_domain_links_none(self):
        (entry,) = entries_from([declared(None, "1")], TO_INVITE)
        job = LinkJob(entry, found=NEW)
        LinkedDomains([job], directory(account("x", "2", domain=None))).refuse([job])
        assert job.found is NEW

    @pytest.mark.parametrize(
        ("params", "code"), [(absent(None, "2"), None), (declared("acme", "2"), "domain_linked_elsewhere")]
    )
    def test_only_an_account_that_the_list_keeps_counts(self, params, code):
        other = account("x", "2")
        _jobs, codes = self.settle(directory(other), (params, Found(other)), WANTED)
        assert codes == [None, code]

    def test_of_two_owners_of_one_list_the_first_one_links_the_domain(self):
        others = [(declared("ACME", "2", provider="FreshService"), NEW), (declared("globex", "3"), NEW)]
        settled, codes = self.settle(directory(), WANTED, *others)
        assert codes == [None, "domain_linked_elsewhere", None]
        failure = settled[1].found.failure
        assert failure.message == "entry 1 (acme (owner 1)) of the list links its domain for another owner."
        assert failure.details == {"position": 1}
        assert "Correct origin_owner_id" in failure.remediation

    def test_the_one_that_has_its_account_comes_before_the_first_one(self):
        """Its account shows no domain, so that only the list tells."""
        has = Found(account("x", "2", domain=None))
        settled, codes = self.settle(directory(), WANTED, (declared("acme", "2"), has), (declared("acme", "3"), has))
        assert codes == ["domain_linked_elsewhere", None, None]
        assert settled[0].found.failure.details == {"position": 2}

    def test_one_owner_may_declare_a_domain_twice_by_account(self):
        _jobs, codes = self.settle(directory(), WANTED, WANTED)
        assert codes == [None, None]

    def test_what_is_absent_or_without_a_domain_links_nothing(self):
        not_found = [(params, NEW) for params in (absent("acme", "2"), absent(None, "3"), declared("acme", "1"))]
        _jobs, codes = self.settle(directory(), (UNSOUND, None), *not_found)
        assert codes == [None, None, None, None]


class TestRepairs:
    def repair(self, params, *candidates):
        found = ambiguous(*candidates)
        return repairs_of(jobs((params, found)))

    def test_the_oldest_that_works_is_kept(self):
        broken, old, new = account("c", status="error"), account("b", second=1), account("a", second=2)
        candidates = [Candidate(one, "acme") for one in (new, broken, old)]
        (repair,) = self.repair(declared("acme", "1"), *candidates)
        assert repair.kept == Found(old, tuple(candidates))
        assert repair.unlinked == [new, broken]
        assert repair.job.entry.position == 1

    def test_accounts_of_other_domains_stay(self):
        one, two, other = account("a"), account("b", second=1), account("c", domain="globex")
        candidates = [Candidate(one, "acme"), Candidate(two, "acme"), Candidate(other, "globex")]
        (repair,) = self.repair(declared("acme", "1"), *candidates)
        assert repair.unlinked == [two]

    @pytest.mark.parametrize(
        "candidates",
        [
            [Candidate(account("a"), "acme"), Candidate(account("b"), None)],
            [Candidate(account("a"), "acme"), Candidate(account("b"), "acme"), Candidate(account("c"), None)],
            [Candidate(account("a"), "acme"), Candidate(account("b"), "globex")],
            [Candidate(account("a"), "globex"), Candidate(account("b"), "globex")],
            [Candidate(account("a"), "acme"), Candidate(account("b", created_at=None), "acme")],
            [Candidate(account("a"), "acme"), Candidate(account("b", status="archived"), "acme")],
            [],
        ],
    )
    def test_nothing_is_unlinked_in_doubt(self, candidates):
        assert self.repair(declared("acme", "1"), *candidates) == []

    def test_only_what_is_present_and_ambiguous_is_repaired(self):
        several = ambiguous(Candidate(account("a"), "acme"), Candidate(account("b"), "acme"))
        listed = [
            (UNSOUND, several),
            (absent("acme", "1"), several),
            WANTED,
            (declared("acme", "1"), Failed(FailureCode.STOPPED, "x")),
            (declared("acme", "1"), several),
        ]
        assert [repair.job.entry.position for repair in repairs_of(jobs(*listed))] == [5]
