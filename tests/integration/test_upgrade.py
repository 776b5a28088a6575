# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody wrote for a release, and what that release left, with this tree's collection, and back again."""

from __future__ import annotations

import json

import pytest

from tests.support.collection import PLAYBOOKS
from tests.support.interface import interface_of
from tests.support.playbook_runner import PlaybookRunner, recap
from tests.support.released_project import LIST, ReleasedProject, services
from tests.support.releases import FIXTURES, installed, is_here

VERSION = "1.0.0"
OWN_KEYS = frozenset({"diff", "invocation", "warnings", "deprecations"})
"""Ansible's own keys of results, and those whose content depends on what was done."""


def kept(name):
    return json.loads((FIXTURES / VERSION / name).read_text())


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """Today's services with the accounts that the release linked."""
    with services(VERSION, kept("accounts.json"), tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture
def project(emulator, tmp_path):
    with PlaybookRunner.opened(emulator, tmp_path) as runner:
        opened = ReleasedProject(runner, VERSION)
        opened.take("vault.yml")
        yield opened


def sent(project):
    """Return (method, path) of each request to StackOne, the looks at accounts by their ids as one path."""
    rows = project.runner.emulator.requests(caller="client")
    return [(row["method"], row["path"]) for row in rows if row["service"] != "freshservice"]


def assert_unchanged(project, run):
    assert run.code == 0, run.output
    assert {changed for changed, _failed in recap(run).values()} == {0}, run.output
    assert project.runner.changing() == []
    assert project.runner.emulator.accounts() == kept("accounts.json")


def assert_only_the_form_was_read(project):
    """The project declares fields of StackOne's form. Whether it has them is checked once in a run, and not for each tenant."""
    calls = [path for _method, path in sent(project)]
    assert calls.count("/connect_sessions") == 1
    assert len([path for path in calls if path.startswith("/hub/accounts/")]) == 1
    assert {path.rpartition("/")[0] for path in calls} == {"", "/hub", "/hub/accounts", "/hub/connectors"}
    assert {method for method, path in sent(project) if path != "/connect_sessions"} == {"GET"}


def test_fingerprints_are_used(project):
    """The release did not note the accounts' profiles, so the first run finds them."""
    project.take("fingerprints.json")
    run = project.run("link", *LIST, freshservice_link_integration_id="")
    assert_unchanged(project, run)
    assert "WARNING" not in run.output
    assert {"report.html", "report.json", "report.csv"} <= {path.name for path in project.folder.iterdir()}
    project.runner.emulator.clear_requests()
    assert_unchanged(project, project.run("link", *LIST, freshservice_link_integration_id=""))
    assert_only_the_form_was_read(project)


def test_the_declared_profile_is_looked_up_once(project):
    """The release did not compare it, so its fingerprints do not know it."""
    project.take("fingerprints.json")
    assert_unchanged(project, project.run("link", *LIST))
    assert ("POST", "/connect_sessions") in sent(project)
    project.runner.emulator.clear_requests()
    assert_unchanged(project, project.run("link", *LIST))
    assert_only_the_form_was_read(project)


def test_fingerprints_of_another_form_only_cost_requests(project):
    (project.folder / "fingerprints.json").write_text(json.dumps({**kept("fingerprints.json"), "version": 1}))
    run = project.run("link", *LIST)
    assert_unchanged(project, run)
    assert run.output.count("fingerprints in ") == 1


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        ("verify report heal", LIST),
        ("verify_by_host link_by_host", ("-i", "inventory", "-e", "@options.yml")),
    ],
)
def test_its_playbooks_change_nothing(project, names, arguments):
    run = project.run(names, *arguments)
    assert_unchanged(project, run)
    assert "DEPRECATION" not in run.output


def test_an_event_of_its_rulebook_is_healed(project):
    """In its form, which a copy of the rulebook in a controller's project still passes on."""
    project.runner.emulator.change_account(kept("accounts.json")[0]["id"], status="error")
    event = {"event": "account.error", "origin_owner_id": "customer-1", "domain": "acme", "provider": "freshservice"}
    run = project.run(
        "heal", "-e", "@options.yml", stackone_event=event, heal_vars_files=[str(project.folder / "tenants.yml")]
    )
    assert run.code == 0, run.output
    assert "Owner customer-1" in run.output
    assert [account["status"] for account in project.runner.emulator.accounts()] == ["active"] * 3


def test_its_rotation_sends_the_new_key(project):
    new_key = project.runner.emulator.set_tenant("acme", rotate_key=True)["new_api_key"]
    (project.folder / "new_keys.yml").write_text("")
    project.runner.keep_secret({"freshservice_link_new_api_keys": {"acme": new_key}})
    run = project.run("rotate", *LIST, "-e", f"@{project.runner.secrets}")
    assert run.code == 0, run.output
    assert project.runner.changing() == ["PATCH /hub/accounts"]
    assert len(project.runner.emulator.accounts()) == 3


def test_its_auth_links_are_made(project):
    run = project.run("auth_links", "-e", "@options.yml", "-e", "@auth_links.yml")
    assert run.code == 0, run.output
    assert (project.folder / "auth_links.csv").read_text().startswith("$ANSIBLE_VAULT")


def test_its_hosts_are_unlinked(project):
    run = project.run("unlink", "-i", "inventory", "-e", "@options.yml", "--limit", "hooli")
    assert run.code == 0, run.output
    assert [account["origin_owner_id"] for account in project.runner.emulator.accounts()] == ["customer-1", "4712"]


def test_its_vaulted_keys_are_kept(project, tmp_path_factory):
    keys = tmp_path_factory.mktemp("clear") / "keys.csv"
    keys.write_text("domain,api_key\n" + "".join(f"{name},{key}\n" for name, key in project.runner.keys.items()))
    before = (project.folder / "vault.yml").read_bytes()
    run = project.run("vault_keys", keys_file=str(keys), vault_file="vault.yml", vault_password_file="password")
    assert_unchanged(project, run)
    assert (project.folder / "vault.yml").read_bytes() == before


def shape(value, path="", own=OWN_KEYS):
    """Yield (path, type) of each value of a result; the items of a list have one path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in own:
                yield from shape(inner, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, "list"
        for inner in value:
            yield from shape(inner, f"{path}[]")
    elif value is not None:
        yield path, type(value).__name__


def test_results_have_all_that_they_had(project):
    project.take("fingerprints.json")
    before, now = kept("results.json"), project.results()
    assert set(before) <= set(now)
    lost = {name: set(shape(before[name])) - set(shape(now[name])) for name in before}
    assert {name: sorted(paths) for name, paths in lost.items() if paths} == {}
    assert [result["changed"] for result in before.values()] == [now[name]["changed"] for name in before]
    codes = [[row.get("failure", {}).get("code") for row in result["links"]["results"]] for result in (before, now)]
    assert codes[0] == codes[1]
    assert project.runner.changing() == []


def test_the_inventory_reads_its_cache(project):
    fresh = project.inventory()
    assert set(fresh["_meta"]["hostvars"]) == {"globex", "hooli"}
    (entry,) = (project.folder / "cache").iterdir()
    entry.write_text((FIXTURES / VERSION / "inventory_cache.json").read_text())
    project.runner.emulator.clear_requests()
    cached = project.inventory()
    assert sent(project) == []
    assert cached["_meta"]["hostvars"].keys() == fresh["_meta"]["hostvars"].keys()
    assert {name: group for name, group in cached.items() if name not in ("_meta", "said")} == {
        name: group for name, group in fresh.items() if name not in ("_meta", "said")
    }
    assert "ERROR" not in cached["said"]


@pytest.mark.skipif(not is_here(VERSION), reason=f"the commit of {VERSION} is not in this clone")
def test_the_way_back(project):
    """The release reads what this tree's collection has written, and finds nothing to do."""
    assert_unchanged(project, project.run("link", *LIST))
    project.inventory()
    before = ReleasedProject(project.runner, VERSION, installed(VERSION))
    before.take("vault.yml")
    project.runner.emulator.clear_requests()
    run = before.run("link", *LIST)
    assert_unchanged(before, run)
    assert set(sent(before)) == {("GET", "/accounts")}
    assert "WARNING" not in run.output
    assert set(before.inventory()["_meta"]["hostvars"]) == {"globex", "hooli"}


@pytest.mark.skipif(not is_here(VERSION), reason=f"the commit of {VERSION} is not in this clone")
def test_the_kept_interface_is_that_of_its_artifact():
    assert interface_of(installed(VERSION)) == kept("interface.json")


def test_all_its_playbooks_are_here():
    names = {
        name.partition(": ")[2]
        for name in kept("interface.json")
        if name.startswith("playbook: ") and name.count(": ") == 1
    }
    assert len(names) > 9
    assert names <= {path.stem for path in PLAYBOOKS.glob("*.yml")}
