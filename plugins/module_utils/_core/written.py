# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of values from users, YAML and spreadsheets: which are text, and which text cannot be an id. Pure."""

from __future__ import annotations

import datetime
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

MARK = "__not_text__"

_KINDS = (
    (bool, "a boolean"),
    (float, "a decimal number"),
    (datetime.date, "a date"),
    (Mapping, "a dictionary"),
    ((list, tuple, set), "a list"),
    (bytes, "binary data"),
)

_UNSEEN = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
_HIDDEN = re.compile(f"[{_UNSEEN}]")
_EDGES = "".join(char for char in map(chr, (*range(0x3165), 0xFEFF, 0xFFA0)) if char.isspace() or _HIDDEN.match(char))

_ERROR = re.compile(r"#(N/A|NV|N/D|[A-Z/0]+[!?])")
_ACCIDENTS = (
    (re.compile(r"-?\d+([.,]\d+)?[eE][+-]\d+|-?\d+[.,]0+"), "a number in a spreadsheet's notation"),
    (re.compile(r"(?s)=.*"), "a spreadsheet formula"),
    (re.compile(r"(?s)'.*"), "text with the leading apostrophe that spreadsheets hide"),
    (re.compile(rf"{_ERROR.pattern}|#+"), "a spreadsheet error"),
    (re.compile(r"(?i)nan|n/a|null|none|true|false|undefined"), "what programs write for a missing or non-text value"),
)

_PLAIN_NAME = re.compile(r"[A-Z]?[a-z]{1,19}([ _-][A-Z]?[a-z]{1,19}){0,4}")


def not_text(value: Any) -> str | None:
    """Return what kind of value it is if it is not text. Return None for text and for whole numbers, which count as text."""
    if isinstance(value, Mapping) and MARK in value:
        return str(value[MARK])
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return None if isinstance(value, (str, int)) else "null" if value is None else "of an unknown type"


def marked(value: Any) -> Any:
    """Return a value that JSON and templates would turn into text in a form that keeps what it was.

    A module can then refuse it, as it refuses any other value that is not text.
    """
    if isinstance(value, datetime.date) or (isinstance(value, float) and not math.isfinite(value)):
        return {MARK: not_text(value)}
    return value


def trimmed(text: str) -> str:
    """Return the text without white space and invisible characters around it."""
    inner = text.strip(_EDGES)
    # Return the same object if nothing was removed, because Ansible tags texts from the user.
    return text if len(inner) == len(text) else inner


def unset(value: Any) -> bool:
    """Return whether an option is unset or blank. Surveys send empty text for questions that were not answered."""
    return value is None or (isinstance(value, str) and not trimmed(value))


def hidden_character(text: str) -> str | None:
    """Return the first invisible character, such as `U+200B`, or None. An ordinary space is not invisible."""
    if text.isprintable() and not _HIDDEN.search(text):
        return None
    return next(f"U+{ord(char):04X}" for char in text if not char.isprintable() or _HIDDEN.match(char))


def accident(text: str) -> str | None:
    """Return what a spreadsheet or a program made of an id, or None if the text can be an id."""
    return next((words for pattern, words in _ACCIDENTS if pattern.fullmatch(text)), None)


def is_error(text: str) -> bool:
    """Return whether a text is an error that a spreadsheet shows instead of a value; nothing has such a name."""
    return bool(_ERROR.fullmatch(text))


def plain_name(name: Any) -> str | None:
    """Return the value if it is a plain name that can be shown, else None: it could be a key in the wrong place."""
    return name if isinstance(name, str) and _PLAIN_NAME.fullmatch(name) else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question with the closest of the known words, or an empty text."""
    close = difflib.get_close_matches(re.sub(r"[ -]", "_", word.lower()), sorted(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""
