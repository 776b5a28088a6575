# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that vaults keys, as a user runs it, the way of its keys to their tenants, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.replaced_file import locked_file
from tests.integration.vaults import PASSWORD, PLAYBOOK, VARIABLE, assert_nothing_in_clear, csv_of, encrypted, snapshot


def clear_text(runner):
    content = (runner.folder / "vault.yml").read_bytes()
    assert content.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    return VaultLib([("default", VaultSecret(PASSWORD.encode()))]).decrypt(content).decode()


def variables_in(runner):
    return yaml.safe_load(clear_text(runner))


def keys_of(runner, *domains):
    return {name: runner.tenant_key(name) for name in domains}


def changed(run):
    [line] = [line for line in run.output.splitlines() if "unreachable=" in line]
    return dict(pair.split("=") for pair in line.split() if "=" in pair)["changed"]


def test_first_again_more_and_rotated(runner, vault):
    first = vault(["acme", "globex"])
    assert first.code == 0
    assert changed(first) == "1"
    assert "2 keys in vault.yml: 2 added, 0 changed, 0 unchanged. Delete keys.csv now" in first.output
    assert variables_in(runner) == {VARIABLE: keys_of(runner, "acme", "globex")}
    assert stat.S_IMODE((runner.folder / "vault.yml").stat().st_mode) == 0o600
    before = snapshot(runner)
    again = vault(["globex", "acme"])
    assert again.code == 0
    assert changed(again) == "0"
    assert "2 keys in vault.yml: 0 added, 0 changed, 2 unchanged." in again.output
    assert snapshot(runner) == before
    rows = f"GLOBEX;{runner.tenant_key('hooli')};x\ninitech;{runner.tenant_key('initech')}\n"
    more = vault(f"domain;api_key;note\n{rows}".encode())
    assert changed(more) == "1"
    assert "3 keys in vault.yml: 1 added, 1 changed, 1 unchanged." in more.output
    keys = keys_of(runner, "acme", "globex", "initech")
    assert variables_in(runner) == {VARIABLE: {**keys, "globex": runner.tenant_key("hooli")}}


def test_what_else_the_file_holds_is_kept(runner, vault):
    others = {"freshservice_link_stackone_api_key": runner.emulator.stackone_api_key, "other": ["{{ x }}", 1, None]}
    encrypted(runner, {**others, VARIABLE: keys_of(runner, "hooli")})
    (runner.folder / "vault.yml").chmod(0o640)
    kept = vault(["acme"])
    assert changed(kept) == "1"
    assert "2 keys in vault.yml: 1 added, 0 changed, 1 unchanged." in kept.output
    assert variables_in(runner) == {**others, VARIABLE: keys_of(runner, "hooli", "acme")}
    assert stat.S_IMODE((runner.folder / "vault.yml").stat().st_mode) == 0o640
    replaced = vault(["acme"], "-e", "replace=true")
    assert changed(replaced) == "1"
    assert "1 key in vault.yml: 0 added, 0 changed, 1 unchanged, 1 removed." in replaced.output
    assert variables_in(runner) == {**others, VARIABLE: keys_of(runner, "acme")}


def test_comments_and_other_values_stay_as_they_are_written(runner, vault):
    around = "# ours\nnumber: 0123 # in octal\n\n{}\n# the end\nsealed: !vault |\n  31\n"
    old = f"{VARIABLE}: # by domain\n  # from March\n  hooli: {runner.tenant_key('hooli')}"
    encrypted(runner, around.format(old))
    assert changed(vault(["acme"])) == "1"
    assert clear_text(runner) == around.format(f'{old}\n  acme: "{runner.tenant_key("acme")}"')


TURNS = 5


def test_two_at_once_lose_nothing(runner, clear):
    """Each of them brings keys of its own, again and again."""
    files = [clear / f"keys-{name}.csv" for name in "ab"]
    (clear / "password").write_text(PASSWORD)
    vaulted = ["-e", f"vault_file={runner.folder / 'vault.yml'}", "-e", f"vault_password_file={clear / 'password'}"]
    command = [sys.executable, "-m", "ansible", "playbook", PLAYBOOK, *vaulted]
    for turn in range(TURNS):
        for name, file in zip("ab", files):
            rows = [f"{name}{turn}x{number},key-of-{name}-{turn}-{number}\n" for number in range(100)]
            file.write_text("domain,api_key\n" + "".join(rows))
        processes = [
            subprocess.Popen([*command, "-e", f"keys_file={file}"], env=runner.environment(), stdout=subprocess.DEVNULL)
            for file in files
        ]
        assert [process.wait() for process in processes] == [0, 0]
    assert len(variables_in(runner)[VARIABLE]) == 2 * TURNS * 100
    assert not list(runner.folder.glob(".vault.yml*"))


def test_check_mode_predicts_and_writes_nothing(runner, vault):
    check = vault(["acme"], "--check")
    assert check.code == 0
    assert changed(check) == "1"
    assert "1 key in vault.yml: 1 added, 0 changed, 0 unchanged. Nothing was written" in check.output
    assert not (runner.folder / "vault.yml").exists()
    vault(["acme"])
    before = snapshot(runner)
    assert changed(vault(["acme"], "--check")) == "0"
    rows = f"acme,another-key-of-acme\nglobex,{runner.tenant_key('globex')}\n"
    assert "1 added, 1 changed" in vault(f"domain,api_key\n{rows}".encode(), "--check").output
    assert snapshot(runner) == before


def test_ansible_may_know_the_password_too(runner, vault, clear):
    for _run in range(2):
        result = vault(["acme"], "--vault-password-file", str(clear / "password"))
        assert result.code == 0
    assert variables_in(runner) == {VARIABLE: keys_of(runner, "acme")}


def test_paths_start_where_the_user_is(runner, clear):
    os.symlink(runner.folder, clear / "here")
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme"]))
    paths = {"keys_file": clear / "keys.csv", "vault_file": clear / "here" / "vault.yml"}
    paths["vault_password_file"] = clear / "password"
    relative = [part for name, path in paths.items() for part in ("-e", f"{name}={os.path.relpath(path, runner.here)}")]
    assert runner.ansible_playbook("tenantlink.stackone.vault_keys", *relative).code == 0
    assert variables_in(runner) == {VARIABLE: keys_of(runner, "acme")}


def test_it_asks_for_the_password_at_a_terminal(runner, clear):
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme", "globex"]))
    files = {"keys_file": str(clear / "keys.csv"), "vault_file": str(runner.folder / "vault.yml")}
    typed = {"passwords": {r"vault.yml: Vault password: \s*?$": PASSWORD}, "timeout": 120}
    for status in ("changed", "ok"):
        ended = runner.run_job(PLAYBOOK, "--diff", extravars=files, verbosity=4, **typed)
        assert ended.status == "successful", ended.stdout.read()
        assert bool(ended.stats["changed"]) is (status == "changed")
    assert list(runner.folder.rglob("artifacts/**/job_events/*.json"))
    assert variables_in(runner) == {VARIABLE: keys_of(runner, "acme", "globex")}
    assert_nothing_in_clear(runner)


PLAY = """
- hosts: localhost
  gather_facts: false
  vars_files: [vault.yml, inline.yml]
  vars:
    keys: "{{ freshservice_link_api_keys | combine(inline_keys) }}"
    from_csv: "{{ lookup('ansible.builtin.file', 'tenants.csv') | tenantlink.stackone.tenants(keys, defaults=common) }}"
    from_yaml: "{{ inline_tenants | tenantlink.stackone.tenants(inline_keys) }}"
    common: {account_type: test}
  tasks:
    - tenantlink.stackone.freshservice_link:
        domain: "{{ from_csv[0].domain }}"
        api_key: "{{ from_csv[0].api_key }}"
        origin_owner_id: "{{ from_csv[0].origin_owner_id }}"
        label: "{{ from_csv[0].label }}"
        account_type: "{{ from_csv[0].account_type }}"
        verify_key: "{{ from_csv[0].verify_key }}"
        stackone_api_key: "{{ stackone_api_key }}"
        stackone_url: "{{ stackone_url }}"
        freshservice_url: "{{ freshservice_url }}"
    - tenantlink.stackone.freshservice_key_info: &check
        domain: "{{ from_csv[1].domain }}"
        api_key: "{{ from_csv[1].api_key }}"
        freshservice_url: "{{ freshservice_url }}"
        fail_on_refused: true
    - tenantlink.stackone.freshservice_key_info:
        <<: *check
        domain: "{{ from_yaml[item].domain }}"
        api_key: "{{ from_yaml[item].api_key }}"
      loop: [0, 1]
    - ansible.builtin.assert:
        that:
          - from_csv | length == 3
          - "from_csv[2] == {'domain': 'keyless', 'account_type': 'test', 'line': 4}"
          - from_yaml[0].label == 'templated'
          - from_yaml[0].api_key is string and from_yaml[1].api_key is string
"""


def test_the_keys_reach_their_tenants(runner, vault, clear):
    encrypted(runner, {"stackone_api_key": runner.emulator.stackone_api_key})
    assert vault(["acme"]).code == 0
    write_play(runner)
    for native in ("0", "1"):
        arguments = (str(runner.folder / "play.yml"), "--vault-password-file", str(clear / "password"))
        run = runner.ansible_playbook(*arguments, env={"ANSIBLE_JINJA2_NATIVE": native})
        assert run.code == 0, run.output
    [account] = runner.emulator.accounts()
    assert (account["origin_owner_id"], account["label"], account["type"]) == ("c1", "{{ 1 + 1 }}", "test")
    assert_nothing_in_clear(runner)


def write_play(runner):
    """Tenants in a CSV and in YAML, with keys from the vaulted file and from inline vaulted values."""
    secret = VaultSecret(PASSWORD.encode())
    lines = VaultLib().encrypt(runner.tenant_key("globex"), secret, vault_id="default").decode().splitlines()
    key = "".join(f"\n      {line}" for line in lines)
    (runner.folder / "inline.yml").write_text(
        f"inline_keys:\n  globex: !vault |{key}\n"
        f"inline_tenants:\n  - domain: globex\n    label: '{{{{ words }}}}'\n    api_key: !vault |{key}\n"
        "  - domain: GLOBEX\nwords: templated\n"
        + yaml.safe_dump({name: url for name, url in runner.connection().items() if name.endswith("_url")})
    )
    (runner.folder / "tenants.csv").write_text(
        "domain;origin_owner_id;label;verify_key\nAcme;c1;{{ 1 + 1 }};yes\nglobex;c2\nkeyless\n"
    )
    (runner.folder / "play.yml").write_text(PLAY)


def test_a_run_that_cannot_have_the_file_says_so(runner, clear):
    encrypted(runner, {"other": 1})
    before = snapshot(runner)
    (clear / "password").write_text(PASSWORD)
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme"]))
    files = {"keys_file": f"{clear}/keys.csv", "password_file": f"{clear}/password"}
    with locked_file(str(runner.folder / "vault.yml")):
        options = {**files, "vault_file": str(runner.folder / "vault.yml"), "lock_timeout": 1}
        run = runner.run_tasks({"tenantlink.stackone.vault_keys": options})
    result = assert_fails(run, f"another run has had {runner.folder / 'vault.yml'} locked for 1 seconds")
    assert result["failure"]["code"] == "invalid_argument"
    assert snapshot(runner) == before


BAD_PASSWORDS = {
    "another": ("other", "vault_file: the password does not open it, or the file is damaged. Use the password"),
    "an empty file": ("empty", "No vault password was given. Type it at a terminal, or name a file"),
    "a script": ("script", "is executable: then Ansible runs it as a script, which is not supported here."),
    "no file": ("nowhere", "/nowhere does not exist. Check its path."),
    "no terminal": (None, "No vault password was given. Type it at a terminal, or name a file"),
}


@pytest.mark.parametrize("name", BAD_PASSWORDS)
def test_a_password_that_cannot_be(runner, vault, clear, name):
    password, words = BAD_PASSWORDS[name]
    (clear / "other").write_text("another password")
    (clear / "empty").write_text("\n")
    (clear / "script").write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
    (clear / "script").chmod(0o700)
    encrypted(runner, {"other": runner.tenant_key("globex")})
    before = snapshot(runner)
    assert_fails_in_one_line(vault(["acme"], password=password), words)
    assert snapshot(runner) == before


def assert_fails_in_one_line(run, words):
    """Check the playbook's failure, which is a sentence and no dictionary for programs."""
    assert set(assert_fails(run, words)) == {"changed", "msg"}


def assert_fails(run, words):
    assert run.code == 2
    [_before, fatal] = run.output.split("fatal: [localhost]: FAILED! => ")
    result, _end = json.JSONDecoder().raw_decode(fatal)
    assert words in result["msg"]
    assert "\n" not in result["msg"]
    assert "Traceback" not in run.output
    return result


BAD_CSV = {
    "no header, the key first": ("{key},acme\nx,y\n", "line 1: the header must name the columns"),
    "two words": (
        "domain,api_key\nacme,{key} {key}\n",
        "line 2: api_key contains a character that API keys never contain",
    ),
    "an open quote": ('domain,api_key\nacme,"{key}\n', "line 2: a double quote is left open."),
    "not UTF-8": ("domain,api_key,note\nacme,{key},M\xfcller\n", "line 2: the file is not in UTF-8."),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_csv_that_cannot_be(runner, vault, name):
    text, words = BAD_CSV[name]
    run = vault(text.replace("{key}", runner.tenant_key("acme")).encode("latin-1"))
    assert_fails_in_one_line(run, f"keys_file: {words}")
    assert not (runner.folder / "vault.yml").exists()


BAD_VAULTS = {
    "no YAML": ("other: 1\nnote: '{key}\n", "vault_file: line 3 of its content is not valid YAML."),
    "an alias": (
        f"note: &key {{key}}\n{VARIABLE}:\n  acme: *key\n",
        f"vault_file: {VARIABLE} is written in a way that cannot be changed without a risk to the rest of the file.",
    ),
    "a list": ("- {key}\n", "vault_file: it holds something other than variables"),
}


@pytest.mark.parametrize("name", BAD_VAULTS)
def test_a_vault_that_cannot_be(runner, vault, name):
    text, words = BAD_VAULTS[name]
    encrypted(runner, text.replace("{key}", runner.tenant_key("globex")))
    before = snapshot(runner)
    assert_fails_in_one_line(vault(["acme"]), words)
    assert snapshot(runner) == before


@pytest.mark.parametrize("text", ["other: {key}\n", '{"other": "{key}"}\n'], ids=["YAML", "JSON"])
def test_a_file_in_clear_is_refused_and_not_shown(runner, vault, clear, text):
    text = text.replace("{key}", runner.tenant_key("globex"))
    (clear / "clear.yml").write_text(text)
    run = vault(["acme"], "-e", f"vault_file={clear / 'clear.yml'}")
    assert_fails_in_one_line(run, "vault_file: it is not encrypted.")
    assert (clear / "clear.yml").read_text() == text


BAD_FILES = {
    "no CSV named": ({"vault_file": "vault.yml"}, "Name the CSV and the vaulted file with -e keys_file="),
    "no vault named": ({"keys_file": "{clear}/keys.csv"}, "Name the CSV and the vaulted file with -e keys_file="),
    "no CSV": (
        {"keys_file": "{clear}/nowhere.csv", "vault_file": "vault.yml"},
        "/nowhere.csv does not exist. Check its path.",
    ),
    "no folder": (
        {"keys_file": "{clear}/keys.csv", "vault_file": "{clear}/nowhere/vault.yml"},
        "does not exist. Create it, or name another.",
    ),
    "a folder": ({"keys_file": "{clear}/keys.csv", "vault_file": "{clear}"}, "is not a regular file."),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_are_not_there(runner, clear, name):
    variables, words = BAD_FILES[name]
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme"]))
    given = {name: value.replace("{clear}", str(clear)) for name, value in variables.items()}
    given["vault_password_file"] = str(clear / "password")
    assert_fails_in_one_line(runner.ansible_playbook(PLAYBOOK, "-e", json.dumps(given), "--check"), words)
