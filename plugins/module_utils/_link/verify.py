# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that an account stores the declared key: a harmless call through StackOne shows which agent answers (S70-S73)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .._clients.account import Account
from .._clients.freshservice import Agent, KeyCheck, KeyStatus, classify
from .._clients.provider_errors import provider_error
from .._clients.stackone import StackOne
from .._clients.stackone_base import error_words, refused
from .._core.failure import Failed, FailureCode, require
from .._http.session import Answer

DOING = "call Freshservice through the account"


class Answerer(str, Enum):
    """Which agent answers a call through an account: that of the declared key, another one, or none."""

    SAME = "same"
    OTHER = "other"
    REFUSED = "refused"


@dataclass(frozen=True)
class CallResult:
    """The proof from a call through an account. An agent has one key, so the same agent means the same key (F15)."""

    answerer: Answerer
    agent: Agent | None = None


def verify(stackone: StackOne, account: Account, agent: Agent) -> CallResult:
    """Call through the account, and compare the agent that answers with the declared key's agent.

    Raises Failed(link_not_verified) if the call proves nothing.
    """
    check = None
    for path, answer in stackone.call(account):
        check = classify(provider_answer(answer))
        if check.http_status != 404:
            stackone.prefer_path(path)
            break
    return judge(require(check), account, agent)


def judge(check: KeyCheck, account: Account, agent: Agent) -> CallResult:
    """Return what the provider's answer proves. Raises Failed(link_not_verified)."""
    if check.agent:
        return CallResult(Answerer.SAME if check.agent.id == agent.id else Answerer.OTHER, check.agent)
    if check.status is KeyStatus.KEY_REFUSED:
        return CallResult(Answerer.REFUSED)
    raise _not_verified(account, check.evidence, check.retriable, check.http_status)


def provider_answer(answer: Answer) -> Answer:
    """Return Freshservice's own answer, out of StackOne's envelope (S70). Raises Failed if it holds none."""
    body = answer.data if isinstance(answer.data, dict) else {}
    status = body.get("status")
    if answer.ok and isinstance(status, int) and not isinstance(status, bool):
        return _unwrapped(answer, status, body.get("data"))
    error = provider_error(answer.masked, answer.line)
    if error:
        return _unwrapped(answer, error.decisive_status, error.raw)
    if answer.status == 404:
        return answer
    raise _without_provider(answer)


def mismatch(account: Account, result: CallResult, agent: Agent) -> Failed:
    """Return the failure of an account that was linked with the declared key, but does not answer as its agent."""
    if result.agent:
        what = f"answers as agent {result.agent.name_or_id}, not as {agent.name_or_id}"
    else:
        what = f"does not answer as agent {agent.name_or_id}: Freshservice refuses the key that it stores"
    return Failed(
        FailureCode.LINK_MISMATCH,
        f"account {account.id} {what}.",
        "Run again with update_credentials: always. If this happens again, ask StackOne's support which key the account uses.",
        details={"account_id": account.id, "answered_by": result.agent.email if result.agent else None},
    )


def _unwrapped(answer: Answer, status: int, data: Any) -> Answer:
    text = data if isinstance(data, str) else json.dumps(data)
    return replace(answer, status=status, headers={}, text=text, data=data)


def _without_provider(answer: Answer) -> Failed:
    error = refused(answer, DOING)
    if answer.status == 403:
        return Failed(
            FailureCode.STACKONE_FORBIDDEN,
            f"the StackOne API key may not {DOING} ({error_words(answer)}).",
            "Give the key the Unified scope in StackOne's dashboard, under API Keys, or set verify_link: status.",
            http_status=403,
        )
    if answer.status in (412, 501) or 200 <= answer.status < 300:
        failure = error.failure
        return Failed(
            FailureCode.LINK_NOT_VERIFIED,
            f"the link could not be verified: StackOne rejected the request to {DOING} (HTTP {answer.status}: {error_words(answer)}).",
            "Check the account in StackOne's dashboard, or set verify_link: status.",
            http_status=answer.status,
            details=failure.details,
        )
    return error


def _not_verified(account: Account, evidence: str, retriable: bool, http_status: int | None) -> Failed:
    return Failed(
        FailureCode.LINK_NOT_VERIFIED,
        f"the link could not be verified: Freshservice did not say which agent calls through account {account.id} ({evidence}).",
        "Run again later." if retriable else "Check that the tenant's trusted IP addresses include StackOne.",
        http_status=http_status,
        retriable=retriable,
        details={"account_id": account.id, "evidence": evidence},
    )
