# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted files of keys, and what a run may leave of them in clear."""

from __future__ import annotations

import base64

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.collection import PLAYBOOKS

PLAYBOOK = str(PLAYBOOKS / "vault_keys.yml")
PASSWORD = "Vault-pässword {{ 1 }} 42"
VARIABLE = "freshservice_link_api_keys"


def csv_of(runner, domains):
    return ("domain,api_key\n" + "".join(f"{name},{runner.tenant_key(name)}\n" for name in domains)).encode()


def assert_nothing_in_clear(runner):
    """Search what the runner holds for the password, and for keys within base64 or hex of more than themselves."""
    runner.assert_no_secret()
    places = {
        path: path.read_bytes()
        for folder in (runner.folder, runner.temporary)
        for path in folder.rglob("*")
        if path.is_file()
    }
    for secret in [*runner.known, PASSWORD]:
        for form in encodings(secret.encode()):
            found = [str(path) for path, content in places.items() if form in content]
            assert not found, f"a secret is in {found}"


def encodings(secret):
    """As it is, in hex, and in base64 wherever in the encoded text it starts: but for the characters it shares."""
    yield from (secret, secret.hex().encode())
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret)
        yield encoded[4 if before else 0 : -4]


def encrypted(runner, variables, password=PASSWORD):
    secret = VaultSecret(password.encode())
    text = variables if isinstance(variables, str) else yaml.safe_dump(variables)
    (runner.folder / "vault.yml").write_bytes(VaultLib().encrypt(text, secret, vault_id="default"))


def snapshot(runner):
    path = runner.folder / "vault.yml"
    return (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
