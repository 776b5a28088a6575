# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: accounts as hosts, by real ansible-inventory and ansible-playbook runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.emulator.handle import Emulator
from tests.integration.house import COLLECTIONS

PLUGIN = "tenantlink.stackone.accounts"
PASSWORD = "Vault-password 42"
RUN = str(7919 * 7907)
"""What hostile texts would become if they were run as templates."""
MANY = 5000
KEY_OF_MANY = "AKeyThatManyAccountsStore"


@dataclass
class Listing:
    """What one ansible-inventory run gave: hosts with their variables, and groups with their hosts."""

    code: int
    output: str
    data: dict[str, Any]

    @property
    def words(self) -> str:
        """The output as if it were one line: before ansible-core 2.19 warnings are wrapped."""
        return " ".join(self.output.split())

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        return self.data.get("_meta", {}).get("hostvars", {})

    def group(self, name: str) -> set[str]:
        """The hosts of a group; a group without any is not listed."""
        return set(self.data.get(name, {}).get("hosts", []))

    def label_of(self, name: str) -> str:
        """The label of the account that a host is: tests know accounts by it."""
        return self.hosts[name]["stackone_label"]


def shown(value):
    """A value as it is, without the mark that ansible-inventory shows on texts that could be run, which no others have."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            assert re.search(r"[][{}|()]|^#", value["__ansible_unsafe"]), value
            return value["__ansible_unsafe"]
        return {name: shown(each) for name, each in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


def source(house, name="stackone.yml", **options):
    """An inventory file, in a folder of its own, so that nothing else is beside it."""
    folder = house.folder / "inventories"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(yaml.safe_dump({"plugin": PLUGIN, "retries": 1, **options}))
    return path


def environment(house, **env):
    connection = {"STACKONE_API_KEY": house.emulator.stackone_api_key, "STACKONE_URL": house.emulator.stackone_url}
    return {name: value for name, value in {**connection, **env}.items() if value is not None}


def listing(house, *sources, args=(), show=("--list",), **env):
    """Run ansible-inventory as verbosely as it can, then search everything it left for secrets."""
    output = house.folder / "inventory.json"
    output.unlink(missing_ok=True)
    files = [argument for each in sources for argument in ("-i", str(each))]
    command = [sys.executable, "-m", "ansible", "inventory", *files, *show, "-vvvv", "--output", str(output), *args]
    process = subprocess.run(
        command,
        cwd=house.folder,
        env=house.environment(environment(house, **env)),
        capture_output=True,
        text=True,
        check=False,
    )
    house.runs += 1
    said = process.stdout + process.stderr
    (house.folder / f"output-{house.runs}.txt").write_text(said)
    house.assert_no_secret()
    return Listing(process.returncode, said, shown(json.loads(output.read_text())) if output.exists() else {})


def play(house, inventory, *plays, args=(), **env):
    """Run plays on the hosts of an inventory. They are reached as the plugin's documentation says."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    folder = inventory.parent / "group_vars"
    folder.mkdir(exist_ok=True)
    (folder / "stackone_accounts.yml").write_text(yaml.safe_dump(variables))
    playbook = house.folder / "play.json"
    playbook.write_text(json.dumps([{"gather_facts": False, **each} for each in plays]))
    return house.ansible_playbook("-i", str(inventory), str(playbook), *args, env=environment(house, **env))


def requests_of(house):
    """How many requests were sent since this was last asked; the further pages of a listing are none of their own."""
    count = sum("page=" not in row["query"] for row in house.emulator.requests(caller="client"))
    house.emulator.clear_requests()
    return count


@pytest.fixture
def accounts(house):
    """Five accounts of three owners, one of them of another provider."""
    add = house.emulator.add_account
    key = house.tenant_key("acme")
    reason = {"code": "x", "description": "The key was refused.", "timestamp": "2026-11-01T08:00:00Z"}
    return {
        "plain": add(
            origin_owner_id="customer-1", origin_owner_name="One Ltd", domain="acme", api_key=key, label="plain"
        ),
        "test": add(origin_owner_id="customer-1", domain="globex", api_key=key, type="test", label="test"),
        "broken": add(
            origin_owner_id="customer-2",
            origin_username="two@mycompany.example",
            domain="hooli",
            api_key=key,
            label="broken",
            status="error",
            status_reasons=[reason],
        ),
        "off": add(origin_owner_id="4711", domain="initech", api_key=key, status="inactive", label="off"),
        "other": add(origin_owner_id="4711", provider="hibob", integration_id="x", label="other"),
    }


def test_accounts_are_hosts(house, accounts):
    freshservice = source(
        house,
        keyed_groups=[{"key": "stackone_status", "prefix": "status"}, {"key": "stackone_type", "separator": ""}],
        groups={"nameless": "stackone_origin_username is none", "broken": "stackone_status != 'active'"},
        compose={"freshservice_link_account_id": "stackone_id", "upper": "stackone_domain | upper"},
    )
    hibob = source(house, "z.stackone.yml", provider="HiBob", group="of hibob")
    found = listing(house, freshservice, hibob)
    assert found.code == 0, found.output
    other = accounts["other"]["id"]
    # The second source knows that 4711 is another account's host already.
    names = {"customer-1_acme", "customer-1_globex", "customer-2", "4711", f"4711_{other}"}
    assert set(found.hosts) == names
    broken = accounts["broken"]
    assert found.hosts["customer-2"] == {
        "stackone_id": broken["id"],
        "stackone_provider": "freshservice",
        "stackone_status": "error",
        "stackone_status_reasons": ["The key was refused."],
        "stackone_origin_owner_id": "customer-2",
        "stackone_origin_owner_name": "customer-2",
        "stackone_origin_username": "two@mycompany.example",
        "stackone_label": "broken",
        "stackone_type": "production",
        "stackone_domain": "hooli",
        "stackone_created_at": broken["created_at"],
        "stackone_updated_at": broken["updated_at"],
        "freshservice_link_account_id": broken["id"],
        "upper": "HOOLI",
    }
    assert found.label_of("customer-1_globex") == "test"
    assert found.hosts[f"4711_{other}"]["stackone_domain"] is None
    assert found.group("stackone_accounts") == names - {f"4711_{other}"}
    assert found.group("of_hibob") == {f"4711_{other}"}
    assert found.group("status_error") == {"customer-2"}
    assert found.group("status_active") == {"customer-1_acme", "customer-1_globex"}
    assert found.group("test") == {"customer-1_globex"}
    assert found.group("broken") == {"customer-2", "4711"}
    assert found.group("nameless") == names - {"customer-2", f"4711_{other}"}
    assert requests_of(house) == 2


CHOICES = [
    ({}, {"plain", "test", "broken", "off"}),
    ({"provider": "HiBob"}, {"other"}),
    ({"origin_owner_ids": ["customer-1"]}, {"plain", "test"}),
    ({"origin_owner_ids": ["customer-2", 4711, "nobody"]}, {"broken", "off"}),
    ({"origin_owner_ids": []}, set()),
    ({"domains": ["Globex.freshservice.com", "hooli"]}, {"test", "broken"}),
    ({"labels": ["test"]}, {"test"}),
    ({"statuses": ["ERROR", "inactive"]}, {"broken", "off"}),
    ({"statuses": "error, inactive"}, {"broken", "off"}),
    ({"account_type": "test"}, {"test"}),
    ({"origin_owner_ids": ["customer-1"], "account_type": "production"}, {"plain"}),
    ({"origin_owner_ids": ["customer-1"], "statuses": ["error"]}, set()),
    ({"labels": "{{ wanted }}", "statuses": ["{{ ok }}", "error"]}, {"plain", "broken"}),
]


def test_accounts_are_chosen(house, accounts):
    """Each choice is a source of its own, with a group that tells what it gave."""
    by_id = ["plain", "other"]
    ids = [accounts[name]["id"] for name in by_id]
    choices = [*CHOICES, ({"account_ids": [*ids, "no-such-account"]}, {"plain"})]
    files = [
        source(house, f"{number}.stackone.yml", hostnames=["id"], group=f"choice_{number}", **options)
        for number, (options, _names) in enumerate(choices)
    ]
    extra = ["-e", json.dumps({"wanted": ["plain", "broken"], "ok": "active"})]
    found = listing(house, *files, args=extra)
    assert found.code == 0, found.output
    for number, (options, names) in enumerate(choices):
        given = {found.label_of(host) for host in found.group(f"choice_{number}")}
        assert given == names, (options, found.output)


HOSTILE = [
    "all",
    "ungrouped",
    "localhost",
    "127.0.0.1",
    "stackone_accounts",
    "!customer",
    "&customer",
    "~.*",
    "*",
    "web[0:9]",
    "a:b",
    "a,b",
    "@/etc/hosts",
    "-vvv",
    "../../tmp/x",
    "My Company Ltd",
    " \t padded\n",
    "\x1b[31mred\x1b[0m",
    "Größe-例",
    "{{ 7919 * 7907 }}",
    "{% raw %}",
    "#jinja2: x",
    "[1, 2]",
    "True",
    "2001:db8::1",
]


def test_every_name_is_a_pattern_for_its_host_alone(house):
    """Whatever owners are called, no account is lost, and no name means anything else to Ansible."""
    for index, owner in enumerate(HOSTILE):
        house.emulator.add_account(origin_owner_id=owner, domain=f"d{index}", api_key="x", label=f"account {index}")
    inventory = source(house)
    name_is_pattern = {
        "ansible.builtin.assert": {"that": "query('inventory_hostnames', inventory_hostname) == [inventory_hostname]"},
    }
    show = {
        "ansible.builtin.debug": {
            "msg": "{{ stackone_label }} is {{ inventory_hostname }}, {{ stackone_origin_owner_id }}."
        }
    }
    run = play(
        house,
        inventory,
        {"hosts": "all", "tasks": [name_is_pattern, show]},
        {"hosts": "localhost", "tasks": [{"ansible.builtin.debug": {"msg": "here {{ stackone_id is defined }}"}}]},
    )
    assert run.code == 0, run.output
    assert "here False" in run.output
    assert RUN not in run.output
    for index, name in {
        0: "all_d0",
        2: "localhost_d2",
        4: "stackone_accounts_d4",
        5: "_customer_d5",
        6: "_customer_d6",
        9: "web_0_9_",
        14: "_._.._tmp_x",
        16: "padded",
        17: "red",
        18: "Größe-例",
        19: "___7919___7907___",
        22: "_1__2_",
        23: "True",
    }.items():
        assert f"account {index} is {name}, " in run.output, run.output
    assert sum(f"account {index} is " in run.output for index in range(len(HOSTILE))) == len(HOSTILE)


def test_hosts_are_named_by_preference(house, accounts):
    house.emulator.change_account(accounts["off"]["id"], label=None)
    house.emulator.change_account(accounts["test"]["id"], label="plain")
    sources = {
        "by_label": ["label", "domain"],
        "by_expression": ["stackone_origin_username.split('@')[0]", "nothing | default('')", "stackone_domain ~ '.x'"],
        "by_nothing": [],
        "by_extra": ["[prefix, stackone_domain] | join('-')"],
        "by_number": ["1 + 1"],
        "by_list": ["stackone_status_reasons", "status_reasons", "type"],
    }
    files = [
        source(house, f"{group}.stackone.yml", group=group, hostnames=names, use_extra_vars=True)
        for group, names in sources.items()
    ]
    ids = {name: account["id"] for name, account in accounts.items()}
    found = listing(house, *files, args=["-e", "prefix=p"])
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
def test_no_customer_is_called_what_a_group_is(house, options):
    """What a customer calls itself is no reason to have no inventory at all; only that host has another name."""
    key = house.tenant_key("acme")
    owners = {"acme": "status_active", "globex": "status_error", "hooli": "customer-3"}
    # The group of the last one is not known before the others have their names.
    made = {
        domain: house.emulator.add_account(origin_owner_id=owner, domain=domain, api_key=key)
        for domain, owner in owners.items()
    }
    house.emulator.change_account(made["hooli"]["id"], status="error")
    found = listing(house, source(house, **options), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert found.code == 0, found.output
    assert "same name" not in found.words
    groups = set(found.data) - {"_meta"}
    assert not groups & set(found.hosts)
    assert {variables["stackone_origin_owner_id"] for variables in found.hosts.values()} == set(owners.values())
    for domain, owner in owners.items():
        (name,) = (name for name, variables in found.hosts.items() if variables["stackone_domain"] == domain)
        assert name == (f"{owner}_{domain}" if owner in groups else owner)


def test_a_key_that_stands_in_an_account_is_in_no_variable_and_in_no_cache(house):
    """In a name, however it is written, and in a status, which comes in lower case; the house searches for it."""
    key = house.emulator.stackone_api_key
    house.emulator.add_account(origin_owner_id="1", origin_owner_name=f"Name {key}", label=key.swapcase(), status=key)
    inventory = source(house, cache=True, cache_plugin="jsonfile", cache_connection=str(house.folder / "cache"))
    for _fresh_and_cached in range(2):
        told = json.dumps(listing(house, inventory).data).lower()
        assert key.lower() not in told
        assert told.count("********") == 3


def test_texts_of_stackone_are_never_templates(house):
    """In variables, composed variables and groups, fresh and from the cache."""
    marker = house.folder / "was-run"
    run_it = f"lookup('ansible.builtin.pipe', 'touch {marker}')"
    header = "#jinja2:variable_start_string:'[[',variable_end_string:']]'\n"
    hostile = {
        "braces": {"label": f"A {{{{ 7919 * 7907 }}}} {{{{ {run_it} }}}}"},
        "header": {"label": f"{header}B [[ 7919 * 7907 ]] [[ {run_it} ]]"},
        "statement": {"label": f"C {{% if {run_it} %}}{{% endif %}}"},
        "list": {"label": "[1, 2]", "status": f"{{{{ {run_it} }}}}"},
    }
    for name, fields in hostile.items():
        reasons = [{"code": "x", "description": "R {{ 7919 * 7907 }}", "timestamp": "2026-11-01T08:00:00Z"}]
        house.emulator.add_account(
            origin_owner_id=name, origin_owner_name=f"N {{{{ {run_it} }}}}", status_reasons=reasons, **fields
        )
    inventory = source(
        house,
        cache=True,
        cache_plugin="jsonfile",
        cache_connection=str(house.folder / "cache"),
        compose={"composed": "stackone_label", "joined": "stackone_label ~ ''", "made": "'<' ~ stackone_label ~ '>'"},
        keyed_groups=[
            {"key": "stackone_label", "prefix": "label"},
            {"key": "stackone_status", "parent_group": "by_status"},
        ],
        groups={"found": "stackone_label is search('7919 . 7907')"},
    )
    texts = "[stackone_label, composed, made, stackone_status_reasons, stackone_origin_owner_name]"
    show = {"ansible.builtin.debug": {"msg": f"{{{{ {texts} | to_json }}}} {{{{ joined }}}} {{{{ group_names }}}}"}}
    keep = {"ansible.builtin.set_fact": {"kept": "{{ stackone_label }}"}}
    again = {"ansible.builtin.debug": {"msg": "kept {{ kept }} {{ hostvars[inventory_hostname].stackone_label }}"}}
    variable = {"ansible.builtin.debug": {"var": "stackone_label"}}
    for requests in (1, 0):
        run = play(house, inventory, {"hosts": "stackone_accounts", "tasks": [show, keep, again, variable]})
        assert run.code == 0, run.output
        assert requests_of(house) == requests
        for text in (
            "A {{ 7919 * 7907 }}",
            "<A {{ 7919 * 7907 }}",
            "kept A {{ 7919 * 7907 }}",
            "B [[ 7919 * 7907 ]]",
            "R {{ 7919 * 7907 }}",
        ):
            assert text in run.output, (text, run.output)
        assert RUN not in run.output
        assert not marker.exists()
    found = listing(house, inventory)
    assert found.code == 0, found.output
    assert found.hosts["braces"]["composed"] == found.label_of("braces") == hostile["braces"]["label"]
    assert found.hosts["list"]["composed"] == "[1, 2]"
    assert found.group("found") == {"braces", "header"}
    assert "by_status" in found.data
    assert RUN not in json.dumps(found.data)
    assert not marker.exists()


def test_texts_of_stackone_are_never_conditions(house):
    """Ansible evaluates a text that a condition's template gives."""
    marker = house.folder / "was-run"
    hostile = [
        f"lookup('ansible.builtin.pipe', 'touch {marker}')",
        f"'touch {marker}' | shell",
        "range(9)",
        "stackone_id",
    ]
    for index, text in enumerate(hostile):
        house.emulator.add_account(origin_owner_id=f"c{index}", domain=f"d{index}", api_key="x", label=text)
    inventory = source(house, compose={"composed": "stackone_label", "joined": "stackone_label ~ ' '"})
    tasks = [
        {"ansible.builtin.debug": {"msg": "x"}, "when": f"{{{{ {name} }}}}", "ignore_errors": True}
        for name in ("stackone_label", "composed", "joined")
    ]
    tasks.append({"ansible.builtin.assert": {"that": "{{ stackone_label }}"}, "ignore_errors": True})
    run = play(house, inventory, {"hosts": "stackone_accounts", "tasks": tasks})
    assert run.code == 0, run.output
    assert not marker.exists()


NAMES = [
    "My Company Ltd",
    "O'Brien & Sons, Inc.",
    "Acme (UK) Ltd",
    "Größe – 例",
    "50% off: #1!",
    "a@b.example",
    "C:/x; y? z",
]


def test_other_programs_read_plain_texts(house):
    """And Ansible reads what it exported, without running any of it."""
    marker = house.folder / "was-run"
    run_it = f"{{{{ lookup('ansible.builtin.pipe', 'touch {marker}') }}}}"
    for index, name in enumerate([*NAMES, run_it]):
        house.emulator.add_account(origin_owner_id=f"c{index}", domain=f"d{index}", api_key="x", origin_owner_name=name)
    inventory = source(house, compose={"again": "stackone_origin_owner_name ~ ''"})
    for show in (["--list"], ["--list", "--export"]):
        exported = house.folder / "inventory.json"
        assert listing(house, inventory, show=show).code == 0
        hosts = json.loads(exported.read_text())["_meta"]["hostvars"]
        for index, name in enumerate(NAMES):
            assert (hosts[f"c{index}"]["stackone_origin_owner_name"], hosts[f"c{index}"]["again"]) == (name, name)
        script = house.folder / "inventories" / "exported.sh"
        script.write_text(f"#!/bin/sh\ncat <<'END'\n{exported.read_text()}\nEND\n")
        script.chmod(0o700)
        names = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is {{ stackone_origin_owner_name }}."}}
        run = play(house, script, {"hosts": "stackone_accounts", "tasks": [names]})
        assert run.code == 0, run.output
        for index, name in enumerate([*NAMES, run_it]):
            assert f"c{index} is {name}." in run.output, run.output
        script.unlink()
    assert not marker.exists()


def vaulted(text):
    return VaultLib().encrypt(text, VaultSecret(PASSWORD.encode())).decode()


def test_the_key_comes_in_every_way(house, accounts, tmp_path_factory):
    key = house.emulator.stackone_api_key
    clear = tmp_path_factory.mktemp("clear")
    (clear / "password").write_text(PASSWORD)
    (clear / "vault.yml").write_text(vaulted(yaml.safe_dump({"vault_key": key})))
    inline = yaml.safe_dump({"inline_key": "PLACE"}).replace("PLACE", "!vault |\n" + indented(vaulted(key)))
    (clear / "inline.yml").write_text(inline)
    by_file = source(house, "file.stackone.yml", group="by_file", stackone_api_key="{{ vault_key }}")
    by_inline = source(house, "inline.stackone.yml", group="by_inline", stackone_api_key="PLACE")
    by_inline.write_text(by_inline.read_text().replace("PLACE", "!vault |\n" + indented(vaulted(f" {key}\n"))))
    by_variable = source(house, "variable.stackone.yml", group="by_variable", stackone_api_key="{{ inline_key }}")
    lookups = {
        "stackone_api_key": "{{ lookup('ansible.builtin.env', 'OTHER_KEY') }}",
        "stackone_url": "{{ lookup('env', 'OTHER_URL') }}",
        "timeout": "{{ 2 * 15 }}",
    }
    by_lookup = source(house, "lookup.stackone.yml", group="by_lookup", **lookups)
    by_env = source(house, "env.stackone.yml", group="by_env", stackone_api_key=None)
    clear_text = source(house, "clear.stackone.yml", group="clear", stackone_api_key=key)
    house.secret_files.add(clear_text)
    args = [
        "--vault-password-file",
        str(clear / "password"),
        "-e",
        f"@{clear / 'vault.yml'}",
        "-e",
        f"@{clear / 'inline.yml'}",
    ]
    # ansible-inventory itself shows extra variables with those of each host.
    house.secret_files.add(house.folder / "inventory.json")
    files = [by_file, by_inline, by_variable, by_lookup, clear_text]
    found = listing(
        house, *files, args=args, STACKONE_API_KEY="v1.eu1.wrong", OTHER_KEY=key, OTHER_URL=house.emulator.stackone_url
    )
    assert found.code == 0, found.output
    for group in ("by_file", "by_inline", "by_variable", "by_lookup", "clear"):
        assert len(found.group(group)) == 4, (group, found.output)
    assert len(listing(house, by_env).group("by_env")) == 4


def indented(text):
    return "".join(f"  {line}\n" for line in text.splitlines())


def cached(house, name="stackone.yml", folder="cache", **options):
    place = str(house.folder / folder)
    return source(house, name, cache=True, cache_plugin="jsonfile", cache_connection=place, **options)


def test_the_cache(house, accounts):
    inventory = cached(house)
    first = listing(house, inventory)
    assert (len(first.hosts), requests_of(house)) == (4, 1)
    house.emulator.remove_account(accounts["off"]["id"])
    again = listing(house, inventory)
    assert (again.hosts, requests_of(house)) == (first.hosts, 0)
    # Before 2.19, ansible-inventory has no such option.
    assert (play(house, inventory, {"hosts": "all"}, args=["--flush-cache"]).code, requests_of(house)) == (0, 1)
    fresh = listing(house, inventory)
    assert (len(fresh.hosts), requests_of(house)) == (3, 0)
    # Another project's key must not be given this project's accounts.
    other = house.emulator.key()
    house.known.add(other)
    assert (listing(house, inventory, STACKONE_API_KEY=other).code, requests_of(house)) == (0, 1)
    # What decides which accounts are listed is another entry; what does not is not.
    narrower = listing(house, cached(house, statuses=["error"]), STACKONE_API_KEY=other)
    assert (set(narrower.hosts), requests_of(house)) == ({"customer-2"}, 1)
    renamed = listing(house, cached(house, hostnames=["domain"], group="g", retries=2), STACKONE_API_KEY=other)
    assert (set(renamed.hosts), requests_of(house)) == ({"acme", "globex", "hooli"}, 0)
    assert_no_hash(house, other)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_reads_the_cache(house, accounts):
    """It holds what customers are called."""
    own, shared = house.folder / "own" / "listings", house.folder / "shared"
    shared.mkdir(mode=0o755)
    for place in (own, shared):
        assert listing(house, cached(house, folder=place)).code == 0
        (path,) = place.iterdir()
        assert mode(path) == 0o600
        assert mode(place) == (0o700 if place == own else 0o755)
        # As an older version has left it.
        path.chmod(0o644)
        assert listing(house, cached(house, folder=place)).code == 0
        assert mode(path) == 0o600
    assert requests_of(house) == 2
    assert mode(own.parent) == 0o700


def assert_no_hash(house, *keys):
    """The cache does not tell the keys: house searches for them, this for what comes from a key alone."""
    files = [path for path in (house.folder / "cache").rglob("*") if path.is_file()]
    assert len(files) == 2
    left = b"".join(path.name.encode() + path.read_bytes() for path in files)
    for key in (house.emulator.stackone_api_key, *keys):
        for name in ("md5", "sha1", "sha256", "sha512"):
            assert hashlib.new(name, key.encode()).hexdigest()[:12].encode() not in left


def test_a_cache_that_is_not_ours(house, accounts):
    """Damaged, empty, of another kind, or with an account that StackOne never listed: each is listed again."""
    contents = {
        "binary": b"\xff\x00\x80",
        "cut": None,
        "empty": b"",
        "list": b"[1, 2]",
        "object": b'{"accounts": [{"id": "1"}], "salt": "", "seal": ""}',
        "null": b"null",
        "changed": None,
    }
    files = {name: cached(house, f"{name}.stackone.yml", name, group=name) for name in contents}
    assert listing(house, *files.values()).code == 0
    assert requests_of(house) == len(contents)
    for name, content in contents.items():
        (entry,) = (house.folder / name).iterdir()
        whole = entry.read_bytes()
        assert b"customer-2" in whole
        entry.write_bytes(
            {"cut": whole[:-20], "changed": whole.replace(b"customer-2", b"customer-9")}.get(name, content)
        )
    found = listing(house, *files.values())
    assert found.code == 0, found.output
    assert "customer-9" not in found.hosts
    for name in contents:
        assert found.group(name) == {"customer-1_acme", "customer-1_globex", "customer-2", "4711"}, (name, found.output)
    assert requests_of(house) == len(contents)
    assert listing(house, *files.values()).hosts == found.hosts
    assert requests_of(house) == 0


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def failing_sources(house):
    """File name -> options, environment-free, and what the one line must hold."""
    canary, no_scope = house.emulator.stackone_api_key, house.emulator.key(scopes=["actions"])
    house.known.add(no_scope)
    faults = {
        "unavailable": {"status": 500},
        "limited": {"status": 429, "retry_after": "600"},
        "rejected": {"status": 409},
        "foreign": {"status": 200, "body": "html"},
    }
    for name, fault in faults.items():
        house.emulator.fault(service="stackone", path=f"/accounts/{name}", **fault)
    nobody = {"stackone_url": f"http://127.0.0.1:{unused_port()}"}
    return {
        "wrong": (
            {"stackone_api_key": "v1.eu1.wrong"},
            "StackOne refused the StackOne API key. Check stackone_api_key: in",
        ),
        "forbidden": (
            {"stackone_api_key": no_scope},
            "the StackOne API key may not do this. Give the key the Platform scope",
        ),
        "unreachable": (nobody, "StackOne could not be reached: 127.0.0.1:"),
        "unavailable": ({"account_ids": ["unavailable"]}, "StackOne could not show the account (HTTP 500: "),
        "limited": (
            {"account_ids": ["limited"]},
            "StackOne's quota of requests is used up. Run again in a minute, or set",
        ),
        "rejected": ({"account_ids": ["rejected"]}, "StackOne would not show the account (HTTP 409: "),
        "foreign": (
            {"account_ids": ["foreign"]},
            "unexpected response to the request to show the account (HTTP",
        ),
        "http": ({"stackone_url": "http://example.com"}, "stackone_url must start with https://"),
        "boolean": ({"labels": [True]}, "item 1 of labels is a boolean, not text; put it in quotes."),
        "decimal": ({"provider": 4711.0}, "provider is a decimal number, not text; put it in quotes."),
        "undefined": (
            {"stackone_api_key": "{{ vault_key }}"},
            "stackone_api_key names a variable that is not known here (",
        ),
        "syntax": ({"stackone_api_key": f"{canary} {{{{ 1 +"}, "stackone_api_key cannot be evaluated ("),
        "dictionary": (
            {"stackone_api_key": "{{ keys }}"},
            "stackone_api_key is a dictionary, not text; put it in quotes.",
        ),
        "domain": ({"domains": ["a b"]}, "domain 'a b' is not a Freshservice domain: "),
        "misspelt": (
            {"origin_owner_idz": ["a"]},
            "origin_owner_idz is not an option of this inventory. Did you mean origin_owner_ids?",
        ),
        "pace": ({"requests_per_minute": 0}, "requests_per_minute must be from 1 to 1000000."),
        "certificate": ({"client_key": str(house.secrets)}, "client_key needs client_cert."),
        "no_certificates": ({"ca_path": "/nowhere/ca.pem"}, "is no file on this host."),
        "broken_ca": ({"ca_path": __file__}, "the CA or client certificates cannot be read ("),
        "type": ({"account_type": "productive"}, "account_type must be production or test. Did you mean production?"),
        "number": ({"timeout": "long"}, "timeout must be a number."),
        "texts": ({"labels": [["a"]]}, "item 1 of labels is a list, not text; put it in quotes."),
        "typo": (
            {"hostnames": ["orgin_owner_id"]},
            "hostnames: an account has no orgin_owner_id. It has id, provider,",
        ),
        "strict": (
            {"hostnames": ["stackone_label + 1"], "strict": True},
            "hostnames: stackone_label + 1 has no value for",
        ),
        "strict_compose": (
            {"compose": {"x": "stackone_label + 1"}, "strict": True},
            "Could not set x for host 4711: ",
        ),
    }


def test_failures_are_one_line_each(house, accounts):
    """One source for each failure: no host of any is kept, and the exit code tells, as Ansible lets users choose."""
    cases = failing_sources(house)
    house.secrets.touch()
    files = {}
    for name, (options, _words) in cases.items():
        files[name] = source(house, f"{name}.stackone.yml", group=name, **{"retries": 0, **options})
        house.secret_files.add(files[name])
    keys = house.folder / "keys.json"
    keys.write_text(json.dumps({"keys": {"production": house.emulator.stackone_api_key}}))
    house.secret_files.add(keys)
    found = listing(house, *files.values(), args=["-e", f"@{keys}"], ANSIBLE_INVENTORY_UNPARSED_FAILED="true")
    assert found.code != 0
    assert "No inventory was parsed" in found.words
    # From 2.19 on, each message is shown twice.
    messages = re.findall(
        r"auto'? plugin: accounts: (.*?)(?= Failed to parse | \* Failed to parse |\[WARNING\])", found.words
    )
    assert len(messages) == len(cases), found.output
    for message, (name, (_options, words)) in zip(messages, cases.items()):
        assert words in message, (name, message)
    # One line each, whole and in front of what Ansible's own parsers say about the file.
    lines = re.findall(r"^\[ERROR\]: accounts: (.*)$", found.output, re.MULTILINE)
    for line, (name, (_options, words)) in zip(lines, cases.items(), strict=True):
        assert words in line, (name, line)
    assert "Traceback (most recent call last)" not in found.output
    assert "v1.eu1.wrong" not in found.output


IN_CLEAR = {
    "no_yaml": "{PLUGIN}\nstackone_api_key: {KEY}\n  x: [\n",
    "another": "plugin: ansible.builtin.constructed\nstackone_api_key: {KEY}\n",
    "no_key": "{PLUGIN}\n",
    "dictionary": "{PLUGIN}\nstackone_api_key: {production: {KEY}}\n",
    "half_a_template": "{PLUGIN}\nstackone_api_key: '{KEY} {{ 1 + '\n",
    "undefined": "{PLUGIN}\nstackone_api_key: '{KEY}{{ unknown }}'\n",
    "number": "{PLUGIN}\nstackone_api_key: {KEY}\nretries: many\n",
    "url": "{PLUGIN}\nstackone_api_key: {KEY}\nstackone_url: https://{KEY}@example.com\n",
    "domain": "{PLUGIN}\nstackone_api_key: {KEY}\ndomains: [a {KEY}]\n",
    "vault": "{PLUGIN}\nstackone_api_key: !vault |\n{VAULT}",
    "compose": "{PLUGIN}\nstrict: true\nstackone_api_key: {KEY}\ncompose: {x: 1 / 0}\n",
}


def test_no_error_shows_the_file(house, accounts):
    """The key stands in the file in clear, where nobody should keep it: house searches the output for it."""
    files = []
    for name, content in IN_CLEAR.items():
        files.append(source(house, f"{name}.stackone.yml"))
        key = house.emulator.stackone_api_key
        for place, text in {"PLUGIN": f"plugin: {PLUGIN}", "KEY": key, "VAULT": indented(vaulted(key))}.items():
            content = content.replace(f"{{{place}}}", text)
        files[-1].write_text(content)
    house.secret_files.update(files)
    env = {"ANSIBLE_INVENTORY_ENABLED": PLUGIN, "STACKONE_API_KEY": None}
    found = listing(house, *files, **env)
    assert found.hosts == {}
    messages = re.findall(r"plugin: (accounts: .*?\.) (?=Failed to parse |\[WARNING\])", found.words)
    assert len(messages) == len(files), found.output
    # The warning is the only line there is: nobody else tries to read the file.
    assert "[ERROR]" not in found.output
    assert "ini" not in found.words
    assert (
        "no vault secrets found). Correct it in the inventory file, or pass what it needs, as the vault" in found.words
    )
    if "<<< caused by >>>" in found.output:
        # Here warnings are not wrapped.
        assert all(message in found.output for message in messages)


def test_a_failed_source_leaves_nothing_behind(house, accounts):
    good = source(house, "good.stackone.yml", group="good", hostnames=["domain"], statuses=["inactive"])
    bad = source(
        house,
        "half.stackone.yml",
        hostnames=["domain"],
        strict=True,
        compose={"x": "1 / 0 if stackone_status == 'error' else 1"},
    )
    found = listing(house, good, bad)
    assert (found.code, set(found.hosts)) == (0, {"initech"})
    assert "Could not set x for host hooli" in found.words
    stopped = listing(house, bad, good, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert stopped.code != 0
    assert "Completely failed to parse inventory source" in stopped.words


def test_requests_is_missing(house):
    package = house.folder / "fake" / "requests"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(package.parent), str(COLLECTIONS)])
    found = listing(house, source(house), PYTHONPATH=path, ANSIBLE_INVENTORY_UNPARSED_FAILED="true")
    assert found.code != 0
    assert f"accounts: the Python library requests is missing. Install it for {sys.executable}" in found.words


def test_the_pace_is_kept_and_repetitions_are_told(house, accounts):
    ids = [account["id"] for account in accounts.values()]
    house.emulator.fault(service="stackone", path=f"/accounts/{sorted(ids)[0]}", status=503, call=1)
    found = listing(house, source(house, account_ids=ids, requests_per_minute=600))
    assert len(found.hosts) == 4
    assert "Repeated 1 request (GET /stackone/accounts/" in found.words
    times = [row["time"] for row in house.emulator.requests(caller="client")]
    assert len(times) == 6
    # The next is sent 100 ms after an answer, and the emulator notes the time before it answers.
    assert min(later - earlier for earlier, later in zip(times, times[1:])) > 0.09


def test_mending_what_is_broken(house, accounts):
    """As in the plugin's examples: the accounts in error as a pattern, and as hosts for the role."""
    inventory = source(
        house,
        "accounts.yml",
        hostnames=["domain"],
        keyed_groups=[{"key": "stackone_status", "prefix": "status"}],
        compose={
            "freshservice_link_account_id": "stackone_id",
            "freshservice_link_domain": "stackone_domain",
            "freshservice_link_origin_owner_id": "stackone_origin_owner_id",
        },
    )
    connection = {name: f"{{{{ lookup('env', '{name}') }}}}" for name in ("STACKONE_API_KEY", "STACKONE_URL")}
    look = {
        "tenantlink.stackone.account_info": {
            "account_ids": ["{{ stackone_id }}"],
            "stackone_api_key": connection["STACKONE_API_KEY"],
            "stackone_url": connection["STACKONE_URL"],
        },
        "register": "now",
    }
    tell = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is {{ now.accounts[0].status }}"}}
    link = {
        "ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"},
        "vars": {
            "freshservice_link_api_key": "{{ freshservice_link_api_keys[stackone_domain] }}",
            "freshservice_link_stackone_api_key": connection["STACKONE_API_KEY"],
            "freshservice_link_stackone_url": connection["STACKONE_URL"],
            "freshservice_link_freshservice_url": house.emulator.freshservice_url,
        },
    }
    keys = house.folder / "keys.json"
    keys.write_text(json.dumps({"freshservice_link_api_keys": {"hooli": house.tenant_key("hooli")}}))
    house.secret_files.add(keys)
    tasks = [look, tell, link, look, tell]
    run = play(house, inventory, {"hosts": "status_error", "tasks": tasks}, args=["-e", f"@{keys}"])
    assert run.code == 0, run.output
    assert "hooli is error" in run.output
    assert "hooli is active" in run.output
    assert not any(f"{host} is " in run.output for host in ("acme", "globex", "initech"))
    assert house.emulator.account(accounts["broken"]["id"])["status"] == "active"
    assert len(house.emulator.accounts()) == 5


def test_it_is_documented(house):
    command = [sys.executable, "-m", "ansible", "doc", "-t", "inventory", "--json", PLUGIN]
    process = subprocess.run(command, env=house.environment(), capture_output=True, text=True, check=True)
    options = json.loads(process.stdout)[PLUGIN]["doc"]["options"]
    assert {"hostnames", "group", "stackone_api_key", "keyed_groups", "strict", "cache_plugin"} <= set(options)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """An emulator with very many accounts, every tenth of them in error."""
    accounts = [
        {
            "origin_owner_id": f"customer-{number}",
            "domain": f"d{number}",
            "api_key": KEY_OF_MANY,
            "status": "active" if number % 10 else "error",
        }
        for number in range(MANY)
    ]
    scenario = tmp_path_factory.mktemp("scenario") / "many.yml"
    scenario.write_text(json.dumps({"accounts": accounts}))
    with Emulator("--scenario", str(scenario)) as running:
        yield running


def test_very_many_accounts(many):
    """One request a page and the two that paging needs; from the cache none at all."""
    many.known.add(KEY_OF_MANY)
    inventory = cached(many, keyed_groups=[{"key": "stackone_status", "prefix": "status"}])
    first = listing(many, inventory)
    assert first.code == 0, first.output
    assert len(first.hosts) == MANY
    assert len(first.group("status_error")) == MANY // 10
    assert first.hosts["customer-4711"]["stackone_domain"] == "d4711"
    assert len(many.emulator.requests(caller="client")) <= MANY // 100 + 2
    many.emulator.clear_requests()
    again = listing(many, inventory, show=("--host", "customer-4711"))
    assert again.data == first.hosts["customer-4711"]
    assert requests_of(many) == 0
