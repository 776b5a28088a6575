# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else can happen to a run: StackOne is gone for good, the process is killed, or answers say too much or too little."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Phase
from tests.support.module_runner import Hooks, Killed
from tests.support.ports import Listener
from tests.trust.cells import WRITES, target
from tests.trust.flows import Flow
from tests.trust.matrix import Matrix


class Disruptions:
    """What else can happen to a run: StackOne gone for good from a request on, the process killed, the run stopped."""

    def __init__(self, matrix: Matrix, flow: Flow) -> None:
        self.matrix, self.flow, self.runner = matrix, flow, matrix.runner
        self.requests = len(matrix.baseline(flow)[0].sent)

    def outage(self, number: int) -> list[str]:
        """StackOne answers no more: the n-th request of the run is carried out yet, and none after it."""

        def before(current: int) -> None:
            if current == number + 1:
                self.runner.emulator.clear_faults()
            if current in (number, number + 1):
                drop = "after" if current == number else "before"
                for service in ("stackone", "hub"):
                    self.runner.emulator.fault(service=service, drop=drop)

        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(before=before))
        after = self.runner.stored()
        problems = self.matrix.wrong(self.flow, run, stored, after, may_be_unknown=True)
        return self._named(f"outage{number}", [*problems, *self.matrix.heals(self.flow, options)])

    def killed(self, number: int, after: bool) -> list[str]:
        """The process dies before the n-th request or after it."""

        def die(current: int) -> None:
            if current >= number:
                raise Killed

        options, _stored = self._begin()
        with contextlib.suppress(Killed):
            self.runner.run(self.flow.module, options, hooks=Hooks(after=die) if after else Hooks(before=die))
        return self._named(f"killed{number}", [*self.matrix.heals(self.flow, options)])

    def stopped(self, number: int) -> list[str]:
        """The run is told to end at once, while the n-th request is under way."""
        hooks = Hooks()

        def stop(current: int) -> None:
            if current == number:
                hooks.stops[0].cancel("by SIGTERM")

        hooks.before = stop
        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=hooks)
        problems = list(self.matrix.wrong(self.flow, run, stored, self.runner.stored()))
        if not run.failed or run.result["failure"]["code"] != "stopped":
            problems.append(f"it does not say that it was stopped: {run.text}")
        return self._named(f"stopped{number}", [*problems, *self.matrix.heals(self.flow, options)])

    def distorted(self, rewrite: Callable[[str, str, Any], Any], name: str) -> list[str]:
        """All answers say less or other than they should."""
        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(rewrite=rewrite))
        after = self.runner.stored()
        problems = [*self.matrix.wrong(self.flow, run, stored, after, provable=False)]
        if not self.flow.module.startswith("auth"):
            sent = [row for row in run.sent if target(row).kind in WRITES]
            # What StackOne says that it has not kept is no change, whatever it stores.
            unkept = "did not keep" in run.text
            if (run.changed and not sent) or (stored != after and not run.changed and not unkept):
                problems.append(f"changed is {run.changed} with {sent}: {run.text}")
        return self._named(name, [*problems, *self.matrix.heals(self.flow, options)])

    def echoed(self, number: int, status: int, padding: int) -> list[str]:
        """The n-th answer repeats everything that it was asked with, perhaps so that a secret is cut at a limit."""
        count = [0]

        def echo(response: Any, _raw: bytes) -> bytes:
            count[0] += 1
            if count[0] != number:
                return _raw
            sent = response.request
            asked = [sent.headers.get(name) or "" for name in ("Authorization", "x-hub-session-token")]
            words = ["x" * padding, *asked, *_opened(asked[0]), *_values(sent.body)]
            response.status_code, response.headers["Content-Type"] = status, "application/json"
            return json.dumps({"statusCode": status, "message": " ".join(filter(None, words))}).encode()

        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(spoil=echo))
        problems = self.matrix.wrong(self.flow, run, stored, self.runner.stored(), provable=False)
        return self._named(f"echo{number}/{status}/{padding}", [*problems, *self.matrix.heals(self.flow, options)])

    def elsewhere(self, url_option: str, url: str, listener: Listener | None = None, **options: Any) -> list[str]:
        """One of the services is not where it is said to be; who listens there must get nothing."""
        declared, stored = self._begin()
        run = self.runner.run(self.flow.module, {**declared, **options, url_option: url})
        problems = list(self.matrix.wrong(self.flow, run, stored, self.runner.stored()))
        service = "freshservice" if url_option == "freshservice_url" else "stackone"
        wanted = {"freshservice": {"unreachable", "domain_not_found"}, "stackone": {"stackone_unreachable"}}[service]
        phases = {Phase.KEY_CHECK.value} if service == "freshservice" else {Phase.OBSERVE.value}
        found = {(failure["code"], failure["phase"]) for failure in run.failures}
        if not run.failed or not found <= {(code, phase) for code in wanted for phase in phases}:
            problems.append(f"failures {found}: {run.text}")
        if listener and any(listener.received):
            problems.append(f"it was told {listener.received}")
        return self._named(url, [*problems, *self.matrix.heals(self.flow, declared)])

    def _begin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        options = self.matrix.begin(self.flow)
        return options, self.runner.stored()

    def _named(self, name: str, problems: list[str]) -> list[str]:
        return [f"{self.flow.name}/{name}: {problem}" for problem in problems]


def _opened(authorization: str) -> list[str]:
    """The user name of Basic credentials, which is the key."""
    encoded = authorization.partition(" ")[2]
    return [base64.b64decode(encoded).decode().partition(":")[0]] if encoded else []


def _values(body: bytes | None) -> list[str]:
    """Every text in a JSON body."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, str):
            yield value

    return list(walk(json.loads(body))) if body else []


NULLABLE = (
    *("provider_name", "status_reasons", "origin_username", "credentials", "setup_information", "label", "shared"),
    *("categories", "metadata", "external_trigger_token", "integration_id", "organization_id", "account_id"),
    *("email", "first_name", "last_name", "occasional", "active", "roles", "time_zone", "secrets", "authConfigKey"),
    *("environment", "version", "existing_account_id", "type", "updated_at", "created_at", "origin_owner_name"),
    *("token", "auth_link_url", "setupInformation", "integrationId", "data", "agent"),
)
"""What may be null in accounts, sessions, the Hub's views and agents (S30, S53, H11, F34), and a little more."""


def nulled(name: str) -> Callable[[str, str, Any], Any]:
    """A rewrite that makes a property null wherever it is."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: None if key == name else walk(item) for key, item in value.items()}
        return value

    # The form of the connector has properties of the same names, which are of another kind.
    return lambda _method, path, data: data if "/hub/connectors" in path else walk(data)


def said(name: str, value: Any) -> Callable[[str, str, Any], Any]:
    """A rewrite that gives a property of StackOne's accounts a value that nobody knows."""

    def walk(value_of: Any) -> Any:
        if isinstance(value_of, list):
            return [walk(item) for item in value_of]
        if isinstance(value_of, dict) and "origin_owner_id" in value_of and "status" in value_of:
            return {**value_of, name: value}
        return value_of

    return lambda _method, _path, data: walk(data)
