# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan binds to the declaration, to the key and to what was observed, and to nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import State, Tenant, UpdateCredentials
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import NO_SECRETS, Scrubber
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import (
    Stored,
    plan_absent,
    plan_create,
    plan_present,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import Entry
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.links_result import LinksResult
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.planning import Drafting, Planned
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.saved_plan import PlanFile

KEY = "stackone-key-0123456789"
URL = "https://api.stackone.com"
TENANT = Tenant("customer-1", "mycompany", "a-key-0123456789", label="Desk")
ACCOUNT = Account("1", "freshservice", "active", "customer-1", label="Old", updated_at="2026-01-01T00:00:00Z")
SAME_KEY = Stored("mycompany", StoredKey.UNCHANGED)


@pytest.fixture
def file(tmp_path):
    return PlanFile(str(tmp_path / "plan.json"), KEY, URL)


def job_of(tenant):
    return LinkJob(Entry(1, tenant, None, tenant.domain, tenant.origin_owner_id, tenant.account_id))


def draft(file, tenant, *decided, scrubber=NO_SECRETS):
    """Save the plan of a run that decides this for the tenant."""
    drafting, job = Drafting(file, file.new("2026-01-01T00:00:00Z"), scrubber), job_of(tenant)
    drafting.admit([job])
    job.approval.check(*decided)
    assert drafting.saved(LinksResult([job]))


def bound(file, tenant, scrubber=NO_SECRETS):
    """The tenant's job in a run that carries the plan out."""
    job = job_of(tenant)
    Planned(file, file.read(), scrubber).admit([job])
    return job


def update(account=ACCOUNT, stored=SAME_KEY):
    return account, plan_present(TENANT, account, stored)


def test_the_same_is_done(file):
    draft(file, TENANT, *update())
    bound(file, TENANT).approval.check(*update())


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Another"},
        {"api_key": "b-key-0123456789"},
        {"domain": "another"},
        {"state": State.ABSENT},
        {"update_credentials": UpdateCredentials.ALWAYS},
        {"account_id": "1"},
    ],
)
def test_every_option_of_a_declaration_counts(file, change):
    draft(file, TENANT, *update())
    job = bound(file, replace(TENANT, **change))
    assert job.failure.code == "plan_stale"
    assert "its declaration or key has changed" in job.failure.message
    assert job.tenant is None


def test_an_option_that_is_not_set_does_not_count(file):
    """Otherwise each option that a later version adds would make all plans stale."""
    assert file.fingerprint("salt", TENANT) == file.fingerprint("salt", replace(TENANT, allow_multiple=False))
    assert file.fingerprint("salt", TENANT) != file.fingerprint("other", TENANT)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"label": "By hand"}, "(label was Old, and is By hand)"),
        ({"updated_at": "2026-01-02T00:00:00Z"}, "(updated_at was 2026-01-01T00:00:00Z, and is 2026-01-02T00:00:00Z)"),
        ({"id": "2"}, "its account was account 1 when the plan was made, and is account 2 now"),
        ({"status": "expired"}, "(status was active, and is expired)"),
    ],
)
def test_an_account_that_has_changed_is_left_alone(file, change, word):
    draft(file, TENANT, *update())
    with pytest.raises(Failed) as caught:
        bound(file, TENANT).approval.check(*update(replace(ACCOUNT, **change)))
    assert word in caught.value.failure.message


def test_it_does_not_count_how_well_the_stored_key_is_known(file):
    """A plan is often made where there are no fingerprints, and carried out where there are."""
    draft(file, TENANT, *update(stored=Stored()))
    bound(file, TENANT).approval.check(*update())


def test_more_than_planned_is_not_done(file):
    draft(file, TENANT, *update())
    with pytest.raises(Failed, match="with other values than planned"):
        bound(file, TENANT).approval.check(*update(stored=Stored("mycompany", StoredKey.CHANGED)))


def test_an_account_is_created_with_the_values_of_the_plan(file):
    draft(file, TENANT, None, plan_create(TENANT, "agent@mycompany.example"))
    job = bound(file, TENANT)
    job.approval.check(None, plan_create(TENANT, "agent@mycompany.example"))
    with pytest.raises(Failed, match=r"linked now with other values than planned \(origin_username\)"):
        job.approval.check(None, plan_create(TENANT, "other@mycompany.example"))


def test_what_needs_nothing_is_never_stale(file):
    absent = replace(TENANT, state=State.ABSENT)
    draft(file, absent, ACCOUNT, plan_absent(absent, ACCOUNT))
    bound(file, absent).approval.check(None, plan_absent(absent, None))


def test_a_secret_in_a_label_is_neither_saved_nor_a_difference(file):
    scrubber = Scrubber(["Old-secret-0123456789"])
    account = replace(ACCOUNT, label="Old-secret-0123456789")
    draft(file, TENANT, *update(account), scrubber=scrubber)
    with open(file.path, encoding="utf-8") as saved:
        assert "Old-secret" not in saved.read()
    bound(file, TENANT, scrubber).approval.check(*update(account))


def test_the_file_is_closed_to_others_and_to_changes(file):
    draft(file, TENANT, *update())
    with open(file.path, encoding="utf-8") as saved:
        text = saved.read()
    assert TENANT.api_key not in text
    with open(file.path, "w", encoding="utf-8") as changed:
        changed.write(text.replace('"Desk"', '"Mine"'))
    with pytest.raises(Failed, match="was changed since"):
        file.read()
