# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne and Freshservice in memory, in place of `Http`: written from docs/api_facts.md, not from the client.

`Services.on` spoils requests: it loses answers, puts others in their place, or lets something else happen first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.factory import ClientFactory
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import Freshservice
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone_base import StackOneApi
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import Scrubber
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer, Request, Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Linker, Rules
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Outcome

KEY = "key-of-an-agent"
START = 1_800_000_000.0
INVALID_CREDENTIALS = "AccountInvalidCredentialsError"
REDACTED = "__secretvalue:**redacted**"
FIELDS = [
    {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False},
    {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True},
]

Perform = Callable[[], Answer]
Trick = Callable[[Request, Perform], Answer]


def iso(seconds: float) -> str:
    """Return a moment as StackOne writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reply(status: int, data: Any = None) -> Answer:
    """Return an answer: JSON for data, a page for a text, nothing for None."""
    if isinstance(data, str):
        return Answer(status, {}, data)
    return Answer(status, {}, "" if data is None else json.dumps(data), data)


def error(status: int, message: str, **more: Any) -> Answer:
    """Return an error as StackOne writes it (S80)."""
    return reply(status, {"statusCode": status, "message": message, "timestamp": iso(START), **more})


def answers(status: int, data: Any = None) -> Trick:
    """Answer without doing anything."""
    return lambda _request, _perform: reply(status, data)


def refuses(status: int, message: str = "refused", **more: Any) -> Trick:
    """Answer with an error of StackOne's without doing anything."""
    return lambda _request, _perform: error(status, message, **more)


def does_and_answers(status: int, data: Any = None) -> Trick:
    """Do what is asked for, but answer something else."""
    return lambda _request, perform: (perform(), reply(status, data))[1]


def does_and_refuses(status: int, message: str) -> Trick:
    """Do what is asked for, but answer with an error of StackOne's."""
    return lambda _request, perform: (perform(), error(status, message))[1]


def breaks(kind: TransportKind = TransportKind.DROPPED, done: bool = False, sent: bool = True) -> Trick:
    """Give no answer, whether the request was carried out (`done`) or not."""

    def trick(request: Request, perform: Perform) -> Answer:
        if done:
            perform()
        raise TransportError(kind, urlsplit(request.url).netloc, "a test", sent)

    return trick


def after(first: Callable[[], Any]) -> Trick:
    """Let something happen right before a request is carried out."""
    return lambda _request, perform: (first(), perform())[1]


class StillClock(Clock):
    """Time that passes only while somebody sleeps. `meanwhile` maps moments, in seconds from the start, to events."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.meanwhile: dict[float, Callable[[], Any]] = {}

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return sum(self.slept)

    def now(self) -> float:
        """Return the epoch seconds."""
        return START + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and what is due by then happen."""
        assert len(self.slept) < 500, "nobody waits that often"
        self.slept.append(seconds)
        for moment in sorted(one for one in self.meanwhile if one <= self.monotonic()):
            self.meanwhile.pop(moment)()


class Services:
    """Both services, and in place of `Http` the way to them."""

    waiting_for = None

    def __init__(self) -> None:
        self.clock = StillClock()
        self.scrubber = Scrubber()
        self.requests_sent = dict.fromkeys(Service, 0)
        self.log: list[tuple[str, str, Request]] = []
        self.accounts: dict[str, dict[str, Any]] = {}
        self.stored: dict[str, dict[str, str]] = {}
        self._numbers, self._tokens = count(1), count(1)
        self.hidden: set[str] = set()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.profile_of: dict[str, str] = {}
        self.profiles = [{"integration_id": "p1", "provider": "freshservice", "name": "Main", "active": True}]
        self.config: dict[str, Any] = {"key": "freshservice", "configFields": FIELDS}
        self.agents = {KEY: {"id": 7, "email": "agent@customer.example", "active": True}}
        self.project: Any = "mycompany-27270"
        self.actions = ["freshservice_list_agents", "freshservice_get_current_agent"]
        self.first_status = "active"
        self.shown: dict[str, tuple[str, str]] = {}
        self.unseen_writes: list[str] = []
        self.tricks: list[list[Any]] = []
        freshservice = Freshservice(self, "https://{domain}.freshservice.com")
        self.factory = ClientFactory(self, StackOneApi(self, "https://api.stackone.com"), freshservice, "stackone-key")

    def on(self, method: str, path: str, trick: Trick, times: int = 1, skip: int = 0) -> None:
        """Play a trick on the next requests of a method and path (a regular expression), after `skip` of them."""
        self.tricks.append([method, path, skip, times, trick])

    def add(self, owner: str = "1", domain: str | None = "acme", key: str = KEY, **more: Any) -> str:
        """Make an account, as somebody else would; return its id."""
        account_id = more.pop("id", None) or f"acc-{next(self._numbers)}"
        self.accounts[account_id] = {
            "id": account_id,
            "provider": "freshservice",
            "status": self.first_status,
            "origin_owner_id": owner,
            "origin_owner_name": owner,
            "setup_information": {"domain": domain} if domain else {},
            "created_at": iso(self.clock.now()),
            **more,
        }
        self.stored[account_id] = {"domain": domain or "", "apiKey": key}
        return account_id

    def requests(self, method: str, path: str = ".*") -> list[Request]:
        """Return the requests of a method and path, as they were sent."""
        return [request for verb, where, request in self.log if verb == method and re.fullmatch(path, where)]

    def send(self, request: Request, _quota: Any = None) -> Answer:
        """Answer a request, as `Http.send` does."""
        self.clock.check()
        self.requests_sent[request.service] += 1
        path = urlsplit(request.url).path
        self.log.append((request.method, path, request))
        self._note_write(request.method, path)
        trick = self._trick(request.method, path)
        answer = trick(request, lambda: self._perform(request)) if trick else self._perform(request)
        rows = answer.data if isinstance(answer.data, list) else [answer.data]
        for row in rows if answer.ok and path.startswith("/accounts") else ():
            if isinstance(row, dict) and "id" in row:
                self.shown[str(row["id"])] = (row.get("provider", ""), row.get("origin_owner_id", ""))
        return replace(answer, scrubber=self.scrubber)

    def _trick(self, method: str, path: str) -> Trick | None:
        for known in self.tricks:
            if known[0] == method and known[3] and re.fullmatch(known[1], path):
                known[2] -= 1
                if known[2] < 0:
                    known[3] -= 1
                    return known[4]
        return None

    def _note_write(self, method: str, path: str) -> None:
        """Note a write to an account that was not shown under exactly this id, with its provider and owner."""
        found = re.fullmatch(r"(?:/hub)?/accounts/(.+)", path)
        if found and method in ("PATCH", "DELETE") and not all(self.shown.get(found[1], ("", ""))):
            self.unseen_writes.append(f"{method} {path}")

    def _perform(self, request: Request) -> Answer:
        path = urlsplit(request.url).path
        if request.service is Service.FRESHSERVICE:
            agent = self.agents.get(request.auth[0] if request.auth else "")
            denied = {"code": "invalid_credentials", "message": "You have to be logged in."}
            return reply(200, {"agent": agent}) if agent else reply(401, denied)
        for route in (self._platform, self._sessions, self._hub):
            answer = route(request.method, path, request)
            if answer:
                return answer
        return error(404, f"Cannot {request.method} {path}")

    def _platform(self, method: str, path: str, request: Request) -> Answer | None:
        if (method, path) == ("GET", "/accounts"):
            return reply(200, self._listed(dict(request.params or {})))
        if (method, path) == ("GET", "/auth_configs"):
            rows = [{**one, "id": one["integration_id"], "connector_key": one["provider"]} for one in self.profiles]
            return reply(200, {"data": rows})
        if (method, path) == ("GET", "/actions"):
            return reply(200, {"next": None, "data": [{"key": key} for key in self.actions]})
        if method == "POST" and path in ("/unified/proxy", "/actions/rpc"):
            return self._called(path, (request.headers or {})["x-account-id"])
        if not path.startswith("/accounts/"):
            return None
        account = self.accounts.get(path[len("/accounts/") :])
        if account is None:
            return error(404, "Account not found")
        if method == "PATCH":
            account.update(request.body)
        elif method == "DELETE":
            del self.accounts[account["id"]]
        return reply(200, dict(account))

    def _called(self, path: str, account_id: str) -> Answer:
        """Answer a call through an account, by proxy or by action (S70, S72, S73)."""
        agent = self.agents.get(self.stored[account_id]["apiKey"])
        if path == "/unified/proxy":
            return reply(200, {"status": 200, "data": {"agent": agent}} if agent else {"status": 401, "data": {}})
        return reply(200, {"data": {"agent": agent}}) if agent else error(401, "Refused", errorCode=INVALID_CREDENTIALS)

    def _listed(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        owners = params.get("origin_owner_id") or params.get("origin_owner_ids")
        shown = [
            dict(account)
            for account in self.accounts.values()
            if account["id"] not in self.hidden
            and (not owners or account["origin_owner_id"] in owners)
            and params.get("provider", account["provider"]).lower() == account["provider"].lower()
        ]
        start = (params.get("page", 1) - 1) * params["page_size"]
        return shown[max(0, start) : max(0, start) + params["page_size"]]

    def _sessions(self, method: str, path: str, request: Request) -> Answer | None:
        if (method, path) == ("POST", "/connect_sessions"):
            token = f"token-of-session-{next(self._tokens)}"
            self.sessions[token] = dict(request.body)
            told = {"id": 1, "project_id": self.project, "created_at": iso(self.clock.now())}
            return reply(201, {**told, "token": token, **request.body})
        if (method, path) == ("POST", "/connect_sessions/authenticate"):
            alive = request.body["token"] in self.sessions
            return reply(201, {"id": 1}) if alive else error(401, "Unauthorized")
        return None

    def _hub(self, method: str, path: str, request: Request) -> Answer | None:
        if not path.startswith("/hub/"):
            return None
        session = self.sessions.get((request.headers or {}).get("x-hub-session-token", ""))
        if session is None:
            return error(401, "Unauthorized")
        rest = path[len("/hub/") :]
        if rest == "settings":
            return reply(200, {"enabled_features": [], "existing_account_id": self._existing(session)})
        if rest == "connectors":
            provider = parse_qs(urlsplit(request.url).query)["provider"][0]
            return reply(200, {"integrations": [one for one in self.profiles if one["provider"] == provider]})
        if rest.startswith("connectors/"):
            known = any(one["integration_id"] == rest[len("connectors/") :] for one in self.profiles)
            return reply(200, {"config": self.config, "hub_settings": {}}) if known else error(404, "Not found")
        return self._hub_accounts(method, rest, request, session)

    def _existing(self, session: dict[str, Any]) -> str | None:
        """Return the account that a session edits: the triple of owner, its name and provider tells (S51)."""
        names = ("origin_owner_id", "origin_owner_name", "provider")
        same = [one["id"] for one in self.accounts.values() if all(one.get(name) == session[name] for name in names)]
        return session.get("account_id") or (None if session.get("multiple") or not same else same[0])

    def _hub_accounts(self, method: str, rest: str, request: Request, session: dict[str, Any]) -> Answer | None:
        account_id = rest.partition("/")[2]
        if method == "GET" and account_id in self.accounts:
            setup = self.accounts[account_id]["setup_information"] or {"domain": self.stored[account_id]["domain"]}
            secrets = {"apiKey": REDACTED + self.stored[account_id]["apiKey"][-4:]}
            return reply(
                200,
                {"setupInformation": setup, "secrets": secrets, "integrationId": self.profile_of.get(account_id, "p1")},
            )
        if method == "POST" and not account_id:
            account_id = self.add(session["origin_owner_id"], None, status=self.first_status)
            for name in ("origin_owner_name", "origin_username", "label", "type", "shared"):
                self.accounts[account_id][name] = session.get(name)
        elif method != "PATCH" or account_id not in self.accounts:
            return error(404, "Account not found")
        credentials = request.body["credentials"]
        self.stored[account_id].update(credentials)
        self.profile_of[account_id] = request.body["integration_id"]
        setup = {"domain": credentials["domain"]}
        self.accounts[account_id].update(setup_information=setup, status=self.first_status)
        return reply(200, {"id": account_id, "provider": "freshservice"})


def tenant(**options: Any) -> Tenant:
    """Return a declared tenant."""
    return replace(Tenant("1", "acme", KEY), **options)


def link(services: Services, declared: Tenant, timeout: float = 30.0, rules: Rules | None = None) -> Outcome:
    """Take one tenant through a run."""
    clients = services.factory.clients()
    return Linker(clients, clients.stackone, rules or Rules()).run(Outcome(declared), timeout)
