# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of accounts and keys of providers, as StackOne writes them. Pure."""

from __future__ import annotations

import re
from typing import Any

from .failure import Failed, FailureCode

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def is_account_id(value: Any) -> bool:
    """Return whether a value looks like an account's id: only then may it become part of a URL (S34)."""
    return _ID.fullmatch(account_id_of(value) or "") is not None


def account_id_of(value: Any) -> str | None:
    """Return the text of an id that an answer holds as text or number; None for anything else."""
    known = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if known else None


def account_path(account_id: str) -> str:
    """Return the path of an account. Raises Failed(account_mismatch) where the id could lead to another path."""
    if not is_account_id(account_id):
        raise Failed(
            FailureCode.ACCOUNT_MISMATCH,
            "StackOne gives one of its accounts an id that cannot be one; no request was sent for it.",
            "An id holds letters, digits, '_' and '-' only: look at the accounts of this owner in StackOne's dashboard.",
        )
    return f"/accounts/{account_id}"


def plain_provider(provider: str) -> str:
    """Return a provider's key without what may be spelt otherwise: case and signs."""
    return "".join(filter(str.isalnum, provider)).lower()


def same_provider(one: str, other: str) -> bool:
    """Return whether two spellings mean the same provider: `freshservice`, `FreshService` or `fresh-service`."""
    return plain_provider(one) == plain_provider(other)
