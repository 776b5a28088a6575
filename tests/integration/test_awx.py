# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project for AWX, run as a controller runs it: inventories exported beforehand, the StackOne key in the environment only."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from jinja2 import Environment

from tests.support.collection import ROOT
from tests.support.playbook_runner import recap

AWX = ROOT / "docs" / "examples" / "awx"
GOOD = ("acme", "globex")
ACME = {"domain": "acme", "origin_owner_id": "customer-acme"}
ABSENT = {"domain": "globex", "origin_owner_id": "customer-globex", "state": "absent"}


@pytest.fixture
def project(runner):
    """The project with the emulator's tenants, declared both ways, and the agents' keys in the encrypted file that it lacks."""
    place = runner.folder / "project"
    shutil.copytree(AWX / "project", place)
    declare(place, *({"domain": name, "origin_owner_id": f"customer-{name}"} for name in GOOD))
    hosts = {name: {"freshservice_link_origin_owner_id": f"customer-{name}"} for name in GOOD}
    (place / "inventories" / "tenants.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
    vault(runner, place, "vault.yml", freshservice_link_api_keys={name: runner.tenant_key(name) for name in GOOD})
    return place


def declare(project, *tenants):
    text = yaml.safe_dump({"freshservice_link_tenants": list(tenants)})
    (project / "group_vars" / "all" / "tenants.yml").write_text(text)


def vault(runner, project, name, **variables):
    runner.encrypt(project / "group_vars" / "all" / name, yaml.safe_dump(variables))


def injected(runner):
    """What the credential type of setup.yml puts into a job's environment. Where the emulator is, comes beside it."""
    tasks = DataLoader().load_from_file(str(AWX / "tasks" / "base.yml"))
    credential_type = next(task["awx.awx.credential_type"] for task in tasks if "awx.awx.credential_type" in task)
    inputs = {"stackone_api_key": runner.emulator.stackone_api_key}
    env = credential_type["injectors"]["env"]
    return {
        **{name: Environment(autoescape=False).from_string(value).render(inputs) for name, value in env.items()},
        "STACKONE_URL": runner.emulator.stackone_url,
        "FRESHSERVICE_URL": runner.emulator.freshservice_url,
    }


def exported(runner, project, source):
    """An inventory as a controller has it: listed without the vault's password, and given to jobs as a script."""
    path = project / "inventories" / source
    listing = runner.folder / f"{source}.json"
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(path), "--playbook-dir", str(path.parent)]
    command += ["--list", "--export", "--output", str(listing)]
    env = runner.environment({**injected(runner), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"})
    subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)
    runner.assert_no_secret()
    return script(runner, source, listing.read_text())


def script(runner, name, listing):
    place = runner.folder / f"{name}.sh"
    place.write_text(f"#!/bin/sh\necho {shlex.quote(listing)}\n")
    place.chmod(0o700)
    return place


def as_a_controller_writes(value):
    """Variables of a job as YAML: every text of a person is marked as unsafe, and quoted, which ansible-core 2.19 reads as it likes."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)}: {as_a_controller_writes(each)}" for name, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_a_controller_writes, value)) + "]"
    if isinstance(value, str):
        return "!unsafe '" + value.replace("'", "''") + "'"
    return json.dumps(value)


def job(runner, project, playbook, source=None, **extra_vars):
    """A job of a template: on the hosts of a source, or on localhost with an inventory that has none."""
    nobody = json.dumps({"_meta": {"hostvars": {}}})
    inventory = exported(runner, project, source) if source else script(runner, "empty", nobody)
    password = ["--vault-password-file", str(runner.folder / "password")]
    runner.secrets.touch(mode=0o600)
    runner.secrets.write_text(as_a_controller_writes({"awx_job_id": 4711, **extra_vars}))
    command = [str(project / playbook), "-i", str(inventory), *password, "-e", f"@{runner.secrets}"]
    return runner.ansible_playbook(*command, env=injected(runner))


def lines(run):
    """What a job says, however it is wrapped."""
    return " ".join(run.output.split())


def test_the_list_is_linked(runner, project):
    declare(project, *yaml.safe_load((project / "group_vars/all/tenants.yml").read_text())["freshservice_link_tenants"])
    first = job(runner, project, "link.yml", freshservice_link_requests_per_minute=1000)
    assert first.code == 0, first.output
    assert recap(first) == {"localhost": (1, 0)}
    assert runner.linked() == {f"customer-{name}": name for name in GOOD}
    assert recap(job(runner, project, "link.yml", freshservice_link_requests_per_minute=1000)) == {"localhost": (0, 0)}
    # A container's cache folder would be lost with it.
    assert not list(runner.home.rglob("tenantlink.stackone/*"))


def test_who_is_declared_absent_stays_absent(runner, project):
    """Even where the account is there, and broken."""
    runner.by_hand("globex", api_key="a-key-that-was-reset", status="error")
    runner.known.add("a-key-that-was-reset")
    declare(project, ACME, ABSENT)
    assert job(runner, project, "link.yml").code == 0
    assert runner.linked() == {"customer-acme": "acme"}
    assert recap(job(runner, project, "link.yml")) == {"localhost": (0, 0)}


def test_a_step_takes_what_the_step_before_handed_on(runner, project):
    """A controller gives the statistics of a workflow's step to the next one, as extra variables."""
    handed = {"summary": {"failed": 1}, "failed_tenants": ["initech"], "reports": ["/srv/links/report-1.html"]}
    run = job(runner, project, "link.yml", **{f"freshservice_link_{name}": value for name, value in handed.items()})
    assert run.code == 0, run.output
    assert runner.linked() == {f"customer-{name}": name for name in GOOD}


def test_a_tenant_without_a_key_fails_by_itself(runner, project):
    vault(runner, project, "vault.yml", freshservice_link_api_keys={"acme": runner.tenant_key("acme")})
    run = job(runner, project, "link.yml")
    assert recap(run) == {"localhost": (1, 1)}
    assert runner.linked() == {"customer-acme": "acme"}
    told = "this tenant has no account yet, but no API key is declared. Set the key in freshservice_link_api_keys['globex']"
    assert f"globex (owner customer-globex): {told}" in lines(run)


def test_a_host_without_a_key_fails_by_itself(runner, project):
    vault(runner, project, "vault.yml", freshservice_link_api_keys={"acme": runner.tenant_key("acme")})
    run = job(runner, project, "link_by_host.yml", "tenants.yml")
    assert recap(run) == {"acme": (1, 0), "globex": (0, 1)}
    assert "no API key is declared" in lines(run), run.output
    assert runner.linked() == {"customer-acme": "acme"}


def test_hosts_are_linked_whatever_list_is_left(runner, project):
    declare(project, {"domain": "hooli", "origin_owner_id": "customer-hooli"})
    first = job(runner, project, "link_by_host.yml", "tenants.yml", freshservice_link_requests_per_minute=1000)
    assert first.code == 0, first.output
    assert recap(first) == dict.fromkeys(GOOD, (1, 0))
    assert runner.linked() == {f"customer-{name}": name for name in GOOD}
    again = job(runner, project, "link_by_host.yml", "tenants.yml", freshservice_link_requests_per_minute=1000)
    assert recap(again) == dict.fromkeys(GOOD, (0, 0))


@pytest.mark.parametrize("purge", [False, True])
def test_the_tenant_of_a_survey_is_linked_and_no_other(runner, project, purge):
    """And none is unlinked, whatever the project says of those who are not in a list."""
    runner.by_hand("acme", api_key=runner.tenant_key("acme"))
    options = {"freshservice_link_purge": purge, "freshservice_link_purge_limit": 100}
    (project / "group_vars" / "all" / "options.yml").write_text(yaml.safe_dump(options))
    run = job(runner, project, "link_one.yml", **survey(runner))
    assert run.code == 0, run.output
    assert runner.linked() == {"customer-acme": "acme", "customer-hooli": "hooli"}


def survey(runner, **answers):
    given = {
        "survey_domain": "hooli",
        "survey_api_key": runner.tenant_key("hooli"),
        "survey_origin_owner_id": "customer-hooli",
        "survey_origin_owner_name": "Hooli",
    }
    return {**given, **{f"survey_{name}": answer for name, answer in answers.items()}}


@pytest.mark.parametrize("answer", ["0123", "4711", "0x1F", "12:30", "on"])
def test_an_answer_is_linked_as_it_was_given_or_not_at_all(runner, project, answer):
    """In quotes it always arrives as it was given. Without, it depends on ansible-core whether it does."""
    run = job(runner, project, "link_one.yml", **survey(runner, origin_owner_id=answer))
    assert (run.code, list(runner.linked())) in ((0, [answer]), (2, []))
    assert run.code == 0 or "Write it in double quotes" in run.output
    run = job(runner, project, "link_one.yml", **survey(runner, origin_owner_id=f'"{answer}"'))
    assert run.code == 0, run.output
    assert list(runner.linked()) == [answer]


@pytest.mark.parametrize("domain", ["", "   ", "off", "null"])
def test_a_survey_without_a_domain_sends_no_key(runner, project, domain):
    """A host that is not named otherwise is the tenant of its name; localhost is nobody's."""
    run = job(runner, project, "link_one.yml", **survey(runner, domain=domain))
    assert run.code == 2
    assert re.search("localhost is not a tenant|Write it in double quotes", run.output)
    assert runner.emulator.requests() == []


def test_a_check_changes_nothing(runner, project):
    run = job(runner, project, "verify.yml")
    assert run.code == 0, run.output
    assert runner.linked() == {}


def test_a_new_key_is_sent(runner, project):
    assert job(runner, project, "link.yml").code == 0
    new = {"acme": runner.tenant_key("acme", admin=True)}
    vault(runner, project, "new_keys.yml", freshservice_link_new_api_keys=new)
    run = job(runner, project, "rotate.yml")
    assert run.code == 0, run.output
    assert recap(run) == {"localhost": (1, 0)}


def test_reports_of_jobs_stand_beside_each_other(runner, project):
    """In the folder that outlasts a job's container, which is the fingerprints' as well."""
    folder = runner.folder / "links"
    folder.mkdir()
    assert job(runner, project, "link.yml", links_folder=str(folder)).code == 0
    run = job(runner, project, "report.yml", links_folder=str(folder), awx_job_id=4712)
    assert run.code == 0, run.output
    names = sorted(path.name for path in folder.iterdir() if path.suffix in {".html", ".json"})
    assert names == ["links-4711.html", "links-4711.json", "preview-4712.html", "preview-4712.json"]
    assert (folder / "fingerprints").is_file()


def test_a_report_without_a_folder_is_told(runner, project):
    run = job(runner, project, "report.yml")
    assert run.code == 0, run.output
    assert "2 tenants" in lines(run)


def test_auth_links_go_to_the_folder(runner, project):
    folder = runner.folder / "links"
    folder.mkdir()
    written = folder / "auth-links-4711.csv"
    runner.secret_files.add(written)
    run = job(runner, project, "auth_links.yml", links_folder=str(folder))
    assert run.code == 0, run.output
    assert written.stat().st_mode & 0o777 == 0o600


class TestHeal:
    """What the schedule and the rulebook start."""

    @pytest.fixture(autouse=True)
    def broken(self, runner, project):
        """Two accounts in error, one of them of a tenant that is declared absent; a third tenant without a key and an account."""
        for name in GOOD:
            runner.by_hand(name, api_key="a-key-that-was-reset", status="error")
        runner.known.add("a-key-that-was-reset")
        declare(project, ACME, ABSENT, {"domain": "hooli", "origin_owner_id": "customer-hooli"})

    def test_a_look_heals_what_is_declared(self, runner, project):
        """The declaration decides, and a missing key fails its own tenant."""
        run = job(runner, project, "heal.yml")
        assert recap(run) == {"localhost": (1, 1)}
        assert runner.linked() == {"customer-acme": "acme"}
        assert "hooli (owner customer-hooli): this tenant has no account yet, but no API key is declared." in lines(run)

    def test_an_event_is_about_its_owners_alone(self, runner, project):
        accounts = [
            {"origin_owner_id": owner, "domain": "acme", "status": "error"} for owner in ("customer-acme", "0123")
        ]
        run = job(runner, project, "heal.yml", freshservice_link_event=f"json:{json.dumps({'accounts': accounts})}")
        assert recap(run) == {"localhost": (1, 0)}
        assert runner.linked() == {"customer-acme": "acme"}


def test_accounts_are_an_inventory(runner, project):
    runner.by_hand("acme", api_key=runner.tenant_key("acme"))
    listing = exported(runner, project, "stackone.yml").read_text()
    assert "status_active" in listing
