# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do all the work of `vault_keys`, on the controller. plugins/modules/vault_keys.py documents it."""

from __future__ import annotations

import os
import stat
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.vault import b_HEADER as HEADER
from ansible.parsing.vault import is_encrypted
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from ..module_utils._core.tenant import invalid_argument
from ..plugin_utils._keys.problems import Problem
from ..plugin_utils._keys.replaced_file import locked_file
from ..plugin_utils._keys.vault_file import Merged, merge

MISSING = (
    "No vault password was given. Type it at a terminal, or name a file that holds it with -e vault_password_file=PATH"
)
SPEC = {
    "keys_file": {"type": "str", "required": True},
    "vault_file": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "password_file": {"type": "str"},
    "replace": {"type": "bool", "default": False},
    "lock_timeout": {"type": "float", "default": 60.0},
}


class ActionModule(ActionBase):
    """Copy the keys of a CSV file into an encrypted file, one run at a time."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return counts. No key and no password is in a result or an error."""
        try:
            result = super().run(tmp, task_vars)
            _checked, options = self.validate_argument_spec(SPEC)
            merged = self._merge(options, task_vars or {})
        except (AnsibleActionFail, Problem) as problem:
            failure = invalid_argument(str(problem)).failure
            return {"failed": True, "changed": False, "msg": failure.line, "failure": failure.as_dict()}
        return {
            **result,
            "changed": bool(merged.content),
            "total": merged.total,
            "added": merged.added,
            "replaced": merged.changed,
            "unchanged": merged.unchanged,
            "removed": merged.removed,
            "keys_in_clear": not _is_encrypted(options["keys_file"]),
        }

    def _merge(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Merged:
        if not options["keys_file"] or not options["vault_file"]:
            raise Problem("Name the CSV and the vaulted file with -e keys_file=keys.csv -e vault_file=vault.yml")
        keys, vault = _path(options["keys_file"]), _path(options["vault_file"])
        if not os.path.isfile(keys):
            raise Problem(f"keys_file: {keys} does not exist. Check its path.")
        if os.path.exists(vault) and not os.path.isfile(vault):
            raise Problem(f"vault_file: {vault} is not a regular file. Name another path.")
        if not os.path.isdir(os.path.dirname(vault)):
            raise Problem(f"vault_file: the folder of {vault} does not exist. Create it, or name another.")
        password = _password(options)
        text = self._text_of(keys, task_vars)
        with locked_file(vault, options["lock_timeout"]) as file:
            merged = merge(text, password, to_text(file.content or b"", errors="replace"), options["replace"])
            if merged.content and not self._task.check_mode:
                file.replace(merged.content.encode())
        return merged

    def _text_of(self, path: str, task_vars: dict[str, Any]) -> str:
        """Return the text of the CSV file, decrypted if Ansible has the password. It is never written to a file."""
        lookup = lookup_loader.get("ansible.builtin.file", loader=self._loader, templar=self._templar)
        try:
            (text,) = lookup.run([path], task_vars)
        except AnsibleError:
            raise Problem(
                f"keys_file: {path} cannot be read, or is encrypted with a password that Ansible was not given."
            ) from None
        return str(text)


def _password(options: dict[str, Any]) -> str:
    if not options["password_file"]:
        # Without a terminal, Ansible uses None as the answer to its prompt.
        if options["password"] in (None, "", "None"):
            raise Problem(MISSING)
        return str(options["password"])
    path = _path(options["password_file"])
    if not os.path.isfile(path):
        raise Problem(f"vault_password_file: {path} does not exist. Check its path.")
    if os.stat(path).st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        raise Problem(
            f"vault_password_file {path} is executable: then Ansible runs it as a script, which is not supported here."
            " If it holds the password itself, take the permission away with chmod -x."
        )
    try:
        with open(path, encoding="utf-8") as file:
            password = file.read().strip()
    except (OSError, UnicodeError):
        raise Problem(
            f"vault_password_file: {path} cannot be read as UTF-8 text. Check its permissions and its content."
        ) from None
    if not password:
        raise Problem(MISSING)
    return password


def _is_encrypted(keys_file: str) -> bool:
    with open(_path(keys_file), "rb") as file:
        return is_encrypted(file.read(len(HEADER)))


def _path(text: str) -> str:
    """Return the full path. A relative path is relative to the user's current folder; symbolic links are followed."""
    return os.path.realpath(os.path.expanduser(text))
