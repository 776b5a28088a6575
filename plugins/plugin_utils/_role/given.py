# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the role was given: the values of its variables, and what its entry point needs and does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE

from .._report.role_words import PREFIX

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
"""The words, in lower case, that the role takes for a truth value."""

UNDEFINED = "__undefined__"
"""The value of a variable that refers to one that is not set."""

OMITTED = "__omitted__"
"""The value of a variable that is `omit`, which Ansible takes for an option of a module that is left out."""


@dataclass(frozen=True)
class Run:
    """Say what the entry point needs and does, as `__freshservice_link_run` of the role has it."""

    steps: str = ""
    """The file of tasks, for example `link_list`."""
    needs: Sequence[str] = ()
    is_list: bool = False
    has_list: bool = False
    has_file: bool = False
    rotating: bool = False
    takes_plan: bool = False
    previewing: bool = False
    uses: Mapping[str, str] | None = None
    """The variable of each file that the host uses, by its path, once each host has noted its own. Nothing else is checked then."""
    others: Sequence[Mapping[str, Any]] = ()
    """The notes of the other hosts."""
    tenants_refer_to_nothing: bool = False
    has_new_keys: bool = False
    event: Any = None
    named: Sequence[Any] = ()
    """The accounts that the event names."""
    named_owners: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """The files that the run will read, by variable. Empty if the variable is not set."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """The files that a run reads, whether this one does or not. Neither reports nor auth links may replace them."""
    auth_links_path: str = ""
    host: str = ""
    names: Sequence[str] = ()
    """All variables that the run sees."""
    similar_names: Sequence[str] = ()
    """Variables that are set, whose names are like those of the role."""

    @property
    def needs_keys(self) -> bool:
        """Say whether the run uses API keys of tenants."""
        return self.is_list and "auth_links_file" not in self.needs


@dataclass(frozen=True)
class Given:
    """Hold what the checks read.

    `values` has each variable that is set, by its full name, without tenants and keys. `contents` has the text of each file
    that could be read, and decrypted if necessary, by path. `variables` has those of each host.
    """

    values: Mapping[str, Any]
    run: Run = Run()
    contents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def value(self, name: str, default: Any = "") -> Any:
        """Return the value of a variable, named without the prefix, or the default if it is not set or empty."""
        return self.values.get(f"{PREFIX}{name}") or default

    def path(self, name: str) -> str:
        """Return the full path that a variable names, or empty text."""
        return full(self.value(name)) if self.value(name) else ""

    @property
    def reports(self) -> list[str]:
        """Return the full path of each report."""
        return [full(path) for path in self.report_names]

    @property
    def report_names(self) -> list[Any]:
        """Return the reports as they were written."""
        return list(flat(self.value("report")))


def flat(value: Any) -> Iterator[Any]:
    """Yield what is in a list and in the lists in it, or the value itself. Empty values are left out."""
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from flat(each)
    elif value:
        yield value


def is_false(value: Any) -> bool:
    """Say whether the modules take a value for false, which they do not for one that they refuse."""
    word = value.strip().lower() if isinstance(value, str) else value
    return isinstance(word, (str, int, float)) and word in BOOLEANS_FALSE


def full(path: Any) -> str:
    """Return a path from the root, without symbolic links. A relative one is relative to the user's current folder."""
    return os.path.realpath(os.path.expanduser(os.path.expandvars(str(path))))
