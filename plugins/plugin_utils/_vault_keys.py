# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CSV of keys brought into a vaulted variables file. In memory: what goes in and out is encrypted, but for the CSV."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_bytes
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import api_keys_from, label_of
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._table import Problem

VARIABLE = "freshservice_link_api_keys"

_HEADER = "$ANSIBLE_VAULT;"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class Merged:
    """What to write (nothing if empty), and how many keys it holds and what became of them. Holds no key in clear."""

    content: str
    total: int
    added: int
    changed: int
    unchanged: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """The same for Ansible."""
        return asdict(self)


class VaultFile:
    """A file of variables, encrypted as a whole; the text of one that exists, or none."""

    def __init__(self, text: str, password: str) -> None:
        text = text.strip()
        self._vault_id = _vault_id(text)
        self._secret = VaultSecret(to_bytes(password))
        self._lib = VaultLib([(self._vault_id, self._secret)])
        self.variables = self._decrypted(text) if text else {}

    def encrypted(self, variables: dict[str, Any]) -> str:
        """The text of a file that holds these variables. Every time another: the salt is random."""
        clear = yaml.dump(variables, Dumper=_Dumper, explicit_start=True, sort_keys=False, allow_unicode=True)
        return self._lib.encrypt(clear, self._secret, vault_id=self._vault_id).decode()

    def _decrypted(self, text: str) -> dict[str, Any]:
        try:
            clear = self._lib.decrypt(text)
        except AnsibleError:
            raise Problem("the password does not open it, or the file is damaged.") from None
        # An error of the YAML parser shows the line that it is about.
        try:
            variables = yaml.load(clear, Loader=_Loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"line {mark.line + 1} of its content" if mark else "its content"
            raise Problem(
                f"{where} is no plain YAML. Mend it with ansible-vault edit; tags such as !vault cannot be kept."
            ) from None
        variables = {} if variables is None else variables
        if not isinstance(variables, dict) or not isinstance(variables.get(VARIABLE) or {}, dict):
            raise Problem(f"it must hold variables, and {VARIABLE} a dictionary. Mend it with ansible-vault edit.")
        return variables


def merge(text: str, password: str, existing: str, replace: bool) -> Merged:
    """Bring the CSV's keys into the file. Raises Problem, which says whether it is about the CSV or the file."""
    try:
        wanted = api_keys_from(text)
    except Problem as problem:
        raise Problem(f"keys_file: {problem}") from None
    try:
        file = VaultFile(existing, password)
    except Problem as problem:
        raise Problem(f"vault_file: {problem}") from None
    old = file.variables.get(VARIABLE) or {}
    new = _under_their_old_names(wanted, old)
    if not replace:
        new = {**old, **new}
    changed = sum(name in old and old[name] != key for name, key in new.items())
    added = len(new.keys() - old.keys())
    removed = len(old.keys() - new.keys())
    content = file.encrypted({**file.variables, VARIABLE: new}) if changed or added or removed else ""
    return Merged(content, len(new), added, changed, len(new) - added - changed, removed)


def _under_their_old_names(keys: dict[str, str], old: dict[Any, Any]) -> dict[Any, str]:
    """So that C(acme) replaces what somebody wrote as C(Acme.freshservice.com), or C(4711) as a number."""
    names = {label_of(str(name)): name for name in old}
    return {names.get(name, name): key for name, key in keys.items()}


def _vault_id(text: str) -> str:
    """The label that the file was encrypted with: the password of another may not open it later."""
    if text and not text.startswith(_HEADER):
        raise Problem("it is not encrypted. Encrypt it with ansible-vault encrypt, then run this again.")
    parts = text.partition("\n")[0].strip().split(";")
    return parts[3] if len(parts) > 3 else "default"
