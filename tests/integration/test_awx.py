# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project for AWX, run as a controller runs it: inventories exported beforehand, the StackOne key in the environment only."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from jinja2 import Environment

from tests.integration.house import ROOT, recap

AWX = ROOT / "docs" / "examples" / "awx"
GOOD = ("acme", "globex")


@pytest.fixture
def project(house):
    """The project with the emulator's tenants, and the agents' keys in the encrypted file that it lacks."""
    place = house.folder / "project"
    shutil.copytree(AWX / "project", place)
    hosts = {name: {"freshservice_link_origin_owner_id": f"customer-{name}"} for name in GOOD}
    (place / "inventories" / "tenants.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
    keys = {"vault_freshservice_api_keys": {name: house.tenant_key(name) for name in GOOD}}
    house.encrypt(place / "group_vars" / "all" / "vault.yml", yaml.safe_dump(keys))
    return place


def injected(house):
    """What the credential type of setup.yml puts into a job's environment. Where the emulator is, comes beside it."""
    (play,) = DataLoader().load_from_file(str(AWX / "setup.yml"))
    credential_type = next(
        task["awx.awx.credential_type"] for task in play["tasks"] if "awx.awx.credential_type" in task
    )
    inputs = {"stackone_api_key": house.emulator.stackone_api_key}
    env = credential_type["injectors"]["env"]
    return {
        **{name: Environment(autoescape=False).from_string(value).render(inputs) for name, value in env.items()},
        "STACKONE_URL": house.emulator.stackone_url,
        "FRESHSERVICE_URL": house.emulator.freshservice_url,
    }


def exported(house, project, source):
    """An inventory as a controller has it: listed without the vault's password, and given to jobs as a script."""
    path = project / "inventories" / source
    listing = house.folder / f"{source}.json"
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(path), "--playbook-dir", str(path.parent)]
    command += ["--list", "--export", "--output", str(listing)]
    env = house.environment({**injected(house), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"})
    subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)
    house.assert_no_secret()
    script = house.folder / f"{source}.sh"
    script.write_text(f"#!/bin/sh\ncat {shlex.quote(str(listing))}\n")
    script.chmod(0o700)
    return script


def job(house, project, playbook, source, *args):
    inventory = exported(house, project, source)
    password = ["--vault-password-file", str(house.folder / "password")]
    command = [str(project / playbook), "-i", str(inventory), *password, *args]
    return house.ansible_playbook(*command, env=injected(house))


def test_every_tenant_is_linked(house, project):
    share = ["-e", "freshservice_link_requests_per_minute=1000"]
    first = job(house, project, "link_by_host.yml", "tenants.yml", *share)
    assert first.code == 0, first.output
    assert recap(first) == dict.fromkeys(GOOD, (1, 0))
    assert house.linked() == {f"customer-{name}": name for name in GOOD}
    assert recap(job(house, project, "link_by_host.yml", "tenants.yml", *share)) == dict.fromkeys(GOOD, (0, 0))


def test_broken_accounts_are_mended(house, project):
    whole = house.by_hand("globex", api_key=house.tenant_key("globex"))
    broken = house.by_hand("acme", api_key="a-key-that-was-reset", status="error")
    house.known.add("a-key-that-was-reset")
    run = job(house, project, "repair.yml", "stackone.yml")
    assert run.code == 0, run.output
    assert recap(run) == {"customer-acme": (1, 0)}
    assert {account["id"]: account["status"] for account in house.emulator.accounts()} == {
        whole["id"]: "active",
        broken["id"]: "active",
    }
    assert job(house, project, "repair.yml", "stackone.yml").code == 0


def test_the_tenant_of_a_survey_is_linked(house, project):
    answers = {
        "freshservice_link_domain": "hooli",
        "freshservice_link_api_key": house.tenant_key("hooli"),
        "freshservice_link_origin_owner_id": "customer-hooli",
        "freshservice_link_origin_owner_name": "Hooli",
    }
    house.secrets.touch(mode=0o600)
    house.secrets.write_text(json.dumps(answers))
    run = job(house, project, "link_one.yml", "tenants.yml", "-e", f"@{house.secrets}")
    assert run.code == 0, run.output
    assert house.linked() == {"customer-hooli": "hooli"}
