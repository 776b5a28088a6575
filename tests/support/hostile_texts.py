# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of customers and servers that are invalid, look like commands or markup, or must be refused."""

from __future__ import annotations

import json
import re

HALF = "\ud800"
WHOLE = "\ufffd"


def agent_answer(**fields):
    """An answer of Freshservice about the key's agent; JSON spells half a character as an escape."""
    known = {"id": 7, "email": f"a{HALF}@acme.example", "first_name": HALF, "last_name": "B", "active": True}
    return {"raw": json.dumps({"agent": {**known, **fields}})}


REFUSED = ["a\x00b", "a\x1b[2Jb", "a\x07b", "a\nb", "a\tb", "a\x7fb", "a\x9b2Jb", "a\x85b"]
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal could take for a command; Ansible itself writes line ends and tabs."""
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b2J\x08\x00\u202e"
MARKUP = "<script>alert(1)</script>{{ 7919 * 7907 }}"
