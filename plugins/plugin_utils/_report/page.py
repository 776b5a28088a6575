# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a page of HTML. Pure."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_TIME = re.compile(r"^([0-9-]{10})T([0-9:]{5})[0-9:.]*(Z|\+00:00)?")


def page_of(document: Mapping[str, Any]) -> str:
    """Return the text of the page, which contains everything that it needs."""
    return _template().render(document=document, policy_hash=_policy_hash, spoken_time=_spoken_time) + "\n"


@functools.lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    # The template escapes each value by itself; what it forgets is escaped all the same.
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _policy_hash(text: str) -> Markup:
    """Return how the page's policy names a style or a script."""
    return Markup("'sha256-{}'").format(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())


def _spoken_time(text: str) -> str:
    return _TIME.sub(lambda found: f"{found[1]}, {found[2]}" + (" UTC" if found[3] else ""), text)
