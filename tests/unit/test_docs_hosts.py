# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that docs/tenants_as_hosts.md shows is the one in playbooks/inventory, which users copy."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "tenants_as_hosts.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^```yaml inventory/(\S+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
VAULT = "group_vars/tenants/vault.yml"


def test_every_file_is_shown():
    folder = ROOT / "playbooks" / "inventory"
    assert set(SHOWN) == {str(path.relative_to(folder)) for path in folder.rglob("*.yml")}


@pytest.mark.parametrize("name", sorted(set(SHOWN) - {VAULT}))
def test_the_guide_shows_what_is_in_the_file(name):
    assert yaml.safe_load(SHOWN[name]) == yaml.safe_load((ROOT / "playbooks" / "inventory" / name).read_text())


def test_the_vault_has_the_same_variables_and_the_password_of_the_guide():
    (password,) = re.findall(r"password of its vault is `(\w+)`", GUIDE)
    vault = VaultLib([("default", VaultSecret(password.encode()))])
    plain = vault.decrypt((ROOT / "playbooks" / "inventory" / VAULT).read_bytes())

    def names(variables):
        return {name: sorted(value) if isinstance(value, dict) else None for name, value in variables.items()}

    assert names(yaml.safe_load(SHOWN[VAULT])) == names(yaml.safe_load(plain))
