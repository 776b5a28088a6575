# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/heal.yml by hand: which tenant an event means, and where tenants and keys come from."""

from __future__ import annotations

import functools
import json
import os
import re

import pytest

from tests.eda.rulebook import declare
from tests.support.collection import PLAYBOOKS

DECLARED = [
    {"domain": "acme", "origin_owner_id": "customer-acme"},
    {"domain": "globex", "origin_owner_id": "customer-globex"},
]
# One owner with two sites, and ids as YAML reads them.
SITES = [
    {"domain": "acme", "origin_owner_id": 4711, "allow_multiple": True},
    {"domain": "globex", "origin_owner_id": 4711, "allow_multiple": True},
    {"domain": "hooli", "origin_owner_id": 47110},
]


SECRET_LINE = "key: sEcReTkey\n"


@pytest.fixture
def heal(playbook):
    """Run the playbook for an event, with tenants and keys as extra variables."""
    return functools.partial(playbook, "heal")


def event(owner, **more):
    return {"origin_owner_id": owner, **more}


def test_only_the_tenant_of_the_event_is_linked_and_nobody_is_purged(runner, heal):
    runner.by_hand("hooli")
    whole = {
        "freshservice_link_tenants": DECLARED,
        "freshservice_link_purge": True,
        "freshservice_link_purge_limit": 100,
    }
    run = heal(stackone_event=event("customer-acme"), **whole)
    assert run.code == 0
    assert "Owner customer-acme: 1 linked, 0 re-linked, 0 updated, 0 unlinked, 0 as declared" in run.output
    assert set(runner.linked()) == {"customer-acme", "customer-hooli"}


def test_a_converged_tenant_is_left_alone(runner, heal):
    heal(stackone_event=event("customer-acme"), freshservice_link_tenants=DECLARED)
    before = runner.changing()
    run = heal(stackone_event=event("customer-acme"), freshservice_link_tenants=DECLARED)
    assert "1 as declared" in run.output
    assert runner.changing() == before


@pytest.mark.parametrize(
    "domain,linked",
    [("acme", {"acme"}), ("globex", {"globex"}), ("moved", {"acme", "globex"}), ("", {"acme", "globex"})],
)
def test_the_domain_tells_the_sites_of_one_owner_apart(runner, heal, domain, linked):
    run = heal(stackone_event=event("4711", domain=domain), freshservice_link_tenants=SITES)
    assert run.code == 0, run.output
    assert {account["setup_information"]["domain"] for account in runner.emulator.accounts()} == linked


def test_a_drifted_domain_is_healed(runner, heal):
    runner.by_hand("umbrella", origin_owner_id="customer-globex", origin_owner_name="customer-globex")
    moved = event("customer-globex", domain="umbrella")
    run = heal(stackone_event=moved, freshservice_link_tenants=DECLARED)
    assert "1 re-linked" in run.output
    assert runner.linked() == {"customer-globex": "globex"}


@pytest.mark.parametrize("owner", ["customer-initech", "customer-ac", "CUSTOMER-ACME", "customer-.*"])
def test_who_is_not_declared_is_not_linked(runner, heal, owner):
    run = heal(stackone_event=event(owner, domain="acme"), freshservice_link_tenants=DECLARED)
    assert run.code == 0
    assert f"No tenant is declared for owner {owner}, so nothing is done." in run.output
    assert runner.emulator.requests() == []


def test_who_is_declared_absent_is_not_linked(runner, heal):
    declared = [{**DECLARED[0], "state": "absent"}]
    run = heal(stackone_event=event("customer-acme", event="account.deleted"), freshservice_link_tenants=declared)
    assert "0 linked, 0 re-linked, 0 updated, 0 unlinked, 1 as declared" in run.output
    assert runner.emulator.accounts() == []


def test_tenants_from_a_csv_and_an_encrypted_file_of_keys(runner, heal):
    tenants, keys = runner.folder / "tenants.csv", runner.folder / "keys.csv"
    tenants.write_text("domain,origin_owner_id,label\nacme,customer-acme,Desk {{ 1 + 1 }}\nglobex,customer-globex,\n")
    runner.encrypt(keys, "domain,api_key\n" + "".join(f"{domain},{key}\n" for domain, key in runner.keys.items()))
    files = {"freshservice_link_tenants_file": str(tenants), "freshservice_link_api_keys_file": str(keys)}
    run = heal(stackone_event=event("customer-acme"), freshservice_link_api_keys={}, **files)
    assert run.code == 0, run.output
    (account,) = runner.emulator.accounts()
    assert (account["origin_owner_id"], account["label"]) == ("customer-acme", "Desk {{ 1 + 1 }}")


def test_tenants_and_keys_from_the_files_that_are_named(runner):
    files = declare(runner, DECLARED, {"freshservice_link_purge": True})
    variables = {"stackone_event": event("customer-globex"), "heal_vars_files": files}
    env = {"ANSIBLE_VAULT_PASSWORD_FILE": str(runner.folder / "password")}
    run = runner.ansible_playbook(str(PLAYBOOKS / "heal.yml"), "-e", json.dumps(variables), env=env)
    assert run.code == 0, run.output
    assert set(runner.linked()) == {"customer-globex"}


def test_a_tenant_that_cannot_be_healed_is_red_and_says_why(runner, heal):
    declared = [{"domain": "umbrella", "origin_owner_id": "customer-umbrella"}]
    run = heal(stackone_event=event("customer-umbrella"), freshservice_link_tenants=declared)
    assert run.code == 2
    assert "umbrella (owner customer-umbrella): the Freshservice tenant is suspended." in run.output


@pytest.mark.parametrize(
    "given",
    [
        event(""),
        event(None),
        {"owner": "customer-acme"},
        {"accounts": [event("customer-acme"), event("")]},
        "customer-acme",
        4711,
    ],
)
def test_an_event_without_an_owner_is_refused(runner, heal, given):
    run = heal(stackone_event=given, freshservice_link_tenants=DECLARED)
    assert run.code == 2
    assert "Name the owner in origin_owner_id of the event (freshservice_link_event, or stackone_event of" in run.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("given", [{}, {"stackone_event": {}}, {"stackone_event": {"accounts": []}}])
def test_without_an_event_all_are_linked_that_have_no_active_account(runner, heal, given):
    """One in error, one that is gone, one that works but has drifted, one who is to be absent, and one of nobody."""
    broken = runner.by_hand("acme", api_key=runner.keys["acme"], status="error")
    runner.by_hand("hooli", api_key=runner.keys["hooli"], label="Drifted")
    runner.by_hand("initech", api_key=runner.keys["initech"], status="error")
    runner.by_hand("umbrella", status="expired")
    declared = [*DECLARED, {"domain": "hooli", "origin_owner_id": "customer-hooli", "label": "Desk"}]
    declared.append({"domain": "initech", "origin_owner_id": "customer-initech", "state": "absent"})
    run = heal(freshservice_link_tenants=declared, freshservice_link_purge=True, **given)
    assert run.code == 0, run.output
    assert (
        "Tenants without an active account: 1 linked, 1 re-linked, 0 updated, 0 unlinked, 0 as declared" in run.output
    )
    assert runner.linked() == {f"customer-{name}": name for name in ("acme", "globex", "hooli")}
    assert broken["id"] in {one["id"] for one in runner.emulator.accounts() if one["status"] == "active"}
    assert len(runner.emulator.accounts()) == 5
    before = runner.changing()
    again = heal(freshservice_link_tenants=declared, **given)
    assert "Every tenant that should be linked has an active account, so nothing is done." in again.output
    assert runner.changing() == before


def test_several_accounts_are_one_run(runner, heal):
    accounts = [
        event(f"customer-{name}", domain=name, status="error", account_id=name) for name in ("acme", "globex", "hooli")
    ]
    run = heal(stackone_event={"accounts": accounts}, freshservice_link_tenants=DECLARED)
    assert run.code == 0, run.output
    assert "Tenants of 3 broken accounts: 2 linked, 0 re-linked" in run.output


def test_a_tenant_without_a_key_is_one_row(runner, heal):
    """It is named as in the list, and no other tenant's key is called unused because that tenant needs no healing."""
    runner.by_hand("hooli", api_key=runner.keys["hooli"])
    hooli = {"domain": "hooli", "origin_owner_id": "customer-hooli"}
    declared = [hooli, *DECLARED, {"domain": "hoolii", "origin_owner_id": "customer-keyless"}]
    run = heal(freshservice_link_tenants=declared)
    assert run.code == 2
    assert "2 linked" in run.output
    assert "key for hooli" not in run.output
    assert not re.search(r"no tenant of the list uses: .*\bhooli\b", run.output)
    assert "hoolii (owner customer-keyless): this tenant has no account yet, but no API key is declared." in run.output
    assert set(runner.linked()) == {"customer-acme", "customer-globex", "customer-hooli"}


def test_where_the_accounts_cannot_be_listed_nothing_is_linked(runner, heal):
    run = heal("-e", "freshservice_link_stackone_api_key=not-the-key-of-anybody", freshservice_link_tenants=DECLARED)
    assert run.code == 2
    assert "StackOne refused the StackOne API key." in run.output
    assert runner.emulator.accounts() == []


def test_without_tenants_it_says_what_to_give(runner, heal):
    run = heal(stackone_event=event("customer-acme"))
    assert run.code == 2
    assert "Name the tenants: -e @tenants.yml" in run.output


@pytest.mark.parametrize(
    "content, said",
    [
        (None, "is not there; write its whole path"),
        (SECRET_LINE + "freshservice_link_tenants: [", "is not valid YAML, or may not be read"),
        (f"- {SECRET_LINE}", "is not a dictionary of variables"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3132\n", "cannot be decrypted; name the file with its password"),
    ],
    ids=["missing", "malformed", "a list", "not decrypted"],
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(runner, content, said):
    good, bad = runner.folder / "good.yml", runner.folder / "bad.yml"
    good.write_text("freshservice_link_tenants: []\n")
    if content is not None:
        bad.write_text(content)
        runner.secret_files.add(bad)
    variables = json.dumps({"heal_vars_files": [str(good), str(bad)]})
    run = runner.ansible_playbook(str(PLAYBOOKS / "heal.yml"), "-e", variables, quiet=True)
    assert run.code == 2
    assert f"heal_vars_files: {bad} {said}" in " ".join(run.output.split())
    assert str(good) not in run.output
    assert "sEcReT" not in run.output
    assert runner.emulator.requests() == []


def test_a_pipe_in_place_of_a_file_is_named(runner):
    pipe = runner.folder / "tenants.yml"
    os.mkfifo(pipe)
    run = runner.ansible_playbook(
        str(PLAYBOOKS / "heal.yml"), "-e", json.dumps({"heal_vars_files": str(pipe)}), quiet=True
    )
    assert run.code == 2
    assert f"heal_vars_files: {pipe} is a pipe or a device, not a file." in " ".join(run.output.split())


def test_a_folder_in_place_of_a_file_is_named(runner):
    variables = json.dumps({"heal_vars_files": str(runner.folder)})
    run = runner.ansible_playbook(str(PLAYBOOKS / "heal.yml"), "-e", variables, quiet=True)
    assert run.code == 2
    assert f"heal_vars_files: {runner.folder} is a folder." in " ".join(run.output.split())
