# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is cached of a listing of accounts: sealed with the key that it was made with. Pure but for the salt."""

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
"""Goes up when a cached account no longer is what it was."""


def choice_digest(url: str, choice: AccountFilter) -> str:
    """What decides which accounts are listed, but for the key, as part of a file's name."""
    decisive = json.dumps([url, asdict(choice)], sort_keys=True, default=sorted)
    return hashlib.sha256(decisive.encode()).hexdigest()[:16]


def sealed(accounts: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """What is cached: the accounts, and proof that they were listed with this key, which does not tell the key."""
    salt = secrets.token_hex(16)
    return {"accounts": accounts, "salt": salt, "seal": _seal(accounts, salt, key)}


def recalled(cache: Mapping[str, Any], entry: str, key: str) -> list[dict[str, Any]] | None:
    """Return the accounts of a cache's entry, as `unsealed`; None also where the cache cannot be read."""
    try:
        return unsealed(cache.get(entry), key)
    except Exception:
        # Damaged, or of another kind: each cache plugin, and Ansible around it, fails on that in its own way.
        return None


def unsealed(content: Any, key: str) -> list[dict[str, Any]] | None:
    """The accounts of a cache's entry; C(None) where it is absent, damaged, or was not made with this key."""
    try:
        accounts = content["accounts"]
        intact = hmac.compare_digest(content["seal"], _seal(accounts, content["salt"], key))
    except (KeyError, TypeError, ValueError):
        return None
    return accounts if intact else None


def _seal(accounts: Any, salt: str, key: str) -> str:
    message = json.dumps([CACHE_VERSION, salt, accounts], sort_keys=True)
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
