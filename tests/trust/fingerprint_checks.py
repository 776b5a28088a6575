# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of a fingerprints file, whatever became of the run that kept it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.fingerprints import Fingerprints
from tests.support.module_runner import ModuleRunner
from tests.trust.flows import shown


def remembered(runner: ModuleRunner) -> Iterator[str]:
    """It is nobody else's to read, holds no secret, and what it says of a declared key is true."""
    path = runner.fingerprints
    if list(path.parent.iterdir()) != [path]:
        yield f"there is {[item.name for item in path.parent.iterdir()]} instead of the fingerprints alone"
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode != 0o600:
        yield f"the fingerprints have mode {mode:o}"
    if runner.betrayed_by(path.read_text(encoding="utf-8")):
        yield "a secret, or the better half of one, is in the fingerprints"
    memory = Fingerprints(str(path), runner.emulator.stackone_api_key)
    if memory.problem:
        yield memory.problem
    for account in runner.emulator.accounts():
        one = shown(account)
        declared = runner.keys[one["domain"]]
        lie = StoredKey.CHANGED if one["key"] == declared else StoredKey.UNCHANGED
        if _claim(memory, account, declared) is lie:
            yield f"the fingerprint of {account['id']} says that the declared key is {lie.value}"


def _claim(memory: Fingerprints, stored: dict[str, Any], api_key: str) -> StoredKey:
    """What is remembered of an account, where this key is declared."""
    one = shown(stored)
    account = Account(stored["id"], stored["provider"], one["status"], one["owner"], updated_at=stored["updated_at"])
    return memory.recall(Tenant(one["owner"], one["domain"], api_key), account)
