# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerations of a result: what a run does to an account, and how its stored key and agent compare with the declared ones. Pure."""

from __future__ import annotations

from enum import Enum


class Action(str, Enum):
    """A change that is made to StackOne."""

    CREATE = "create"
    RELINK = "relink"
    UPDATE = "update"
    DELETE = "delete"


class StoredKey(str, Enum):
    """How the key that StackOne stores, which it never returns, compares with the declared one."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class AgentChange(str, Enum):
    """Whether a key that is sent again belongs to the agent whose key was stored before."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"
