# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request through one service: journal, latency, faults, then the service itself."""

from __future__ import annotations

from functools import partial

from . import freshservice, hub, moments, stackone
from .faults import Moment
from .journal import Entry
from .message import Answer, Call, Delivery, Service
from .world import World

_SERVICES = {Service.FRESHSERVICE: freshservice.answer, Service.STACKONE: stackone.answer, Service.HUB: hub.answer}


def connect(world: World) -> None:
    """Let StackOne reach Freshservice."""
    world.send = partial(exchange, world=world)


async def exchange(call: Call, world: World) -> Answer:
    """Answer a call. StackOne's own calls to Freshservice come through here too."""
    entry = world.journal.open(call)
    if world.latency_ms:
        await moments.clock.sleep(world.latency_ms / 1000)
    answer = await _with_faults(call, world, entry)
    if call.service is Service.HUB:
        answer.headers.append(("Access-Control-Allow-Origin", "*"))
    if answer.delivery is not Delivery.DROPPED:
        entry.status = answer.status
    return answer


async def _with_faults(call: Call, world: World, entry: Entry) -> Answer:
    service = _SERVICES[call.service]
    fault = world.faults.match(call)
    if fault is None:
        return await service(call, world)
    entry.fault = True
    moment = fault.drop or fault.when
    before = moment is Moment.BEFORE
    if fault.delay_ms and before:
        await moments.clock.sleep(fault.delay_ms / 1000)
    real = None if before and (fault.drop or fault.replaces) else await service(call, world)
    if fault.delay_ms and not before:
        await moments.clock.sleep(fault.delay_ms / 1000)
    return fault.strike(call, real)
