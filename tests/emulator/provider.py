# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's own calls to Freshservice: credential tests and proxied requests."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from .connector import form_of
from .message import Answer, Call, Caller, Delivery, Service
from .world import World


async def call_provider(
    world: World,
    setup: Mapping[str, str],
    secrets: Mapping[str, str],
    method: str,
    path: str,
    prefix: str = "",
    body: bytes = b"",
) -> Answer | None:
    """The provider's answer to a call with stored values; None when there is none."""
    form = form_of(world.switches)
    domain = form.tenant(setup.get(form.domain["key"], "")) if form.domain else None
    api_key = secrets.get(form.api_key["key"], "") if form.api_key else ""
    if domain is None:
        return None
    pathname, _mark, query = path.partition("?")
    encoded = base64.b64encode(f"{api_key}:X".encode()).decode()
    headers = {"authorization": f"Basic {encoded}", "accept": "application/json", "user-agent": "StackOne"}
    call = Call(
        Service.FRESHSERVICE,
        method,
        prefix + pathname,
        query,
        headers,
        body,
        domain,
        Caller.STACKONE,
        f"https://{domain}.freshservice.com",
    )
    answer = await world.send(call)
    if answer.delivery is Delivery.TRUNCATED:
        answer.body = answer.body[: len(answer.body) // 2]
    return None if answer.delivery in (Delivery.DROPPED, Delivery.DRIP) else answer
