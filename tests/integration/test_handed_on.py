# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller learns of a run from the events that ansible-runner gives it, and reports of several runs in one."""

from __future__ import annotations

import json
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor

import ansible_runner
import pytest
import yaml

from tests.integration.house import PLAYBOOKS, headers, recap, run_by_host

NAMES = ("acme", "globex", "initech", "umbrella")
DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in NAMES]
GOOD = DECLARED[:2]
FAILED = ["initech (owner customer-initech)", "umbrella (owner customer-umbrella)"]
HANDED_ON = {"freshservice_link_summary", "freshservice_link_failed_tenants", "freshservice_link_reports"}


@pytest.fixture
def job(house):
    """Run a playbook under ansible-runner, as a controller does; its status, and what it handed on."""
    kept = ("ANSIBLE", "HOME", "TMPDIR", "PATH")
    environment = {name: value for name, value in house.environment().items() if name.startswith(kept)}
    vault = house.folder / "vault.yml"
    keys = {"stackone_api_key": house.emulator.stackone_api_key, "api_keys": house.keys}
    house.encrypt(vault, yaml.safe_dump({f"freshservice_link_{name}": value for name, value in keys.items()}))
    urls = {f"freshservice_link_{name}": url for name, url in house.connection().items() if name.endswith("_url")}

    def run(playbook, *arguments, **variables):
        private = tempfile.mkdtemp(prefix="job-", dir=house.folder)
        runner = ansible_runner.run(
            private_data_dir=private,
            playbook=str(PLAYBOOKS / f"{playbook}.yml"),
            cmdline=" ".join([f"-e @{vault} --vault-password-file {house.folder / 'password'}", *arguments]),
            extravars={**urls, **variables},
            envvars=environment,
            quiet=True,
        )
        house.assert_no_secret()
        (stats,) = (event for event in runner.events if event["event"] == "playbook_on_stats")
        return runner, stats["event_data"].get("artifact_data", {})

    return run


def summary(tenants, changed=0, failed=0, **outcomes):
    told = {name.replace("_", " "): count for name, count in outcomes.items()}
    counts = {"tenants": tenants, "changed": changed, "failed": failed, "not_started": 0}
    return {**counts, "outcomes": told, "problem": ""}


def test_a_list_hands_on_what_came_of_it_also_where_it_fails(house, job):
    report = str(house.folder / "run.json")
    runner, told = job("link", freshservice_link_tenants=DECLARED, freshservice_link_report=report)
    assert runner.status == "failed"
    assert set(told) == HANDED_ON
    assert told["freshservice_link_summary"] == summary(4, changed=2, failed=2, linked=2)| {"outcomes": {"linked": 2, "failed": 2}}
    assert told["freshservice_link_failed_tenants"] == FAILED
    assert told["freshservice_link_reports"] == [report]
    assert runner.stats["changed"] == {"localhost": 1}
