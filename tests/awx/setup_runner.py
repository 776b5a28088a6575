# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of setup.yml with the real modules of awx.awx, against a stand-in of a controller."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.ansible_package import fetched
from tests.support.collection import ROOT

from .controller import Controller, Server

AWX = ROOT / "docs" / "examples" / "awx"
TOKEN = "token-of-the-controller-7f3a"
SECRETS = {
    "awx_stackone_api_key": "v1.eu1.stackone-key-19c2",
    "awx_vault_password": "vault-password-5d81",
    "awx_notification_password": "password-of-the-mail-4e77",
}


@dataclass
class SetupRunner:
    """A controller, and a folder with what setup.yml is run with."""

    folder: Path
    controller: Controller = field(default_factory=lambda: Controller(AWX / "project"))

    def run(self, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run setup.yml with settings.yml, the secrets, and settings of this run; None leaves one out."""
        self.controller.journal.clear()
        given = self.folder / "given.json"
        given.touch(mode=0o600)
        every = {**yaml.safe_load((AWX / "settings.yml").read_text()), **SECRETS, **settings}
        given.write_text(json.dumps({name: value for name, value in every.items() if value is not None}))
        with Server(self.controller, TOKEN) as server:
            dropped = ("ANSIBLE_", "CONTROLLER_", "TOWER_")
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith(dropped)},
                "HOME": str(self.folder),
                "ANSIBLE_COLLECTIONS_PATH": str(fetched("awx.awx")),
                "ANSIBLE_PIPELINING": "1",
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_DEPRECATION_WARNINGS": "0",
                "CONTROLLER_HOST": server.url,
                "CONTROLLER_OAUTH_TOKEN": TOKEN,
                "NO_PROXY": "127.0.0.1",
            }
            command = [sys.executable, "-m", "ansible", "playbook", "-vvv", str(AWX / "setup.yml")]
            command += ["-e", f"@{given}"]
            run = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        output = run.stdout + run.stderr
        assert not [secret for secret in (TOKEN, *SECRETS.values()) if secret in output]
        return run

    def set_up(self, **settings: Any) -> int:
        """How many tasks changed something in a run that goes well."""
        run = self.run(**settings)
        assert run.returncode == 0, run.stdout + run.stderr
        (changed,) = re.findall(r"changed=(\d+)", run.stdout)
        return int(changed)

    def written(self) -> list[tuple[str, str]]:
        """Method and path of what the last run sent to change something."""
        return [(request.method, request.path) for request in self.controller.writes()]
