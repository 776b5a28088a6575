# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator for tests: starts the process, talks to its admin interface, stops it."""

from __future__ import annotations

import json
import selectors
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

_PACKAGE = __package__ or ""
_ROOT = Path(__file__).resolve().parents[len(_PACKAGE.split("."))]
"""The folder from which the package is found, wherever it was copied."""
_START_TIMEOUT_S = 30.0
_CALL_TIMEOUT_S = 30.0


class EmulatorError(RuntimeError):
    """The emulator did not start, or refused an admin request."""


class Emulator:
    """`with Emulator("--tenants", "5") as emulator: ...`, or `Emulator().start(...)` and `.stop()`."""

    stackone_url: str
    stackone_api_key: str
    stackone_small_quota_api_key: str
    freshservice_url: str
    admin_url: str
    ca_path: str | None

    def __init__(self, *args: str) -> None:
        self._args = args
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def at(cls, admin_url: str) -> Emulator:
        """One that runs already, to be driven and not stopped."""
        emulator = cls()
        emulator.admin_url, emulator.ca_path = admin_url, None
        emulator._opener = _opener(None)
        return emulator

    def start(self, *args: str) -> Emulator:
        """Start the process and wait until it is ready."""
        command = [sys.executable, "-m", _PACKAGE, "--exit-with-parent", *self._args, *args]
        with tempfile.TemporaryFile() as stderr:
            self._process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=stderr)
            try:
                ready = json.loads(self._first_line())
            except (ValueError, TimeoutError) as problem:
                self.stop()
                stderr.seek(0)
                said = stderr.read().decode(errors="replace").strip()
                raise EmulatorError(f"the emulator did not start ({problem}): {said}") from None
        for name, value in ready.items():
            setattr(self, name, value)
        self._opener = _opener(self.ca_path)
        return self

    def stop(self) -> None:
        """Stop the process, by force if it does not listen."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def __enter__(self) -> Emulator:
        return self if self._process else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tenants(self) -> list[dict[str, Any]]:
        """All tenants with their keys."""
        return self._admin("GET", "/tenants")

    def tenant(self, domain: str) -> dict[str, Any]:
        """One tenant with its keys."""
        return self._admin("GET", f"/tenants/{quote(domain)}")

    def set_tenant(self, domain: str, **changes: Any) -> dict[str, Any]:
        """Change a tenant; `create=True` makes it when absent."""
        return self._admin("POST", f"/tenants/{quote(domain)}", changes)

    def remove_tenant(self, domain: str) -> dict[str, Any]:
        """Let a tenant vanish."""
        return self._admin("DELETE", f"/tenants/{quote(domain)}")

    def accounts(self) -> list[dict[str, Any]]:
        """All linked accounts as stored, secrets included."""
        return self._admin("GET", "/accounts")

    def account(self, account_id: str) -> dict[str, Any]:
        """One linked account as stored."""
        return self._admin("GET", f"/accounts/{quote(account_id)}")

    def tokens(self) -> list[str]:
        """The tokens of all connect sessions."""
        return self._admin("GET", "/tokens")

    def add_account(self, **fields: Any) -> dict[str, Any]:
        """Link an account out of band."""
        return self._admin("POST", "/accounts", fields)

    def change_account(self, account_id: str, **fields: Any) -> dict[str, Any]:
        """Change an account out of band."""
        return self._admin("PATCH", f"/accounts/{quote(account_id)}", fields)

    def remove_account(self, account_id: str) -> dict[str, Any]:
        """Remove an account out of band."""
        return self._admin("DELETE", f"/accounts/{quote(account_id)}")

    def requests(self, **filters: Any) -> list[dict[str, Any]]:
        """The journal, filtered by equality of its fields."""
        query = urlencode({name: _text(value) for name, value in filters.items()})
        return self._admin("GET", "/requests" + (f"?{query}" if query else ""))

    def clear_requests(self) -> None:
        """Empty the journal."""
        self._admin("DELETE", "/requests")

    def fault(self, **fault: Any) -> None:
        """Inject a fault."""
        self._admin("POST", "/faults", fault)

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._admin("DELETE", "/faults")

    def switch(self, **switches: Any) -> dict[str, Any]:
        """Set switches; returns all of them."""
        return self._admin("POST", "/switches", switches)

    def profiles(self, profiles: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Replace the connector profiles when given any list; returns them."""
        return self._admin("GET" if profiles is None else "POST", "/profiles", profiles)

    def key(self, scopes: list[str] | None = None, rpm: int | None = None, project: str | None = None) -> str:
        """A new StackOne key, of the project that everything is in or of another one."""
        wanted = {"scopes": scopes, "rpm": rpm, "project": project}
        given = {name: value for name, value in wanted.items() if value is not None}
        return self._admin("POST", "/keys", given)["stackone_api_key"]

    def send_webhooks(self, url: str, *secrets: str, events: list[str] | None = None) -> None:
        """Send the events of accounts there, signed with the first secret; `events` narrows them."""
        self._admin("POST", "/webhooks", {"url": url, "secrets": list(secrets), "events": events})

    def stop_webhooks(self) -> None:
        """Send no events any more."""
        self._admin("POST", "/webhooks", {})

    def deliveries(self, **fields: Any) -> list[dict[str, Any]]:
        """The webhook deliveries whose fields equal these."""
        rows = self._admin("GET", "/webhooks")
        return [row for row in rows if all(row[name] == value for name, value in fields.items())]

    def latency(self, ms: float) -> None:
        """Wait that long before every answer."""
        self._admin("POST", "/latency", {"ms": ms})

    def reset(self) -> None:
        """Back to the state after start-up."""
        self._admin("POST", "/reset")

    def _admin(self, method: str, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.admin_url + path, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=_CALL_TIMEOUT_S) as response:
                return json.load(response)
        except HTTPError as refused:
            raise EmulatorError(f"{method} {path}: {refused.code} {refused.read().decode()}") from None

    def _first_line(self) -> str:
        """The ready line; TimeoutError when it does not come, ValueError when the process ends instead."""
        assert self._process is not None
        stdout = self._process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(_START_TIMEOUT_S):
                raise TimeoutError("no ready line in time")
        line = stdout.readline().decode()
        if not line:
            raise ValueError("it ended at once")
        return line


def _opener(ca_path: str | None) -> OpenerDirector:
    """No proxies: the emulator is on this machine."""
    context = ssl.create_default_context(cafile=ca_path)
    return build_opener(ProxyHandler({}), HTTPSHandler(context=context))


def _text(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
