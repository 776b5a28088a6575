# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run was asked for, as far as the end of its output depends on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._keys.key_names import Keys


@dataclass(frozen=True)
class Asked:
    """The request to a run, as far as the end of its output depends on it."""

    check_mode: bool = False
    rotating: bool = False
    reporting: bool = False
    reports: Sequence[str] = ()
    subject: str = ""
    links_file: str = ""
    missing: Sequence[str] = ()
    waited: int = 0
    waiting_failed: str = ""
    keys: Keys = field(default_factory=Keys)
    plain_files: Sequence[str] = ()
    declared: Sequence[Mapping[Any, Any]] = ()
    """The whole list, if a run is only over some of it: the keys of the others are used as well."""
    planning: bool = False
    plan: str = ""
    """The path of the plan that was written."""
    detailed: bool = False
    """Whether the run also fails if anything differs from its declaration."""
    near: Sequence[str] = ()
    """Variables that are set and not read, whose names suggest that they hold keys."""
