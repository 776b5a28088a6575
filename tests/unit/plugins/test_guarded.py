# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action plugin started ends with its task, and nothing else does."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import threading

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._action.guarded import (
    GuardedAction,
    ended_with_the_run,
    start_deaf,
)
from tests.support.collection import ROOT

PLUGINS = ROOT / "plugins"

NESTED = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(600)'])"


class Timeout(BaseException):
    """As ansible-core's own, which is no Exception either."""


SLEEPER = "print(1, flush=True); import time; time.sleep(600)"


def started(code):
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


@pytest.fixture
def before():
    process = started(SLEEPER)
    yield process
    process.kill()
    process.wait()


def timed_out():
    """A task that starts a shell with a module, and does not end in time."""
    with ended_with_the_run():
        timed_out.started = started(NESTED)
        raise Timeout


def test_an_exception_ends_what_was_started_meanwhile(before):
    with pytest.raises(Timeout):
        timed_out()
    # The module holds the pipe as well: it is closed once both have ended.
    assert timed_out.started.stdout.read() == b""
    # A shell whose module is stopped first may end by itself, before it is stopped.
    assert timed_out.started.wait(60) in (-signal.SIGTERM, 0)
    assert before.poll() is None


def test_a_task_that_ends_well_ends_nobody():
    with ended_with_the_run():
        process = started(SLEEPER)
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_thread_beside_the_worker_takes_no_signal():
    """One that it took would not wake the main thread, which alone can act on it."""
    blocked = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    thread = threading.Thread(target=lambda: blocked.extend(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    start_deaf(thread)
    thread.join()
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= set(blocked)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


LATE = """
import multiprocessing, os, signal, time
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._action.guarded import ended_with_the_run

def task():
    while os.getppid() == playbook:
        time.sleep(0.01)
    with ended_with_the_run():
        print("begun", flush=True)

playbook = os.getpid()
multiprocessing.get_context("fork").Process(target=task).start()
os.kill(playbook, signal.SIGKILL)
"""


def test_a_task_whose_playbook_is_gone_before_it_begins_does_not_begin():
    """Its parent is another one by then, and stays."""
    process = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL
    assert (process.stdout, process.stderr) == ("", "")


@pytest.mark.parametrize("module", sorted(path.stem for path in (PLUGINS / "modules").glob("[a-z]*.py")))
def test_every_module_that_calls_a_service_is_guarded(module):
    """One that only reads would be asked for ever by an `until` whose playbook is gone."""
    plugin = importlib.import_module(f"ansible_collections.tenantlink.stackone.plugins.action.{module}")
    # These do their work themselves, and call nobody.
    assert issubclass(plugin.ActionModule, GuardedAction) is (module not in ("report_files", "vault_keys"))
