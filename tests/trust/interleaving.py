# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two module runs at the same time, of which one request is sent at a time, in an order that the test decides.

Each run has a thread of its own and stops before every request until it is its turn. So an interleaving is a list of
turns, the same each time, and no test waits for a clock.
"""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core import stop as _stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session as _http
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http
from tests.support.module_runner import Killed, Left, ModuleRunner, as_under_ansible, context_of, patch_in, rewritten_by

PLUGINS = "ansible_collections.tenantlink.stackone.plugins.modules"
PATIENCE = 60
"""Real seconds after which a run that neither asks for its turn nor ends is taken for a defect of the test."""


@dataclass
class SteppedRun:
    """One of the two runs. It dies before its `dies_at`-th request, if it has one."""

    module: str
    options: dict[str, Any]
    dies_at: int | None = None
    result: dict[str, Any] = field(default_factory=dict)
    failed: bool | None = None
    requests: int = 0
    waiting: threading.Event = field(default_factory=threading.Event)
    turn: threading.Event = field(default_factory=threading.Event)
    over: bool = False
    error: BaseException | None = None

    @property
    def died(self) -> bool:
        """Return whether it was killed."""
        return isinstance(self.error, Killed)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Return what failed: of a list its tenants, else the run itself."""
        listed = [row["failure"] for row in self.result.get("results") or () if row.get("failure")]
        return listed or ([self.result["failure"]] if "failure" in self.result else [])


class Lag:
    """A listing that shows a new account only when it was asked for some more times."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._known: set[str] | None = None
        self._seen = Counter[str]()

    def rewrite(self, method: str, path: str, data: Any) -> Any:
        """Return what a listing shows."""
        if not self._looks or method != "GET" or not path.endswith("/accounts") or not isinstance(data, list):
            return data
        if self._known is None:
            self._known = {row["id"] for row in data}
        self._seen.update(row["id"] for row in data)
        return [row for row in data if row["id"] in self._known or self._seen[row["id"]] > self._looks]


class Interleaving:
    """Takes two runs to their end, one request at a time."""

    def __init__(self, runner: ModuleRunner, lag: int = 0) -> None:
        self._runner = runner
        self._lag = Lag(lag)
        self._runs: dict[int, SteppedRun] = {}
        self._by_http: dict[int, SteppedRun] = {}

    def run(self, runs: Sequence[SteppedRun], turns: Iterator[int]) -> None:
        """Run both to their end. `turns` says whose request is next, for as long as both are alive."""
        with self._patched():
            threads = [threading.Thread(target=self._run, args=(run,), daemon=True) for run in runs]
            for thread in threads:
                thread.start()
            while True:
                alive = [run for run in runs if self._at_a_stop(run)]
                if not alive:
                    break
                chosen = runs[next(turns, 0) % len(runs)]
                run = chosen if chosen in alive else alive[0]
                run.waiting.clear()
                run.turn.set()
            for thread in threads:
                thread.join(PATIENCE)
        for run in runs:
            if run.error and not run.died:
                raise run.error

    def _at_a_stop(self, run: SteppedRun) -> bool:
        """Wait until a run wants to send a request, or is over; return whether it lives."""
        assert run.waiting.wait(PATIENCE), "a run hangs"
        return not run.over

    def _run(self, run: SteppedRun) -> None:
        self._runs[threading.get_ident()] = run
        try:
            import_module(f"{PLUGINS}.{run.module}").main()
        except Left as left:
            run.failed, run.result, _masked = left.args
        except BaseException as error:
            run.error = error
        finally:
            run.over = True
            run.waiting.set()

    def _before(self, run: SteppedRun) -> None:
        run.requests += 1
        if run.error or (run.dies_at and run.requests >= run.dies_at):
            run.error = run.error or Killed()
            raise run.error
        run.turn.clear()
        run.waiting.set()
        assert run.turn.wait(PATIENCE), "a run did not get its turn"

    @contextmanager
    def _patched(self) -> Iterator[None]:
        interleaving, time = self, self._runner.time
        made, once, answer = Http.__init__, Http._once, _http._answer

        def note(http_self: Http, *args: Any, **kwargs: Any) -> None:
            made(http_self, *args, **kwargs)
            interleaving._by_http[id(http_self)] = interleaving._runs[threading.get_ident()]

        def in_turn(http_self: Http, request: Any) -> Any:
            interleaving._before(interleaving._by_http[id(http_self)])
            return once(http_self, request)

        def options() -> dict[str, Any]:
            return interleaving._runs[threading.get_ident()].options

        with as_under_ansible(options, False, []), ExitStack() as stack:
            patch = functools.partial(patch_in, stack)
            for name in ("now", "monotonic", "sleep"):
                patch(Clock, name, staticmethod(getattr(time, name)))
            patch(StopSignal, "sleep", lambda _stop, seconds: time.sleep(seconds))
            patch(_http, "_tls_context", context_of)
            patch(_http, "_answer", lambda response, raw: answer(response, interleaving._seen(response, raw)))
            patch(Http, "__init__", note)
            patch(Http, "_once", in_turn)
            # Only a process's main thread may take signals.
            patch(_stop.signal, "signal", lambda _number, handler: handler)
            yield

    def _seen(self, response: Any, raw: bytes) -> bytes:
        return rewritten_by(self._lag.rewrite, response, raw)
