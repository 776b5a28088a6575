# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials of an existing account that StackOne refuses: whether they are stored nevertheless is looked up, and told."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import UpdateCredentials
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from tests.support.one_tenant import code, linked, rotated, uncertain
from tests.support.services_in_memory import after, answers, breaks, does_and_refuses, link, refuses, tenant


def stop():
    raise Stopped


@pytest.mark.parametrize("status", [404, 422])
def test_credentials_that_are_refused_and_stored_are_told(services, status):
    """The refusal stays the failure: StackOne may have tested the key, and found that it does not work."""
    account_id = linked(services)
    services.on("PATCH", "/hub/accounts/.*", does_and_refuses(status, "No"))
    outcome = link(services, rotated(services))
    assert code(outcome) == ("stackone_rejected" if status == 404 else "credentials_refused")
    assert (outcome.applied.actions, outcome.applied.credentials_sent) == ([Action.RELINK], True)
    assert outcome.warnings == [
        f"StackOne refused the domain and key, but account {account_id} stores them now; the next run checks whether it"
        " works."
    ]


def test_a_refused_key_that_fitted_before_is_not_told_as_stored(services):
    linked(services)
    services.on("PATCH", "/hub/accounts/.*", does_and_refuses(422, "No"))
    outcome = link(services, tenant(update_credentials=UpdateCredentials.ALWAYS))
    assert (code(outcome), outcome.applied.actions, outcome.warnings) == ("credentials_refused", [], [])


@pytest.mark.parametrize("trick", [refuses(503), breaks(), after(stop)])
def test_a_refusal_after_which_nothing_can_be_seen_stays_one(services, trick):
    linked(services)
    services.on("PATCH", "/hub/accounts/.*", refuses(422, "No"))
    services.on("GET", "/hub/accounts/.*", trick, skip=1)
    outcome = link(services, rotated(services))
    assert (code(outcome), outcome.applied.actions, uncertain(outcome)) == ("credentials_refused", [], True)


@pytest.mark.parametrize("touched", [True, False])
def test_a_refused_key_of_a_hub_that_shows_no_tail_may_be_stored_if_the_account_was_changed(services, touched):
    account_id = linked(services, updated_at="before")
    view = {"setupInformation": {"domain": "acme"}, "secrets": {"apiKey": "__secretvalue:**redacted**"}}
    services.on("GET", "/hub/accounts/.*", answers(200, {**view, "integrationId": "p1"}), times=9)
    services.on("PATCH", "/hub/accounts/.*", refuses(422, "No"))
    if touched:
        services.on(
            "GET",
            f"/accounts/{account_id}",
            after(lambda: services.accounts[account_id].update(updated_at="2027-01-15T09:00:00Z")),
            skip=1,
        )
    outcome = link(services, tenant(update_credentials=UpdateCredentials.ALWAYS))
    assert (code(outcome), uncertain(outcome)) == ("credentials_refused", touched)


def test_what_was_not_sent_is_not_looked_after(services):
    linked(services)
    services.on("PATCH", "/hub/accounts/.*", breaks(TransportKind.REFUSED, sent=False))
    link(services, rotated(services))
    assert len(services.requests("GET", "/hub/accounts/.*")) == 1
