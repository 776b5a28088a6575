# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from outside as variables: text that Ansible could evaluate, as a template or as an expression, is marked.

The mark is visible when variables are written out, as `{"__ansible_unsafe": ...}`, which other programs take literally. So
text that cannot be evaluated in any case stays plain. ansible-core 2.19 turned this around: there, text without trust has
that mark.
"""

from __future__ import annotations

import re
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var
from jinja2 import Environment, TemplateSyntaxError

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19

    def trust_as_template(value: str) -> str:  # type: ignore[misc]
        """Return the value unchanged: there, every text without a mark is trusted."""
        return value


_RUN = re.compile(r"[][{}|*\\\x00-\x1f\x7f]|^#")
"""Without one of these, nobody can write a template, an index, a filter or a huge number."""
_MASKED = re.compile(r"\*{3,}")
"""The text in place of a secret. That many asterisks in a row are not an operator, so they cannot be evaluated."""
_BRACKETS, _QUOTES = set("()"), set("'\"")

_environment = Environment()  # noqa: S701 - nothing is rendered


def marked(value: Any) -> Any:
    """Return the same text, list or dictionary with a mark on every text that could be evaluated, and on no other."""
    if isinstance(value, str):
        return trust_as_template(value) if is_inert(value) else wrap_var(value)
    if isinstance(value, list):
        return [marked(item) for item in value]
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return value


def is_inert(text: str) -> bool:
    """Return whether Ansible treats a text as nothing but text, even as a condition (`when: "{{ label }}"`).

    Nor can it become anything else next to other inert texts.
    """
    return not _RUN.search(_MASKED.sub("", text)) and (_BRACKETS.isdisjoint(text) or _is_no_call(text))


def _is_no_call(text: str) -> bool:
    """Return whether brackets are like those of `Acme (UK) Ltd`, rather than those of a function."""
    if not _QUOTES.isdisjoint(text) or text.count("(") != text.count(")"):
        return False
    try:
        _environment.parse("{{ " + text + " }}")
    except TemplateSyntaxError:
        return True
    return False
