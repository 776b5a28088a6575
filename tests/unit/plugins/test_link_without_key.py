# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant without a declared key, with both services in memory: its account is managed in all but domain and key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.options import LinksOptions, VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import State, Tenant, UpdateCredentials
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action, StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Rules
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import Stored, plan_present
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.links import Links
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import ProgressFile
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.results import job_row
from tests.support.one_tenant import LABELLED, changes, code, linked
from tests.support.services_in_memory import link, tenant

KEYLESS = Tenant("o1", "acme")
ACCOUNT = Account("a1", "freshservice", "active", "o1", label="L", type="production")
ALWAYS, ON_CREATE = UpdateCredentials.ALWAYS, UpdateCredentials.ON_CREATE
WITHOUT = [each for each in UpdateCredentials if each is not ALWAYS]
LISTING = ("GET", "/accounts")


def keyless(**options):
    return tenant(api_key=None, **options)


def requested(services):
    return {(method, path) for method, path, _request in services.log}


def links(services, *listed, **options):
    jobs = [LinkJob(entry) for entry in entries_from(listed)]
    settings = LinksOptions(2, 30.0, **options)
    Links(services.factory, settings, StopSignal(), ProgressFile(None, len(jobs), services.clock)).run(jobs)
    return [job_row(job) for job in jobs]


class TestPlan:
    @pytest.mark.parametrize("update", WITHOUT)
    @pytest.mark.parametrize("stored", [Stored("acme"), Stored(None), Stored("ACME.freshservice.com")])
    def test_only_fields_that_may_differ_are_changed(self, update, stored):
        declared = replace(KEYLESS, update_credentials=update)
        assert plan_present(declared, ACCOUNT, stored).actions == ()
        plan = plan_present(replace(declared, label="M"), ACCOUNT, stored)
        assert (plan.actions, plan.changes) == ((Action.UPDATE,), {"label": "M"})
        assert "api_key" not in {**plan.before, **plan.after}

    @pytest.mark.parametrize(
        ("declared", "account", "stored", "reason"),
        [
            ({"update_credentials": ALWAYS}, {}, "acme", "update_credentials is always."),
            ({}, {"status": "error"}, "acme", "The account's status is error."),
            ({"label": "M"}, {"status": "expired"}, "acme", "The account's status is expired."),
            ({}, {}, "globex", "The stored domain is globex."),
        ],
    )
    def test_what_needs_the_key_fails_and_says_why(self, declared, account, stored, reason):
        with pytest.raises(Failed) as caught:
            plan_present(replace(KEYLESS, **declared), replace(ACCOUNT, **account), Stored(stored))
        failure = caught.value.failure
        assert failure.code is FailureCode.KEY_MISSING
        assert failure.message == f"account a1 must be linked again, but no API key is declared. {reason}"
        assert "Vault" in failure.remediation
        assert "auth_link" in failure.remediation
        assert not failure.retriable

    def test_on_create_keeps_another_domain(self):
        plan = plan_present(replace(KEYLESS, update_credentials=ON_CREATE), ACCOUNT, Stored("globex"))
        assert plan.actions == ()
        assert "it is kept because update_credentials is on_create" in plan.warnings[0]


class TestOneTenant:
    @pytest.mark.parametrize("update", WITHOUT)
    @pytest.mark.parametrize("verify", list(VerifyLink))
    def test_an_account_is_adopted_with_a_look_at_the_listing(self, services, update, verify):
        account_id = linked(services)
        outcome = link(services, keyless(update_credentials=update), rules=Rules(verify_link=verify))
        assert (code(outcome), outcome.applied.actions, outcome.warnings) == (None, [], [])
        assert outcome.account.id == account_id
        assert (outcome.agent, outcome.verified, outcome.observed.stored.key) == (None, None, StoredKey.UNKNOWN)
        assert requested(services) == {LISTING}

    def test_its_label_is_changed(self, services):
        linked(services)
        outcome = link(services, keyless(label="New"))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.UPDATE])
        assert changes(services) == [LABELLED]
        assert services.requests("POST") == []

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_a_tenant_without_an_account_fails(self, services, check_mode):
        outcome = link(services, keyless(), rules=Rules(check_mode))
        assert code(outcome) == "key_missing"
        assert outcome.failure.message == "this tenant has no account yet, but no API key is declared."
        assert outcome.failure.phase is Phase.OBSERVE
        assert outcome.applied.actions == []
        assert requested(services) == {LISTING}

    @pytest.mark.parametrize("check_mode", [False, True])
    @pytest.mark.parametrize("broken", [{"status": "error"}, {"domain": "globex"}])
    def test_an_account_that_must_be_linked_again_fails_and_nothing_is_sent(self, services, broken, check_mode):
        linked(services, **broken)
        outcome = link(services, keyless(label="New"), rules=Rules(check_mode))
        assert (code(outcome), outcome.applied.actions) == ("key_missing", [])
        assert requested(services) == {LISTING}

    def test_it_is_unlinked(self, services):
        linked(services)
        outcome = link(services, keyless(state=State.ABSENT))
        assert (code(outcome), outcome.applied.actions) == (None, [Action.DELETE])
        assert services.accounts == {}


class TestList:
    @pytest.mark.parametrize("purge", [False, True])
    def test_however_many_there_are_only_the_listing_is_read(self, services, purge):
        many = 250
        for number in range(many):
            linked(services, owner=f"{number}", domain=f"t{number}")
        listed = [{"domain": f"t{number}", "origin_owner_id": f"{number}"} for number in range(many)]
        rows = links(services, *listed, purge=purge)
        assert {(row["action"], row["key"], row.get("failure") is None) for row in rows} == {
            ("none", "not_declared", True)
        }
        assert requested(services) == {LISTING}
        assert len(services.log) <= many / 10

    def test_a_failure_has_its_row(self, services):
        linked(services, owner="1", domain="acme", status="error")
        broken, new = links(
            services, {"domain": "acme", "origin_owner_id": "1"}, {"domain": "globex", "origin_owner_id": "2"}
        )
        for row in (broken, new):
            assert (row["failure"]["code"], row["key"], row["action"]) == ("key_missing", "not_declared", "none")
            assert row["failure"]["details"] == {"missing": ["api_key"]}
        assert broken["account_status"] == "error"

    def test_duplicates_are_resolved(self, services):
        kept, other = (linked(services, owner="1", domain="acme") for _number in range(2))
        (row,) = links(
            services, {"domain": "acme", "origin_owner_id": "1"}, resolve_duplicates=True, resolve_duplicates_limit=9
        )
        assert (row["account_id"], row.get("failure")) == (kept, None)
        assert other not in services.accounts

    def test_an_absent_tenant_needs_no_key(self, services):
        linked(services, owner="1", domain="acme")
        (row,) = links(services, {"origin_owner_id": "1", "state": "absent"})
        assert (row["action"], "key" in row) == ("delete", False)
