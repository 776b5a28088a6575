# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's linked accounts, as its API shows them. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._core.identity import account_id_of, same_provider
from .._core.slots import SLOTS
from .._core.times import parse_date
from .._http.messages import Answer
from .stackone_base import refused, unexpected

ACTIVE = "active"
ARCHIVED = "archived"
UNPRINTABLE = "unprintable"
"""In the result of account_info, the names of values from which characters are removed that a terminal could execute."""

_MISSING = re.compile(r"\baccount\b.{0,300}\bnot found\b", re.IGNORECASE | re.DOTALL)
EXCERPT = 4000
"""How many characters of an error are searched for its meaning: all of a long one would take too long."""
_NO_SUCH_ROUTE = re.compile(r"Cannot [A-Z]+ /")


@dataclass(frozen=True, **SLOTS)
class Account:
    """StackOne's record of a link (S30). `status` and `type` are in lower case: their case varies.

    `provider` is empty if StackOne does not say which provider the account has.
    """

    id: str
    provider: str
    status: str
    origin_owner_id: str
    origin_owner_name: str | None = None
    origin_username: str | None = None
    label: str | None = None
    type: str | None = None
    status_reasons: tuple[str, ...] = ()
    setup_information: dict[str, Any] = field(default_factory=dict)
    created_at: str | None = None
    updated_at: str | None = None
    shared: bool | None = None

    @property
    def active(self) -> bool:
        """Return whether StackOne says that the link works, which an unknown status does not (S31)."""
        return self.status == ACTIVE

    def is_of(self, provider: str) -> bool:
        """Return whether the account has this provider."""
        return same_provider(self.provider, provider)

    @property
    def made_at(self) -> float | None:
        """Return when the account was created, in epoch seconds by StackOne's clock, or None if StackOne does not say."""
        return parse_date(self.created_at) if self.created_at else None

    def as_dict(self, domain: str | None) -> dict[str, Any]:
        """Return the `account` of a module's result, without anything that could be secret."""
        return {
            "id": self.id,
            "provider": self.provider,
            "status": self.status,
            "status_reasons": list(self.status_reasons),
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "label": self.label,
            "type": self.type,
            "shared": self.shared,
            "domain": domain,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def accounts_in(answer: Answer) -> list[Account]:
    """Return the accounts of one page, from a bare array or from `data` (S22). Raise Failed."""
    doing = "list the accounts"
    data = checked(answer, doing, shape=object)
    items = data.get("data") if isinstance(data, dict) else data
    if not isinstance(items, list):
        raise unexpected(answer, doing)
    return [account_in(item, answer, doing) for item in items]


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
    if not isinstance(answer.data, shape):
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
