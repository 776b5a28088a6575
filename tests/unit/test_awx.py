# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example for AWX as it stands in files. What setup.yml makes of a controller is tested in tests/awx, the project's runs in
tests/integration/test_awx.py.
"""

from __future__ import annotations

import re

import yaml
from ansible.parsing.dataloader import DataLoader

from tests.support.collection import ROOT

AWX = ROOT / "docs" / "examples" / "awx"
PROJECT = AWX / "project"
HANDED_ON = {"freshservice_link_failed_tenants", "freshservice_link_summary"}
"""What the role hands on, and notifications name."""


def tasks():
    """(module, options) of every task of setup.yml that makes something."""
    for path in sorted((AWX / "tasks").glob("*.yml")):
        for task in DataLoader().load_from_file(str(path)):
            for name, options in task.items():
                if name.startswith("awx.awx."):
                    yield name.removeprefix("awx.awx."), options


def test_every_playbook_of_the_project_has_its_template():
    run = {options["playbook"] for module, options in tasks() if module == "job_template" and "playbook" in options}
    assert run == {path.name for path in PROJECT.glob("*.yml")}


def test_no_inventory_source_needs_the_vault():
    """A controller reads an inventory source without the vault's password, with the group_vars beside it."""
    sources = [PROJECT / options["source_path"] for module, options in tasks() if module == "inventory_source"]
    assert len(sources) == 2
    assert all(path.is_file() for path in sources)
    assert not [path for path in sources for kind in ("group_vars", "host_vars") if path.with_name(kind).exists()]


def test_the_role_knows_its_variables():
    role = yaml.safe_load((ROOT / "roles/freshservice_link/meta/argument_specs.yml").read_text())
    known = {name for spec in role["argument_specs"].values() for name in spec["options"]} | HANDED_ON
    used = {name for path in AWX.rglob("*.yml") for name in re.findall(r"\bfreshservice_link_\w+", path.read_text())}
    assert used <= known
    assert {"freshservice_link_tenants", "freshservice_link_api_keys", "freshservice_link_new_api_keys"} <= used


def test_nothing_is_the_latest():
    """Of an image or a package: what is the latest can change between two jobs."""
    for path in sorted((ROOT / "docs").rglob("*.yml")):
        found = re.findall(r"[\w./-]+:latest\b", path.read_text())
        assert found == [], path
