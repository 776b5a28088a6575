# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both services in this process: the emulator's own code, called without a network, and everything that was asked of it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests.structures import CaseInsensitiveDict

from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session as _http
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer, Request
from tests.emulator import exchange
from tests.emulator.accounts import Account, Accounts
from tests.emulator.message import Answer as Reply
from tests.emulator.message import Call, Delivery, Service
from tests.emulator.scenario import numbered
from tests.emulator.world import MAIN_KEY, Options, World
from tests.simulation.scheduler import Scheduler, Task

STACKONE = "https://api.stackone.com"
FRESHSERVICE = "https://{domain}.freshservice.com"
DOMAINS = ("t00001", "t00002", "t00003", "t00004", "t00005")


@dataclass
class Change:
    """One event of an account: who caused it (`None` for StackOne itself), when, and what can be declared of it afterwards."""

    actor: Any
    time: float
    event: str
    id: str
    owner: str
    domain: str | None
    shown: tuple[Any, ...] = ()


@dataclass
class Asked:
    """One request of a run, and its answer as far as the run got it."""

    run: Any
    time: float
    request: Request
    call: Call | None
    number: int
    status: int | None = None
    data: Any = None
    effect: bool = False
    """Whether the service did something for it, or answered it from itself."""
    text: str = ""
    answered: float = 0.0

    @property
    def kind(self) -> str:
        """Method and path without ids."""
        return f"{self.request.method} {urlsplit(self.request.url).path}"

    @property
    def unclear(self) -> bool:
        """Whether the answer does not tell what was done."""
        refused = "provider" in self.text and "errors" in self.text.lower()
        return self.status is None or ((self.status >= 500 or self.status == 408) and not refused)


class SimulatedWorld(World):
    """The emulator's world, whose work in the background is a task, and which notes who changes what."""

    def __init__(self, scheduler: Scheduler, rpm: int, switches: dict[str, Any]) -> None:
        self.scheduler = scheduler
        self.actor: Any = None
        self.changes: list[Change] = []
        scenario = numbered(len(DOMAINS))
        scenario.switches = switches
        super().__init__(Options(stackone_rpm=rpm), scenario)
        exchange.connect(self)

    def reset(self) -> None:
        """Make everything, with accounts that are watched."""
        super().reset()
        self.accounts = Accounts(self._note)

    def run_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background, on nobody's behalf."""

        def later() -> None:
            self.drive(work, None)

        task = self.scheduler.spawn(later)
        task.owner = None

    def drive(self, work: Coroutine[Any, Any, Any], actor: Any) -> Any:
        """Take a coroutine of the emulator to its end; what it waits for passes in virtual time."""
        while True:
            self.actor = actor
            try:
                seconds = work.send(None)
            except StopIteration as end:
                return end.value
            finally:
                self.actor = None
            self.scheduler.sleep(seconds)

    def _note(self, event: str, account: Account) -> None:
        if event in ("account.created", "account.updated", "account.deleted"):
            domain = account.setup_information.get("domain")
            shown = account.origin_owner_name, account.label, account.type
            who, when = self.actor, self.scheduler.time
            self.changes.append(Change(who, when, event, account.id, account.origin_owner_id, domain, shown))

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return the accounts by id, without their times."""
        return {
            account.id: {
                "owner": account.origin_owner_id,
                "name": account.origin_owner_name,
                "domain": account.setup_information.get("domain"),
                "key": account.credentials.get("apiKey"),
                "profile": account.integration_id,
                "label": account.label,
                "status": account.status,
                "type": account.type,
                "provider": account.provider,
            }
            for account in self.accounts.by_id.values()
        }


@dataclass
class Wire:
    """The way of every run's requests: it takes time, loses answers, and keeps everything for the checks."""

    world: SimulatedWorld
    asked: list[Asked] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """What was sent to hosts, or with keys, that are not declared."""
    numbers: Counter[Any] = field(default_factory=Counter)

    def once(self, http: Any, run: Any, request: Request) -> Answer:
        """Answer one request, as `Http._once` does."""
        scheduler = self.world.scheduler
        if run.dead:
            run.die()
        self.numbers[run] += 1
        number = self.numbers[run]
        run.before(number)
        before, after = run.latency(number)
        asked = Asked(run, scheduler.time, request, self._call(run, request), number)
        self.asked.append(asked)
        reply = self._reply(http, asked, before, after, scheduler.time + http.options.timeout)
        run.after(number)
        return self._told(http, asked, reply)

    def _reply(self, http: Any, asked: Asked, before: float, after: float, deadline: float) -> Reply:
        """Return the answer that arrives before the deadline. Raise TransportError; the service may still be at work then."""
        scheduler, box = self.world.scheduler, []
        if asked.call is None:
            scheduler.sleep(before)
            raise TransportError(TransportKind.DNS, asked.request.host, "no such host", False)

        def serve() -> None:
            scheduler.sleep(before)
            box.append(self._served(asked))
            scheduler.sleep(after)

        if before + after < http.options.timeout and not self._slow():
            serve()
        else:
            task: Task = scheduler.spawn(serve, asked.run.network)
            if not scheduler.join([task], deadline - scheduler.time):
                raise TransportError(TransportKind.TIMEOUT, asked.request.host, "a simulation", True)
        reply: Reply = box[0]
        if reply.delivery in (Delivery.DROPPED, Delivery.TRUNCATED, Delivery.DRIP):
            raise TransportError(TransportKind.DROPPED, asked.request.host, "a simulation", True)
        return reply

    def _slow(self) -> bool:
        faults = self.world.faults._faults
        return self.world.switches.hub_test == "async" or any(fault.delay_ms for fault in faults)

    def _served(self, asked: Asked) -> Reply:
        world = self.world
        changes = len(world.changes)
        echo = asked.run.echoes(asked.number)
        if echo:
            return _echo(asked, *echo)
        reply: Reply = world.drive(exchange.exchange(asked.call, world), asked.run)
        asked.effect = len(world.changes) > changes
        return reply

    def _told(self, http: Any, asked: Asked, reply: Reply) -> Answer:
        headers = CaseInsensitiveDict(reply.headers)
        if reply.content_type:
            headers.setdefault("Content-Type", reply.content_type)
        seen = _Response(reply.status, headers)
        answer = _http._answer(seen, reply.body, http.scrubber)
        asked.status, asked.data, asked.text = answer.status, answer.data, answer.text
        asked.answered = self.world.scheduler.time
        if asked.run.stop_overdue(http):
            raise TransportError(TransportKind.STOPPED, asked.request.host, "it was in progress", True)
        return answer

    def _call(self, run: Any, request: Request) -> Call | None:
        """Return the request as the emulator takes it; `None` if nobody is there. Note keys that go astray."""
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        query = urlencode(request.params or {}, doseq=True) or parts.query
        headers = {name.lower(): value for name, value in (request.headers or {}).items()}
        key = request.auth[0] if request.auth else ""
        if request.auth:
            headers["authorization"] = "Basic " + base64.b64encode(":".join(request.auth).encode()).decode()
        headers["user-agent"] = "simulated"
        body = b"" if request.body is None else json.dumps(request.body).encode()
        if host == "api.stackone.com":
            service = Service.HUB if parts.path.startswith("/hub/") else Service.STACKONE
            domain, fits = None, key in ("", MAIN_KEY)
        else:
            service, domain = Service.FRESHSERVICE, host.partition(".")[0]
            fits = host == FRESHSERVICE.format(domain=domain)[8:] and key in run.keys_of(domain)
        if parts.scheme != "https" or not fits:
            self.strange.append(f"{run.name} sent {request.method} {request.url} with a key that is not for that host")
        if service is Service.FRESHSERVICE and not host.endswith(".freshservice.com"):
            return None
        base = f"{parts.scheme}://{host}"
        return Call(service, request.method, parts.path, query, headers, body, domain, base_url=base)


@dataclass
class _Response:
    """The parts of an answer that the client reads."""

    status_code: int
    headers: Any


def _echo(asked: Asked, status: int, padding: int) -> Reply:
    """Return an answer that repeats everything that it was asked with."""
    request = asked.request
    words = ["x" * padding, *(request.auth or ()), *(request.headers or {}).values(), json.dumps(request.body)]
    if asked.call:
        words.append(asked.call.headers.get("authorization", ""))
    body = {"statusCode": status, "message": " ".join(words)}
    return Reply(status, json.dumps(body).encode())
