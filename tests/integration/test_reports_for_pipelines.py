# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports that pipelines and monitoring read, written by real runs, also by those that fail early."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.playbook_runner import TENANTS, run_by_host

DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in TENANTS]
GOOD = DECLARED[:2]
KINDS = ("md", "xml", "prom")


@pytest.fixture
def reports(runner):
    """A folder for reports, with a report of each kind in it as a variable."""
    folder = runner.folder / "reports"
    folder.mkdir()
    return folder


@pytest.fixture
def other_file_system(runner):
    """A folder on another file system than the home, from which a file cannot be renamed into it."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == runner.home.stat().st_dev:
        pytest.skip("there is no other file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def paths(folder):
    return [str(folder / f"run.{kind}") for kind in KINDS]


def read(folder):
    """Return the comment, the test case names with the kind and type of their part, and the metrics by name and label."""
    cases = ElementTree.parse(folder / "run.xml").getroot().iter("testcase")
    found = {case.get("name"): next(((part.tag, part.get("type")) for part in case), None) for case in cases}
    return (folder / "run.md").read_text(), found, metrics(folder / "run.prom")


def metrics(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {
        name.removeprefix("stackone_tenantlink_"): float(value)
        for name, _space, value in (x.rpartition(" ") for x in lines)
    }


def of(name, playbook="link", host="localhost", **own):
    labels = {"playbook": playbook, "host": host, **own}
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def test_a_preview_and_a_run(runner, playbook, reports):
    options = {"freshservice_link_tenants": DECLARED, "freshservice_link_report": paths(reports)}
    assert playbook("link", "--check", **options).code == 2
    comment, cases, numbers = read(reports)
    assert comment.startswith(
        "## Freshservice links: 2 failed, 2 would be linked\n\n**Preview: nothing was changed.** "
    )
    assert list(cases.values()) == [
        *[("failure", "drift")] * 2,
        ("failure", "key_refused"),
        ("failure", "tenant_suspended"),
    ]
    assert numbers[of("run_check_mode")] == numbers[of("run_failed")] == 1
    assert numbers[of("tenants", outcome="would be linked")] == 2
    assert playbook("link", **options).code == 2
    comment, cases, numbers = read(reports)
    assert comment.startswith("## Freshservice links: 2 failed, 2 linked\n\n4 tenants, made at ")
    assert "- `umbrella` (owner `customer-umbrella`): " in comment
    assert list(cases.values()) == [None, None, ("failure", "key_refused"), ("failure", "tenant_suspended")]
    assert numbers[of("accounts", status="active")] == numbers[of("tenants", outcome="failed")] == 2
    assert numbers[of("failures", code="key_refused")] == 1
    assert numbers[of("run_requests", service="freshservice")] > 0
    assert of("run_quota_wait_seconds") in numbers
    assert not any(name in (reports / "run.prom").read_text() for name in TENANTS)
    modes = [stat.S_IMODE(os.stat(path).st_mode) for path in paths(reports)]
    assert modes == [0o600, 0o600, 0o644]
    assert sorted(os.listdir(reports)) == sorted(f"run.{kind}" for kind in KINDS)


def test_a_run_that_could_not_start(runner, playbook, reports):
    """The key is wrong, or the list cannot be read: whoever looks at the files must see it."""
    written = paths(reports)
    wrong, path = "wrong-key-0815-4711", runner.folder / "wrong.json"
    runner.known.add(wrong)
    runner.secret_files.add(path)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"freshservice_link_stackone_api_key": wrong}))
    assert (
        playbook("link", "-e", f"@{path}", freshservice_link_tenants=GOOD, freshservice_link_report=written).code == 2
    )
    comment, cases, numbers = read(reports)
    assert comment.startswith("## Freshservice links: the run failed\n\n**The run failed:** ")
    assert cases == {"the run": ("error", "stackone_key_refused")}
    assert numbers[of("run_failed")] == numbers[of("failures", code="stackone_key_refused")] == 1
    assert playbook("link", freshservice_link_tenants=GOOD, freshservice_link_report=written).code == 0
    assert read(reports)[2][of("run_failed")] == 0
    unread = {"freshservice_link_tenants_file": "no-such-file.csv", "freshservice_link_report": written}
    assert playbook("verify", **unread).code == 2
    comment, cases, numbers = read(reports)
    assert "does not exist" in comment
    assert cases == {"the run": ("error", "invalid_argument")}
    assert numbers[of("failures", playbook="verify", code="invalid_argument")] == 1


def test_a_module_that_dies(runner, playbook, reports):
    """Then it has no result, and the report says so."""
    python = runner.folder / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *freshservice_links*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    options = {"freshservice_link_tenants": GOOD, "freshservice_link_report": paths(reports)}
    run = playbook("link", **options, ansible_python_interpreter=str(python))
    assert run.code == 2
    _comment, cases, numbers = read(reports)
    assert cases == {"the run": ("error", "internal_error")}
    assert numbers[of("run_failed")] == numbers[of("failures", code="internal_error")] == 1


def test_a_refused_report_does_not_hide_the_others(runner, playbook, reports):
    written = [*paths(reports), str(reports / "run.pdf"), str(reports / "missing" / "run.md")]
    assert playbook("link", freshservice_link_tenants=GOOD, freshservice_link_report=written).code == 2
    assert read(reports)[1] == {"the run": ("error", "invalid_argument")}
    assert sorted(os.listdir(reports)) == sorted(f"run.{kind}" for kind in KINDS)
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("event", [False, True])
def test_there_was_nothing_to_heal(runner, playbook, reports, event):
    playbook("link", freshservice_link_tenants=GOOD)
    more = {"stackone_event": {"origin_owner_id": "nobody"}} if event else {}
    run = playbook("heal", freshservice_link_tenants=GOOD, freshservice_link_report=paths(reports), **more)
    assert run.code == 0
    comment, cases, numbers = read(reports)
    assert "nothing to report" in comment
    assert cases == {"the run": ("skipped", None)}
    assert numbers[of("run_failed", playbook="heal")] == 0


def test_heal_could_not_ask(runner, playbook, reports):
    runner.emulator.fault(service="stackone", path="/accounts", status=503)
    options = {"freshservice_link_tenants": GOOD, "freshservice_link_report": paths(reports)}
    assert playbook("heal", **options, freshservice_link_retries=0).code == 2
    assert read(reports)[1] == {"the run": ("error", "stackone_unavailable")}


def test_accounts(runner, playbook, reports):
    playbook("link", freshservice_link_tenants=GOOD)
    (first, _second) = runner.emulator.accounts()
    runner.emulator.change_account(first["id"], status="error")
    assert playbook("report", freshservice_link_report=paths(reports)).code == 0
    _comment, cases, numbers = read(reports)
    assert sorted(map(str, cases.values())) == sorted(["None", "('failure', 'account_not_active')"])
    assert numbers[of("accounts", playbook="report", status="error")] == 1
    assert numbers[of("run_failed", playbook="report")] == 0


def test_tenants_as_hosts_do_not_name_a_customer(runner, inventory, reports):
    written = ",".join(f'"{path}"' for path in paths(reports))
    run_by_host(runner, inventory, "link_by_host", "-e", f'{{"freshservice_link_report": [{written}]}}')
    _comment, cases, numbers = read(reports)
    assert len(cases) == 4
    assert numbers[of("tenants", outcome="failed")] == 2
    assert not any(name in (reports / "run.prom").read_text() for name in TENANTS)


def test_merged_reports_are_written_in_all_forms(runner, playbook, reports):
    for number, declared in enumerate(DECLARED):
        options = {"freshservice_link_tenants": [declared]}
        playbook("link", **options, freshservice_link_report=str(reports / f"{number}.json"))
    merged = playbook(
        "merge_reports", freshservice_link_report_files=str(reports), freshservice_link_report=paths(reports)
    )
    assert merged.code == 0
    comment, cases, numbers = read(reports)
    assert comment.startswith("## Freshservice links: 2 failed, 2 linked\n\n4 tenants of 4 runs, made at ")
    assert len(cases) == 4
    assert numbers[of("tenants", playbook="merge_reports", outcome="linked")] == 2


def test_a_reader_never_sees_half_a_file(runner, playbook, other_file_system):
    """Neither in the file's place, nor in any other file that node_exporter would collect."""
    report = other_file_system / "run.prom"
    options = {"freshservice_link_tenants": GOOD, "freshservice_link_report": str(report)}
    playbook("link", **options)
    done, seen, bad = threading.Event(), set(), []

    def watch():
        while not done.is_set():
            seen.update(name for name in os.listdir(other_file_system) if name.endswith(".prom"))
            text = report.read_text()
            bad.extend([text] if not text.endswith("\n") or "run_quota_wait_seconds{" not in text else [])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert playbook("link", **options).code == 0
    finally:
        done.set()
        watcher.join()
    assert seen == {"run.prom"}
    assert bad == []
    assert os.listdir(other_file_system) == ["run.prom"]
