# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run is stopped, and how it ends then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core import stop as _stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._core import workers as _crew
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal, stopped_by_signals
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.workers import WorkerPool
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Applied, Outcome, unfinished
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import parent_watch as _parent_watch
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.parent_watch import Parent


def stopped(patience=0.0):
    stop = StopSignal()
    stop.cancel("by a test", patience)
    return stop


def test_after_a_stop_no_request_is_sent():
    http = session.Http(session.HttpOptions(), stopped().clock())
    with pytest.raises(Stopped, match="by a test"):
        http.send(session.Request(session.Service.STACKONE, "GET", "http://127.0.0.1:9/"))
    assert http.requests_sent[session.Service.STACKONE] == 0


def test_who_hangs_is_given_up():
    stop, never = StopSignal(), threading.Event()

    def work(item):
        stop.cancel("by a test", 0.0)
        return item if item == "quick" else never.wait()

    assert WorkerPool(2, stop).map_until(work, ["slow", "quick"], lambda: False) == [None, "quick"]


def test_without_a_stop_nobody_is_given_up():
    assert not StopSignal().overdue
    assert not stopped(60).overdue
    assert stopped().overdue


def test_the_shorter_patience_counts():
    stop = stopped(60)
    stop.cancel("by the loss of its parent", 0.0)
    assert stop.overdue
    assert stop.reason == "by a test"


@pytest.mark.parametrize("phase", list(Phase))
def test_what_is_known_of_a_tenant_that_was_given_up(phase):
    outcome = Outcome(Tenant("one", "acme"), applied=Applied(actions=[Action.RELINK]), phase=phase)
    known = unfinished(outcome, "by SIGTERM")
    outcome.applied.actions.append(Action.UPDATE)
    assert known.applied.actions == [Action.RELINK]
    assert known.failure.code is FailureCode.STOPPED
    assert known.failure.phase is phase
    assert known.failure.details == ({"uncertain": True} if phase is Phase.APPLY else {})
    assert "by SIGTERM" in known.failure.message


def test_two_threads_may_ask_at_once(monkeypatch):
    """The thread that watches, and the one that is about to write the result."""
    reading, writing = os.pipe()
    monkeypatch.setattr(_parent_watch, "STANDARD_OUTPUT", writing)
    parent, failed = Parent(), []

    def ask():
        try:
            assert all(parent.reads for _time in range(5_000))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(reading)
    assert failed == []
    assert not parent.reads
    os.close(writing)


def test_another_parent_is_a_loss(monkeypatch):
    parent = Parent()
    assert parent.loss is None
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert parent.loss == "because the process that started it is gone"


@pytest.fixture
def output(monkeypatch):
    """A pipe in place of standard output: the end that reads, and the end that writes."""
    reader, writer = os.pipe()
    monkeypatch.setattr(_parent_watch, "STANDARD_OUTPUT", writer)
    yield reader
    os.close(writer)


def test_a_pipe_that_nobody_reads_is_a_loss(output):
    parent = Parent()
    os.write(_parent_watch.STANDARD_OUTPUT, b"x" * 60_000)
    assert parent.loss is None
    os.close(output)
    assert parent.loss == "because its result is no longer read"
    assert not parent.reads


def test_a_file_is_always_there(monkeypatch, tmp_path):
    with (tmp_path / "output").open("w") as file:
        monkeypatch.setattr(_parent_watch, "STANDARD_OUTPUT", file.fileno())
        assert Parent().reads
    assert Parent().reads


def test_a_process_that_cannot_stop_is_ended():
    """Whatever its main thread does."""
    code = (
        "import time\n"
        "from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal\n"
        "from ansible_collections.tenantlink.stackone.plugins.module_utils._module.parent_watch import Parent, stopped_early\n"
        "with stopped_early(StopSignal(), Parent()):\n"
        "    print('started', flush=True)\n"
        "    time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"started\n"
    process.stdout.close()
    assert process.wait(60) == 1


@pytest.mark.parametrize("ignored", [True, False])
def test_a_hang_up_stops_unless_it_is_ignored(ignored):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        stop = StopSignal()
        with stopped_by_signals(stop):
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0)
        assert stop.reason == (None if ignored else "by SIGHUP")
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_are_left_alone_outside_the_main_thread():
    before = signal.getsignal(signal.SIGTERM)
    found = []

    def work():
        with stopped_by_signals(StopSignal()):
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def test_a_run_ends_within_two_seconds():
    """Its requests are cut off, its workers are left behind, and what they did is told."""
    assert _stop.PATIENCE + _stop.LEAVE_TAKING < _parent_watch.EXIT_SECONDS < 2 - _parent_watch.CHECK_SECONDS
    assert _stop.PATIENCE + _stop.LEAVE_TAKING + _crew.TICK_SECONDS < 2
