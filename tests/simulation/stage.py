# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the product and the emulator into virtual time: clocks, threads, files and chance are the simulation's."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantlink.stackone.plugins.module_utils._core import shared, stop, workers
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.workers import WorkerPool
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import retry
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session as _http
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http
from ansible_collections.tenantlink.stackone.plugins.module_utils._list import fingerprints, list_run
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import connection_params, stoppable
from tests.emulator import keys, moments, sessions
from tests.simulation.runs import Left, SimulatedRun
from tests.simulation.scheduler import START, Scheduler
from tests.simulation.services import SimulatedWorld, Wire


class Stage:
    """Where a history happens. Of the product's modules, it replaces what touches the machine, and nothing else."""

    def __init__(self) -> None:
        self.scheduler: Scheduler
        self.wire: Wire
        self.files: dict[str, str] = {}
        self.chance = random.Random(0)
        self._tokens = count()

    def set(self, rpm: int, switches: dict[str, Any], seed: int) -> SimulatedWorld:
        """Begin anew, at the same time as every history."""
        self.scheduler = Scheduler()
        self.files.clear()
        self.chance.seed(seed)
        self._tokens = count()
        world = SimulatedWorld(self.scheduler, rpm, switches)
        self.wire = Wire(world)
        return world

    @contextmanager
    def open(self) -> Iterator[Stage]:
        """Replace everything until the end."""
        with ExitStack() as stack:
            for owner, name, value in self._replacements():
                stack.enter_context(mock.patch.object(owner, name, value))
            yield self

    def _replacements(self) -> Iterator[tuple[Any, str, Any]]:
        yield Clock, "now", staticmethod(self._now)
        yield Clock, "monotonic", staticmethod(self._monotonic)
        yield Clock, "sleep", staticmethod(self._sleep)
        yield stop, "time", SimpleNamespace(monotonic=self._monotonic)
        yield StopSignal, "__init__", self._noted(StopSignal.__init__)
        yield StopSignal, "cancel", self._waking(StopSignal.cancel)
        yield StopSignal, "sleep", lambda signal, seconds: self._sleep_until_stopped(signal, seconds=seconds)
        yield shared, "wait", self._wait
        yield WorkerPool, "_run_threads", lambda pool, worker, number: self._work(pool, worker, number=number)
        yield retry, "random", self.chance
        yield _http, "_adapter", lambda _options: None
        yield Http, "_once", lambda http, request: self.wire.once(http, self.run, request)
        # Nobody's proxies are part of a history, and to read the environment for each run takes long.
        yield connection_params, "getproxies", dict
        yield list_run, "stopped_early", lambda *_arguments: nullcontext()
        yield stoppable, "stopped_early", lambda *_arguments: nullcontext()
        yield from self._files()
        yield from self._emulator()
        yield AnsibleModule, "__init__", lambda module, argument_spec, **_rules: self._entered(module, argument_spec)
        yield AnsibleModule, "_load_params", lambda module: self._loaded(module=module)
        yield AnsibleModule, "exit_json", lambda _module, **said: _leave(False, said)
        yield AnsibleModule, "fail_json", lambda _module, msg, **said: _leave(True, {**said, "msg": msg})
        yield AnsibleModule, "warn", lambda _module, warning: self.run.warnings.append(warning)

    def _files(self) -> Iterator[tuple[Any, str, Any]]:
        yield fingerprints, "read_file", self._read_file
        yield fingerprints, "replace_file", self._replace_file
        yield fingerprints, "alone_in", lambda _folder: nullcontext()
        yield fingerprints, "os", SimpleNamespace(path=os.path, makedirs=lambda *_path, **_options: None)
        yield fingerprints, "secrets", SimpleNamespace(token_hex=lambda size: self._token()[: 2 * size])

    def _emulator(self) -> Iterator[tuple[Any, str, Any]]:
        clock = SimpleNamespace(time=lambda: START + self.scheduler.time, monotonic=self._monotonic, sleep=_Pause)
        yield moments, "clock", clock
        yield sessions, "secrets", SimpleNamespace(token_urlsafe=lambda size: self._token()[:size])
        yield keys, "_text", functools.lru_cache(100_000)(keys._text)

    @property
    def run(self) -> SimulatedRun:
        """The run that the current task works for."""
        owner: SimulatedRun = self.scheduler.current.owner
        return owner

    def _now(self) -> float:
        return self.run.now()

    def _monotonic(self) -> float:
        return self.scheduler.time

    def _sleep(self, seconds: float) -> None:
        self.scheduler.sleep(seconds)

    def _sleep_until_stopped(self, signal: StopSignal, seconds: float) -> None:
        until = self.scheduler.time + seconds
        signal.check()
        while self.scheduler.time < until:
            self.scheduler.sleep(until - self.scheduler.time, signal)
            signal.check()

    def _noted(self, made: Callable[[StopSignal], None]) -> Callable[[StopSignal], None]:
        def init(signal: StopSignal) -> None:
            made(signal)
            self.run.stop = signal

        return init

    def _waking(self, cancel: Callable[..., None]) -> Callable[..., None]:
        def cancelled(signal: StopSignal, *arguments: Any, **options: Any) -> None:
            cancel(signal, *arguments, **options)
            self.scheduler.wake(signal)

        return cancelled

    def _wait(self, futures: Sequence[Any], seconds: float) -> Any:
        if not futures[0].done():
            self.scheduler.sleep(seconds)
        return SimpleNamespace(done=[future for future in futures if future.done()])

    def _work(self, pool: WorkerPool, worker: Callable[[], None], number: int) -> None:
        if number < 2 and self.run.plan.stopped is None:
            worker()
        else:
            tasks = [self.scheduler.spawn(worker) for _number in range(number)]
            while not self.scheduler.join(tasks, workers.TICK_SECONDS if pool._stop.now else 3600.0, pool._stop):
                if pool._stop.left_behind:
                    return
        pool._on_tick()

    def _read_file(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file", path)
        return self.files[path]

    def _replace_file(self, path: str, text: str) -> None:
        # A run that was killed is gone: it writes nothing on its way out.
        if not self.run.dead:
            self.files[path] = text

    def _token(self) -> str:
        return f"simulatedtokenofasession{next(self._tokens):06d}{'x' * 34}"

    def _entered(self, module: Any, argument_spec: dict[str, Any]) -> None:
        module.no_log_values = set()
        module._load_params()
        module.params = {**_defaults_of(argument_spec), **module.params}
        module.check_mode, module._diff = self.run.plan.check, True

    def _loaded(self, module: Any) -> None:
        module.params = self.run.options()


class _Pause:
    """What the emulator waits for; the driver of its coroutine lets it pass."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __await__(self) -> Iterator[float]:
        yield self._seconds


def _defaults_of(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: about.get("default") for name, about in spec.items()}


def _leave(failed: bool, said: dict[str, Any]) -> None:
    raise Left(failed, said)
