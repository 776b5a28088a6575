# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tenants as users run them: playbooks/link.yml with a list, a CSV or JSON; progress; slices of an inventory."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
import threading

import pytest

from tests.emulator.handle import Emulator
from tests.support.collection import LINKS, PLAYBOOKS
from tests.support.playbook_runner import PlaybookRunner, actions, recap

DECLARED = [
    {"domain": "acme", "origin_owner_id": "customer-acme", "origin_owner_name": 'Acme, "Inc."'},
    {"domain": "globex", "origin_owner_id": "customer-globex", "label": "Desk {{ 1 + 1 }}"},
]


def labels(runner):
    return {account["origin_owner_id"]: account["label"] for account in runner.emulator.accounts()}


def test_a_list_of_tenants(runner, link):
    first = link(freshservice_link_tenants=DECLARED, freshservice_link_label="For all")
    assert first.code == 0
    assert recap(first) == {"localhost": (1, 0)}
    assert "2 tenants: 2 linked, 0 re-linked, 0 updated, 0 unlinked, 0 as declared; " in first.output
    # What looks like Jinja is text: only Ansible's own templating of variables files has touched it.
    assert labels(runner) == {"customer-acme": "For all", "customer-globex": "Desk 2"}
    again = link(freshservice_link_tenants=DECLARED, freshservice_link_label="For all")
    assert recap(again) == {"localhost": (0, 0)}
    assert "2 as declared" in again.output


def cached(runner):
    """What is in the user's cache folder."""
    return list((runner.home / ".cache").rglob("*.json"))


def test_a_list_is_remembered_in_the_users_cache(runner, link):
    """So the second run asks for nothing but the listing."""
    run = link(freshservice_link_tenants=DECLARED)
    (path,) = cached(runner)
    assert path.parent.name == "tenantlink.stackone"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert f'"fingerprints": "{path}"' in run.output
    asked = len(runner.emulator.requests(path="/connect_sessions"))
    assert recap(link(freshservice_link_tenants=DECLARED)) == {"localhost": (0, 0)}
    assert len(runner.emulator.requests(path="/connect_sessions")) == asked
    assert cached(runner) == [path]


@pytest.mark.parametrize("variables", [{"freshservice_link_fingerprints": off} for off in (False, "false", 0, "n")])
def test_who_wants_no_cache_gets_none(runner, link, variables):
    assert link(freshservice_link_tenants=DECLARED, **variables).code == 0
    assert cached(runner) == []


def test_check_mode_makes_no_cache(runner, link):
    assert link("--check", freshservice_link_tenants=DECLARED).code == 0
    assert not (runner.home / ".cache").exists()


def test_an_unset_survey_answer_is_the_default(runner, link):
    assert link(freshservice_link_tenants=DECLARED, freshservice_link_fingerprints="").code == 0
    assert len(cached(runner)) == 1


def test_a_cache_that_cannot_be_made_only_costs_requests(runner, link):
    (runner.home / ".cache").write_text("not a folder")
    run = link(freshservice_link_tenants=DECLARED)
    assert recap(run) == {"localhost": (1, 0)}
    assert "fingerprints could not be written to" in run.output


def test_progress_leaves_standard_output_to_the_callback(runner, link):
    """And who wants none gets none. The host hangs for longer than it takes until progress is first shown."""
    link(freshservice_link_tenants=DECLARED)
    for shown in (True, False):
        runner.emulator.fault(service="freshservice", domain="acme", delay_ms=8000, call=1)
        variables = {"freshservice_link_progress": shown, "freshservice_link_tenants": DECLARED}
        command = [sys.executable, "-m", "ansible", "playbook", str(PLAYBOOKS / "link.yml")]
        command += ["-e", json.dumps(variables)]
        for file in ("variables.json", "vault.yml"):
            command += ["-e", f"@{runner.folder / file}"]
        command += ["--vault-password-file", str(runner.folder / "password")]
        env = runner.environment({"ANSIBLE_STDOUT_CALLBACK": "as_json"})
        run = subprocess.run(command, cwd=runner.here, env=env, capture_output=True, text=True, check=True)
        assert json.loads(run.stdout) == {"hosts": ["localhost"]}
        assert ("1/2  1 ok" in run.stderr) is shown


def test_relative_fingerprints_are_where_the_user_is(runner, link):
    assert link(freshservice_link_tenants=DECLARED, freshservice_link_fingerprints="fingerprints.json").code == 0
    assert (runner.here / "fingerprints.json").exists()


def test_a_csv_file(runner, link):
    path = runner.folder / "tenants.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["domain", "origin_owner_id", "origin_owner_name", "label"])
        writer.writeheader()
        writer.writerows(DECLARED)
    result = link(freshservice_link_tenants_file=str(path))
    assert result.code == 0
    assert labels(runner) == {"customer-acme": None, "customer-globex": "Desk {{ 1 + 1 }}"}
    names = {account["origin_owner_name"] for account in runner.emulator.accounts()}
    assert names == {'Acme, "Inc."', "customer-globex"}


def test_a_json_file(runner, link):
    path = runner.folder / "tenants.json"
    path.write_text(json.dumps(DECLARED))
    assert link(freshservice_link_tenants_file=str(path)).code == 0
    assert labels(runner) == {"customer-acme": None, "customer-globex": "Desk {{ 1 + 1 }}"}


def test_keys_from_an_encrypted_csv(runner, link):
    path = runner.folder / "keys.csv"
    runner.encrypt(path, "domain,api_key\n" + "".join(f"{domain},{key}\n" for domain, key in runner.keys.items()))
    files = {"freshservice_link_api_keys_file": str(path)}
    result = link("-e", "freshservice_link_api_keys=", freshservice_link_tenants=DECLARED, **files)
    assert result.code == 0
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}


def test_keys_that_are_missing_from_a_file_are_asked_for_there(runner, link):
    path = runner.folder / "keys.csv"
    runner.encrypt(path, f"domain,api_key\nacmee,{runner.keys['acme']}\nglobex,{runner.keys['globex']}\n")
    result = link(freshservice_link_tenants=DECLARED, freshservice_link_api_keys_file=str(path))
    assert result.code == 2
    assert (
        f"Add the key to {path} (freshservice_link_api_keys_file), for 'acme'. There is an unused key for acmee"
        in result.output
    )
    assert "freshservice_link_api_keys_file holds keys that no tenant of the list uses: acmee." in result.output


def test_check_mode(runner, link):
    check = link("--check", freshservice_link_tenants=DECLARED)
    assert recap(check) == {"localhost": (1, 0)}
    assert "acme (owner customer-acme): linked" in check.output
    assert runner.emulator.accounts() == []
    assert runner.changing() == []


def test_failed_tenants_are_named_and_the_others_linked(runner, link):
    broken = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("initech", "umbrella", "keyless")]
    result = link(freshservice_link_tenants=[*broken, *DECLARED])
    assert result.code == 2
    assert recap(result) == {"localhost": (1, 1)}
    assert "umbrella (owner customer-umbrella): the Freshservice tenant is suspended." in result.output
    assert (
        "keyless (owner customer-keyless): this tenant has no account yet, but no API key is declared." in result.output
    )
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}


def test_of_very_many_failures_the_first_are_named(runner, link):
    keyless = [{"domain": f"keyless{number}", "origin_owner_id": f"customer-{number}"} for number in range(53)]
    result = link(freshservice_link_tenants=keyless)
    assert "keyless49 (owner customer-49): this tenant has no account yet" in result.output
    assert "... and 3 more failed: set freshservice_link_report" in result.output


def test_purge(runner, link):
    link(freshservice_link_tenants=DECLARED)
    result = link(freshservice_link_tenants=DECLARED[:1], freshservice_link_purge=True, freshservice_link_purge_limit=1)
    assert result.code == 0
    assert "1 unlinked, 1 as declared" in result.output
    assert set(runner.linked()) == {"customer-acme"}


def test_a_purge_within_its_scope(runner, link):
    ours, theirs = runner.by_hand("initech", label="CRM"), runner.by_hand("hooli", label="HR")
    purge = {"freshservice_link_purge": True, "freshservice_link_purge_limit": 1}
    done = link(freshservice_link_tenants=DECLARED[:1], **purge, freshservice_link_purge_scope={"labels": ["CRM"]})
    assert done.code == 0, done.output
    assert set(labels(runner)) == {"customer-acme", theirs["origin_owner_id"]}
    assert ours["origin_owner_id"] not in labels(runner)


def test_only_some_and_never_others(runner, playbook, link):
    assert link(freshservice_link_tenants=DECLARED).code == 0
    stranger = runner.by_hand("initech")
    renamed = [{**tenant, "label": "New"} for tenant in DECLARED]
    some = {"freshservice_link_tenants": renamed, "freshservice_link_only": "Globex.freshservice.com"}
    purged = link(**some, freshservice_link_purge=True, freshservice_link_purge_limit=9)
    assert purged.code == 0, purged.output
    assert "1 tenant: 0 linked, 0 re-linked, 1 updated" in purged.output
    assert labels(runner) == {"customer-acme": None, "customer-globex": "New", stranger["origin_owner_id"]: None}
    event = {"accounts": [{"origin_owner_id": "customer-acme"}]}
    assert "nothing" in playbook("heal", **some, freshservice_link_event=event).output.lower()
    runner.emulator.clear_requests()
    unknown = link(**{**some, "freshservice_link_only": ["globex", "acmee"]})
    assert unknown.code == 2
    assert (
        "freshservice_link_only: no tenant of the list has the domain or owner acmee (did you mean acme?)"
        in unknown.output
    )
    assert runner.emulator.requests() == []


def test_only_is_for_lists(runner, playbook, inventory):
    refused = playbook("link_by_host", "-i", str(inventory), freshservice_link_only="acme")
    assert refused.code == 2
    assert "Tenants as hosts are selected with --limit" in refused.output
    assert runner.emulator.requests() == []


def test_without_tenants_it_says_what_to_give(runner, link):
    result = link()
    assert result.code == 2
    assert "Name the tenants: -e @tenants.yml" in result.output
    assert runner.emulator.requests() == []


def test_progress_is_shown(runner):
    """Twelve seconds of work, so that even the slowest machine is still at it when the first line is due."""
    runner.emulator.fault(service="freshservice", caller="client", delay_ms=6000)
    run = runner.play(runner.bulk(runner.tenants("acme", "globex"), concurrency=1), module=LINKS)
    assert actions(run.results[0]) == ["create", "create"]
    assert "1/2  1 ok  1 changed  0 failed" in run.output
    assert "2/2  2 ok  2 changed  0 failed" in run.output
    assert not list(runner.temporary.rglob("progress.json*"))


def test_nothing_is_shown_where_a_run_is_short_or_its_progress_goes_elsewhere(runner):
    path = runner.folder / "progress.json"
    run = runner.play(runner.bulk(runner.tenants("acme"), progress_path=str(path)), module=LINKS)
    assert "1/1  1 ok" not in run.output
    assert json.loads(path.read_text())["done"] == 1


def test_async(runner):
    """Started in the background, the module runs without anybody watching."""
    options = runner.bulk(runner.tenants("acme"))
    task = {LINKS: {name: f"{{{{ options.{name} }}}}" for name in options}, "async": 60, "poll": 1}
    env = {"ANSIBLE_ASYNC_DIR": str(runner.folder / "async")}
    run = runner.run_tasks(task, secret={"options": options}, env=env)
    assert recap(run) == {"localhost": (1, 0)}, run.output
    assert set(runner.linked()) == {"customer-acme"}


HOSTS = [f"t{serial:05d}" for serial in range(1, 13)]
QUOTA = 60
WINDOW = 6


def run_slice(runner, number, hosts, requests_per_minute, forks):
    """One job of a sliced job template: its own process, its own inventory."""
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "freshservice_link_requests_per_minute": requests_per_minute,
        **{f"freshservice_link_{name}": value for name, value in runner.connection().items()},
    }
    declared = {
        host: {"freshservice_link_api_key": runner.keys[host], "freshservice_link_origin_owner_id": f"customer-{host}"}
        for host in hosts
    }
    path = runner.folder / f"slice-{number}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"tenants": {"hosts": declared, "vars": variables}}))
    runner.secret_files.add(path)
    return runner.run_job(PLAYBOOKS / "link_by_host.yml", inventory=str(path), forks=forks).status


@pytest.mark.parametrize("slices", [1, 4])
def test_slices_of_an_inventory_share_the_quota(tmp_path, slices):
    """Cut as AWX cuts it, hosts[i-1::N], and run at the same time: 4 modules at once in any case."""
    forks = 4 // slices
    with Emulator("--tenants", "12", "--stackone-rpm", str(QUOTA), "--stackone-window-s", str(WINDOW)) as emulator:
        runner = PlaybookRunner(emulator, tmp_path)
        share = QUOTA * 60 // WINDOW // 4
        statuses = {}

        def work(number):
            statuses[number] = run_slice(runner, number, HOSTS[number - 1 :: slices], share, forks)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, slices + 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses.values()) == {"successful"}
        assert runner.linked() == {f"customer-{host}": host for host in HOSTS}
        assert len(emulator.accounts()) == len(HOSTS)
        assert emulator.requests(status=429) == []
        runner.assert_no_secret()
        runner.close()
