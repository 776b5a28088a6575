# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords, CSV files and vaults that the vault_keys playbook refuses, each in one line."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.replaced_file import locked_file
from tests.integration.vaults import PASSWORD, PLAYBOOK, VARIABLE, csv_of, encrypted, snapshot


def test_a_run_that_cannot_have_the_file_says_so(runner, clear):
    encrypted(runner, {"other": 1})
    before = snapshot(runner)
    (clear / "password").write_text(PASSWORD)
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme"]))
    files = {"keys_file": f"{clear}/keys.csv", "password_file": f"{clear}/password"}
    with locked_file(str(runner.folder / "vault.yml")):
        options = {**files, "vault_file": str(runner.folder / "vault.yml"), "lock_timeout": 1}
        run = runner.run_tasks({"tenantlink.stackone.vault_keys": options})
    assert_fails_in_one_line(run, f"another run has had {runner.folder / 'vault.yml'} locked for 1 seconds")
    assert snapshot(runner) == before


BAD_PASSWORDS = {
    "another": ("other", "vault_file: the password does not open it, or the file is damaged."),
    "an empty file": ("empty", "No vault password was given. Type it at a terminal, or name a file"),
    "a script": ("script", "is executable: then Ansible runs it as a script, which is not supported here."),
    "no file": ("nowhere", "vault_password_file: there is no file "),
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
    assert run.code == 2
    [_before, fatal] = run.output.split("fatal: [localhost]: FAILED! => ")
    result, _end = json.JSONDecoder().raw_decode(fatal)
    assert words in result["msg"]
    assert "\n" not in result["msg"]
    assert result["failure"]["code"] == "invalid_argument"
    assert "Traceback" not in run.output


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
    "a list": ("- {key}\n", "vault_file: it must hold variables"),
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
    "no CSV": ({"keys_file": "{clear}/nowhere.csv", "vault_file": "vault.yml"}, "keys_file: there is no file "),
    "no folder": ({"keys_file": "{clear}/keys.csv", "vault_file": "{clear}/nowhere/vault.yml"}, "does not exist."),
    "a folder": ({"keys_file": "{clear}/keys.csv", "vault_file": "{clear}"}, "is not a regular file."),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_are_not_there(runner, clear, name):
    variables, words = BAD_FILES[name]
    (clear / "keys.csv").write_bytes(csv_of(runner, ["acme"]))
    given = {name: value.replace("{clear}", str(clear)) for name, value in variables.items()}
    given["vault_password_file"] = str(clear / "password")
    assert_fails_in_one_line(runner.ansible_playbook(PLAYBOOK, "-e", json.dumps(given), "--check"), words)
