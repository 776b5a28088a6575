# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth links are written over earlier ones, and never over something else that would be lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

GOOD = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("acme", "globex")]
PLAIN = {
    "variables": "freshservice_link_tenants:\n  - domain: acme\n",
    "a list of tenants": "origin_owner_id,domain\ncustomer-acme,acme\n",
    "notes": "\n\nsomebody's notes\n",
}


@pytest.fixture
def write(runner, playbook):
    """Write auth links to a file, which is the one place where they may be."""

    def run(path, *args, **variables):
        runner.secret_files.add(path)
        return playbook(
            "auth_links",
            *args,
            quiet=True,
            freshservice_link_auth_links_file=str(path),
            freshservice_link_tenants=GOOD,
            **variables,
        )

    return run


def backups(path):
    return [each for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.")]


@pytest.mark.parametrize("what", PLAIN)
def test_a_file_that_holds_something_else_is_kept(runner, write, what):
    path = runner.folder / "file"
    path.write_text(PLAIN[what])
    run = write(path)
    assert run.code == 2
    assert f"freshservice_link_auth_links_file: {path} holds something else than auth links" in run.output
    assert path.read_text() == PLAIN[what]
    assert runner.emulator.requests() == []


def test_so_is_a_vault_that_the_run_can_decrypt(runner, write):
    path = runner.folder / "more.yml"
    runner.encrypt(path, "vault_of: something\n")
    before = path.read_bytes()
    run = write(path)
    assert (run.code, "holds something else" in run.output) == (2, True)
    assert path.read_bytes() == before


def test_and_whatever_the_run_reads(runner, write):
    path = runner.folder / "tenants.csv"
    path.write_text("origin_owner_id,origin_owner_name,domain,purpose,auth_link_url\n")
    run = write(path, freshservice_link_api_keys_file=str(path))
    assert run.code == 2
    assert "freshservice_link_api_keys_file as well. Name another file for the auth links." in run.output


def test_of_a_file_that_cannot_be_decrypted_a_backup_is_kept(runner, write):
    path, password = runner.folder / "links.yml", runner.folder / "another-password"
    password.write_text("another\n")
    path.write_text("vault_of: something\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(password), str(path)]
    subprocess.run(command, check=True, capture_output=True, env=runner.environment())
    before = path.read_bytes()
    assert write(path).code == 0
    (backup,) = backups(path)
    assert backup.read_bytes() == before
    assert path.read_text().startswith("origin_owner_id,")


@pytest.mark.parametrize("before", [None, "", "\n"])
def test_earlier_links_are_replaced(runner, write, before):
    path = runner.folder / "links.csv"
    if before is not None:
        path.write_text(before)
    for _time in range(2):
        run = write(path)
        assert run.code == 0, run.output
    assert path.read_text().count("token=") == len(GOOD)
    assert backups(path) == []
