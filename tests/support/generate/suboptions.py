# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suboptions of `tenants`, made from the options of one tenant. A fragment cannot be used below an option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

from ansible_collections.tenantlink.stackone.plugins.doc_fragments.tenant import ModuleDocFragment

PARTS = (ModuleDocFragment.DOCUMENTATION, ModuleDocFragment.OWNER, ModuleDocFragment.LINK)
LINKS, KEYS, AUTH_LINKS = "freshservice_links", "freshservice_keys_info", "auth_links"
REQUIRED_BY = {"domain": (LINKS, KEYS), "origin_owner_id": (LINKS, AUTH_LINKS)}
"""Which options of a present tenant which modules require."""
FURTHER = {"origin_owner_id": ["Either this or O(account_id) is required when O(state=absent)."]}

OPTION = re.compile(r"^(?P<name>\w+):\n(?P<about>(?: .*\n)+)", re.MULTILINE)
OWN_OPTION = re.compile(r"O\((?=\w+[=)])")


def suboptions() -> str:
    """Return the options of one tenant as suboptions, in YAML, with what the modules for lists require."""
    options = "".join(dedent(part.partition("options:\n")[2]) for part in PARTS)
    return OWN_OPTION.sub("O(tenants[].", OPTION.sub(_with_requirements, options))


def _with_requirements(option: re.Match[str]) -> str:
    name, about = option["name"], option["about"]
    lines = [*_required_by(REQUIRED_BY.get(name, ())), *FURTHER.get(name, ())]
    description, kind, rest = about.partition("  type:")
    return f"{name}:\n{description}{''.join(f'    - {line}{chr(10)}' for line in lines)}{kind}{rest}"


def _required_by(modules: Sequence[str]) -> list[str]:
    if not modules:
        return []
    named = " and ".join(f"M(tenantlink.stackone.{module})" for module in modules)
    return [f"Required by {named} when O(state=present)."]
