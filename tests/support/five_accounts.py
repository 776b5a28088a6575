# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Five accounts of three owners, one of them of another provider, and which of them a choice means."""

from __future__ import annotations


def five_accounts(runner):
    """Add them; return each by its label."""
    key = runner.tenant_key("acme")
    reason = {"code": "x", "description": "The key was refused.", "timestamp": "2026-11-01T08:00:00Z"}
    made = {
        "plain": {"origin_owner_id": "customer-1", "origin_owner_name": "One Ltd", "domain": "acme"},
        "test": {"origin_owner_id": "customer-1", "domain": "globex", "type": "test"},
        "broken": {
            "origin_owner_id": "customer-2", "origin_username": "two@mycompany.example", "domain": "hooli",
            "status": "error", "status_reasons": [reason],
        },
        "off": {"origin_owner_id": "4711", "domain": "initech", "status": "inactive"},
        "other": {"origin_owner_id": "4711", "provider": "hibob", "integration_id": "x"},
    }  # fmt: skip
    add = runner.emulator.add_account
    return {
        name: add(label=name, **({} if name == "other" else {"api_key": key}), **fields)
        for name, fields in made.items()
    }


CHOICES = [
    ({}, ["plain", "test", "broken", "off"]),
    ({"provider": "HiBob"}, ["other"]),
    ({"origin_owner_ids": ["customer-1"]}, ["plain", "test"]),
    ({"origin_owner_ids": ["customer-2", "4711", "nobody"]}, ["broken", "off"]),
    ({"origin_owner_ids": []}, []),
    ({"domains": ["Globex.freshservice.com", "hooli"]}, ["test", "broken"]),
    ({"labels": ["test"]}, ["test"]),
    ({"statuses": ["ERROR", "inactive"]}, ["broken", "off"]),
    ({"account_type": "test"}, ["test"]),
    ({"origin_owner_ids": ["customer-1"], "account_type": "production"}, ["plain"]),
    ({"origin_owner_ids": ["customer-1"], "statuses": ["error"]}, []),
]
"""The options of a choice, and the labels of the accounts that it means."""
