# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of accounts and keys of providers, as StackOne spells them. Pure."""

from __future__ import annotations

import re
from typing import Any

from .failure import Failed, FailureCode

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def is_account_id(value: Any) -> bool:
    """Return whether a value looks like an account's id; nothing else may become part of a URL (S34)."""
    return _ID.fullmatch(account_id_of(value) or "") is not None


def account_id_of(value: Any) -> str | None:
    """Return an id as text if the answer gives it as text or as a number, or None for anything else."""
    known = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if known else None


def account_path(account_id: str) -> str:
    """Return the path of an account. Raise Failed(account_mismatch) if the id could change the path."""
    if not is_account_id(account_id):
        raise Failed(
            FailureCode.ACCOUNT_MISMATCH,
            "StackOne returned an account with an invalid id; no request was sent for it.",
            "An id contains only letters, digits, '_' and '-'. Check this owner's accounts in StackOne's dashboard.",
        )
    return f"/accounts/{account_id}"


def plain_provider(provider: str) -> str:
    """Return a provider's key in lower case and without punctuation, because spellings differ in these."""
    return "".join(filter(str.isalnum, provider)).lower()


def same_provider(one: str, other: str) -> bool:
    """Return whether two spellings mean the same provider: `freshservice`, `FreshService` or `fresh-service`."""
    return plain_provider(one) == plain_provider(other)
