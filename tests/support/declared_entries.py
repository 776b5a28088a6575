# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a declared list, and jobs with what was found and done for them."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from

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
    given = {**DEFAULTS, "domain": domain, "origin_owner_id": owner, "api_key": key, **options}
    return {name: value for name, value in given.items() if value is not None}


def entries(*listed):
    return entries_from(list(listed))


def account(number, owner, domain=None):
    stored = {"domain": domain} if domain else {}
    return Account(f"id-{number}", "freshservice", "active", owner, setup_information=stored)


def outcome(entry, found, account=None):
    made = Outcome(entry.tenant)
    made.observe(account_known=found)
    made.account = account
    return made
