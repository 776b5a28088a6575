# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth links and reports are written over earlier ones, and never over something else that would be lost."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.forms import FORMS
from tests.support.collection import ROOT
from tests.support.written_reports import earlier_report, too_deep

GOOD = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("acme", "globex")]
PLAIN = {
    "variables": "freshservice_link_tenants:\n  - domain: acme\n",
    "a list of tenants": "origin_owner_id,domain\ncustomer-acme,acme\n",
    "notes": "\n\nsomebody's notes\n",
}


@pytest.fixture
def write(runner, playbook):
    """Write auth links to a file, which is the one place where they may be."""

    def run(path, *args, **variables):
        runner.secret_files.add(Path(path))
        return playbook(
            "auth_links",
            *args,
            quiet=True,
            freshservice_link_auth_links_file=str(path),
            freshservice_link_tenants=GOOD,
            **variables,
        )

    return run


def backups(path):
    return [each for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.")]


@pytest.mark.parametrize("what", PLAIN)
def test_a_file_that_holds_something_else_is_kept(runner, write, what):
    path = runner.folder / "file"
    path.write_text(PLAIN[what])
    run = write(path)
    assert run.code == 2
    assert f"freshservice_link_auth_links_file: {path} holds something else than auth links" in run.output
    assert path.read_text() == PLAIN[what]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link to a pipe", "a folder with a slash"])
def test_what_is_not_a_file_is_never_replaced(runner, write, what):
    path = pipe = runner.folder / "place"
    if "folder" in what:
        path.mkdir()
    else:
        pipe = runner.folder / "pipe" if "link" in what else path
        os.mkfifo(pipe)
        if path != pipe:
            path.symlink_to(pipe)
    run = write(f"{path}/" if "slash" in what else path)
    assert run.code == 2
    kind = "a folder" if "folder" in what else "a device or a pipe"
    assert f"freshservice_link_auth_links_file: {pipe} is {kind}, not a file." in run.output
    assert stat.S_ISDIR(path.stat().st_mode) if "folder" in what else stat.S_ISFIFO(pipe.stat().st_mode)
    assert runner.emulator.requests() == []


def test_a_place_that_refers_to_nothing_is_refused_before_any_link_is_made(runner, write):
    run = write("{{ nowhere }}/links.csv")
    assert run.code == 2
    print(run.output)
    assert "freshservice_link_auth_links_file refers to a variable that is not set" in run.output
    assert runner.emulator.requests() == []


def test_so_is_a_vault_that_the_run_can_decrypt(runner, write):
    path = runner.folder / "more.yml"
    runner.encrypt(path, "vault_of: something\n")
    before = path.read_bytes()
    run = write(path)
    assert (run.code, "holds something else" in run.output) == (2, True)
    assert path.read_bytes() == before


def test_and_whatever_the_run_reads(runner, write):
    path = runner.folder / "tenants.csv"
    path.write_text("origin_owner_id,origin_owner_name,domain,purpose,auth_link_url\n")
    run = write(path, freshservice_link_api_keys_file=str(path))
    assert run.code == 2
    assert "freshservice_link_api_keys_file as well. Name another file for the auth links." in run.output


def test_of_a_file_that_cannot_be_decrypted_a_backup_is_kept(runner, write):
    path, password = runner.folder / "links.yml", runner.folder / "another-password"
    password.write_text("another\n")
    path.write_text("vault_of: something\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(password), str(path)]
    subprocess.run(command, check=True, capture_output=True, env=runner.environment())
    before = path.read_bytes()
    assert write(path).code == 0
    (backup,) = backups(path)
    assert backup.read_bytes() == before
    assert path.read_text().startswith("origin_owner_id,")


@pytest.mark.parametrize(
    "before", [None, "", "\n", "\ufefforigin_owner_id,origin_owner_name,domain,purpose,auth_link_url,expires_at\r\n"]
)
def test_earlier_links_are_replaced(runner, write, before):
    path = runner.folder / "links.csv"
    if before is not None:
        path.write_text(before)
    for _time in range(2):
        run = write(path)
        assert run.code == 0, run.output
    assert path.read_text().count("token=") == len(GOOD)
    assert backups(path) == []


def report(playbook, path, **variables):
    return playbook("link", quiet=True, freshservice_link_report=str(path), freshservice_link_tenants=GOOD, **variables)


NOTES = "my own notes: call the customer\n"
NO_REPORTS = {
    "mine.json": '{"freshservice_link_tenants": [{"domain": "acme"}]}',
    "tenants.json": '[{"domain": "acme"}]',
    "tenants.csv": "domain,origin_owner_id\nacme,the outcome\n",
    "notes.csv": "\nnotes\n",
    "README.md": "# Our links\n",
    "keys.md": "domain,api_key\nacme,invented\n",
    "plan.xml": '{"tenants": []}',
    "mine.prom": "freshservice_link_tenants: []\n",
    "mine.html": "- domain: acme\n",
    # Of the same kind, but of another tool or by hand.
    "others.xml": '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" tests="1"/></testsuites>',
    "changelog.md": "## Release 2.0: what changes\n\nOur changelog.\n",
    "handbook.md": "## Freshservice links: my handbook\n\nHow we link.\n",
    "wiki.html": '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Freshservice links</title></head></html>',
    "others.prom": "node_backup_last_success 12345\n",
    "columns.csv": "domain,outcome,my_notes\nacme,linked,called them on Monday\n",
    "others.json": '{"outcomes": []}',
}


@pytest.mark.parametrize("form", FORMS)
def test_a_report_that_somebody_has_added_to_is_not_replaced(runner, playbook, form):
    path = earlier_report(runner.folder / f"report{form}")
    path.write_text(f"{path.read_text()}{NOTES}")
    # Where a comment ends, nothing tells.
    replaced = form == ".md"
    run = report(playbook, path)
    assert (run.code == 0, NOTES not in path.read_text()) == (replaced, replaced)
    assert replaced or f"{path} holds something else than a report" in run.output


@pytest.mark.parametrize("name", NO_REPORTS)
def test_no_report_replaces_something_else(runner, playbook, name):
    path = runner.folder / name
    path.write_text(NO_REPORTS[name])
    run = report(playbook, path)
    assert run.code == 2
    assert f"freshservice_link_report: {path} holds something else than a report" in run.output
    assert path.read_text() == NO_REPORTS[name]
    assert runner.emulator.requests() == []


def test_a_refusal_replaces_nothing_else_either(runner, playbook):
    """It is written into the reports that a monitoring system or a pipeline reads."""
    plan = runner.folder / "plan.md"
    given = {"freshservice_link_tenants": GOOD, "freshservice_link_plan": str(plan)}
    assert playbook("plan", **given).code == 0
    before = plan.read_bytes()
    run = playbook("link", quiet=True, **given, freshservice_link_report=str(plan))
    assert run.code == 2
    assert "is freshservice_link_plan as well. Name another file for the report." in run.output
    assert plan.read_bytes() == before


def test_a_variable_of_the_environment_in_a_path_means_the_same_everywhere(runner, playbook, monkeypatch):
    """Ansible's own options of paths replace it, so the checks have to."""
    monkeypatch.setenv("NAME_OF_A_TEST", "tenants")
    listed = runner.folder / "tenants.csv"
    listed.write_text("origin_owner_id,origin_owner_name,domain,purpose,auth_link_url\n")
    path = f"{runner.folder}/$NAME_OF_A_TEST.csv"
    run = playbook("auth_links", freshservice_link_tenants_file=str(listed), freshservice_link_auth_links_file=path)
    assert run.code == 2
    assert f"freshservice_link_auth_links_file: {listed} is freshservice_link_tenants_file as well." in run.output
    path = f"{runner.folder}/$NAME_OF_A_TEST.json"
    assert playbook("link", freshservice_link_tenants=GOOD, freshservice_link_report=path).code == 0
    assert listed.with_suffix(".json").exists()


@pytest.mark.parametrize("known", [True, False])
def test_nor_a_vault(runner, playbook, known):
    path, password = runner.folder / "more.json", runner.folder / "another-password"
    password.write_text("another\n")
    path.write_text("{}")
    password = runner.folder / "password" if known else password
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(password), str(path)]
    subprocess.run(command, check=True, capture_output=True, env=runner.environment())
    before = path.read_bytes()
    run = report(playbook, path)
    assert (run.code, "holds something else" in run.output) == (2, True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["report.csv", "report.json", "accounts.report.json"])
def test_reports_of_earlier_releases_are_replaced(runner, playbook, name):
    path = runner.folder / name
    shutil.copy(ROOT / "tests" / "fixtures" / "1.0.0" / name, path)
    for _time in range(2):
        run = report(playbook, path)
        assert run.code == 0, run.output
    assert "acme" in path.read_text()


def test_a_link_to_a_file_without_a_form_is_refused(runner, playbook):
    """The report would be written to where it leads, and nothing was."""
    target, path = runner.folder / "plain.dat", runner.folder / "report.html"
    path.symlink_to(target)
    run = report(playbook, path)
    assert (run.code, f"{path} leads to {target}, which must end in .html" in run.output) == (2, True)


def test_a_folder_is_refused(runner, playbook):
    path = runner.folder / "report.html"
    path.mkdir()
    run = report(playbook, path)
    assert (run.code, f"{path} is a folder" in run.output, runner.emulator.requests()) == (2, True, [])


@pytest.mark.parametrize("name", ["link", "verify"])
def test_a_report_that_cannot_be_written_hides_nothing(runner, playbook, name):
    path = too_deep(runner.folder, "r.html")
    keys = {"acme": "the-key-of-nobody-0815"}
    variables = {"freshservice_link_tenants": GOOD, "freshservice_link_report": str(path)}
    run = playbook(
        name, "-e", json.dumps({"freshservice_link_api_keys": {**runner.keys, **keys}}), quiet=True, **variables
    )
    assert run.code == 2
    assert "cannot be written (File name too long)" in run.output
    assert "acme" in run.output
    assert "refuse" in run.output
    assert "Report written" not in run.output
