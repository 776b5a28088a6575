# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that an account stores the declared key: a harmless call through StackOne shows which agent answers (S70-S73)."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .._clients.account import Account
from .._clients.calls import Route, Scope, agent_in
from .._clients.freshservice import Agent, KeyCheck, classify
from .._clients.key_status import KeyStatus
from .._clients.provider_errors import provider_error
from .._clients.stackone import StackOne
from .._clients.stackone_base import error_words, is_page, refused, unexpected
from .._core.failure import Failed, FailureCode, require
from .._http.messages import Answer

DOING = "call Freshservice through the account"
_NO_ACTION = frozenset({400, 404, 405, 422, 501})
"""The statuses with which StackOne itself says that it does not run an action."""


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
    routes = stackone.routes(account.provider)
    lacking, check, refusal = set(routes.lacking), None, None
    for route in routes.ways:
        if route.scope in lacking:
            continue
        answer = stackone.call(account, route)
        if answer.status == 403 and provider_error(answer.masked, answer.line) is None:
            lacking.add(route.scope)
            refusal = answer
            continue
        seen = _seen(answer, route)
        if seen is None:
            continue
        check = classify(seen)
        if check.http_status != 404:
            stackone.prefer(route)
            break
    if check is None:
        raise _scopes_missing(lacking, require(refusal))
    return judge(check, account, agent)


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


def _seen(answer: Answer, route: Route) -> Answer | None:
    """Return Freshservice's own answer. Return `None` if an action's answer says nothing about the agent who calls.

    Connectors may change what an action returns, so the proxy has to be asked then. Raises Failed as `provider_answer`.
    """
    body = answer.data if isinstance(answer.data, dict) else {}
    if route.scope is Scope.UNIFIED or "status" in body:
        return provider_answer(answer)
    if answer.ok:
        agent = agent_in(body.get("data"))
        return _unwrapped(answer, 200, {"agent": agent}) if agent else None
    told = provider_error(answer.masked, answer.line)
    return None if told is None and answer.status in _NO_ACTION else provider_answer(answer)


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


def _scopes_missing(lacking: Collection[Scope], refusal: Answer) -> Failed:
    """Return the failure if the key may call in no way; `refusal` is StackOne's answer to the last one, or a page in its place."""
    if is_page(refusal):
        return unexpected(refusal, DOING)
    scopes = " or the ".join(scope.value for scope in Scope if scope in lacking)
    return Failed(
        FailureCode.STACKONE_FORBIDDEN,
        f"the StackOne API key may not {DOING} ({error_words(refusal)}).",
        f"Give the key the {scopes} scope in StackOne's dashboard, under API Keys, or set verify_link: status.",
        http_status=403,
    )


def _not_verified(account: Account, evidence: str, retriable: bool, http_status: int | None) -> Failed:
    return Failed(
        FailureCode.LINK_NOT_VERIFIED,
        f"the link could not be verified: Freshservice did not say which agent calls through account {account.id} ({evidence}).",
        "Run again later." if retriable else "Check that the tenant's trusted IP addresses include StackOne.",
        http_status=http_status,
        retriable=retriable,
        details={"account_id": account.id, "evidence": evidence},
    )
