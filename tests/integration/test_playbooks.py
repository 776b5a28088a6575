# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbooks, as a user runs them: tenants as hosts, keys in one vaulted file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import recap, run_by_host


def test_link_by_host(runner, inventory):
    first = run_by_host(runner, inventory, "link_by_host")
    assert first.code == 2
    assert recap(first) == {"acme": (1, 0), "globex": (1, 0), "initech": (0, 1), "umbrella": (0, 1)}
    assert "umbrella (owner customer-umbrella): the Freshservice tenant is suspended." in first.output
    runner.emulator.clear_requests()
    second = run_by_host(runner, inventory, "link_by_host", "--limit", "acme,globex")
    assert second.code == 0
    assert recap(second) == {"acme": (0, 0), "globex": (0, 0)}
    assert runner.changing() == []


def test_link_by_host_in_check_mode(runner, inventory):
    check = run_by_host(runner, inventory, "link_by_host", "--check", "--limit", "acme,globex")
    assert check.code == 0
    assert recap(check) == {"acme": (1, 0), "globex": (1, 0)}
    assert runner.changing() == []
    assert runner.emulator.accounts() == []


def test_verify(runner, inventory):
    verified = run_by_host(runner, inventory, "verify_by_host")
    assert verified.code == 2
    assert recap(verified) == {"acme": (0, 0), "globex": (0, 0), "initech": (0, 1), "umbrella": (0, 1)}
    assert runner.count("stackone") == 0
    assert run_by_host(runner, inventory, "verify_by_host", "--limit", "acme").code == 0


def test_unlink(runner, inventory):
    run_by_host(runner, inventory, "link_by_host", "--limit", "acme,globex")
    (inventory / "nobody.txt").write_text("")
    # What a limit is if it comes from a shell variable or a file that was not filled in, and what covers everybody.
    empty = [
        (),
        *(
            ("--limit", limit)
            for limit in ("", " ", ",", f"@{inventory / 'nobody.txt'}", "all", "tenants", "acme,g*,i*,u*")
        ),
    ]
    for limit in [*empty, ("-e", "ansible_limit=")]:
        refused = run_by_host(runner, inventory, "unlink", *limit)
        assert refused.code != 0, limit
        assert "Name those to unlink with --limit" in refused.output, limit
        assert len(runner.emulator.accounts()) == 2, limit
    refused = run_by_host(runner, inventory, "unlink", "--limit", "acme", "-e", "freshservice_link_state=present")
    assert refused.code != 0
    assert "freshservice_link_state is present, and this playbook unlinks." in refused.output
    assert run_by_host(runner, inventory, "unlink", "--limit", "acme").code == 0
    assert [account["origin_owner_id"] for account in runner.emulator.accounts()] == ["customer-globex"]
    assert recap(run_by_host(runner, inventory, "unlink", "-e", "unlink_all=true"))["globex"] == (1, 0)
    assert runner.emulator.accounts() == []


def test_unlink_all_tenants_by_their_names(runner, inventory):
    run_by_host(runner, inventory, "link_by_host", "--limit", "acme,globex")
    assert run_by_host(runner, inventory, "unlink", "--limit", "acme:globex:initech:umbrella").code == 0
    assert runner.emulator.accounts() == []


def test_a_role_without_its_variables_says_which(runner, inventory):
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": {"acme": None}}}))
    result = run_by_host(runner, inventory, "link_by_host")
    assert result.code == 2
    assert "origin_owner_id" in result.output
    assert runner.emulator.requests() == []


def test_inline_vaulted_keys(runner, inventory):
    path = runner.folder / "inline.yml"
    command = [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--stdin-name", "freshservice_link_api_key"]
    command += ["--vault-password-file", str(runner.folder / "password")]
    # As people do it: the trailing newline of an echo is encrypted with the key.
    key = {"input": runner.tenant_key("globex") + "\n", "text": True}
    path.write_text(subprocess.run(command, **key, check=True, capture_output=True, env=runner.environment()).stdout)
    result = run_by_host(runner, inventory, "link_by_host", "--limit", "globex", "-e", f"@{path}")
    assert result.code == 0
    assert recap(result) == {"globex": (1, 0)}


def test_the_example_inventory_is_whole(runner):
    (runner.folder / "password").write_text("example")
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(PLAYBOOKS / "inventory"), "--list"]
    command += ["--vault-password-file", str(runner.folder / "password")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=runner.environment(), cwd=runner.here
    )
    hosts = json.loads(done.stdout)["_meta"]["hostvars"]
    for host, variables in hosts.items():
        assert host in variables["vault_freshservice_api_keys"]
        assert variables["freshservice_link_origin_owner_id"]


def test_nothing_leaks_under_ansible_runner(runner, inventory):
    arguments = f"--vault-password-file {runner.folder / 'password'} --diff"
    ended = runner.run_job(PLAYBOOKS / "link_by_host.yml", arguments, inventory=str(inventory), verbosity=4)
    assert ended.status == "failed"
    assert ended.stats["changed"] == {"acme": 1, "globex": 1}
    assert list(runner.folder.rglob("artifacts/**/job_events/*.json"))
    runner.assert_no_secret()


@pytest.mark.parametrize("name", ["link_by_host", "verify_by_host", "link", "verify"])
def test_a_module_that_dies_is_never_green(runner, inventory, playbook, name):
    """Since ansible-core 2.19 a task that is told not to fail then has a result without any words."""
    broken = runner.folder / "broken" / "requests"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('this library is broken')")
    report = runner.folder / "report.json"
    variables = {"ansible_python_interpreter": str(runner.folder / "python"), "freshservice_link_report": str(report)}
    python = runner.folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={broken.parent} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    if name.endswith("by_host"):
        path = runner.folder / "variables.json"
        path.write_text(json.dumps(variables))
        run = run_by_host(runner, inventory, name, "-e", f"@{path}", "--limit", "acme,globex")
        assert [row["outcome"] for row in json.loads(report.read_text())["rows"]] == ["failed", "failed"]
    else:
        run = playbook(name, **variables, freshservice_link_tenants=[{"domain": "acme", "origin_owner_id": "c"}])
    assert run.code == 2, run.output
    assert runner.emulator.requests() == []


def declared(inventory, **hosts):
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))


def owned_by(owner, **options):
    return {f"freshservice_link_{name}": value for name, value in {"origin_owner_id": owner, **options}.items()}


@pytest.mark.parametrize("arguments", [(), ("--check",), ("-e", "batch=1"), ("-e", "strategy_of_play=free")])
def test_two_hosts_for_one_account_are_refused_before_anything_is_done(runner, inventory, arguments):
    """Each run would point the account from one to the other."""
    declared(inventory, acme=owned_by("shared"), globex=owned_by("{{ 'sha' ~ 'red' }}"), initech=owned_by("alone"))
    book = runner.folder / "by_host.yml"
    play = yaml.safe_load((PLAYBOOKS / "link_by_host.yml").read_text())[0]
    play |= {"serial": "{{ batch | default(0) }}", "strategy": "{{ strategy_of_play | default('linear') }}"}
    book.write_text(yaml.safe_dump([play]))
    result = runner.ansible_playbook(
        str(book), "-i", str(inventory), "--vault-password-file", str(runner.folder / "password"), *arguments
    )
    assert result.code == 2
    assert "The hosts acme and globex mean the same account" in result.output
    assert runner.emulator.requests() == []


def test_two_hosts_for_one_account_whose_owner_is_a_variable_of_the_play(runner, inventory):
    """No host's own variables tell it."""
    declared(inventory, acme=None, globex=None)
    owner = {"freshservice_link_origin_owner_id": "{{ inventory_hostname[0:0] }}shared"}
    book = runner.folder / "by_host.yml"
    book.write_text(
        yaml.safe_dump([{**yaml.safe_load((PLAYBOOKS / "link_by_host.yml").read_text())[0], "vars": owner}])
    )
    result = runner.ansible_playbook(
        str(book), "-i", str(inventory), "--vault-password-file", str(runner.folder / "password")
    )
    assert result.code == 2
    assert "The hosts acme and globex mean the same account" in result.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("domain", ["acme", "globex"])
def test_a_host_that_moves_the_account_of_another_host_is_refused(runner, inventory, domain):
    """Whichever came first, the customer had two accounts in the end, or one that both hosts took for theirs."""
    before = runner.by_hand(origin_owner_id="before")
    moving = owned_by("after", previous_origin_owner_id="before", domain="acme")
    declared(inventory, moving=moving, other=owned_by("before", domain=domain))
    result = run_by_host(runner, inventory, "link_by_host")
    assert result.code == 2
    assert "The hosts moving and other mean the same account" in result.output
    assert [account["id"] for account in runner.emulator.accounts()] == [before["id"]]


def test_hosts_whose_values_are_spelled_differently(runner, inventory):
    """The play gives them, so that only the fact that the role notes knows them."""
    url, key = runner.emulator.stackone_url, runner.emulator.stackone_api_key
    declared(
        inventory,
        acme={"owner": 0, "url": f"{url}/", "key": "{{ lookup('env', 'STACKONE_API_KEY') }} "},
        globex={"owner": "0", "url": url.replace("http", "HTTP"), "key": None},
    )
    book = runner.folder / "by_host.yml"
    names = {"origin_owner_id": "owner", "stackone_url": "url", "stackone_api_key": "key"}
    play = yaml.safe_load((PLAYBOOKS / "link_by_host.yml").read_text())[0]
    play["vars"] = {f"freshservice_link_{option}": f"{{{{ {name} }}}}" for option, name in names.items()}
    book.write_text(yaml.safe_dump([play]))
    result = runner.ansible_playbook(
        *(str(book), "-i", str(inventory), "--vault-password-file", str(runner.folder / "password")),
        env={"STACKONE_API_KEY": key},
    )
    assert result.code == 2
    assert "The hosts acme and globex mean the same account" in result.output
    assert runner.emulator.requests() == []


def test_an_owner_with_two_domains_as_hosts(runner, inventory):
    both = owned_by("shared", allow_multiple=True)
    declared(inventory, acme=both, globex=both)
    assert recap(run_by_host(runner, inventory, "link_by_host")) == {"acme": (1, 0), "globex": (1, 0)}
    assert recap(run_by_host(runner, inventory, "link_by_host")) == {"acme": (0, 0), "globex": (0, 0)}
