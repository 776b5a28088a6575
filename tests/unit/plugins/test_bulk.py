# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over many tenants, with services that exist in memory alone."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.tenantlink.stackone.plugins.module_utils import _bulk
from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import Bulk, Job
from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._options import BulkOptions
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile

from .test_links_parts import declared


class Exchange:
    """Clients of a StackOne without accounts."""

    api = SimpleNamespace(quota=None)
    http = SimpleNamespace(sent={})

    def clients(self, scrubber):
        stackone = SimpleNamespace(accounts=lambda *_args, **_options: [], filters_ignored=False)
        return SimpleNamespace(stackone=stackone, hub=None, freshservice=None, clock=Clock(), scrubber=scrubber)


class Linker:
    """One tenant meets a defect where it is applied, one where it is confirmed; the exception even holds the key."""

    def __init__(self, *_args):
        pass

    def apply(self, outcome):
        if outcome.tenant.domain == "b":
            raise KeyError(outcome.tenant.api_key)
        outcome.phase = Phase.CONFIRM

    def settle(self, outcome, _seen):
        if outcome.tenant.domain == "c":
            raise ValueError(outcome.tenant.api_key)
        outcome.confirmed = True
        return True


def test_a_defect_with_one_tenant_does_not_hide_the_others(monkeypatch):
    monkeypatch.setattr(_bulk, "Linker", Linker)
    jobs = [Job(entry) for entry in entries_from([declared(name, f"owner-{name}") for name in "abcd"])]
    report = Bulk(Exchange(), BulkOptions(2, 0.0), Stop(), ProgressFile(None, 4, Clock())).run(jobs)
    codes = [job.failed and job.failed.code.value for job in report.jobs]
    assert codes == [None, "internal_error", "internal_error", None]
    applied, confirmed = (report.jobs[index].failed.line for index in (1, 2))
    assert applied.startswith("b (owner owner-b): this module has a defect (KeyError in test_bulk.py, line ")
    assert confirmed.startswith("c (owner owner-c): this module has a defect (ValueError in test_bulk.py, line ")
    assert "key-of-an-agent" not in applied + confirmed
