# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a run: how many tasks, the block in the end, and what fails alone."""

from __future__ import annotations

import csv
import json
import re

import pytest
import yaml

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import plain_files as _plain_files
from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import PATCH, headers, recap, run_by_host

NAMES = ("acme", "globex", "initech", "umbrella")
DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in NAMES]
GOOD = DECLARED[:2]
HEADER = "domain,origin_owner_id,label\n"
BECOME = {
    **{"ANSIBLE_BECOME": "true", "ANSIBLE_BECOME_USER": "nobody"},
    **{"ANSIBLE_BECOME_METHOD": "su", "ANSIBLE_BECOME_EXE": "/bin/false"},
}
"""A site on which every task becomes another user, and cannot."""


def block(run):
    """The lines of the last message that is a list."""
    return json.loads("[" + re.findall(r'"msg": \[\n(.*?)\n    \]', run.output, re.DOTALL)[-1] + "]")


def rows_of(path):
    with path.open(newline="") as file:
        return {row["domain"]: row for row in csv.DictReader(file)}


def test_a_good_run_shows_at_most_six_tasks(runner, playbook):
    report = {"freshservice_link_report": str(runner.folder / "run.html"), "freshservice_link_tenants": GOOD}
    for name, more in (
        ("link", {}),
        ("verify", {}),
        ("report", {}),
        ("rotate", {"freshservice_link_new_api_keys": {"acme": runner.tenant_key("acme")}}),
    ):
        path = runner.folder / "more.json"
        path.touch(mode=0o600)
        runner.secret_files.add(path)
        path.write_text(json.dumps(more))
        run = playbook(name, "-e", f"@{path}", quiet=True, **report)
        assert run.code == 0, run.output
        assert 0 < len(headers(run)) <= 6, headers(run)


def test_a_good_run_by_host_shows_at_most_seven_tasks(runner, inventory):
    for name in ("link_by_host", "verify_by_host", "unlink"):
        run = run_by_host(runner, inventory, name, "--limit", "acme,globex", quiet=True)
        assert run.code == 0, run.output
        assert 0 < len([header for header in headers(run) if "Ask for a limit" not in header]) <= 7, headers(run)


def test_a_failed_run_ends_with_one_block(runner, playbook):
    report = runner.folder / "run.csv"
    run = playbook("link", quiet=True, freshservice_link_tenants=DECLARED, freshservice_link_report=str(report))
    counts, initech, umbrella, where = block(run)
    assert counts.startswith("4 tenants: 2 linked, 0 re-linked, 0 updated, 0 unlinked, 0 as declared, 2 failed; ")
    assert initech.startswith("initech (owner customer-initech): Freshservice refused the API key")
    assert umbrella.startswith("umbrella (owner customer-umbrella): the Freshservice tenant is suspended.")
    assert where == f"Report written to {report}"
    assert run.output.count("tenant is suspended") == 1
    assert recap(run)["localhost"] == (1, 1)
    # What ends the play is one line.
    assert '"msg": "2 of 4 tenants failed: the lines above say why."' in run.output


def test_who_had_no_turn_does_not_bury_who_failed(runner, playbook):
    unsound = {"domain": "more", "origin_owner_id": "customer-more", "verify_key": "perhaps"}
    report = runner.folder / "run.json"
    options = {"freshservice_link_stop_after_failures": 1, "freshservice_link_report": str(report)}
    run = playbook("link", quiet=True, freshservice_link_tenants=[unsound, *GOOD], **options)
    assert ", 1 failed, 2 not started; " in block(run)[0]
    assert "this tenant was not started" not in run.output
    assert "1 of 3 tenants failed, 2 were not started: the lines above say why." in run.output
    document = json.loads(report.read_text())
    assert document["totals"] == {"tenants": 3, "changed": 0, "failed": 1, "not_started": 2}
    assert {row["domain"]: row["outcome"] for row in document["rows"]} == {
        "more": "failed",
        "acme": "not started",
        "globex": "not started",
    }


def test_a_key_that_is_missing_is_asked_for_where_it_belongs(runner, playbook):
    """The dictionary holds one under a name that is nearly the tenant's, and one whose name is a key."""
    swapped, path = "Zk3Lm9Qw8Er7Ty6Ui5Op", runner.folder / "keys.json"
    runner.known.add(swapped)
    runner.secret_files.add(path)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"freshservice_link_api_keys": {"acmee": "a-key-0815-0815", swapped: "globex"}}))
    run = playbook("link", "-e", f"@{path}", quiet=True, freshservice_link_tenants=GOOD)
    text = "\n".join(block(run))
    assert "no API key is declared. Set the key in freshservice_link_api_keys['acme']" in text
    assert "There is an unused key for acmee: did you mean that one?" in text
    assert "holds keys that no tenant of the list uses: acmee, entry 2 (are its name and key swapped?)." in text


def test_a_forgotten_vault_is_asked_for(runner):
    path = runner.folder / "variables.json"
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    path.write_text(json.dumps({"freshservice_link_tenants": GOOD, **urls}))
    book = str(PLAYBOOKS / "link.yml")
    run = runner.ansible_playbook(book, "-e", f"@{path}", quiet=True)
    assert run.code == 2
    assert "StackOne's API key is missing. Set freshservice_link_stackone_api_key in a file" in run.output
    assert "missing required arguments" not in run.output
    assert "but not read" not in run.output
    near = runner.ansible_playbook(book, "-e", f"@{path}", "-e", "vault_stackone_api_key=x", quiet=True)
    assert (
        "vault_stackone_api_key is set, but not read: if it is the one, give freshservice_link_stackone_api_key its value."
        in near.output
    )


def test_a_failure_that_a_filter_hands_on_has_a_code(runner, playbook):
    """Whoever reads the result gets what a person gets."""
    path = runner.folder / "tenants.csv"
    path.write_text("domain,lable\n")
    book = runner.folder / "code.yml"
    role = {"name": "tenantlink.stackone.freshservice_link"}
    shown = {"debug": {"msg": "{{ freshservice_link_result.failure.code }}"}}
    tasks = [{"block": [{"include_role": role}], "rescue": [shown]}]
    book.write_text(
        yaml.safe_dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}])
    )
    run = runner.ansible_playbook(str(book), "-e", f"freshservice_link_tenants_file={path}", quiet=True)
    assert '"msg": "invalid_argument"' in run.output


def test_a_row_that_cannot_be_understood_fails_alone(runner, playbook):
    path = runner.folder / "tenants.csv"
    path.write_text(HEADER + "acme,customer-acme,Acme, Inc.\nglobex,customer-globex,x\n")
    run = playbook("link", quiet=True, freshservice_link_tenants_file=str(path))
    assert run.code == 2
    assert block(run)[1] == (
        "entry 1, line 2: there is a value in column 4, which the header in line 1 does not name. Put a value that holds a comma in"
        " double quotes. Correct it, then run again."
    )
    assert set(runner.linked()) == {"customer-globex"}
    runner.by_hand("acme", origin_owner_id="customer-acme", origin_owner_name="customer-acme")
    purge = {"freshservice_link_purge": True, "freshservice_link_purge_limit": 1}
    assert playbook("link", quiet=True, freshservice_link_tenants_file=str(path), **purge).code == 2
    assert "customer-acme" in runner.linked()


def test_keys_of_close_names_are_not_confused(runner, playbook):
    listed = [{"domain": "acmf", "origin_owner_id": "customer-new"}, *GOOD]
    text = "\n".join(block(playbook("link", quiet=True, freshservice_link_tenants=listed)))
    assert "acmf" in text
    assert "did you mean" not in text


def test_what_is_somebodys_own_or_a_result_is_no_misspelling(runner, playbook):
    own = {"freshservice_link_colour": "red", "freshservice_link_own_variables": ["freshservice_link_colour"]}
    assert playbook("verify", freshservice_link_tenants=GOOD, **own).code == 0
    twice = runner.folder / "twice.yml"
    imported = {"import_role": {"name": "tenantlink.stackone.freshservice_link", "tasks_from": "verify"}}
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    twice.write_text(yaml.safe_dump([{**local, "tasks": [imported, imported]}]))
    path = runner.folder / "variables.json"
    path.write_text(json.dumps({"freshservice_link_tenants": [], "freshservice_link_report": []}))
    assert runner.ansible_playbook(str(twice), "-e", f"@{path}").code == 0


def test_an_empty_list_is_told_of(runner, playbook):
    path = runner.folder / "tenants.csv"
    path.write_text("domain,origin_owner_id\n")
    run = playbook("link", quiet=True, freshservice_link_tenants_file=str(path))
    assert run.code == 0
    assert block(run) == ["The list holds no tenant, so nothing was done."]


EMPTY = (
    *("tenants_file", "api_keys_file", "report", "report_title", "fingerprints", "account_type", "update_credentials"),
    *("domain", "state", "own_variables", "wait", "wait_interval", "admin_api_keys", "label", "proxy"),
)


def test_an_empty_text_means_not_set(runner, playbook):
    """So a survey sends what nobody filled in."""
    empty = {
        f"freshservice_link_{name}": "" for name in EMPTY if name not in ("account_type", "update_credentials", "proxy")
    }
    run = playbook("link", **{**empty, "freshservice_link_tenants": GOOD})
    assert run.code == 0, run.output
    assert set(runner.linked()) == {"customer-acme", "customer-globex"}


def test_an_account_that_moved_has_a_line_of_its_own(runner, playbook):
    runner.by_hand("globex", origin_owner_id="customer-acme", origin_owner_name="customer-acme")
    check = playbook("link", "--check", quiet=True, freshservice_link_tenants=GOOD[:1])
    assert "acme (owner customer-acme): would be moved from the domain globex to acme." in block(check)
    run = playbook("link", quiet=True, freshservice_link_tenants=GOOD[:1])
    assert "acme (owner customer-acme): moved from the domain globex to acme." in block(run)


def test_keys_in_clear_are_warned_of(runner, playbook):
    plain, sealed = runner.folder / "plain.csv", runner.folder / "sealed.csv"
    runner.secret_files.add(plain)
    text = "domain,api_key\n" + "".join(f"{domain},{key}\n" for domain, key in runner.keys.items())
    plain.touch(mode=0o600)
    plain.write_text(text)
    runner.encrypt(sealed, text)
    warned = playbook("link", quiet=True, freshservice_link_tenants=GOOD, freshservice_link_api_keys_file=str(plain))
    assert f"Warning: {plain} contains unencrypted API keys. Encrypt it: ansible-vault encrypt {plain}" in block(warned)
    variables = runner.folder / "plain.yml"
    runner.secret_files.add(variables)
    variables.touch(mode=0o600)
    variables.write_text(yaml.safe_dump({"freshservice_link_api_keys": runner.keys}))
    told = playbook("link", "-e", f"@{variables}", quiet=True, freshservice_link_tenants=GOOD)
    # Before ansible-core 2.19 nothing says where a variable comes from.
    assert (f"Warning: {variables} contains unencrypted API keys." in told.output) == (_plain_files._tags is not None)
    silent = playbook("link", quiet=True, freshservice_link_tenants=GOOD, freshservice_link_api_keys_file=str(sealed))
    assert "unencrypted" not in silent.output


@pytest.mark.parametrize("book", ["link", "verify", "report", "rotate", "auth_links"])
def test_a_become_of_the_whole_site_is_not_for_tenants(runner, playbook, book):
    """It would need rights on this machine that nobody has: here nothing can be run with it."""
    more = {
        "report": {"freshservice_link_report": str(runner.folder / "report.csv")},
        "rotate": {"freshservice_link_new_api_keys_file": str(runner.folder / "new.csv")},
        "auth_links": {"freshservice_link_auth_links_file": str(runner.folder / "links.csv")},
    }
    runner.encrypt(runner.folder / "new.csv", f"domain,api_key\nacme,{runner.tenant_key('acme')}\n")
    runner.secret_files.add(runner.folder / "links.csv")
    run = playbook(book, env=BECOME, freshservice_link_tenants=GOOD, **more.get(book, {}))
    assert run.code == 0, run.output


def test_a_become_in_the_variables_is_not_for_tenants_either(runner, playbook):
    inventory = runner.folder / "site.yml"
    hosts = {"hosts": {"localhost": {name.lower(): value for name, value in BECOME.items()}}}
    inventory.write_text(yaml.safe_dump({"all": hosts}))
    run = playbook("link", "-i", str(inventory), freshservice_link_tenants=GOOD)
    assert run.code == 0, run.output


@pytest.mark.parametrize("book", ["link_by_host", "verify_by_host", "unlink"])
def test_a_become_of_the_whole_site_is_not_for_hosts(runner, inventory, book):
    run = run_by_host(runner, inventory, book, "--limit", "acme,globex", env=BECOME)
    assert run.code == 0, run.output


HOSTS = {
    "acme": {}, "globex": {}, "initech": {}, "nokey": {"freshservice_link_api_key": ""},
    "undefined": {"freshservice_link_api_key": "{{ there_is_no_such_variable }}"},
    "misspelt": {"freshservice_link_lable": "x"},
    "away": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
}  # fmt: skip
WITHOUT_KEY = {"freshservice_link_origin_owner_id": "customer-acme", "freshservice_link_api_key": ""}
OUTCOMES = {
    "acme": "linked",
    "globex": "linked",
    **dict.fromkeys(("initech", "nokey", "undefined", "misspelt", "away"), "failed"),
}


def test_a_host_whose_account_works_needs_no_key(runner, inventory):
    runner.by_hand("acme", label="Old")
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": {"acme": WITHOUT_KEY}}}))
    checked = run_by_host(runner, inventory, "verify_by_host")
    assert (checked.code, recap(checked)) == (0, {"acme": (0, 0)}), checked.output
    assert "acme: no key is declared, so none was checked" in checked.output
    path = runner.folder / "hosts.csv"
    linked = run_by_host(
        runner, inventory, "link_by_host", "-e", "freshservice_link_label=New", "-e", f"freshservice_link_report={path}"
    )
    assert recap(linked) == {"acme": (1, 0)}, linked.output
    assert rows_of(path)["acme"]["outcome"] == "updated"
    assert rows_of(path)["acme"]["verdict"] == "no key declared"
    assert runner.changing() == [PATCH]


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_every_host_is_in_the_report_whatever_the_strategy(runner, inventory, strategy):
    """Also those that fail before the module runs, or cannot be reached."""
    hosts = {name: {"freshservice_link_origin_owner_id": f"customer-{name}", **own} for name, own in HOSTS.items()}
    keys = dict.fromkeys(HOSTS, "some-key-12345") | {name: runner.tenant_key(name) for name in ("acme", "globex")}
    runner.encrypt(
        inventory / "group_vars" / "tenants" / "vault.yml",
        yaml.safe_dump(
            {"vault_stackone_api_key": runner.emulator.stackone_api_key, "vault_freshservice_api_keys": keys}
        ),
    )
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
    path = runner.folder / "hosts.csv"
    run = run_by_host(
        runner, inventory, "link_by_host", "-e", f"freshservice_link_report={path}", env={"ANSIBLE_STRATEGY": strategy}
    )
    assert run.code == 2
    assert {domain: row["outcome"] for domain, row in rows_of(path).items()} == OUTCOMES
    assert {host for host, (_changed, failed) in recap(run).items() if failed} == set(OUTCOMES) - {"acme", "globex"}
    assert "misspelt: The role has no variable freshservice_link_lable" in run.output
    assert (
        "nokey: this tenant has no account yet, but no API key is declared. Set freshservice_link_api_key for this host"
        in run.output
    )


def test_a_report_grows_with_each_batch(runner, inventory):
    book, path = runner.folder / "by_host.yml", runner.folder / "hosts.csv"
    play = {**yaml.safe_load((PLAYBOOKS / "link_by_host.yml").read_text())[0], "serial": 1, "max_fail_percentage": 100}
    book.write_text(yaml.safe_dump([play]))
    password = str(runner.folder / "password")
    runner.ansible_playbook(
        *(str(book), "-i", str(inventory), "--vault-password-file", password, "--limit", "acme,initech,globex"),
        *("-e", f"freshservice_link_report={path}"),
    )
    outcomes = {domain: row["outcome"] for domain, row in rows_of(path).items()}
    assert outcomes == {"acme": "linked", "globex": "linked", "initech": "failed"}
