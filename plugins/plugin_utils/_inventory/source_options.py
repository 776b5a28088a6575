# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the options in an inventory file, and says what is wrong with one without showing the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable

from ...module_utils._core.tenant import invalid_argument
from ...module_utils._core.text import Scrubber
from ...module_utils._core.written import did_you_mean, plain_name
from ...module_utils._module.reading import read
from .._keys.keyring import unvault

MESSAGE_LIMIT = 1000


def refuse_unknown(given: Iterable[Any], options: Mapping[str, Any], advice: str) -> None:
    """Raise Failed for a misspelt option: without the intended filter, all accounts would become hosts."""
    known = {*options, *(alias["name"] for about in options.values() for alias in about.get("aliases") or ())}
    for name in given:
        if name not in known and not str(name).startswith("_"):
            shown = plain_name(name) or "a name in the file"
            raise invalid_argument(
                f"{shown} is not an option of this inventory.", did_you_mean(str(name), known) or advice
            )


def evaluated(name: str, value: Any, templar: Any, spec: Mapping[str, Any]) -> Any:
    """Return the value of an option, which may be a template, as its specification reads it. Raises Failed."""
    try:
        result = templar.template(unvault(value))
    except AnsibleUndefinedVariable as error:
        raise invalid_argument(
            f"{name} names a variable that is not known here ({without_source(error, value)}).",
            "Pass it with -e: when an inventory is read, only extra variables and lookups are known.",
        ) from None
    except AnsibleError as error:
        raise invalid_argument(
            f"{name} cannot be evaluated ({without_source(error, value)}).",
            "Correct it in the inventory file, or pass what it needs, such as the vault password.",
        ) from None
    # Ansible would turn any value into text, or show what it does not understand.
    values, faults = read({name: result}, spec) if name in spec else ({name: result}, [])
    if faults:
        raise invalid_argument(" ".join(faults), "Correct it in the inventory file.")
    return values.get(name)


def without_source(error: AnsibleError, *hidden: Any) -> str:
    """Return an error's words on one line, without those that show the inventory file, which may contain the key."""
    words = str(error).partition("The offending line appears to be")[0]
    hiding = Scrubber(text for text in hidden if isinstance(text, str))
    return hiding.line(words, MESSAGE_LIMIT).rstrip(".")
