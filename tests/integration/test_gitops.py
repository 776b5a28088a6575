# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of docs/gitops.md: their commands, as written, plan a change, apply it, and notice drift."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.support.collection import ROOT

BLOCK = re.compile(r"^```yaml (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPRESSION = "${{ github.event_name == 'schedule' }}"


def pipelines():
    """Name of the file -> what it says."""
    text = (ROOT / "docs" / "gitops.md").read_text()
    return {found[1]: yaml.safe_load(found[2]) for found in BLOCK.finditer(text)}


def of_github(pipeline):
    """The commands of a plan, of its application, and of the look for drift."""

    def command(job):
        (run,) = [step["run"] for step in job["steps"] if "ansible-playbook" in step.get("run", "")]
        return run

    jobs = pipeline["jobs"]
    plan = command(jobs["plan"])
    assert EXPRESSION in plan
    return plan.replace(EXPRESSION, "false"), command(jobs["apply"]), plan.replace(EXPRESSION, "true")


def of_gitlab(pipeline):
    return tuple(" ".join(pipeline[job]["script"]) for job in ("plan", "apply", "drift"))


@pytest.fixture
def repository(runner):
    """A folder with a list and a vault, as the guide wants them, and a shell that runs commands in it."""
    tenants = [
        {"domain": domain, "origin_owner_id": f"customer-{domain}", "label": "Desk"} for domain in ("acme", "globex")
    ]
    runner.by_hand("acme", api_key=runner.tenant_key("acme"), label="Old")
    (runner.folder / "tenants.yml").write_text(yaml.safe_dump({"freshservice_link_tenants": tenants}))
    secrets = {
        "freshservice_link_stackone_api_key": runner.emulator.stackone_api_key,
        "freshservice_link_api_keys": runner.keys,
    }
    runner.encrypt(runner.folder / "vault.yml", yaml.safe_dump(secrets))
    environment = {
        **runner.environment(),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(runner.folder / "password"),
        "STACKONE_URL": runner.emulator.stackone_url,
        "FRESHSERVICE_URL": runner.emulator.freshservice_url,
    }

    def run(command):
        done = subprocess.run(
            ["sh", "-c", command], cwd=runner.folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("name", "read"),
    [(".github/workflows/links.yml", of_github), (".gitlab-ci.yml", of_gitlab)],
    ids=["github", "gitlab"],
)
def test_a_pipeline_plans_applies_and_notices_drift(runner, repository, name, read):
    plan, apply, drift = read(pipelines()[name])
    code, output = repository(plan)
    assert code == 0, output
    assert (runner.folder / "plan.md").stat().st_size > 100
    assert runner.changing() == []
    code, output = repository(apply)
    assert code == 0, output
    assert {account["label"] for account in runner.emulator.accounts()} == {"Desk"}
    code, output = repository(drift)
    assert code == 0, output
    (account,) = [each for each in runner.emulator.accounts() if each["origin_owner_id"] == "customer-acme"]
    runner.emulator.change_account(account["id"], label="By hand")
    code, output = repository(drift)
    assert code == 2, output
    assert "1 account differs from what is declared" in output
    runner.assert_no_secret()


def test_only_one_pipeline_changes_links_at_a_time_and_none_runs_for_a_fork():
    github, gitlab = pipelines()[".github/workflows/links.yml"], pipelines()[".gitlab-ci.yml"]
    assert github["jobs"]["apply"]["concurrency"] == {"group": "stackone-production", "cancel-in-progress": False}
    assert gitlab["apply"]["resource_group"] == gitlab["drift"]["resource_group"]
    assert "head.repo.full_name == github.repository" in github["jobs"]["plan"]["if"]
    for apply in (github["jobs"]["apply"], gitlab["apply"]):
        assert apply["environment"] == "stackone"
        assert apply["needs"] in ("plan", ["plan"])
