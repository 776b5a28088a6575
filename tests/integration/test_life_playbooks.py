# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks for the rest of a link's life, over a list: verify, rotate, auth links, report."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time

import pytest
import yaml

from tests.emulator.customer import Customer
from tests.support.collection import ROOT
from tests.support.playbook_runner import TENANTS, recap, run_by_host

NAMES = ("acme", "globex", "initech", "umbrella")
DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in NAMES]
GOOD = DECLARED[:2]


def rows_of(path):
    """The rows of a report in CSV, by domain."""
    with path.open(newline="") as file:
        return {row["domain"]: row for row in csv.DictReader(file)}


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def keyed(runner, **keys):
    """An encrypted file of new keys, as an argument."""
    path = runner.folder / "new_keys.yml"
    runner.encrypt(path, yaml.safe_dump({"freshservice_link_new_api_keys": keys}))
    return "-e", f"@{path}"


def test_verify(runner, playbook):
    reports = [str(runner.folder / f"verdicts.{kind}") for kind in ("html", "csv", "json")]
    result = playbook("verify", freshservice_link_tenants=DECLARED, freshservice_link_report=reports)
    assert result.code == 2
    assert recap(result) == {"localhost": (0, 1)}
    assert runner.count("stackone") == 0
    assert re.search(r"acme +customer-acme +valid +valid +agent2@acme\.exa", result.output)
    assert re.search(r"umbrella +customer-umbrella +refused +tenant_suspended", result.output)
    assert "2 of 4 tenants failed: initech (owner customer-initech): Freshservice refused the API key" in result.output
    rows = rows_of(runner.folder / "verdicts.csv")
    verdicts = ["valid", "valid", "key_refused", "tenant_suspended"]
    assert {domain: row["verdict"] for domain, row in rows.items()} == dict(zip(NAMES, verdicts))
    assert "Permissions" in rows["initech"]["remediation"]
    assert json.loads((runner.folder / "verdicts.json").read_text())["totals"]["failed"] == 2
    assert "<table" in (runner.folder / "verdicts.html").read_text()
    assert {mode_of(runner.folder / f"verdicts.{kind}") for kind in ("html", "csv", "json")} == {0o600}
    assert playbook("verify", freshservice_link_tenants=GOOD).code == 0


def test_rotate(runner, playbook):
    """One new key of the same agent, one of another agent, one that is refused; the fourth tenant has none."""
    playbook("link", freshservice_link_tenants=[*GOOD, {"domain": "hooli", "origin_owner_id": "customer-hooli"}])
    before = {account["origin_owner_id"]: account for account in runner.emulator.accounts()}
    runner.known |= set(runner.keys.values())
    for name in ("acme", "globex"):
        runner.emulator.set_tenant(name, rotate_key=True)
    runner.known.add("not-a-new-key-of-hooli")
    others = {"customer-globex": runner.tenant_key("globex", admin=True), "hooli": "not-a-new-key-of-hooli"}
    new = keyed(runner, acme=runner.tenant_key("acme"), **others)
    listed = [*DECLARED, {"domain": "hooli", "origin_owner_id": "customer-hooli"}]
    runner.emulator.clear_requests()
    options = {"freshservice_link_tenants": listed, "freshservice_link_purge": True, "freshservice_link_purge_limit": 9}
    report = runner.folder / "rotated.csv"
    result = playbook("rotate", *new, **options, freshservice_link_report=str(report))
    assert result.code == 2
    assert "hooli (owner customer-hooli): Freshservice refused the API key" in result.output
    rows = rows_of(report)
    assert set(rows) == {"acme", "globex", "hooli"}
    assert [rows[name]["outcome"] for name in ("acme", "globex", "hooli")] == ["re-linked", "re-linked", "failed"]
    assert "agent1@globex.example, formerly agent2@globex.example" in rows["globex"]["warnings"]
    assert rows["acme"]["warnings"] == ""
    after = {account["origin_owner_id"]: account for account in runner.emulator.accounts()}
    assert set(after) == set(before)
    # The refused key touched nothing: the old link works on.
    assert after["customer-hooli"] == before["customer-hooli"]
    assert runner.tenant_key("acme") in str(after["customer-acme"])
    assert [request for request in runner.changing() if "DELETE" in request] == []
    # Every key was tried at Freshservice before its account was changed.
    new = keyed(runner, acme=runner.tenant_key("acme"), globex=runner.tenant_key("globex", admin=True))
    again = playbook("rotate", *new, freshservice_link_tenants=listed)
    assert again.code == 0
    assert recap(again) == {"localhost": (0, 0)}
    assert "2 new keys: 0 tenants re-linked, 0 of them to another agent" in again.output


@pytest.mark.parametrize("name", ["rotate", "auth_links"])
def test_keys_that_are_not_used_may_refer_to_nothing(runner, playbook, name):
    """What was done is told nevertheless."""
    others = ["-e", json.dumps({"freshservice_link_api_keys": {"globex": "{{ nowhere }}"}})]
    links_file = runner.folder / "links.csv"
    runner.secret_files.add(links_file)
    options = {"freshservice_link_tenants": GOOD[:1]}
    if name == "rotate":
        runner.by_hand("acme", api_key="an-old-key-0815")
        others += keyed(runner, acme=runner.tenant_key("acme"))
    else:
        options["freshservice_link_auth_links_file"] = str(links_file)
    result = playbook(name, *others, **options)
    assert result.code == 0, result.output
    assert ("1 tenant re-linked" if name == "rotate" else "1 has an auth link") in result.output


def test_files_of_a_healing_that_refer_to_nothing_are_refused(runner, playbook):
    """A file can say which project is meant."""
    runner.by_hand("acme", status="error")
    result = playbook("heal", freshservice_link_tenants=GOOD[:1], heal_vars_files="{{ nowhere }}/project.yml")
    assert result.code == 2
    assert "heal_vars_files refers to a variable that is not set" in result.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("place", ["a variable", "a file"])
def test_a_key_that_somebody_wrote_into_an_account_is_shown_nowhere(runner, playbook, place):
    """Every run is searched for it. Neither the report nor the export needs the keys, which the run was given nevertheless."""
    key = runner.tenant_key("globex")
    for name in ("acme", "globex"):
        account = runner.by_hand(name, status="error")
        runner.emulator.change_account(account["id"], label=f"key {key}", origin_owner_name=f"{key}!")
    keys = runner.folder / "keys.csv"
    runner.encrypt(keys, "".join(f"{line}\n" for line in ["domain,api_key", *map(",".join, runner.keys.items())]))
    given = {"freshservice_link_api_keys_file": str(keys)} if place == "a file" else {}
    for suffix in ("yml", "csv", "json"):
        path = runner.folder / f"export.{suffix}"
        run = playbook("export", freshservice_link_export=str(path), **given)
        assert run.code == 0, run.output
        assert "its origin_owner_name and label cannot be declared" in run.output
        assert "customer-acme" in path.read_text()
    report = runner.folder / "accounts.html"
    assert playbook("report", freshservice_link_report=str(report), **given).code == 0
    assert "customer-acme" in report.read_text()
    assert playbook("heal", freshservice_link_tenants=GOOD, **given).code == 0
    links = {"freshservice_link_auth_links_file": str(runner.folder / "links.csv"), "freshservice_link_wait": 1}
    assert playbook("auth_links", freshservice_link_tenants=GOOD, **links, **given).code == 0


def test_a_file_of_keys_that_cannot_be_read_is_not_missed_by_what_needs_none(runner, playbook):
    runner.by_hand("acme")
    (runner.folder / "folder").mkdir()
    for name in ("nowhere.csv", "folder"):
        path = runner.folder / "accounts.html"
        run = playbook(
            "report", freshservice_link_report=str(path), freshservice_link_api_keys_file=str(runner.folder / name)
        )
        assert run.code == 0, run.output
        assert "customer-acme" in path.read_text()
    os.mkfifo(runner.folder / "pipe")
    run = playbook(
        "report", freshservice_link_report=str(path), freshservice_link_api_keys_file=str(runner.folder / "pipe")
    )
    assert run.code == 2
    assert "pipe is a pipe or a device, not a file." in run.output


def test_a_rotation_sends_what_cannot_be_compared(runner, playbook):
    playbook("link", freshservice_link_tenants=GOOD)
    runner.emulator.switch(hub_secret_tail=0)
    runner.known.add(runner.tenant_key("acme"))
    runner.emulator.set_tenant("acme", rotate_key=True)
    new = keyed(runner, acme=runner.tenant_key("acme"))
    check = playbook("rotate", "--check", *new, freshservice_link_tenants=GOOD)
    assert recap(check) == {"localhost": (1, 0)}
    assert "1 new key: 1 tenant would be re-linked, 0 of them to another agent" in check.output
    assert "Add the new keys" not in check.output
    assert runner.tenant_key("acme") not in str(runner.emulator.accounts())
    result = playbook("rotate", *new, freshservice_link_tenants=GOOD)
    assert recap(result) == {"localhost": (1, 0)}
    assert "1 new key: 1 tenant re-linked, 0 of them to another agent" in result.output
    assert "Add the new keys" in result.output
    assert runner.tenant_key("acme") in str(runner.emulator.accounts())


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"acmee": "some-key-0815"},
            "api_keys: acmee (did you mean acme?) belongs to no tenant that the list declares as present.",
        ),
        (None, "Name the new keys, by domain, in freshservice_link_new_api_keys"),
    ],
)
def test_new_keys_that_nobody_is_meant_by(runner, playbook, keys, words):
    runner.known.add("some-key-0815")
    new = keyed(runner, **keys) if keys else ()
    result = playbook("rotate", *new, freshservice_link_tenants=GOOD)
    assert result.code == 2
    assert words in result.output
    assert runner.emulator.requests() == []


def test_new_keys_from_an_encrypted_csv(runner, playbook):
    playbook("link", freshservice_link_tenants=GOOD)
    runner.emulator.set_tenant("acme", rotate_key=True)
    path = runner.folder / "new_keys.csv"
    runner.encrypt(path, f"domain,api_key\nacme,{runner.tenant_key('acme')}\n")
    result = playbook("rotate", freshservice_link_tenants=GOOD, freshservice_link_new_api_keys_file=str(path))
    assert recap(result) == {"localhost": (1, 0)}


@pytest.fixture
def auth_links(runner, playbook):
    """Run the playbook; the file of links is the one place where they may be."""
    path = runner.folder / "auth_links.csv"
    runner.secret_files.add(path)

    def run(*args, **variables):
        done = playbook("auth_links", *args, freshservice_link_auth_links_file=str(path), **variables)
        return done, path

    return run


def read_links(path):
    with path.open(newline="") as file:
        return {row["origin_owner_id"]: row for row in csv.DictReader(file)}


def test_auth_links(runner, playbook, auth_links):
    playbook("link", freshservice_link_tenants=GOOD[:1])
    check, path = auth_links("--check", freshservice_link_tenants=GOOD)
    assert recap(check) == {"localhost": (1, 0)}
    assert "2 customers: 1 was linked already, 1 would get an auth link" in check.output
    assert not path.exists()
    made, path = auth_links(freshservice_link_tenants=GOOD, freshservice_link_label="Desk")
    assert made.code == 0
    assert "2 customers: 1 was linked already, 1 has an auth link in" in made.output
    assert mode_of(path) == 0o600
    links = read_links(path)
    assert set(links) == {"customer-globex"}
    assert links["customer-globex"]["purpose"] == "link"
    Customer(links["customer-globex"]["auth_link_url"]).enter("globex", runner.tenant_key("globex"))
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}
    path.unlink()
    again, path = auth_links(freshservice_link_tenants=GOOD, freshservice_link_wait=60)
    assert recap(again) == {"localhost": (0, 0)}
    assert "all are linked now" in again.output
    assert not path.exists()


def test_auth_links_in_an_encrypted_file(runner, auth_links):
    password = runner.folder / "other-password"
    password.write_text("for-the-links\n")
    result, path = auth_links(freshservice_link_tenants=GOOD, freshservice_link_auth_links_password_file=str(password))
    assert result.code == 0
    runner.secret_files.discard(path)
    runner.assert_no_secret()
    assert mode_of(path) == 0o600
    command = [sys.executable, "-m", "ansible", "vault", "view", "--vault-password-file", str(password), str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=runner.environment()).stdout
    assert "customer-acme" in shown
    assert shown.count("token=") == 2


def test_waiting_says_who_is_missing(runner, auth_links):
    """One is linked already, one cannot get a link, one never uses it."""
    waiting = {"freshservice_link_wait": 2, "freshservice_link_wait_interval": 1}
    broken = {"origin_owner_id": "customer-twice"}
    for number in range(2):
        runner.emulator.add_account(origin_owner_id="customer-twice", domain=f"d{number}", api_key="x")
    runner.emulator.add_account(origin_owner_id="customer-acme", domain="acme", api_key=runner.tenant_key("acme"))
    result, path = auth_links(freshservice_link_tenants=[*GOOD, broken], **waiting)
    assert result.code == 2
    assert set(read_links(path)) == {"customer-globex"}
    assert "Not linked after 2 seconds: customer-globex." in result.output
    assert "owner customer-twice: several accounts could be this link" in result.output
    assert "FAILED - RETRYING" in result.output


def test_waiting_until_the_last_customer_has_linked(runner, auth_links):
    """The customers open their links as soon as they are there, one after the other."""
    path = runner.folder / "auth_links.csv"

    def customers():
        while not path.exists() or len(read_links(path)) < len(GOOD):
            time.sleep(0.1)
        for row in read_links(path).values():
            time.sleep(1.5)
            Customer(row["auth_link_url"]).enter(row["domain"], runner.tenant_key(row["domain"]))

    thread = threading.Thread(target=customers, daemon=True)
    thread.start()
    options = {"freshservice_link_wait": 120, "freshservice_link_wait_interval": 1}
    result, _path = auth_links(freshservice_link_tenants=GOOD, **options)
    thread.join(60)
    assert result.code == 0, result.output
    assert "all are linked now" in result.output
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}


def test_waiting_ends_at_once_where_it_is_in_vain(runner, auth_links):
    """Nothing is waited for an hour that no repetition helps."""
    runner.emulator.fault(service="stackone", method="GET", path="/accounts", status=403, call=2)
    result, _path = auth_links(freshservice_link_tenants=GOOD, freshservice_link_wait=3600)
    assert result.code == 2
    assert "the StackOne API key is not allowed to do this" in result.output


@pytest.mark.parametrize("missing", ["file", "folder"])
def test_auth_links_need_a_place(runner, playbook, missing):
    place = {} if missing == "file" else {"freshservice_link_auth_links_file": str(runner.folder / "no" / "links.csv")}
    result = playbook("auth_links", freshservice_link_tenants=GOOD, **place)
    assert result.code == 2
    assert "auth_links_file" in result.output
    assert runner.emulator.requests() == []


def test_the_report_of_a_run(runner, playbook):
    paths = [str(runner.folder / name) for name in ("run.html", "run.csv")]
    options = {"freshservice_link_tenants": DECLARED, "freshservice_link_report": paths}
    check = playbook("link", "--check", **options)
    assert recap(check)["localhost"] == (1, 1)
    outcomes = [row["outcome"] for row in rows_of(runner.folder / "run.csv").values()]
    assert outcomes == ["would be linked", "would be linked", "failed", "failed"]
    playbook("link", **options)
    rows = rows_of(runner.folder / "run.csv")
    assert rows["acme"]["outcome"] == "linked"
    assert rows["acme"]["agent"] == runner.emulator.tenant("acme")["agent"]["email"]
    assert rows["umbrella"]["code"] == "tenant_suspended"
    page = (runner.folder / "run.html").read_text()
    assert "customer-globex" in page
    assert page.count("<html") == 1


def test_the_report_of_what_is(runner, playbook):
    playbook("link", freshservice_link_tenants=GOOD)
    ids = {account["origin_owner_id"]: account["id"] for account in runner.emulator.accounts()}
    runner.emulator.change_account(ids["customer-acme"], label="Drifted", status="error")
    runner.emulator.clear_requests()
    path = runner.folder / "report.csv"
    options = {"freshservice_link_report": str(path)}
    with_list = playbook("report", freshservice_link_tenants=DECLARED, freshservice_link_label="Desk", **options)
    assert with_list.code == 0
    assert recap(with_list) == {"localhost": (0, 0)}
    outcomes = {domain: row["outcome"] for domain, row in rows_of(path).items()}
    assert outcomes == dict(zip(NAMES, ["would be re-linked", "would be updated", "failed", "failed"]))
    assert "label: Drifted → Desk" in rows_of(path)["acme"]["changes"]
    without = playbook("report", **options)
    assert without.code == 0
    assert {row["account_status"] for row in rows_of(path).values()} == {"error", "active"}
    assert runner.changing() == []


def test_a_report_that_could_not_be_made(runner, playbook):
    path = runner.folder / "report.csv"
    runner.emulator.fault(service="stackone", path="/accounts", status=503)
    options = {"freshservice_link_retries": 0, "freshservice_link_report": str(path)}
    for tenants in ({}, {"freshservice_link_tenants": GOOD}):
        result = playbook("report", **tenants, **options)
        assert result.code == 2
        assert "StackOne could not list the accounts" in result.output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("report.pdf", "freshservice_link_report report.pdf must end in .html, .csv, .json, .md, .xml or .prom."),
        ("missing/report.html", "freshservice_link_report missing/report.html: the folder /"),
    ],
)
def test_a_report_without_a_place_is_refused_before_anything_is_done(runner, playbook, name, words):
    for book in ("link", "verify", "report"):
        result = playbook(book, freshservice_link_tenants=GOOD, freshservice_link_report=name)
        assert result.code == 2
        assert words in result.output
    assert runner.emulator.requests() == []


def test_one_report_of_all_hosts(runner, inventory):
    path = runner.folder / "hosts.csv"
    options = ("-e", f"freshservice_link_report={path}", "-e", "freshservice_link_report_title=Hosts")
    assert run_by_host(runner, inventory, "link_by_host", *options).code == 2
    rows = rows_of(path)
    outcomes = dict(zip(TENANTS, ["linked", "linked", "failed", "failed"]))
    assert {domain: row["outcome"] for domain, row in rows.items()} == outcomes
    run_by_host(runner, inventory, "verify_by_host", *options)
    assert {row["verdict"] for row in rows_of(path).values()} == {"valid", "key_refused", "tenant_suspended"}


def test_a_page_of_hostile_texts_stays_text(runner, playbook):
    """Names are the customers' own: neither Ansible nor a browser nor a spreadsheet may take them for more."""
    hostile = "{{ 7919 * 7907 }} <script>alert(1)</script>"
    formula = '=HYPERLINK("http://x")'
    path = runner.folder / "tenants.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["domain", "origin_owner_id", "origin_owner_name"])
        writer.writeheader()
        writer.writerow({"domain": "acme", "origin_owner_id": "customer-acme", "origin_owner_name": hostile})
        writer.writerow({"domain": "globex", "origin_owner_id": "customer-globex", "origin_owner_name": formula})
    reports = [str(runner.folder / f"hostile.{kind}") for kind in ("html", "csv")]
    result = playbook("link", freshservice_link_tenants_file=str(path), freshservice_link_report=reports)
    assert result.code == 0
    page = (runner.folder / "hostile.html").read_text()
    assert "{{ 7919 * 7907 }} &lt;script&gt;" in page
    assert "<script>alert" not in page
    rows = rows_of(runner.folder / "hostile.csv")
    assert rows["acme"]["origin_owner_name"] == hostile
    assert rows["globex"]["origin_owner_name"] == "'" + formula


def test_every_playbook_is_known_to_a_test():
    books = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    folders = (ROOT / "tests" / name for name in ("integration", "eda"))
    tests = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    for book in books:
        assert re.search(rf'"{book}(\.yml)?"', tests), book
