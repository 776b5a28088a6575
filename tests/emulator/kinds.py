# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of value that admin requests and the command line take, each with its words for a refusal."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

LONGEST_MS = 24 * 3600 * 1000
MOST = 1_000_000_000
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_SHOWN = 60


@dataclass(frozen=True)
class Kind:
    """A kind of value: what it is called, and whether a value is of it."""

    words: str
    fits: Callable[[Any], bool]

    def check(self, name: str, value: Any) -> None:
        """Raise ValueError with the name of the field if the value is of another kind."""
        if not self.fits(value):
            raise ValueError(f"{name} takes {self.words}, not {_shown(value)}")

    def option(self, convert: Callable[[str], Any]) -> Callable[[str], Any]:
        """Return a type of argparse that takes values of this kind."""

        def parse(text: str) -> Any:
            try:
                value = convert(text)
            except ValueError:
                value = None
            if not self.fits(value):
                raise argparse.ArgumentTypeError(f"takes {self.words}, not {_shown(text)}")
            return value

        return parse


def check(values: Any, kinds: Mapping[str, Kind], what: str, needed: tuple[str, ...] = ()) -> None:
    """Raise ValueError that names a property that is unknown, missing or of another kind."""
    if not isinstance(values, dict):
        raise ValueError(f"{what} is an object, not {_shown(values)}")
    unknown = values.keys() - kinds.keys()
    if unknown:
        raise ValueError(f"unknown {what} property {', '.join(sorted(unknown))}; known: {', '.join(sorted(kinds))}")
    for name in needed:
        if name not in values:
            raise ValueError(f"{name} is needed")
    for name, value in values.items():
        kinds[name].check(name, value)


def whole(least: int, most: int = MOST) -> Kind:
    """Return the kind of whole numbers within bounds."""
    return Kind(
        f"a whole number from {least} to {most}",
        lambda value: isinstance(value, int) and _is_number(value) and least <= value <= most,
    )


def number(least: float, most: float) -> Kind:
    """Return the kind of numbers within bounds; what is not a number is not within any."""
    return Kind(f"a number from {least} to {most}", lambda value: _is_number(value) and least <= value <= most)


def one_of(allowed: type[Enum] | tuple[str, ...]) -> Kind:
    """Return the kind of texts that are one of some."""
    values = allowed if isinstance(allowed, tuple) else tuple(one.value for one in allowed)
    return Kind(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def either(*kinds: Kind) -> Kind:
    """Return the kind of values that are of one of these."""
    return Kind(" or ".join(kind.words for kind in kinds), lambda value: any(kind.fits(value) for kind in kinds))


def _is_number(value: Any) -> bool:
    """Return whether it is a number, which Python's true and false are as well."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_raw(value: Any) -> bool:
    """Return whether it is a text that can be sent, which half a surrogate pair cannot."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_header_value(value: Any) -> bool:
    return isinstance(value, str) and _HEADER_VALUE.fullmatch(value) is not None


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _HEADER_NAME.fullmatch(name) and _is_header_value(content) for name, content in value.items()
    )


def _shown(value: Any) -> str:
    """Return a value in one short line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


NULL = Kind("null", lambda value: value is None)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXT = Kind("a text of one line", _is_text)
HEADER_VALUE = Kind("a text that a header can have", _is_header_value)
HEADERS = Kind("an object of header names with their texts", _are_headers)
RAW = Kind(
    'an object {"raw": "text"}', lambda value: isinstance(value, dict) and [*value] == ["raw"] and _is_raw(value["raw"])
)
DELAY_MS = number(0, LONGEST_MS)
