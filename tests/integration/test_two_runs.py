# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two pipelines, or an operator and a schedule, run the same list at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import yaml

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_fixtures import numbered_domains, numbered_emulator
from tests.support.playbook_runner import PlaybookRunner

MANY = 60
DOMAINS = numbered_domains(MANY)


numbered = numbered_emulator(MANY, "--stackone-rpm", "1000000")


class Pipeline:
    """`ansible-playbook tenantlink.stackone.link`, in the background."""

    def __init__(self, runner: PlaybookRunner, name: str, owner_name: str | None = None) -> None:
        self._report = runner.folder / f"{name}.json"
        variables = runner.folder / f"{name}.yml"
        common = {"origin_owner_name": owner_name} if owner_name else {}
        listed = [{"domain": domain, "origin_owner_id": f"customer-{domain}", **common} for domain in DOMAINS]
        options = {**runner.connection(), "tenants": listed, "api_keys": runner.keys, "report": str(self._report)}
        content = {f"freshservice_link_{option}": value for option, value in options.items()}
        variables.touch(mode=0o600)
        variables.write_text(yaml.safe_dump(content))
        runner.secret_files.add(variables)
        command = [sys.executable, "-m", "ansible", "playbook", str(PLAYBOOKS / "link.yml"), "-e", f"@{variables}"]
        outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self._process = subprocess.Popen(command, cwd=runner.here, env=runner.environment(), **outputs)

    def wait(self) -> tuple[int, str]:
        """Return its exit code and output."""
        output, _none = self._process.communicate()
        return self._process.returncode, output

    @property
    def results(self) -> dict[str, dict[str, str]]:
        """Return domain -> what its report says."""
        return {row["domain"]: row for row in json.loads(self._report.read_text())["tenants"]}


@pytest.mark.parametrize("rule", ["update", "duplicate"])
def test_two_pipelines_link_each_customer_once(many, rule):
    many.emulator.switch(hub_existing_triple=rule)
    many.emulator.latency(100)
    pipelines = [Pipeline(many, name) for name in ("first", "second")]
    ended = [pipeline.wait() for pipeline in pipelines]
    many.emulator.latency(0)
    assert [code for code, _output in ended] == [0, 0], ended
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS}
    many.emulator.clear_requests()
    assert Pipeline(many, "third").wait()[0] == 0
    assert many.changing() == []
    many.assert_no_secret()


def test_a_run_that_starts_while_another_is_half_done(many):
    many.emulator.switch(hub_existing_triple="duplicate")
    many.emulator.latency(60)
    first = Pipeline(many, "first")
    while len(many.emulator.accounts()) < MANY // 3:
        time.sleep(0.02)
    second = Pipeline(many, "second", owner_name="Another name")
    ended = [first.wait(), second.wait()]
    many.emulator.latency(0)
    assert Pipeline(many, "third").wait()[0] == 0, ended
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS}
