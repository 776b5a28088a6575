# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over many tenants, with services that exist in memory alone."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.options import LinksOptions
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._list import links as _bulk
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.links import Links
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import ProgressFile
from tests.support.declared_entries import declared


class ClientFactory:
    """Clients of a StackOne without accounts."""

    api = SimpleNamespace(quota=None)
    http = SimpleNamespace(requests_sent={}, waiting_for=None)

    def readers(self):
        nothing = SimpleNamespace(
            accounts=lambda *_args, **_options: [],
            look_again=lambda *_args: [],
            confirm_project=lambda: None,
            filters_ignored=False,
        )
        return nothing, None

    def clients(self):
        stackone, _hub = self.readers()
        return SimpleNamespace(stackone=stackone, hub=None, freshservice=None, clock=Clock())


class Linker:
    """One tenant meets a defect where it is applied, one where it is confirmed; the exception even holds the key."""

    def __init__(self, *_args):
        pass

    def apply(self, outcome, find):
        find()
        if outcome.tenant.domain == "b":
            raise KeyError(outcome.tenant.api_key)
        outcome.enter(Phase.CONFIRM)

    def settle(self, outcome, _seen):
        if outcome.tenant.domain == "c":
            raise ValueError(outcome.tenant.api_key)
        outcome.confirmed = True
        return True

    def try_again(self, _outcome):
        return False


def report_of(names, linker, monkeypatch, workers=2, stop=None):
    """Return what a run over tenants of these names reports, each handled by this linker."""
    monkeypatch.setattr(_bulk, "Linker", linker)
    jobs = [LinkJob(entry) for entry in entries_from([declared(name, f"owner-{name}") for name in names])]
    progress = ProgressFile(None, len(jobs), Clock())
    return Links(ClientFactory(), LinksOptions(workers, 0.0), stop or StopSignal(), progress).run(jobs)


def test_a_defect_with_one_tenant_does_not_hide_the_others(monkeypatch):
    report = report_of("abcd", Linker, monkeypatch)
    codes = [job.failure and job.failure.code.value for job in report.jobs]
    assert codes == [None, "internal_error", "internal_error", None]
    applied, confirmed = (report.jobs[index].failure.line for index in (1, 2))
    assert applied.startswith("b (owner owner-b): this module has a bug (KeyError in test_bulk.py, line ")
    assert confirmed.startswith("c (owner owner-c): this module has a bug (ValueError in test_bulk.py, line ")
    assert "key-of-an-agent" not in applied + confirmed


class Hanging(Linker):
    """One tenant's request never ends, and the run is stopped meanwhile."""

    stop = StopSignal()

    def apply(self, outcome, _find):
        outcome.enter(Phase.APPLY)
        if outcome.tenant.domain == "b":
            self.stop.cancel("by a test", 0.0)
            threading.Event().wait()
        outcome.applied.actions.append(Action.CREATE)


def test_a_tenant_that_hangs_when_the_run_is_stopped_is_told_as_uncertain(monkeypatch):
    done, hung, waiting = report_of("abc", Hanging, monkeypatch, workers=1, stop=Hanging.stop).jobs
    assert done.failure is None
    assert done.outcome.applied.actions == [Action.CREATE]
    assert (hung.failure.code.value, hung.failure.details) == ("stopped", {"uncertain": True})
    assert "was not started" in waiting.failure.message


class Slow(Linker):
    """One host gives no answer until all other tenants are done."""

    others = threading.Semaphore(0)
    PATIENCE = 60.0

    def apply(self, outcome, _find):
        outcome.enter(Phase.CONFIRM)
        if outcome.tenant.domain != "a":
            self.others.release()
            return
        for _other in range(29):
            assert self.others.acquire(timeout=self.PATIENCE)


def test_one_host_that_hangs_holds_no_other_tenant(monkeypatch):
    report = report_of(["a", *(f"t{number}" for number in range(29))], Slow, monkeypatch)
    assert [job.failure for job in report.jobs] == [None] * 30
