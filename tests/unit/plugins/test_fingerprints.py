# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints: what is believed of an account, when nothing is, and where they are kept."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import CredentialFields, Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.fingerprints import Fingerprints, own_path

TENANT = Tenant(domain="acme", api_key="the-declared-key-0815", origin_owner_id="customer-acme")
ROTATED = replace(TENANT, api_key="a-rotated-key-0815")
BEFORE = Account(
    id="1", provider="freshservice", status="active", origin_owner_id="customer-acme", updated_at="2026-11-01T08:00:00Z"
)
AFTER = replace(BEFORE, updated_at="2026-11-02T08:00:00Z")


def keep(run, tenant=TENANT, account=BEFORE):
    """Let a run remember what it sent for the account of this id, and save it."""
    run.remember(tenant, account)
    run.save({account.id})
    return run


@pytest.fixture
def opened(tmp_path):
    """Opens the file, as each run does."""
    return lambda key="v1.eu1.key": Fingerprints(str(tmp_path / "fingerprints.json"), key)


@pytest.fixture
def remembered(opened):
    keep(opened())
    return opened


def test_what_was_sent_is_believed_while_the_account_is_untouched(remembered):
    again = remembered()
    assert again.recall(TENANT, BEFORE) is StoredKey.UNCHANGED
    assert again.recall(ROTATED, BEFORE) is StoredKey.CHANGED
    assert again.recall(TENANT, AFTER) is StoredKey.UNKNOWN
    assert again.recall(TENANT, replace(BEFORE, id="2")) is StoredKey.UNKNOWN


@pytest.mark.parametrize(("present", "left"), [(None, StoredKey.UNCHANGED), (set(), StoredKey.UNKNOWN)])
def test_only_a_whole_listing_says_that_an_account_is_gone(remembered, present, left):
    """An empty list of tenants lists nothing."""
    remembered().save(present)
    assert remembered().recall(TENANT, BEFORE) is left


def test_a_rotated_key_is_believed_once_the_account_was_touched(remembered):
    keep(remembered(), ROTATED, AFTER)
    assert remembered().recall(ROTATED, AFTER) is StoredKey.UNCHANGED


def test_a_rotated_key_that_may_not_have_arrived_is_not_believed(remembered):
    """StackOne said yes, and the account was not touched since it stored the former key."""
    keep(remembered(), ROTATED)
    assert remembered().recall(ROTATED, BEFORE) is StoredKey.UNKNOWN
    assert remembered().recall(TENANT, BEFORE) is StoredKey.UNKNOWN


def test_the_profile_is_kept_where_it_or_a_field_of_its_form_is_declared(opened):
    fields = CredentialFields(domain="domain")
    for declared, kept in (({}, None), ({"integration_id": "p1"}, "p1"), ({"credential_fields": fields}, "p1")):
        run = opened()
        run.remember(replace(TENANT, **declared), BEFORE, "p1")
        run.save({BEFORE.id})
        assert opened().profile(BEFORE) == kept
        assert opened().profile(AFTER) is None


def test_an_account_without_a_time_is_not_remembered(opened):
    timeless = replace(BEFORE, updated_at=None)
    keep(opened(), account=timeless)
    assert opened().recall(TENANT, timeless) is StoredKey.UNKNOWN


def test_another_stackone_key_believes_nothing(remembered):
    run = remembered("v1.eu1.another")
    assert run.recall(TENANT, BEFORE) is StoredKey.UNKNOWN
    assert "another version or StackOne key" in run.problem


def test_the_file_is_for_its_owner_alone_and_holds_no_key(remembered, tmp_path):
    path = tmp_path / "fingerprints.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TENANT.api_key not in path.read_text()
    assert [child.name for child in tmp_path.iterdir()] == ["fingerprints.json"]


OTHER = replace(TENANT, domain="globex", api_key="the-key-of-another-4711", origin_owner_id="customer-globex")
OTHERS = replace(BEFORE, id="2", origin_owner_id="customer-globex")


@pytest.mark.parametrize("existing", [True, False], ids=["with a file", "without one"])
def test_two_runs_at_once_lose_nothing_of_each_other(opened, remembered, tmp_path, existing):
    """Neither has seen the other's account in its listing."""
    if not existing:
        (tmp_path / "fingerprints.json").unlink()
    one, two = opened(), opened()
    keep(one, TENANT, AFTER)
    two.remember(OTHER, OTHERS)
    two.save({"2"} | ({"1"} if existing else set()))
    after = opened()
    assert after.problem is None
    assert after.recall(TENANT, AFTER) is StoredKey.UNCHANGED
    assert after.recall(OTHER, OTHERS) is StoredKey.UNCHANGED


def test_two_runs_that_disagree_are_both_not_believed(opened):
    one, two = opened(), opened()
    one.remember(TENANT, BEFORE)
    two.remember(ROTATED, BEFORE)
    one.save({"1"})
    two.save({"1"})
    assert opened().recall(TENANT, BEFORE) is StoredKey.UNKNOWN


def test_what_a_run_knew_is_not_forgotten_with_the_file(remembered, tmp_path):
    """The key that was sent may not have arrived, although somebody removed the file meanwhile."""
    run = remembered()
    (tmp_path / "fingerprints.json").unlink()
    keep(run, ROTATED)
    assert remembered().recall(ROTATED, BEFORE) is StoredKey.UNKNOWN


def test_a_link_to_a_file_stays_a_link(remembered, tmp_path):
    path = tmp_path / "fingerprints.json"
    real = path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(real)
    remembered().save(set())
    assert path.is_symlink()
    assert json.loads(real.read_text())["accounts"] == {}


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize(
    "content", [b"root:x:0:0\n", b'{"my": "notes"}', b"[]", b"\xff\xfe", b'{"version": 2, "salt": 1}']
)
@pytest.mark.parametrize("linked", [True, False], ids=["behind a link", "under its name"])
def test_what_is_not_a_file_of_fingerprints_is_never_written_over(opened, tmp_path, linked, content, when):
    path = tmp_path / "fingerprints.json"
    target = tmp_path / "notes" if linked else path
    if linked:
        path.symlink_to(target)
    run = opened() if when == "meanwhile" else None
    target.write_bytes(content)
    target.chmod(0o644)
    run = keep(run or opened())
    assert target.read_bytes() == content
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert "is not a file of fingerprints, so it is left unchanged" in run.problem


def test_an_empty_file_becomes_one(opened, tmp_path):
    (tmp_path / "fingerprints.json").touch()
    run = keep(opened())
    assert (run.problem, opened().recall(TENANT, BEFORE)) == (None, StoredKey.UNCHANGED)


URL, KEY = "https://api.stackone.com", "v1.eu1.bGV0dGVycw"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


def test_each_stackone_and_each_key_has_a_file_of_its_own(home):
    paths = {own_path(url, key) for url in (URL, "https://eu.example") for key in (KEY, "v1.eu1.another")}
    assert len(paths) == 4
    assert own_path(f"{URL}/", KEY) == own_path(URL, KEY)
    assert all(path.startswith(f"{home}/.cache/tenantlink.stackone/fingerprints-") for path in paths)


def test_its_name_tells_little_of_the_key(home):
    name = own_path(URL, KEY).rpartition("/")[2]
    assert len(name) == len("fingerprints-01234567.json")


@pytest.mark.parametrize(("cache", "used"), [("/var/cache/me", True), ("cache", False), ("", False)])
def test_the_users_cache_folder_is_the_one_of_the_desktop(home, monkeypatch, cache, used):
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    assert own_path(URL, KEY).startswith("/var/cache/me/" if used else f"{home}/.cache/")


def test_who_has_no_home_has_no_file(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert own_path(URL, KEY) is None
