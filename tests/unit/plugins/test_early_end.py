# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run over many tenants ends before its list does."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import (
    Failure,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.workers import WorkerPool
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.batch import (
    HUNG_IN_A_ROW,
    IN_A_ROW,
    Batch,
    Tally,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.early_end import Ended, Failures, tenants_failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.job import Job
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import ProgressFile
from tests.support.declared_entries import declared, entries


def stop_after(*codes, hung=False):
    """Return what stopped a run over tenants that ended with these codes, or with none."""
    stop = StopSignal()
    tally = Tally(ProgressFile(None, len(codes), Clock()), stop)
    for code in codes:
        tally.note(False, Failure(code, "StackOne gave no answer.", hung=hung) if code else None)
    return stop


def test_many_tenants_in_a_row_without_stackone_end_the_run():
    lost = FailureCode.STACKONE_UNREACHABLE
    stop = stop_after(*[lost] * IN_A_ROW)
    assert stop_after(*[FailureCode.UNEXPECTED_ANSWER] * IN_A_ROW).cause
    assert stop.cause.code is lost
    assert stop.reason == f"because StackOne failed for {IN_A_ROW} tenants in a row: StackOne gave no answer"
    assert stop_after(*[lost] * (IN_A_ROW - 1), None, *[lost] * (IN_A_ROW - 1)).reason is None
    assert stop_after(*[FailureCode.UNREACHABLE] * 2 * IN_A_ROW).reason is None


def test_a_few_tenants_for_whom_stackone_hangs_end_the_run():
    lost = FailureCode.STACKONE_UNREACHABLE
    stop = stop_after(*[lost] * HUNG_IN_A_ROW, hung=True)
    assert stop.reason == f"because StackOne failed for {HUNG_IN_A_ROW} tenants in a row: StackOne gave no answer"
    assert stop_after(lost, None, *[lost] * (HUNG_IN_A_ROW - 1), hung=True).reason is None
    assert stop_after(*[FailureCode.UNREACHABLE] * IN_A_ROW, hung=True).reason is None


@pytest.mark.parametrize("retriable", [True, False])
def test_a_run_that_one_failure_ended_is_worth_repeating_if_that_is(retriable):
    cause = Failure(FailureCode.HUB_UNAVAILABLE, "No Hub.", retriable=retriable)
    waiting = not_started("early").failure
    failure = tenants_failed(Failures([cause, waiting], 2), Ended("because of it", cause))
    assert (failure.code, failure.retriable) == (FailureCode.HUB_UNAVAILABLE, retriable)


@pytest.mark.parametrize("hangs", [True, False], ids=["its thread is left behind", "it notices"])
def test_a_tenant_that_is_cut_off_in_the_middle_was_started(hangs):
    stop, over = StopSignal(), threading.Event()

    def work(job):
        if job.tenant.domain != "b":
            job.result = "done"
            return
        stop.cancel("by SIGTERM", 0.0)
        if hangs:
            over.wait(60)
        raise Stopped("by SIGTERM")

    jobs = [Job(entry) for entry in entries(*(declared(name, name) for name in "abc"))]
    batch = Batch(WorkerPool(1, stop), stop, Tally(ProgressFile(None, 3, Clock()), stop), Phase.KEY_CHECK)
    batch.run(jobs, work)
    batch.close(jobs)
    over.set()
    done, cut_off, waiting = jobs
    assert (done.result, done.failure) == ("done", None)
    assert (cut_off.failure.code, cut_off.failure.started) == (FailureCode.STOPPED, True)
    assert "before this tenant was done" in cut_off.failure.message
    assert (waiting.failure.code, waiting.failure.started) == (FailureCode.STOPPED, False)
