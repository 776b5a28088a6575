# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached listings of accounts, sealed with the key that they were made with. Pure but for the salt."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...module_utils._clients.account_filter import AccountFilter

CACHE_VERSION = 1
"""The version of a cached account: raise it when its meaning changes."""


def choice_digest(url: str, choice: AccountFilter) -> str:
    """Return a digest of what decides which accounts are listed, except the key, as part of a file's name."""
    decisive = json.dumps([url, asdict(choice)], sort_keys=True, default=sorted)
    return hashlib.sha256(decisive.encode()).hexdigest()[:16]


def sealed(accounts: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """Return the accounts for the cache, with proof that they were listed with this key, which does not reveal the key."""
    salt = secrets.token_hex(16)
    return {"accounts": accounts, "salt": salt, "seal": _seal(accounts, salt, key)}


def recalled(cache: Mapping[str, Any], entry: str, key: str) -> list[dict[str, Any]] | None:
    """Return the accounts of a cache's entry, as `unsealed`; `None` also if the cache cannot be read."""
    try:
        return unsealed(cache.get(entry), key)
    except Exception:
        # Damaged, or of another kind: each cache plugin, and Ansible around it, fails in its own way on that.
        return None


def unsealed(content: Any, key: str) -> list[dict[str, Any]] | None:
    """Return the accounts of a cache's entry; `None` if it is absent, damaged, or was not made with this key."""
    try:
        accounts = content["accounts"]
        intact = hmac.compare_digest(content["seal"], _seal(accounts, content["salt"], key))
    except (KeyError, TypeError, ValueError):
        return None
    return accounts if intact else None


def _seal(accounts: Any, salt: str, key: str) -> str:
    message = json.dumps([CACHE_VERSION, salt, accounts], sort_keys=True)
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
