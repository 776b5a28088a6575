# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: accounts as hosts, their names and groups, and how it is told the key."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from tests.integration.inventories import PASSWORD, PLUGIN, indented, listing, play, requests_of, source, vaulted
from tests.support.collection import ACCOUNT_INFO
from tests.support.five_accounts import CHOICES


def test_accounts_are_hosts(runner, accounts):
    freshservice = source(
        runner,
        keyed_groups=[{"key": "stackone_status", "prefix": "status"}, {"key": "stackone_type", "separator": ""}],
        groups={"nameless": "stackone_origin_username is none", "broken": "stackone_status != 'active'"},
        compose={"freshservice_link_account_id": "stackone_id", "upper": "stackone_domain | upper"},
    )
    hibob = source(runner, "z.stackone.yml", provider="HiBob", group="of hibob")
    found = listing(runner, freshservice, hibob)
    assert found.code == 0, found.output
    other = accounts["other"]["id"]
    # The second source knows that 4711 is another account's host already.
    names = {"customer-1_acme", "customer-1_globex", "customer-2", "4711", f"4711_{other}"}
    assert set(found.hosts) == names
    broken = accounts["broken"]
    assert found.hosts["customer-2"] == {
        "stackone_id": broken["id"], "stackone_provider": "freshservice", "stackone_status": "error",
        "stackone_status_reasons": ["The key was refused."], "stackone_origin_owner_id": "customer-2",
        "stackone_origin_owner_name": "customer-2", "stackone_origin_username": "two@mycompany.example",
        "stackone_label": "broken", "stackone_type": "production", "stackone_shared": None, "stackone_domain": "hooli",
        "stackone_created_at": broken["created_at"], "stackone_updated_at": broken["updated_at"],
        "freshservice_link_account_id": broken["id"], "upper": "HOOLI",
    }  # fmt: skip
    assert found.label_of("customer-1_globex") == "test"
    assert found.hosts[f"4711_{other}"]["stackone_domain"] is None
    assert found.group("stackone_accounts") == names - {f"4711_{other}"}
    assert found.group("of_hibob") == {f"4711_{other}"}
    assert found.group("status_error") == {"customer-2"}
    assert found.group("status_active") == {"customer-1_acme", "customer-1_globex"}
    assert found.group("test") == {"customer-1_globex"}
    assert found.group("broken") == {"customer-2", "4711"}
    assert found.group("nameless") == names - {"customer-2", f"4711_{other}"}
    assert requests_of(runner) == 2


OWN_CHOICES = [
    ({"origin_owner_ids": ["customer-2", 4711, "nobody"]}, ["broken", "off"]),
    ({"statuses": "error, inactive"}, ["broken", "off"]),
    ({"labels": "{{ wanted }}", "statuses": ["{{ ok }}", "error"]}, ["plain", "broken"]),
]


def test_accounts_are_chosen(runner, accounts):
    """Each choice is a source of its own, with a group that tells what it gave."""
    ids = [accounts["plain"]["id"], accounts["other"]["id"], "no-such-account"]
    choices = [*CHOICES, *OWN_CHOICES, ({"account_ids": ids}, ["plain"])]
    files = [
        source(runner, f"{number}.stackone.yml", hostnames=["id"], group=f"choice_{number}", **options)
        for number, (options, _names) in enumerate(choices)
    ]
    extra = ["-e", json.dumps({"wanted": ["plain", "broken"], "ok": "active"})]
    found = listing(runner, *files, args=extra)
    assert found.code == 0, found.output
    for number, (options, names) in enumerate(choices):
        given = {found.label_of(host) for host in found.group(f"choice_{number}")}
        assert given == set(names), (options, found.output)


def test_hosts_are_named_by_preference(runner, accounts):
    runner.emulator.change_account(accounts["off"]["id"], label=None)
    runner.emulator.change_account(accounts["test"]["id"], label="plain")
    sources = {
        "by_label": ["label", "domain"],
        "by_expression": ["stackone_origin_username.split('@')[0]", "nothing | default('')", "stackone_domain ~ '.x'"],
        "by_nothing": [],
        "by_extra": ["[prefix, stackone_domain] | join('-')"],
        "by_number": ["1 + 1"],
        "by_list": ["stackone_status_reasons", "status_reasons", "type"],
    }
    files = [
        source(runner, f"{group}.stackone.yml", group=group, hostnames=names, use_extra_vars=True)
        for group, names in sources.items()
    ]
    ids = {name: account["id"] for name, account in accounts.items()}
    found = listing(runner, *files, args=["-e", "prefix=p"])
    assert found.code == 0, found.output
    assert found.group("by_label") == {"plain_acme", "plain_globex", "broken", "initech"}
    assert found.group("by_expression") == {"acme.x", "globex.x", "two", "initech.x"}
    assert found.group("by_nothing") == {ids[name] for name in ("plain", "test", "broken", "off")}
    assert found.group("by_extra") == {"p-acme", "p-globex", "p-hooli", "p-initech"}
    assert found.group("by_number") == {"2_acme", "2_globex", "2_hooli", "2_initech"}
    assert found.group("by_list") == {"production_acme", "test", "production_hooli", "production_initech"}
    assert found.hosts["plain_globex"]["stackone_id"] == ids["test"]


NAMED_LIKE_GROUPS = {
    "keyed": {"keyed_groups": [{"key": "stackone_status", "prefix": "status"}]},
    "parent": {"keyed_groups": [{"key": "stackone_type", "parent_group": "{{ 'status_' ~ stackone_status }}"}]},
    "composed": {"groups": {"status_active": "stackone_status == 'active'", "status_error": True}},
    "main": {"group": "status_active"},
    "itself": {"keyed_groups": [{"key": "stackone_origin_owner_id", "separator": ""}]},
}


@pytest.mark.parametrize("options", NAMED_LIKE_GROUPS.values(), ids=NAMED_LIKE_GROUPS)
def test_no_customer_is_called_what_a_group_is(runner, options):
    """What a customer calls itself is no reason to have no inventory at all; only that host has another name."""
    key = runner.tenant_key("acme")
    owners = {"acme": "status_active", "globex": "status_error", "hooli": "customer-3"}
    # The group of the last one is not known before the others have their names.
    made = {
        domain: runner.emulator.add_account(origin_owner_id=owner, domain=domain, api_key=key)
        for domain, owner in owners.items()
    }
    runner.emulator.change_account(made["hooli"]["id"], status="error")
    found = listing(runner, source(runner, **options), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert found.code == 0, found.output
    assert "same name" not in found.words
    groups = set(found.data) - {"_meta"}
    assert not groups & set(found.hosts)
    assert {variables["stackone_origin_owner_id"] for variables in found.hosts.values()} == set(owners.values())
    for domain, owner in owners.items():
        (name,) = (name for name, variables in found.hosts.items() if variables["stackone_domain"] == domain)
        assert name == (f"{owner}_{domain}" if owner in groups else owner)


def test_the_key_comes_in_every_way(runner, accounts, tmp_path_factory):
    key = runner.emulator.stackone_api_key
    clear = tmp_path_factory.mktemp("clear")
    (clear / "password").write_text(PASSWORD)
    (clear / "vault.yml").write_text(vaulted(yaml.safe_dump({"vault_key": key})))
    inline = yaml.safe_dump({"inline_key": "PLACE"}).replace("PLACE", "!vault |\n" + indented(vaulted(key)))
    (clear / "inline.yml").write_text(inline)
    by_file = source(runner, "file.stackone.yml", group="by_file", stackone_api_key="{{ vault_key }}")
    by_inline = source(runner, "inline.stackone.yml", group="by_inline", stackone_api_key="PLACE")
    by_inline.write_text(by_inline.read_text().replace("PLACE", "!vault |\n" + indented(vaulted(f" {key}\n"))))
    by_variable = source(runner, "variable.stackone.yml", group="by_variable", stackone_api_key="{{ inline_key }}")
    lookups = {
        "stackone_api_key": "{{ lookup('ansible.builtin.env', 'OTHER_KEY') }}",
        "stackone_url": "{{ lookup('env', 'OTHER_URL') }}",
        "timeout": "{{ 2 * 15 }}",
    }
    by_lookup = source(runner, "lookup.stackone.yml", group="by_lookup", **lookups)
    by_env = source(runner, "env.stackone.yml", group="by_env", stackone_api_key=None)
    clear_text = source(runner, "clear.stackone.yml", group="clear", stackone_api_key=key)
    runner.secret_files.add(clear_text)
    args = ["--vault-password-file", f"{clear}/password", "-e", f"@{clear}/vault.yml", "-e", f"@{clear}/inline.yml"]
    # ansible-inventory itself shows extra variables with those of each host.
    runner.secret_files.add(runner.folder / "inventory.json")
    files = [by_file, by_inline, by_variable, by_lookup, clear_text]
    env = {"STACKONE_API_KEY": "v1.eu1.wrong", "OTHER_KEY": key, "OTHER_URL": runner.emulator.stackone_url}
    found = listing(runner, *files, args=args, **env)
    assert found.code == 0, found.output
    for group in ("by_file", "by_inline", "by_variable", "by_lookup", "clear"):
        assert len(found.group(group)) == 4, (group, found.output)
    assert len(listing(runner, by_env).group("by_env")) == 4


def test_the_pace_is_kept_and_repetitions_are_told(runner, accounts):
    ids = [account["id"] for account in accounts.values()]
    runner.emulator.fault(service="stackone", path=f"/accounts/{sorted(ids)[0]}", status=503, call=1)
    found = listing(runner, source(runner, account_ids=ids, requests_per_minute=600))
    assert len(found.hosts) == 4
    assert "Repeated 1 request (GET /stackone/accounts/" in found.words
    times = [row["time"] for row in runner.emulator.requests(caller="client")]
    assert len(times) == 6
    # The next is sent 100 ms after an answer, and the emulator notes the time before it answers.
    assert min(later - earlier for earlier, later in zip(times, times[1:])) > 0.09


def test_mending_what_is_broken(runner, accounts):
    """As in the plugin's examples: the accounts in error as a pattern, and as hosts for the role."""
    inventory = source(
        runner,
        "accounts.yml",
        hostnames=["domain"],
        keyed_groups=[{"key": "stackone_status", "prefix": "status"}],
        compose={
            "freshservice_link_account_id": "stackone_id",
            "freshservice_link_domain": "stackone_domain",
            "freshservice_link_origin_owner_id": "stackone_origin_owner_id",
        },
    )
    names = ("stackone_api_key", "stackone_url")
    connection = {name: f"{{{{ lookup('env', '{name.upper()}') }}}}" for name in names}
    look = {ACCOUNT_INFO: {"account_ids": ["{{ stackone_id }}"], **connection}, "register": "now"}
    tell = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is {{ now.accounts[0].status }}"}}
    link = {
        "ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"},
        "vars": {
            "freshservice_link_api_key": "{{ freshservice_link_api_keys[stackone_domain] }}",
            **{f"freshservice_link_{name}": value for name, value in connection.items()},
            "freshservice_link_freshservice_url": runner.emulator.freshservice_url,
        },
    }
    keys = runner.folder / "keys.json"
    keys.write_text(json.dumps({"freshservice_link_api_keys": {"hooli": runner.tenant_key("hooli")}}))
    runner.secret_files.add(keys)
    tasks = [look, tell, link, look, tell]
    run = play(runner, inventory, {"hosts": "status_error", "tasks": tasks}, args=["-e", f"@{keys}"])
    assert run.code == 0, run.output
    assert "hooli is error" in run.output
    assert "hooli is active" in run.output
    assert not any(f"{host} is " in run.output for host in ("acme", "globex", "initech"))
    assert runner.emulator.account(accounts["broken"]["id"])["status"] == "active"
    assert len(runner.emulator.accounts()) == 5


def test_it_is_documented(runner):
    command = [sys.executable, "-m", "ansible", "doc", "-t", "inventory", "--json", PLUGIN]
    process = subprocess.run(command, env=runner.environment(), capture_output=True, text=True, check=True)
    options = json.loads(process.stdout)[PLUGIN]["doc"]["options"]
    assert {"hostnames", "group", "stackone_api_key", "keyed_groups", "strict", "cache_plugin"} <= set(options)
