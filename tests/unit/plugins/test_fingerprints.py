# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints: what is believed of an account, and when nothing is."""

from __future__ import annotations

import stat
from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._fingerprints import Fingerprints
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant

TENANT = Tenant(domain="acme", api_key="the-declared-key-0815", origin_owner_id="customer-acme")
ROTATED = replace(TENANT, api_key="a-rotated-key-0815")
BEFORE = Account(
    id="1", provider="freshservice", status="active", origin_owner_id="customer-acme", updated_at="2026-11-01T08:00:00Z"
)
AFTER = replace(BEFORE, updated_at="2026-11-02T08:00:00Z")


@pytest.fixture
def opened(tmp_path):
    """Opens the file anew, as each run does."""
    return lambda key="v1.eu1.key": Fingerprints(str(tmp_path / "fingerprints.json"), key)


@pytest.fixture
def remembered(opened):
    first = opened()
    first.remember(TENANT, BEFORE)
    first.save({"1"})
    return opened


def test_what_was_sent_is_believed_while_the_account_is_untouched(remembered):
    again = remembered()
    assert again.recall(TENANT, BEFORE) is StoredKey.UNCHANGED
    assert again.recall(ROTATED, BEFORE) is StoredKey.CHANGED
    assert again.recall(TENANT, AFTER) is StoredKey.UNKNOWN
    assert again.recall(TENANT, replace(BEFORE, id="2")) is StoredKey.UNKNOWN


def test_a_rotated_key_is_believed_once_the_account_was_touched(remembered):
    run = remembered()
    run.remember(ROTATED, AFTER)
    run.save({"1"})
    assert remembered().recall(ROTATED, AFTER) is StoredKey.UNCHANGED


def test_a_rotated_key_that_may_not_have_arrived_is_not_believed(remembered):
    """StackOne said yes, and the account was not touched since it stored the former key."""
    run = remembered()
    run.remember(ROTATED, BEFORE)
    run.save({"1"})
    assert remembered().recall(ROTATED, BEFORE) is StoredKey.UNKNOWN
    assert remembered().recall(TENANT, BEFORE) is StoredKey.UNKNOWN


def test_an_account_without_a_time_is_not_remembered(opened):
    run = opened()
    run.remember(TENANT, replace(BEFORE, updated_at=None))
    run.save({"1"})
    assert opened().recall(TENANT, replace(BEFORE, updated_at=None)) is StoredKey.UNKNOWN


def test_another_stackone_key_believes_nothing(remembered):
    run = remembered("v1.eu1.another")
    assert run.recall(TENANT, BEFORE) is StoredKey.UNKNOWN
    assert "another version or StackOne key" in run.problem


def test_the_file_is_for_its_owner_alone_and_holds_no_key(remembered, tmp_path):
    path = tmp_path / "fingerprints.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TENANT.api_key not in path.read_text()
    assert [child.name for child in tmp_path.iterdir()] == ["fingerprints.json"]


def test_accounts_that_are_no_more_are_forgotten(remembered):
    remembered().save(set())
    assert remembered().recall(TENANT, BEFORE) is StoredKey.UNKNOWN
