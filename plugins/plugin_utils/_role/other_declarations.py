# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find hosts of the inventory, outside the play, that declare tenants of their own. Nothing but paths is evaluated.

A list can hold thousands of tenants, and templates that fetch each key from a secret store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Environment, TemplateSyntaxError
from jinja2.nodes import Call, Const, Extends, FromImport, Import, Include, Name

from ...module_utils._core.written import unset
from .._report.role_words import PREFIX
from .extra_variables import without_extra_variables
from .given import Given, full

TENANTS, TENANTS_FILE = LISTS = (f"{PREFIX}tenants", f"{PREFIX}tenants_file")
API_KEY = f"{PREFIX}api_key"
OF_A_TENANT = (
    f"{PREFIX}origin_owner_id",
    f"{PREFIX}previous_origin_owner_id",
    f"{PREFIX}account_id",
    f"{PREFIX}domain",
    API_KEY,
)
GROUP_OF_TENANTS = "tenants"
"""The group on which the playbooks for tenants as hosts work."""

OF_KEYS = frozenset({"api_key", "admin_api_key", "credential_fields"})
"""The options of a tenant that do not say which tenant it is. Each may be fetched from a secret store."""

PLAIN_LOOKUPS = frozenset(
    {"file", "fileglob", "unvault", "env", "csvfile", "ini", "lines", "pipe", "password", "dict", "items"}
)
"""The lookups that evaluate nothing but what they are given."""

LOOKUPS = frozenset({"lookup", "query", "q"})
ANY_VARIABLE = re.compile(r"vars|hostvars|ansible_limit|ansible_play_.*|play_hosts|.*role_names?")
"""Variables that can stand for any other, or that another run has otherwise."""

_ONE_VARIABLE = re.compile(r"\{\{\s*\w+\s*\}\}")
"""A template that is the value of one variable."""


@dataclass(frozen=True)
class Declaration:
    """A host that declares tenants, and what it is, in words for a message."""

    host: str
    what: str


@dataclass(frozen=True)
class Host:
    """Read what is set for a host, without evaluating it."""

    name: str
    variables: Mapping[str, Any]
    of_inventory: Mapping[str, Any]

    @cached_property
    def seen(self) -> Mapping[str, Any]:
        """Return all that is set."""
        return _raw(self.variables, self.name)

    @cached_property
    def own(self) -> Mapping[str, Any]:
        """Return what is set without -e, which is for all hosts, and hides what the inventory has."""
        return _raw(self.of_inventory, self.name)

    def has(self, name: str) -> bool:
        """Say whether a variable is set."""
        return name in self.own or name in self.seen

    def value(self, name: str) -> Any:
        """Return a variable as the inventory has it or, if only -e sets it, as that does."""
        return self.own[name] if name in self.own else self.seen.get(name)


def declarations(given: Given) -> Iterator[Declaration]:
    """Yield each host that has another list than this one, or that stands for a tenant."""
    of_inventory = without_extra_variables(given.variables)
    mine, playing = Host(given.run.host, given.variables, of_inventory), {*given.hosts, given.run.host}
    comparison = Comparison(frozenset(given.run.names))
    for name in given.variables:
        host = Host(name, given.variables, of_inventory)
        if name in playing:
            continue
        if any(_is_other_list(given, variable, host, mine, comparison) for variable in LISTS):
            yield Declaration(name, "has a list, too, whose accounts")
        elif _is_named_as_tenant(host) or any(
            _is_tenant(given, variable, host, mine, comparison) for variable in OF_A_TENANT
        ):
            yield Declaration(name, "is a tenant itself, whose account")


def _raw(variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return getattr(variables, "raw_get", variables.get)(name) or {}


def _is_other_list(given: Given, variable: str, host: Host, mine: Host, comparison: Comparison) -> bool:
    written = host.own.get(variable)
    if is_empty(written) or comparison.is_shared(variable, host, mine):
        return False
    masked = host.seen.get(variable) is not written
    if masked and any(_templates(written)):
        return True
    try:
        value = written if masked else given.variables[host.name][variable]
        if is_empty(value) or variable == TENANTS:
            return not is_empty(value)
        path = full(value)
    except Exception:  # whatever another host's template or plugin raises
        return True
    if path == given.path("tenants_file"):
        return False
    # A path for all hosts with the folder of the inventory in it leads nowhere for hosts of another one.
    of_all = isinstance(written, str) and written is mine.own.get(variable)
    of_folder = of_all and _names_in(written) == {"inventory_dir"}
    return os.path.exists(path) or not of_folder


def _is_named_as_tenant(host: Host) -> bool:
    """Say whether a host is in the group of tenants and has no list, so that its name alone can declare a tenant."""
    return GROUP_OF_TENANTS in host.own.get("group_names", ()) and all(is_empty(host.own.get(name)) for name in LISTS)


def _is_tenant(given: Given, variable: str, host: Host, mine: Host, comparison: Comparison) -> bool:
    """Say whether a variable says that a host stands for a tenant, and is not the same for all hosts."""
    if unset(host.own.get(variable)) or comparison.is_shared(variable, host, mine):
        return False
    if variable == API_KEY or host.seen.get(variable) is not host.own.get(variable):
        # To evaluate a key can cost a request to a secret store.
        return True
    try:
        return not unset(given.variables[host.name][variable])
    except Exception:  # whatever another host's template or plugin raises
        return True


def is_empty(value: Any) -> bool:
    """Say whether a variable is set to nothing, or to an empty list."""
    return unset(value) or (isinstance(value, (list, tuple, dict)) and not value)


@dataclass
class Comparison:
    """Compare values of two hosts. What a value uses is read once: it can be the list of all hosts, and a long one."""

    visible: frozenset[str]
    """The variables that this run sees, also those of its play."""
    _used: dict[tuple[int, bool], tuple[Any, frozenset[str] | None]] = field(default_factory=dict)

    def is_shared(self, variable: str, host: Host, mine: Host) -> bool:
        """Say whether a variable is certainly the same for both hosts, in the inventory or as this run has it."""
        return any(
            self._is_same(host.own[variable], each[variable], host, mine)
            for each in (mine.own, mine.seen)
            if variable in each
        )

    def _is_same(
        self,
        value: Any,
        other: Any,
        host: Host,
        mine: Host,
        met: frozenset[str] = frozenset(),
        keys_count: bool = False,
    ) -> bool:
        """Say whether two values are written the same way, with variables that are the same for both hosts.

        The keys in a list of tenants do not count. In what a template makes such a list of, they do: it can select by them.
        """
        if not _equal(value, other):
            return False
        used = self._variables_in(value, keys_count)
        if used is None:
            return False
        keys_count = keys_count or not (isinstance(value, str) and _ONE_VARIABLE.fullmatch(value.strip()))
        return all(
            self._is_same(host.value(name), mine.value(name), host, mine, met | used, keys_count)
            if host.has(name) or mine.has(name)
            # What the play sets, it can set otherwise for another host. All else is of Jinja, or of the template itself.
            else name not in self.visible
            for name in used - met
        )

    def _variables_in(self, value: Any, keys_count: bool) -> frozenset[str] | None:
        """Return the variables that the templates in a value use, or None if it can be any."""
        place = (id(value), keys_count)
        if place not in self._used:
            found = list(map(_names_in, set(_templates(value, keys_count))))
            names = None if None in found else frozenset().union(*filter(None, found))
            # Kept with the value, because the number of one that is gone can be another's.
            self._used[place] = (value, names)
        return self._used[place][1]


def _equal(value: Any, other: Any) -> bool:
    """Say whether two values are equal. An encrypted one that cannot be decrypted is like no other."""
    try:
        return value is other or bool(value == other)
    except AnsibleError:
        return False


def _templates(value: Any, keys_count: bool = True) -> Iterator[str]:
    """Yield each text in a value that Ansible would evaluate."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if keys_count or name not in OF_KEYS:
                yield from _templates(each, keys_count)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _templates(each, keys_count)
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value


@cache
def _names_in(text: str) -> frozenset[str] | None:
    """Return the names that a template reads; None if it can read any variable, or cannot be understood."""
    try:
        tree = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError:
        return None
    names = frozenset(name.name for name in tree.find_all(Name) if name.ctx == "load")
    reads_files = any(True for _node in tree.find_all((Include, Import, FromImport, Extends)))
    calls = [call for call in tree.find_all(Call) if isinstance(call.node, Name) and call.node.name in LOOKUPS]
    lookups = [name for name in tree.find_all(Name) if name.name in LOOKUPS]
    if reads_files or any(map(ANY_VARIABLE.fullmatch, names)):
        return None
    # One that is not called where it stands has another name, and its plugin is not seen.
    return names - LOOKUPS if len(lookups) == len(calls) and all(map(_is_plain, calls)) else None


def _is_plain(lookup: Call) -> bool:
    name = lookup.args[0].value if lookup.args and isinstance(lookup.args[0], Const) else ""
    return str(name).removeprefix("ansible.builtin.") in PLAIN_LOOKUPS
