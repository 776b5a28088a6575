# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StackOne's answers say about its linked accounts. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from .._core.identity import account_id_of
from .._http.messages import Answer
from .account import Account
from .stackone_base import refused, unexpected

_MISSING = re.compile(r"\baccount\b.{0,300}\bnot found\b", re.IGNORECASE | re.DOTALL)
EXCERPT = 4000
"""How many characters of an error are searched for its meaning: all of a long one would take too long."""
PARTIAL = 206
"""The status of a part of an answer (RFC 9110, 15.3.7), which no request asks for."""
_NO_SUCH_ROUTE = re.compile(r"Cannot [A-Z]+ /")


def accounts_in(answer: Answer) -> list[Account]:
    """Return the accounts of one page, from a bare array or from `data` (S22). Raise Failed."""
    doing = "list the accounts"
    data = checked(answer, doing, shape=object)
    items = data.get("data") if isinstance(data, dict) else data
    if not isinstance(items, list) or _reports_error(data):
        raise unexpected(answer, doing)
    accounts = [account_in(item, answer, doing) for item in items]
    owners = {account.id: account.origin_owner_id for account in accounts}
    if any(owners[account.id] != account.origin_owner_id for account in accounts):
        # Whichever of them is right, the other owner would be taken for one without an account.
        raise unexpected(answer, doing)
    return accounts


def _reports_error(data: Any) -> bool:
    """Return whether a page reports an error in addition to its accounts, which are then not all."""
    if not isinstance(data, dict):
        return False
    status = data.get("statusCode")
    return bool(data.get("error") or data.get("errors")) or (isinstance(status, int) and status >= 400)


def has_more(answer: Answer) -> bool:
    """Return whether a page of accounts says that there are more: `next` of `{data, next}` (S23)."""
    return isinstance(answer.data, dict) and bool(answer.data.get("next"))


def account_in(record: Any, answer: Answer, doing: str = "show the account") -> Account:
    """Return the account that a record of an answer describes. Raise Failed(unexpected_answer)."""
    if not isinstance(record, dict) or account_id_of(record.get("id")) is None:
        raise unexpected(answer, doing)

    def text(key: str) -> str | None:
        value = record.get(key)
        return str(value) if isinstance(value, (str, int, float)) else None

    owner, name, setup = text("origin_owner_id") or "", text("origin_owner_name"), record.get("setup_information")
    return Account(
        id=str(record["id"]),
        provider=sys.intern(text("provider") or ""),
        status=sys.intern((text("status") or "unknown").lower()),
        # The owner's name is usually the id.
        origin_owner_id=owner,
        origin_owner_name=owner if name == owner else name,
        origin_username=text("origin_username"),
        label=text("label"),
        type=sys.intern((text("type") or "").lower()) or None,
        status_reasons=tuple(map(answer.line, _reasons(record.get("status_reasons")))),
        setup_information=setup if isinstance(setup, dict) else {},
        created_at=text("created_at"),
        updated_at=text("updated_at"),
        shared=record["shared"] if isinstance(record.get("shared"), bool) else None,
    )


def checked(answer: Answer, doing: str, shape: type = dict) -> Any:
    """Return the data of a successful answer of the expected shape. Raise Failed for any other answer."""
    if not answer.ok:
        raise refused(answer, doing)
    if not isinstance(answer.data, shape) or answer.status == PARTIAL:
        raise unexpected(answer, doing)
    return answer.data


def says_missing(answer: Answer) -> bool:
    """Return whether StackOne itself says that an account does not exist, with a 404 or with a 400 that says so (S40).

    The 404 of a proxy or of a wrong URL says nothing about an account. StackOne's own errors are JSON with `statusCode`
    and `message` (S80), and those for an unknown path begin with "Cannot GET".
    """
    body = answer.data if isinstance(answer.data, dict) else {}
    message = body.get("message")
    if body.get("statusCode") != answer.status or not isinstance(message, str) or _NO_SUCH_ROUTE.match(message):
        return False
    return answer.status == 404 or (answer.status == 400 and _MISSING.search(message[:EXCERPT]) is not None)


def _reasons(raw: Any) -> Iterator[str]:
    for reason in raw if isinstance(raw, list) else []:
        if isinstance(reason, dict):
            words = reason.get("description") or reason.get("code")
            if isinstance(words, str):
                yield words
