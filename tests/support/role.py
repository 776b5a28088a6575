# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's entry points and their options."""

from __future__ import annotations

from typing import Any

import yaml

from tests.support.collection import ROOT

ROLE = ROOT / "roles" / "freshservice_link"
README = ROLE / "README.md"


def entry_points() -> dict[str, dict[str, Any]]:
    """Each entry point of the role with its options."""
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: spec["options"] for name, spec in specs.items()}
