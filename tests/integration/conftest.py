# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import shutil

import pytest
import yaml

from tests.emulator.handle import Emulator
from tests.integration.house import PLAYBOOKS, TENANTS, House


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def house(emulator, tmp_path):
    with House.opened(emulator, tmp_path) as opened:
        yield opened


@pytest.fixture
def many(numbered, tmp_path):
    """A house whose emulator, the module's own fixture `numbered`, has many good tenants."""
    with House.opened(numbered, tmp_path) as opened:
        yield opened


@pytest.fixture
def inventory(house):
    """The example inventory with the emulator's tenants and keys, encrypted with its example password."""
    place = house.folder / "inventory"
    shutil.copytree(PLAYBOOKS / "inventory", place)
    hosts = {name: {"freshservice_link_origin_owner_id": f"customer-{name}"} for name in TENANTS}
    (place / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
    group = place / "group_vars" / "tenants"
    urls = {f"freshservice_link_{name}": value for name, value in house.connection().items() if name.endswith("_url")}
    with (group / "vars.yml").open("a") as variables:
        variables.write(yaml.safe_dump(urls))
    vault = {
        "vault_stackone_api_key": house.emulator.stackone_api_key,
        "vault_freshservice_api_keys": {name: house.tenant_key(name) for name in TENANTS},
    }
    house.encrypt(group / "vault.yml", yaml.safe_dump(vault))
    return place


@pytest.fixture
def playbook(house):
    """Run a playbook with variables and further arguments; the keys of all tenants are in an encrypted file."""
    path = house.folder / "vault.yml"
    content = {
        "freshservice_link_stackone_api_key": house.emulator.stackone_api_key,
        "freshservice_link_api_keys": house.keys,
    }
    house.encrypt(path, yaml.safe_dump(content))
    vault = ["-e", f"@{path}", "--vault-password-file", str(house.folder / "password")]

    def run(name, *args, env=None, quiet=False, **variables):
        urls = {f"freshservice_link_{name}": url for name, url in house.connection().items() if name.endswith("_url")}
        path = house.folder / "variables.json"
        path.write_text(json.dumps({**urls, **variables}))
        return house.ansible_playbook(
            str(PLAYBOOKS / f"{name}.yml"), "-e", f"@{path}", *vault, *args, env=env, quiet=quiet
        )

    return run
