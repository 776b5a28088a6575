# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides show is so: the inventory that users copy, and what YAML makes of texts without quotes."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.collection import ROOT

HOSTS = (ROOT / "docs" / "tenants_as_hosts.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^```yaml inventory/(\S+)\n(.*?)^```$", HOSTS, re.MULTILINE | re.DOTALL))
VAULT = "group_vars/tenants/vault.yml"


def test_every_file_is_shown():
    folder = ROOT / "playbooks" / "inventory"
    assert set(SHOWN) == {str(path.relative_to(folder)) for path in folder.rglob("*.yml")}


@pytest.mark.parametrize("name", sorted(set(SHOWN) - {VAULT}))
def test_the_guide_shows_what_is_in_the_file(name):
    assert yaml.safe_load(SHOWN[name]) == yaml.safe_load((ROOT / "playbooks" / "inventory" / name).read_text())


def test_the_vault_has_the_same_variables_and_the_password_of_the_guide():
    (password,) = re.findall(r"password of its vault is `(\w+)`", HOSTS)
    vault = VaultLib([("default", VaultSecret(password.encode()))])
    plain = vault.decrypt((ROOT / "playbooks" / "inventory" / VAULT).read_bytes())

    def names(variables):
        return {name: sorted(value) if isinstance(value, dict) else None for name, value in variables.items()}

    assert names(yaml.safe_load(SHOWN[VAULT])) == names(yaml.safe_load(plain))


STARTED = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+) \| (.+) \| (.+) \|$", STARTED, re.MULTILINE)


def row(made):
    ((typed, _made, happens),) = [each for each in ROWS if made in each[1]]
    return [yaml.safe_load(text) for text in re.findall(r"`(.+?)`", typed)], happens


def test_whole_numbers_cannot_be_told_from_what_was_typed():
    values, happens = row("the whole numbers")
    assert values == [83, 31, 1000, 45045]
    assert re.findall(r"`(\d+)`", happens) == [str(value) for value in values]


def test_the_others():
    assert row("the number 4711")[0] == [4711]
    assert all(isinstance(value, str) for value in row("text")[0])
    assert all(value is None or isinstance(value, bool) for value in row("true, false or nothing")[0])
    assert all(isinstance(value, (float, date)) for value in row("a decimal number or a date")[0])
