# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as they were written, read by their spec. Pure.

Ansible would turn any value into text, and show the values of options that it does not understand. So this is done before
Ansible reads them, and no fault shows a value: it could be a secret in the wrong place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_bool, check_type_dict, check_type_list

from .._core.written import did_you_mean, not_text, plain_name, trimmed, unset

Spec = Mapping[str, Mapping[str, Any]]

PROBLEM = "__problem__"
"""The only entry of a dictionary that stands in place of a value that could not be made: why, in one line without secrets.

If a filter raises, Ansible repeats the cause several times within its own words about tasks and arguments. So the role lets
the filters hand on their problem, and the module that receives it fails with it.
"""

OTHER_KEYS = "__other_keys__"
"""The only entry of a dictionary that is the last item of a list of tenants: keys that no tenant of the list uses.

A run over a part of a list is given the keys of all. Somebody may have written one of them into a name or a label.
"""

NEVER_EMPTY = {
    "plan",
    "save_plan",
    "stackone_project_id",
    "purge_scope",
    *(f"purge_scope.{name}" for name in ("labels", "owner_ids", "profiles")),
}
"""The options that limit what a run does. Without a value they come from a variable that was not filled in, and a run that
took them for unset would do more than was meant."""

WHICH_ACCOUNT = ("domain", "account_id")
"""The options that say which of its owner's accounts a tenant has. If it is absent, this is not left open by mistake."""


class Wrong(Exception):
    """A fault in one option, described in one sentence."""


def read(given: Mapping[Any, Any], spec: Spec) -> tuple[dict[str, Any], list[str]]:
    """Return the options that are set and understood, each under its own name, and the faults of the others."""
    faults: list[str] = []
    values = _read(given, spec, "", faults)
    return values, [*faults, *_unnamed_account(given, values)]


def problem_in(value: Any) -> str | None:
    """Return why the value could not be made, if this stands in its place."""
    return str(value[PROBLEM]) if isinstance(value, Mapping) and PROBLEM in value else None


def with_defaults(values: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """Return all options of the spec, suboptions included."""
    full: dict[str, Any] = {}
    for name, about in spec.items():
        value = values.get(name, about.get("default"))
        full[name] = with_defaults(value, about["options"]) if "options" in about and isinstance(value, dict) else value
    return full


def text_of(value: Any, name: str) -> str:
    """Return the text without white space around it. Raises Wrong if YAML did not read the value as text."""
    kind = not_text(value)
    if kind:
        raise Wrong(f"{name} is {kind}, not text; put it in quotes.")
    return trimmed(value) if isinstance(value, str) else str(value)


def _read(given: Mapping[Any, Any], spec: Spec, path: str, faults: list[str]) -> dict[str, Any]:
    names = {alias: name for name, about in spec.items() for alias in about.get("aliases", ())}
    values: dict[str, Any] = {}
    for written, value in given.items():
        name = names.get(written, written) if isinstance(written, str) else ""
        problem = str(value) if written == PROBLEM else problem_in(value)
        if problem:
            faults.append(problem)
            continue
        try:
            if name is None or name not in spec:
                raise Wrong(_unknown(written, path, [*spec, *names]))
            if unset(value):
                if f"{path}{name}" in NEVER_EMPTY:
                    raise Wrong(f"{path}{written} is empty. Give it a value, or leave it out.")
                continue
            read_value = _value(value, spec[name], f"{path}{written}", faults)
            if values.setdefault(name, read_value) != read_value:
                raise Wrong(f"{path}{name} is given twice, under two of its names. Remove one of them.")
        except Wrong as wrong:
            faults.append(str(wrong))
    return values


def _unnamed_account(given: Mapping[Any, Any], values: Mapping[str, Any]) -> list[str]:
    """Return the fault of an absent tenant whose account was meant to be named, and is not."""
    empty = [name for name in WHICH_ACCOUNT if name in given and unset(given[name])]
    if (
        values.get("state") != "absent"
        or not empty
        or any(name in given for name in WHICH_ACCOUNT if name not in empty)
    ):
        return []
    return [f"{empty[0]} is empty, so any account of the owner could be unlinked. Give it a value, or leave it out."]


def _value(value: Any, about: Mapping[str, Any], name: str, faults: list[str]) -> Any:
    kind = about.get("type", "str")
    if kind == "dict":
        return _dictionary(value, about, name, faults)
    if kind == "list":
        return _list(value, about, name)
    return _SCALARS[kind](value, about, name)


def _text(value: Any, about: Mapping[str, Any], name: str) -> str:
    text = text_of(value, name)
    choices = about.get("choices")
    if choices and text not in choices:
        raise Wrong(f"{name} must be {_spoken(choices)}. {did_you_mean(text, choices)}".rstrip())
    return text


def _path(value: Any, _about: Mapping[str, Any], name: str) -> str:
    # White space can be part of a file's name.
    return value if isinstance(value, str) else text_of(value, name)


def _bool(value: Any, _about: Mapping[str, Any], name: str) -> bool:
    try:
        answer: bool = check_type_bool(trimmed(value) if isinstance(value, str) else value)
    except TypeError:
        raise Wrong(f"{name} must be true or false.") from None
    return answer


def _int(value: Any, _about: Mapping[str, Any], name: str) -> int:
    number = _number(value)
    if number is None or number != int(number):
        raise Wrong(f"{name} must be a whole number.")
    return int(number)


def _float(value: Any, _about: Mapping[str, Any], name: str) -> float:
    number = _number(value)
    if number is None:
        raise Wrong(f"{name} must be a number.")
    return float(number)


_SCALARS = {"str": _text, "path": _path, "bool": _bool, "int": _int, "float": _float}


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        value = trimmed(value)
        # Python reads 1_0 as 10, and the digits of every script.
        if "_" in value or not value.isascii():
            return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return value if isinstance(value, int) else number


def _list(value: Any, about: Mapping[str, Any], name: str) -> list[Any]:
    if about.get("elements") == "dict":
        # Each entry is independent, and is read when its turn comes.
        if not isinstance(value, (list, tuple)):
            raise Wrong(f"{name} must be a list of dictionaries.")
        return value if isinstance(value, list) else list(value)
    try:
        listed = value if isinstance(value, (list, tuple)) else check_type_list(text_of(value, name))
    except TypeError:
        raise Wrong(f"{name} must be a list.") from None
    texts = [text_of(item, f"item {number} of {name}") for number, item in enumerate(listed, 1)]
    if name in NEVER_EMPTY and not texts:
        raise Wrong(f"{name} is empty. Give it a value, or leave it out.")
    if name in NEVER_EMPTY and "" in texts:
        # A variable that was not filled in, or a comma at the end.
        raise Wrong(f"item {texts.index('') + 1} of {name} is empty. Give it a value, or remove it.")
    return texts


def _dictionary(value: Any, about: Mapping[str, Any], name: str, faults: list[str]) -> dict[str, Any]:
    try:
        found = value if isinstance(value, Mapping) else check_type_dict(value)
    except (TypeError, ValueError):
        raise Wrong(f"{name} must be a dictionary.") from None
    if "options" in about:
        return _read(found, about["options"], f"{name}.", faults)
    texts = {}
    for position, (inner, text) in enumerate(found.items(), 1):
        where = f"{name}.{plain_name(inner)}" if plain_name(inner) else f"entry {position} of {name}"
        texts[text_of(inner, f"the name of entry {position} of {name}")] = text_of(text, where)
    return texts


def _unknown(written: Any, path: str, known: list[str]) -> str:
    place = f" of {path[:-1]}" if path else ""
    if not isinstance(written, str):
        return f"the name of an option{place} is {not_text(written) or 'a number'}, not text; put it in quotes."
    shown = plain_name(written)
    advice = did_you_mean(written, known) or f"The options are {', '.join(sorted(known))}."
    return f"{path}{shown} is not an option. {advice}" if shown else f"An option{place} is not known. {advice}"


def _spoken(choices: Any) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else str(last)
