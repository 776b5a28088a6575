# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers get other ids, with real playbooks: a list, tenants as hosts, and what account_info and the export say of `shared`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import yaml

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import DELETE, PATCH
from tests.support.waiting import eventually

HELD_MS = 280_000
"""How long the emulator holds an answer: longer than the run lives that waits for it."""
CHAIN = [
    {"domain": "acme", "origin_owner_id": "b", "previous_origin_owner_id": "a"},
    {"domain": "globex", "origin_owner_id": "c", "previous_origin_owner_id": "b"},
]


@pytest.fixture
def former(runner):
    """The accounts of the former owners, by domain."""
    owners = {"acme": "a", "globex": "b"}
    return {
        domain: runner.by_hand(domain, origin_owner_id=owner, api_key=runner.tenant_key(domain), shared=False)
        for domain, owner in owners.items()
    }


def command(runner, playbook, *args, **options):
    """Return the arguments of ansible-playbook, with variables of the role in a file."""
    declared = {**runner.connection(), **options}
    path = runner.folder / f"{playbook}.yml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({f"freshservice_link_{name}": value for name, value in declared.items()}))
    runner.secret_files.add(path)
    return [str(PLAYBOOKS / f"{playbook}.yml"), "-e", f"@{path}", *args]


def link(runner, *args, **options):
    return runner.ansible_playbook(*command(runner, "link", *args, **{"tenants": CHAIN, **options}))


def owners(runner):
    return {account["id"]: account["origin_owner_id"] for account in runner.emulator.accounts()}


@pytest.mark.parametrize("keys", [True, False], ids=["with keys", "without keys"])
def test_a_chain_of_ids(runner, former, keys):
    options = {"api_keys": runner.keys if keys else {}, "purge": True, "purge_limit": 9}
    planned = link(runner, "--check", **options)
    assert (planned.code, runner.changing()) == (0, []), planned.output
    assert (
        "-    origin_owner_id: a" in planned.output
        or '"origin_owner_id"' in planned.output
        or "origin_owner_id" in planned.output
    )
    run = link(runner, **options)
    assert (run.code, runner.changing()) == (0, [PATCH, PATCH]), run.output
    assert owners(runner) == {former["acme"]["id"]: "b", former["globex"]["id"]: "c"}
    again = link(runner, **options)
    assert again.code == 0
    assert "changed=0" in again.output
    assert runner.changing() == [PATCH, PATCH]


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_stackone_does_not_move_accounts(runner, former, how):
    runner.emulator.switch(patch_owner=how)
    run = link(runner, api_keys=runner.keys, purge=True, purge_limit=9)
    assert run.code != 0
    assert "No second account was made" in run.output
    assert owners(runner) == {former["acme"]["id"]: "a", former["globex"]["id"]: "b"}
    assert DELETE not in runner.changing()


PARTS = ["only", "rotate", "heal", "plan"]


def part_of(runner, how, tenants):
    """Run over globex alone, in one of the ways to do that."""
    options = {"tenants": tenants, "api_keys": runner.keys}
    if how == "rotate":
        options |= {"new_api_keys": {"globex": runner.keys["globex"]}}
    elif how == "heal":
        options |= {"event": {"origin_owner_id": "a", "domain": "globex"}}
    else:
        options |= {"only": "globex"}
    return runner.ansible_playbook(*command(runner, "link" if how == "only" else how, **options))


@pytest.fixture
def account(runner):
    """The account of acme, under the id that its customer had before."""
    return runner.by_hand("acme", origin_owner_id="a", api_key=runner.tenant_key("acme"), status="error")


@pytest.mark.parametrize("how", PARTS)
def test_a_run_over_a_part_leaves_the_account_that_another_tenant_moves(runner, how, account):
    """The tenant of the former id has no account yet. Its own run would give it the one that is to move."""
    tenants = [{"domain": "globex", "origin_owner_id": "a"}, {**CHAIN[0], "label": "1.0"}]
    part = part_of(runner, how, tenants)
    assert part.code == 2, part.output
    assert f"its owner still has account {account['id']}" in part.output
    assert "acme (owner b), entry 2 of the list, takes it over, and is not part of this run" in part.output
    assert runner.emulator.accounts() == [account]
    whole = link(runner, tenants=tenants, api_keys=runner.keys)
    assert whole.code == 0, whole.output
    assert owners(runner)[account["id"]] == "b"
    assert sorted(owners(runner).values()) == ["a", "b"]
    part = part_of(runner, how, tenants)
    assert part.code == 0, part.output


AS_THE_LIST = {
    "the former id was forgotten": ("b", "acme (owner b), entry 2, declares its domain, and is not linked with it"),
    "two entries mean one link": ("a", "they mean the same link"),
}


@pytest.mark.parametrize("how", PARTS)
@pytest.mark.parametrize("why", AS_THE_LIST)
def test_a_run_over_a_part_is_refused_as_one_over_the_list(runner, how, why, account):
    owner, said = AS_THE_LIST[why]
    tenants = [{"domain": "globex", "origin_owner_id": "a"}, {"domain": "acme", "origin_owner_id": owner}]
    part = part_of(runner, how, tenants)
    assert part.code == 2, part.output
    assert said in part.output
    assert runner.emulator.accounts() == [account]
    whole = link(runner, tenants=tenants, api_keys=runner.keys)
    assert whole.code == 2, whole.output
    assert said in whole.output
    assert runner.emulator.accounts() == [account]


def test_killed_while_an_account_moves(runner, former):
    """The emulator holds the answer to the move until the run is dead."""
    runner.emulator.fault(service="stackone", method="PATCH", delay_ms=HELD_MS, when="after", call=1)
    process = subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", *command(runner, "link", tenants=CHAIN, api_keys=runner.keys)],
        cwd=runner.here,
        env=runner.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: runner.emulator.requests(method="PATCH"))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    runner.emulator.clear_faults()
    assert set(owners(runner).values()) != {"a", "b"}
    run = link(runner, api_keys=runner.keys)
    assert run.code == 0, run.output
    assert owners(runner) == {former["acme"]["id"]: "b", former["globex"]["id"]: "c"}
    runner.assert_no_secret()


def test_a_tenant_as_a_host(runner, former):
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": runner.python,
        "freshservice_link_origin_owner_id": "b-new",
        "freshservice_link_previous_origin_owner_id": "b",
        "freshservice_link_shared": True,
    }
    inventory = runner.folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"tenants": {"hosts": {"globex": variables}}}))
    options = command(runner, "link_by_host", "-i", str(inventory), api_key=runner.tenant_key("globex"))
    run = runner.ansible_playbook(*options)
    assert run.code == 0, run.output
    account = runner.emulator.account(former["globex"]["id"])
    assert (account["origin_owner_id"], account["shared"]) == ("b-new", True)


def test_shared_is_exported_and_linked_unchanged(runner, former):
    path = runner.folder / "tenants.yml"
    exported = runner.ansible_playbook(*command(runner, "export", export=str(path)))
    assert exported.code == 0, exported.output
    listed = yaml.safe_load(path.read_text())["freshservice_link_tenants"]
    assert [entry["shared"] for entry in listed] == [False, False]
    run = runner.ansible_playbook(*command(runner, "link", "-e", f"@{path}"))
    assert run.code == 0, run.output
    assert runner.changing() == []
    run = link(runner, tenants=[{**entry, "shared": True} for entry in listed])
    assert (run.code, runner.changing()) == (0, [PATCH, PATCH]), run.output
    assert [account["shared"] for account in runner.emulator.accounts()] == [True, True]
