# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of plugins as users see it, with its fragments."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from typing import Any


@functools.cache
def documented(kind: str, name: str) -> dict[str, Any]:
    """Return what ansible-doc shows of a plugin of this collection, such as ("module", "auth_link")."""
    full_name = f"tenantlink.stackone.{name}"
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", kind, full_name]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    content: dict[str, Any] = json.loads(shown.stdout)[full_name]["doc"]
    return content
