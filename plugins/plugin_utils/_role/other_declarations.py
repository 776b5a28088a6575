# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find hosts of the inventory, outside the play, that declare tenants of their own. Nothing but paths is evaluated.

A list can hold thousands of tenants, and templates that fetch each key from a secret store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Environment, TemplateSyntaxError, UndefinedError
from jinja2.nodes import Name

from ...module_utils._core.written import unset
from .._report.role_words import PREFIX
from .extra_variables import without_extra_variables
from .given import Given, full

TENANTS, TENANTS_FILE = LISTS = (f"{PREFIX}tenants", f"{PREFIX}tenants_file")
OF_A_TENANT = (f"{PREFIX}origin_owner_id", f"{PREFIX}domain")

GLOBALS = frozenset({"lookup", "query", "q", "omit", "now", "undef", "range", "dict", "namespace"})
"""What templates can use without a variable."""

_ANY_VARIABLE = re.compile(r"\b(host)?vars\b")
"""Words in a template that can stand for any variable, also as the name of a lookup."""


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


def declarations(given: Given) -> Iterator[Declaration]:
    """Yield each host that has another list than this one, or that stands for a tenant."""
    of_inventory = without_extra_variables(given.variables)
    mine, playing = Host(given.run.host, given.variables, of_inventory), {*given.hosts, given.run.host}
    comparison = Comparison()
    for name in given.variables:
        host = Host(name, given.variables, of_inventory)
        if name in playing:
            continue
        if any(_is_other_list(given, variable, host, mine, comparison) for variable in LISTS):
            yield Declaration(name, "has a list, too, whose accounts")
        elif any(_is_set(host, mine, variable) for variable in OF_A_TENANT):
            yield Declaration(name, "is a tenant itself, whose account")


def _raw(variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return getattr(variables, "raw_get", variables.get)(name) or {}


def _is_other_list(given: Given, variable: str, host: Host, mine: Host, comparison: Comparison) -> bool:
    value = host.own.get(variable)
    if is_empty(value) or any(
        comparison.come_out_the_same(value, each[variable], host, mine)
        for each in (mine.own, mine.seen)
        if variable in each
    ):
        return False
    if any(_templates(value)):
        if host.seen.get(variable) is not value:
            return True
        try:
            value = given.variables[host.name].get(variable)
        except (AnsibleError, UndefinedError):
            return True
    if variable == TENANTS_FILE and not unset(value):
        return full(value) != given.path("tenants_file")
    return not is_empty(value)


def _is_set(host: Host, mine: Host, variable: str) -> bool:
    """Say whether a variable is set for a host, and not for all hosts."""
    value = host.own.get(variable)
    return not unset(value) and value is not mine.own.get(variable)


def is_empty(value: Any) -> bool:
    """Say whether a variable is set to nothing, or to an empty list."""
    return unset(value) or (isinstance(value, (list, tuple, dict)) and not value)


@dataclass
class Comparison:
    """Compare values of two hosts. What a value uses is read once: it can be the list of all hosts, and a long one."""

    _used: dict[int, tuple[Any, frozenset[str] | None]] = field(default_factory=dict)

    def come_out_the_same(
        self, value: Any, other: Any, host: Host, mine: Host, met: frozenset[str] = frozenset()
    ) -> bool:
        """Say whether two values are certainly one: they are written the same way, with variables that are the same for both hosts."""
        if not _equal(value, other):
            return False
        used = self._variables_in(value)
        if used is None:
            return False
        return all(
            name in host.seen
            and name in mine.seen
            and self.come_out_the_same(host.seen[name], mine.seen[name], host, mine, met | used)
            for name in used - met
        )

    def _variables_in(self, value: Any) -> frozenset[str] | None:
        """Return the variables that the templates in a value use, or None if it can be any."""
        if id(value) not in self._used:
            texts = set(_templates(value))
            any_of_all = any(map(_ANY_VARIABLE.search, texts))
            names = None if any_of_all else frozenset().union(*map(_names_in, texts)) - GLOBALS
            # Kept with the value, because the number of one that is gone can be another's.
            self._used[id(value)] = (value, names)
        return self._used[id(value)][1]


def _equal(value: Any, other: Any) -> bool:
    """Say whether two values are equal. An encrypted one that cannot be decrypted is like no other."""
    try:
        return value is other or bool(value == other)
    except AnsibleError:
        return False


def _templates(value: Any) -> Iterator[str]:
    """Yield each text in a value that Ansible would evaluate."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _templates(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _templates(each)
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value


@cache
def _names_in(text: str) -> frozenset[str]:
    """Return the variables that a template uses; for one that cannot be read, a name that no host has."""
    try:
        names = list(Environment(autoescape=True).parse(text).find_all(Name))
    except TemplateSyntaxError:
        return frozenset({""})
    set_by_itself = {name.name for name in names if name.ctx != "load"}
    return frozenset(name.name for name in names) - set_by_itself
