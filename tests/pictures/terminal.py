# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a terminal showed, as a page to take a picture of."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

COLORS = {
    "0;31": "#ff8f8a",
    "0;32": "#7fd6a4",
    "0;33": "#f0c57f",
    "0;34": "#8db2ff",
    "0;35": "#cdb8f7",
    "0;36": "#8fd5e0",
    "1;30": "#8a919e",
    "1;31": "#ff8f8a",
    "1;35": "#cdb8f7",
}
"""What Ansible writes before a coloured text, as it would look here."""

_COLORED = re.compile(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", re.DOTALL)

_UNEVENTFUL = re.compile(
    r"^(\x1b\[[\d;]+m)?(included|skipping): |: Validating arguments |\[Ask for the tenants\]", re.MULTILINE
)
"""Tasks that only find out what is to be done, or have nothing to do."""

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #16181d; }}
pre {{
  box-sizing: content-box; width: 116ch; margin: 0; padding: 22px 26px; white-space: pre-wrap; word-break: break-all;
  color: #dfe1e6; font: 14px/1.5 "DejaVu Sans Mono", monospace;
}}
i {{ font-style: normal; color: #8a919e; }}
b {{ color: #fff; }}
</style><pre>{text}</pre>"""


@dataclass(frozen=True)
class Command:
    """What somebody typed, and what came of it."""

    line: str
    output: str


def page(*commands: Command) -> str:
    """The HTML of a terminal of 116 columns in which these commands were run; tasks without news are left out."""
    return _PAGE.format(text="\n\n".join(_shown(command) for command in commands))


def _shown(command: Command) -> str:
    typed = f"<i>$</i> <b>{html.escape(command.line)}</b>"
    blocks = [block for block in command.output.strip().split("\n\n") if not _UNEVENTFUL.search(block)]
    return "\n\n".join((typed, *map(_colored, blocks)))


def _colored(output: str) -> str:
    """Ansible colours whole texts, one after the other, and never one within the other."""
    return _COLORED.sub(lambda found: f'<span style="color: {COLORS[found[1]]}">{found[2]}</span>', html.escape(output))
