# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin's failures: one line each, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import sys

from tests.integration.inventories import PLUGIN, indented, listing, source, vaulted
from tests.support.collection import COLLECTIONS
from tests.support.ports import unused_port


def failing_sources(runner):
    """File name -> options, environment-free, and what the one line must hold."""
    canary, no_scope = runner.emulator.stackone_api_key, runner.emulator.key(scopes=["actions"])
    runner.known.add(no_scope)
    faults = {
        "unavailable": {"status": 500},
        "limited": {"status": 429, "retry_after": "600"},
        "rejected": {"status": 409},
        "foreign": {"status": 200, "body": "html"},
    }
    for name, fault in faults.items():
        runner.emulator.fault(service="stackone", path=f"/accounts/{name}", **fault)
    nobody = {"stackone_url": f"http://127.0.0.1:{unused_port()}"}
    return {
        "wrong": (
            {"stackone_api_key": "v1.eu1.wrong"},
            "StackOne refused the StackOne API key. Check stackone_api_key, or STACKONE_API_KEY in the environment: in",
        ),
        "forbidden": (
            {"stackone_api_key": no_scope},
            "the StackOne API key is not allowed to do this. Give the key the Platform scope",
        ),
        "unreachable": (nobody, "StackOne could not be reached: 127.0.0.1:"),
        "unavailable": ({"account_ids": ["unavailable"]}, "StackOne could not show the account (HTTP 500: "),
        "limited": (
            {"account_ids": ["limited"]},
            "StackOne's request quota is used up. Run again in a minute, or lower",
        ),
        "rejected": ({"account_ids": ["rejected"]}, "StackOne rejected the request to show the account (HTTP 409: "),
        "foreign": ({"account_ids": ["foreign"]}, "unexpected response to the request to show the account (HTTP"),
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
        "certificate": ({"client_key": str(runner.secrets)}, "client_key requires client_cert."),
        "no_certificates": ({"ca_path": "/nowhere/ca.pem"}, "is not a file on this host."),
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
        "strict_compose": ({"compose": {"x": "stackone_label + 1"}, "strict": True}, "Could not set x for host 4711: "),
    }


def test_failures_are_one_line_each(runner, accounts):
    """One source for each failure: no host of any is kept, and the exit code tells, as Ansible lets users choose."""
    cases = failing_sources(runner)
    runner.secrets.touch()
    files = {}
    for name, (options, _words) in cases.items():
        files[name] = source(runner, f"{name}.stackone.yml", group=name, **{"retries": 0, **options})
        runner.secret_files.add(files[name])
    keys = runner.folder / "keys.json"
    keys.write_text(json.dumps({"keys": {"production": runner.emulator.stackone_api_key}}))
    runner.secret_files.add(keys)
    found = listing(runner, *files.values(), args=["-e", f"@{keys}"], ANSIBLE_INVENTORY_UNPARSED_FAILED="true")
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


def test_no_error_shows_the_file(runner, accounts):
    """The key stands in the file in clear, where nobody should keep it: runner searches the output for it."""
    files = []
    for name, content in IN_CLEAR.items():
        files.append(source(runner, f"{name}.stackone.yml"))
        key = runner.emulator.stackone_api_key
        for place, text in {"PLUGIN": f"plugin: {PLUGIN}", "KEY": key, "VAULT": indented(vaulted(key))}.items():
            content = content.replace(f"{{{place}}}", text)
        files[-1].write_text(content)
    runner.secret_files.update(files)
    env = {"ANSIBLE_INVENTORY_ENABLED": PLUGIN, "STACKONE_API_KEY": None}
    found = listing(runner, *files, **env)
    assert found.hosts == {}
    messages = re.findall(r"plugin: (accounts: .*?\.) (?=Failed to parse |\[WARNING\])", found.words)
    assert len(messages) == len(files), found.output
    # The warning is the only line there is: nobody else tries to read the file.
    assert "[ERROR]" not in found.output
    assert "ini" not in found.words
    advice = "Correct it in the inventory file, or pass what it needs, such as the vault"
    assert f"no vault secrets found). {advice}" in found.words
    if "<<< caused by >>>" in found.output:
        # Here warnings are not wrapped.
        assert all(message in found.output for message in messages)


def test_a_failed_source_leaves_nothing_behind(runner, accounts):
    good = source(runner, "good.stackone.yml", group="good", hostnames=["domain"], statuses=["inactive"])
    compose = {"x": "1 / 0 if stackone_status == 'error' else 1"}
    bad = source(runner, "half.stackone.yml", hostnames=["domain"], strict=True, compose=compose)
    found = listing(runner, good, bad)
    assert (found.code, set(found.hosts)) == (0, {"initech"})
    assert "Could not set x for host hooli" in found.words
    stopped = listing(runner, bad, good, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert stopped.code != 0
    assert "Completely failed to parse inventory source" in stopped.words


def test_requests_is_missing(runner):
    package = runner.folder / "fake" / "requests"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(package.parent), str(COLLECTIONS)])
    found = listing(runner, source(runner), PYTHONPATH=path, ANSIBLE_INVENTORY_UNPARSED_FAILED="true")
    assert found.code != 0
    assert f"accounts: the Python library requests is missing. Install it for {sys.executable}" in found.words
