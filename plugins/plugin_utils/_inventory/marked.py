# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from outside as variables: whatever Ansible could run, as a template or as an expression, is marked.

The mark shows where variables are written out, as C({"__ansible_unsafe": ...}), which other programs take literally. So what
cannot be run in any case stays plain. ansible-core 2.19 turned this around: there a text without trust has that mark.
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
        """Return it as it is: there every text without a mark is trusted."""
        return value


_RUN = re.compile(r"[][{}|*\\\x00-\x1f\x7f]|^#")
"""Without these nobody writes a template, an index, a filter or a huge number."""
_MASKED = re.compile(r"\*{3,}")
"""What stands in place of a secret. So many asterisks in a row are not an operator, so nothing can be made of them."""
_BRACKETS, _QUOTES = set("()"), set("'\"")

_environment = Environment()  # noqa: S701 - nothing is rendered


def marked(value: Any) -> Any:
    """Return the same text, list or dictionary with a mark on every text that could be run, and on no other."""
    if isinstance(value, str):
        return trust_as_template(value) if is_inert(value) else wrap_var(value)
    if isinstance(value, list):
        return [marked(item) for item in value]
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return value


def is_inert(text: str) -> bool:
    """Whether Ansible takes a text for nothing but text, even as a condition (C(when: "{{ label }}")).

    Nor can it become anything else beside other inert texts.
    """
    return not _RUN.search(_MASKED.sub("", text)) and (_BRACKETS.isdisjoint(text) or _is_no_call(text))


def _is_no_call(text: str) -> bool:
    """Whether brackets are those of C(Acme (UK) Ltd), rather than those of a function."""
    if not _QUOTES.isdisjoint(text) or text.count("(") != text.count(")"):
        return False
    try:
        _environment.parse("{{ " + text + " }}")
    except TemplateSyntaxError:
        return True
    return False
