# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges a CSV of keys into a vaulted file of variables. In memory: only the CSV may be in clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_bytes
from ansible.parsing.vault import VaultLib, VaultSecret

from .key_block import Entry, KeyBlock
from .keyring import api_keys_from, label_of
from .problems import Problem
from .table import BOM

_HEADER = "$ANSIBLE_VAULT;"


@dataclass(frozen=True)
class Merged:
    """The text to write (none if empty), the number of keys in it, and the changes. It holds no key in clear."""

    content: str
    total: int
    added: int
    changed: int
    unchanged: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the same for Ansible."""
        return asdict(self)


class VaultText:
    """The text of a file of variables that is encrypted as a whole, or does not exist yet. Raises Problem."""

    def __init__(self, text: str, password: str) -> None:
        self.has_bom = text.startswith(BOM)
        text = text.lstrip(BOM).strip()
        self._vault_id = _vault_id(text)
        self._secret = VaultSecret(to_bytes(password))
        self._lib = VaultLib([(self._vault_id, self._secret)])
        self.clear = self._decrypted(text) if text else "---\n"

    def encrypted(self, clear: str) -> str:
        """Return another content, encrypted in the same way. The text differs every time: the salt is random."""
        return self._lib.encrypt(clear, self._secret, vault_id=self._vault_id).decode()

    def _decrypted(self, text: str) -> str:
        try:
            return self._lib.decrypt(text).decode()
        except AnsibleError:
            raise Problem(
                "the password does not open it, or the file is damaged. Use the password that it was encrypted with, or"
                " restore the file from a backup."
            ) from None
        except UnicodeDecodeError:
            raise Problem("its content is not in UTF-8. Save it as UTF-8 text with ansible-vault edit.") from None


def merge(text: str, password: str, existing: str, replace: bool) -> Merged:
    """Merge the CSV's keys into the file. Raises Problem, which says whether it is about the CSV or the file."""
    try:
        wanted = api_keys_from(text)
    except Problem as problem:
        raise Problem(f"keys_file: {problem}") from None
    try:
        return _merged(wanted, VaultText(existing, password), replace)
    except Problem as problem:
        raise Problem(f"vault_file: {problem}") from None


def _merged(wanted: Mapping[str, str], vault: VaultText, replace: bool) -> Merged:
    block = KeyBlock(vault.clear)
    meant = {entry.name: _wanted_name(entry, wanted) for entry in block.entries}
    changed = {
        entry.name: wanted[name]
        for entry in block.entries
        if (name := meant[entry.name]) is not None and entry.value != wanted[name]
    }
    added = {name: key for name, key in wanted.items() if name not in meant.values()}
    removed = frozenset(name for name in meant if replace and meant[name] is None)
    clear = vault.clear
    if changed or added or removed:
        clear = block.changed(changed, added, removed)
    # Ansible does not open a file with a byte order mark before the header, so such a file is written again without one.
    content = vault.encrypted(clear) if clear != vault.clear or vault.has_bom else ""
    total = len(meant) + len(added) - len(removed)
    return Merged(content, total, len(added), len(changed), total - len(added) - len(changed), len(removed))


def _wanted_name(entry: Entry, wanted: Mapping[str, str]) -> str | None:
    """Return the wanted name that an entry means: `Acme.freshservice.com` means `acme`, and the number 4711 `"4711"`."""
    if entry.name in wanted:
        return entry.name
    label = label_of(entry.name)
    return label if label in wanted else None


def _vault_id(text: str) -> str:
    """Return the label that the file was encrypted with: another label's password may not open it later."""
    if text and not text.startswith(_HEADER):
        raise Problem("it is not encrypted. Encrypt it with ansible-vault encrypt, then run this again.")
    parts = text.partition("\n")[0].strip().split(";")
    return parts[3] if len(parts) > 3 else "default"
