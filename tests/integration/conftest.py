# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import json

import pytest
import yaml

from tests.emulator.handle import Emulator
from tests.integration.house import ROOT, House


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def house(emulator, tmp_path):
    emulator.reset()
    with contextlib.closing(House(emulator, tmp_path)) as opened:
        yield opened


@pytest.fixture
def many(numbered, tmp_path):
    """A house whose emulator, the module's own fixture `numbered`, has many good tenants."""
    numbered.reset()
    with contextlib.closing(House(numbered, tmp_path)) as opened:
        yield opened


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

    def run(name, *args, **variables):
        urls = {f"freshservice_link_{name}": url for name, url in house.connection().items() if name.endswith("_url")}
        path = house.folder / "variables.json"
        path.write_text(json.dumps({**urls, **variables}))
        return house.ansible_playbook(str(ROOT / "playbooks" / f"{name}.yml"), "-e", f"@{path}", *vault, *args)

    return run
