# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import functools
import shutil

import pytest
import yaml

from tests.integration.vaults import PASSWORD, PLAYBOOK, assert_nothing_in_clear, csv_of
from tests.support.collection import PLAYBOOKS
from tests.support.five_accounts import five_accounts
from tests.support.playbook_fixtures import emulator, playbook, runner
from tests.support.playbook_runner import TENANTS, PlaybookRunner

__all__ = ["accounts", "emulator", "inventory", "link", "many", "playbook", "runner"]


@pytest.fixture
def many(numbered, tmp_path):
    """A runner whose emulator, the module's own fixture `numbered`, has many good tenants."""
    with PlaybookRunner.opened(numbered, tmp_path) as opened:
        yield opened


@pytest.fixture
def inventory(runner):
    """The example inventory with the emulator's tenants and keys, encrypted with its example password."""
    place = runner.folder / "inventory"
    shutil.copytree(PLAYBOOKS / "inventory", place)
    hosts = {name: {"freshservice_link_origin_owner_id": f"customer-{name}"} for name in TENANTS}
    (place / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
    group = place / "group_vars" / "tenants"
    urls = {f"freshservice_link_{name}": value for name, value in runner.connection().items() if name.endswith("_url")}
    with (group / "vars.yml").open("a") as variables:
        variables.write(yaml.safe_dump(urls))
    vault = {
        "vault_stackone_api_key": runner.emulator.stackone_api_key,
        "vault_freshservice_api_keys": {name: runner.tenant_key(name) for name in TENANTS},
    }
    runner.encrypt(group / "vault.yml", yaml.safe_dump(vault))
    return place


@pytest.fixture
def accounts(runner):
    return five_accounts(runner)


@pytest.fixture
def link(playbook):
    """Run playbooks/link.yml with variables and further arguments."""
    return functools.partial(playbook, "link")


@pytest.fixture
def clear(tmp_path_factory):
    """Where the user has what is in clear: out of the runner, which is searched for keys."""
    folder = tmp_path_factory.mktemp("clear")
    (folder / "password").write_text(PASSWORD + "\n")
    return folder


@pytest.fixture
def vault(runner, clear):
    """Run the playbook over the keys of some tenants, or over a text."""

    def run(keys, *args, password="password", env=None):
        (clear / "keys.csv").write_bytes(keys if isinstance(keys, bytes) else csv_of(runner, keys))
        passed = ["-e", f"vault_password_file={clear / password}"] if password else []
        files = ["-e", f"keys_file={clear / 'keys.csv'}", "-e", f"vault_file={runner.folder / 'vault.yml'}"]
        # What modules were sent stays where it is searched.
        env = {"ANSIBLE_KEEP_REMOTE_FILES": "1", **(env or {})}
        result = runner.ansible_playbook(PLAYBOOK, *files, *passed, *args, env=env)
        assert_nothing_in_clear(runner)
        return result

    return run
