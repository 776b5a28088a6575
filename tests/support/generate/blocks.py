# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of a file that are written by this package. Lines with `begin: NAME` and `end: NAME` enclose each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent

BLOCK = re.compile(
    r"^(?P<indent> *)(?P<begin>(?:#|<!--) begin: (?P<name>\w+)\b.*\n)(?P<body>(?:.*\n)*?)(?P<end> *(?:#|<!--) end: (?P=name)\b.*\n)",
    re.MULTILINE,
)


def names_in(text: str) -> list[str]:
    """Return the names of the blocks in a text, in order."""
    return [block["name"] for block in BLOCK.finditer(text)]


def filled(text: str, bodies: Mapping[str, str]) -> str:
    """Return a text with its blocks written again, each at its own depth. Raise KeyError for a block without a body."""

    def fill(block: re.Match[str]) -> str:
        body = indent(bodies[block["name"]], block["indent"])
        return block["indent"] + block["begin"] + body + block["end"]

    return BLOCK.sub(fill, text)
