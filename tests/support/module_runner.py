# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' own main(), run in this process over real HTTP against an emulator, with a clock that does not wait.

A module is entered and left as under Ansible: its arguments go through its own specification, and what it hands to
exit_json or fail_json is recorded. So a run costs milliseconds, and its result is the one that users see.
"""

from __future__ import annotations

import copy
import functools
import gc
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session as _http
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http
from tests.emulator.handle import Emulator, EmulatorError
from tests.support.clocks import VirtualTime
from tests.support.collection import COLLECTIONS
from tests.support.secret_search import TELLING, forms

LINK = "freshservice_link"
LINKS = "freshservice_links"
KEY_INFO = "freshservice_key_info"
KEYS_INFO = "freshservice_keys_info"
AUTH_LINK = "auth_link"
AUTH_LINKS = "auth_links"
ACCOUNT_INFO = "account_info"

DOMAINS = ("t00001", "t00002", "t00003", "t00004", "t00005")
OLD_KEY = "OldKeyOldKeyOldKey00"
"""What an account stores whose key was rotated: a key that no tenant has."""

_PLUGINS = "ansible_collections.tenantlink.stackone.plugins.modules"
_TIMESTAMPS = ("created_at", "updated_at")


class Left(SystemExit):
    """A module has left, as sys.exit() has it leave."""


class Killed(BaseException):
    """The process is gone: nobody catches this, and nothing after it is done."""


class ConnectedEmulator(Emulator):
    """The emulator with one lasting connection to its admin interface, which is asked many times for each run."""

    _connection: http.client.HTTPConnection | None = None
    _used = 0.0

    def _admin(self, method: str, path: str, data: Any = None) -> Any:
        parts = urlsplit(self.admin_url)
        # While other tests run, the emulator closes it, after a longer time than this.
        if self._connection is None or time.monotonic() - self._used > 30:
            self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._used = time.monotonic()
        body = None if data is None else json.dumps(data)
        self._connection.request(method, parts.path + path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise EmulatorError(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content)


@dataclass(frozen=True)
class Told:
    """One request of a module, and the status that it was told; `None` where it got no answer."""

    service: str
    url: str
    status: int | None


@dataclass
class Run:
    """What one module run left, and what it cost. `seconds` are virtual."""

    result: dict[str, Any]
    warnings: list[str]
    invocation: Any
    failed: bool
    seconds: float
    told: list[Told]
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """What the module says of itself."""
        changed: bool = self.result["changed"]
        return changed

    @property
    def text(self) -> str:
        """Everything that a user or a log sees of it."""
        return json.dumps([self.result, self.warnings, self.invocation], ensure_ascii=False)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What failed: of a list its tenants, else the run itself."""
        rows = [row for name in ("results", "owners", "resolved", "purged") for row in self.result.get(name) or ()]
        listed = [row["failure"] for row in rows if row.get("failure")]
        own = [self.result["failure"]] if "failure" in self.result else []
        return listed or own

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The requests of the module itself."""
        return [row for row in self.requests if row["caller"] == "client"]


@dataclass
class Hooks:
    """What a test does to a run from inside. `before` and `after` see the number of each request, from 1.

    `rewrite` gets method, path and JSON of an answer, and gives back the JSON that the module is to see.
    """

    before: Callable[[int], None] | None = None
    after: Callable[[int], None] | None = None
    rewrite: Callable[[str, str, Any], Any] | None = None
    spoil: Callable[[Any, bytes], bytes] | None = None
    """Gets an answer, whose status and headers it may change, and its body; gives back the body to be seen."""
    stops: list[StopSignal] = field(default_factory=list)
    """The switches that end the run in good order; they exist once it has begun."""


class ModuleRunner:
    """One emulator, and the modules that are run against it."""

    def __init__(self, emulator: Emulator, clock: type[VirtualTime] = VirtualTime) -> None:
        self.emulator = emulator
        self._clock = clock
        self.time = clock()
        self.known_keys: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="trust-")
        self.fingerprints = Path(self._folder.name) / "fingerprints.json"
        """Where runs keep their fingerprints that are told to."""

    def reset(self) -> None:
        """The state after start-up, at the real time."""
        self.emulator.reset()
        self.fingerprints.unlink(missing_ok=True)
        self.time = self._clock()
        tenants = self.emulator.tenants()
        self.keys = {tenant["domain"]: tenant["api_key"] for tenant in tenants}
        self.other_keys = {
            tenant["domain"]: agent["api_key"] for tenant in tenants for agent in tenant["agents"] if agent["admin"]
        }
        self.known_keys = {*self.keys.values(), *self.other_keys.values(), OLD_KEY}
        self.known_keys |= {self.emulator.stackone_api_key, self.emulator.stackone_small_quota_api_key}

    def rotate(self, domain: str) -> str:
        """A new key for a tenant; the old one stops working."""
        key: str = self.emulator.set_tenant(domain, rotate_key=True)["new_api_key"]
        self.keys[domain] = key
        self.known_keys.add(key)
        return key

    def connection(self, module: str) -> dict[str, Any]:
        """The options that lead a module to the emulator."""
        stackone = {"stackone_url": self.emulator.stackone_url, "stackone_api_key": self.emulator.stackone_api_key}
        freshservice = {"freshservice_url": self.emulator.freshservice_url}
        needs = {
            KEY_INFO: freshservice,
            KEYS_INFO: freshservice,
            AUTH_LINK: stackone,
            AUTH_LINKS: stackone,
            ACCOUNT_INFO: stackone,
        }
        return {"retries": 1, **needs.get(module, {**stackone, **freshservice})}

    def run(self, module: str, options: dict[str, Any], check_mode: bool = False, hooks: Hooks | None = None) -> Run:
        """Run a module as Ansible would, and note what it sent. Raises what a hook raises."""
        self.emulator.clear_requests()
        run = self.enter(module, {**self.connection(module), **options}, check_mode, hooks)
        run.requests = self.emulator.requests()
        return run

    def enter(self, module: str, options: dict[str, Any], check_mode: bool = False, hooks: Hooks | None = None) -> Run:
        """Run a module with these options alone, and let the journal grow. Raises what a hook raises."""
        hooks = hooks or Hooks()
        started = self.time.monotonic()
        warnings: list[str] = []
        told: list[Told] = []
        code = import_module(f"{_PLUGINS}.{module}")
        with as_under_ansible(lambda: options, check_mode, warnings), self._hooked(hooks, told), _uncollected():
            failed, said, masked = _said_at_the_end(code.main)
        invocation = said.pop("invocation", None), masked.get("invocation")
        return Run(said, warnings, invocation[1], failed, self.time.monotonic() - started, told)

    def stored(self) -> dict[str, dict[str, Any]]:
        """The accounts as stored, by id, without the times that say nothing of their own."""
        return {
            account["id"]: {name: value for name, value in account.items() if name not in _TIMESTAMPS}
            for account in self.emulator.accounts()
        }

    def secrets(self) -> set[str]:
        """What must appear nowhere: every key and token, as it is and as both services take it."""
        return {form for secret in (*self.known_keys, *self.emulator.tokens()) for form in forms(secret)}

    def betrayed_by(self, text: str) -> bool:
        """Whether a text holds a secret, or the better half of one."""
        return any(secret[:TELLING] in text for secret in self.secrets())

    @contextmanager
    def _hooked(self, hooks: Hooks, told: list[Told]) -> Iterator[None]:
        count = Counter[str]()
        lock = threading.Lock()
        once, answer, made = Http._once, _http._answer, StopSignal.__init__

        def counted(http_self: Http, request: Any) -> Any:
            with lock:
                count["requests"] += 1
                number = count["requests"]
            if hooks.before:
                hooks.before(number)
            got = None
            try:
                got = once(http_self, request)
            finally:
                told.append(Told(request.service.value, request.url, got.status if got else None))
            if hooks.after:
                hooks.after(number)
            return got

        def rewritten(response: Any, raw: bytes, scrubber: Any) -> Any:
            seen = hooks.spoil(response, raw) if hooks.spoil else raw
            return answer(response, rewritten_by(hooks.rewrite, response, seen) if hooks.rewrite else seen, scrubber)

        def noted(stop: StopSignal) -> None:
            made(stop)
            hooks.stops.append(stop)

        def sleep(stop: StopSignal, seconds: float) -> None:
            if stop.now:
                raise Stopped(stop.reason or "")
            self.time.sleep(seconds)

        with ExitStack() as stack:
            patch = functools.partial(patch_in, stack)
            patch(Clock, "now", staticmethod(self.time.now))
            patch(Clock, "monotonic", staticmethod(self.time.monotonic))
            patch(Clock, "sleep", staticmethod(self.time.sleep))
            patch(StopSignal, "sleep", sleep)
            patch(StopSignal, "__init__", noted)
            patch(_http, "_tls_context", context_of)
            patch(Http, "_once", counted)
            if hooks.rewrite or hooks.spoil:
                patch(_http, "_answer", rewritten)
            yield


@contextmanager
def _uncollected() -> Iterator[None]:
    """Garbage waits: finalizers that run in the depth of a nested answer would fail, and pytest with them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _said_at_the_end(main: Callable[[], None]) -> tuple[bool, dict[str, Any], dict[str, Any]]:
    """Whether a module failed, what it said, and what Ansible would show of that."""
    try:
        main()
    except Left as left:
        failed, said, masked = left.args
        return failed, said, masked
    raise AssertionError("the module did not leave")


def patch_in(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Replace an attribute until the stack is closed."""
    stack.enter_context(mock.patch.object(owner, name, value))


_make_context = _http._tls_context


@functools.lru_cache(maxsize=16)
def context_of(options: Any) -> ssl.SSLContext:
    """Loading the public certificates costs more than a whole run."""
    return _make_context(options)


def rewritten_by(rewrite: Callable[[str, str, Any], Any], response: Any, raw: bytes) -> bytes:
    """Return what a module is to see of an answer; what is not JSON stays as it is."""
    try:
        data = json.loads(raw)
    except ValueError:
        return raw
    path = urlsplit(response.request.url).path
    return json.dumps(rewrite(response.request.method, path, data)).encode()


@contextmanager
def as_under_ansible(options: Callable[[], dict[str, Any]], check_mode: bool, warnings: list[str]) -> Iterator[None]:
    """Let modules take these arguments, and leave with an exception that holds what they said."""

    def enter(self: Any, argument_spec: dict[str, Any], supports_check_mode: bool = False, **rules: Any) -> None:
        assert supports_check_mode
        self._load_params()
        found = ModuleArgumentSpecValidator(argument_spec, **rules).validate(self.params)
        self.params, self.no_log_values = found.validated_parameters, set(found._no_log_values)
        self.check_mode, self._diff = check_mode, True
        if found.error_messages:
            self.fail_json(msg=found.errors.msg)

    def load(self: Any) -> None:
        self.params = copy.deepcopy(options())

    def leave(self: Any, failed: bool, said: dict[str, Any]) -> None:
        raise Left(failed, said, remove_values(copy.deepcopy(said), self.no_log_values))

    with (
        mock.patch.object(AnsibleModule, "__init__", enter),
        mock.patch.object(AnsibleModule, "_load_params", load),
        mock.patch.object(AnsibleModule, "exit_json", lambda self, **said: leave(self, False, said)),
        mock.patch.object(
            AnsibleModule, "fail_json", lambda self, msg, **said: leave(self, True, {**said, "msg": msg})
        ),
        mock.patch.object(AnsibleModule, "warn", lambda self, warning: warnings.append(warning)),
    ):
        yield


def started_module(name: str, arguments: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a module as Ansible does: arguments on standard input, the result on standard output."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    env = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    process = subprocess.Popen([sys.executable, "-m", f"{_PLUGINS}.{name}"], **pipes, text=True, env=env)  # type: ignore[call-overload]
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    process.stdin.close()
    return process


@contextmanager
def module_runner(*arguments: str) -> Iterator[ModuleRunner]:
    """A runner with an emulator of its own, whose quotas are never in the way."""
    with ConnectedEmulator("--tenants", str(len(DOMAINS)), "--stackone-rpm", "1000000", *arguments) as emulator:
        runner = ModuleRunner(emulator)
        runner.reset()
        yield runner


@contextmanager
def folder() -> Iterator[Path]:
    """A directory for files of one run."""
    with tempfile.TemporaryDirectory(prefix="trust-") as name:
        yield Path(name)
