# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator, a runner, and a playbook to run, for tests of playbooks."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.emulator.handle import Emulator
from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import PlaybookRunner


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


def numbered_emulator(count, *arguments):
    """Make the fixture `numbered` of a module: an emulator with many good tenants."""

    @pytest.fixture(scope="module")
    def numbered():
        with Emulator("--tenants", str(count), *arguments) as running:
            yield running

    return numbered


def numbered_domains(count):
    """Return the domains of such tenants."""
    return [f"t{serial:05d}" for serial in range(1, count + 1)]


@pytest.fixture
def runner(emulator, tmp_path):
    with PlaybookRunner.opened(emulator, tmp_path) as opened:
        yield opened


@pytest.fixture
def playbook(runner):
    """Run a playbook with variables and further arguments; the keys of all tenants are in an encrypted file, if no other is named."""
    stackone = {"freshservice_link_stackone_api_key": runner.emulator.stackone_api_key}
    vaults = {True: runner.folder / "vault.yml", False: runner.folder / "stackone.yml"}
    runner.encrypt(vaults[True], yaml.safe_dump({**stackone, "freshservice_link_api_keys": runner.keys}))
    runner.encrypt(vaults[False], yaml.safe_dump(stackone))

    def run(name, *args, env=None, quiet=False, **variables):
        urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
        path = runner.folder / "variables.json"
        path.write_text(json.dumps({**urls, **variables}))
        # The keys come from one place.
        vault = vaults[not variables.get("freshservice_link_api_keys_file")]
        vaulted = ["-e", f"@{vault}", "--vault-password-file", str(runner.folder / "password")]
        return runner.ansible_playbook(
            str(PLAYBOOKS / f"{name}.yml"), "-e", f"@{path}", *vaulted, *args, env=env, quiet=quiet
        )

    return run
