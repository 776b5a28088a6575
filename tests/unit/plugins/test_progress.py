# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
import threading
from types import SimpleNamespace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import (
    Progress,
    ProgressFile,
    Waiting,
    duration,
    read,
    waiting,
)
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._action import watched as action


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (
            Progress(1000, 412, 9, 14, 62.4, 12.2),
            "412/1000  398 ok  9 changed  14 failed  6.6 tenants/s  waiting for quota 12 s  about 1 min 29 s left",
        ),
        (
            Progress(1000, 990, 0, 0, 90.0, 0.0, "GET /api/v2/agents/me: HTTP 429", 118.4),
            "990/1000  990 ok  0 changed  0 failed  11.0 tenants/s"
            "  waiting 1 min 58 s to repeat GET /api/v2/agents/me: HTTP 429  about 1 min 58 s left",
        ),
        (Progress(10), "0/10  0 ok  0 changed  0 failed"),
        (Progress(10, 0, 0, 0, 5.0), "0/10  0 ok  0 changed  0 failed"),
        (Progress(150, 1, 1, 0, 20.0), "1/150  1 ok  1 changed  0 failed"),
        (Progress(10, 10, 10, 0, 5.0), "10/10  10 ok  10 changed  0 failed  2.0 tenants/s"),
        (
            Progress(1000, 999, 0, 0, 100.0, 55.0),
            "999/1000  999 ok  0 changed  0 failed  10.0 tenants/s  waiting for quota 55 s  about 55 s left",
        ),
    ],
)
def test_line(progress, line):
    assert progress.line == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_the_file_says_what_was_counted_and_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "progress.json"
    counted = ProgressFile(str(path), 3, Clock())
    assert counted.count(changed=True, failed=False) == 0
    assert counted.count(changed=False, failed=True) == 1
    counted.write(Waiting(7.0), last=True)
    found = read(str(path))
    assert (found.total, found.done, found.changed, found.failed, found.quota_wait) == (3, 2, 1, 1, 7.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_or_read_stops_nobody(tmp_path):
    ProgressFile(str(tmp_path / "missing" / "progress.json"), 1, Clock()).write(last=True)
    assert read(str(tmp_path / "missing")) is None
    (tmp_path / "other").write_text('{"what": 1}')
    assert read(str(tmp_path / "other")) is None


def test_it_does_not_write_through_a_link(tmp_path):
    """In a folder that others can write to, somebody could have put one there."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "progress.json.new").symlink_to(victim)
    ProgressFile(str(tmp_path / "progress.json"), 1, Clock()).write(last=True)
    assert victim.read_text() == "precious"


class Answers429(session.Http):
    """A host that asks for two minutes of patience, once."""

    def _once(self, _request):
        self.seen = waiting(self, None)
        return session.Answer(200 if self.retry_log.retries else 429, {"Retry-After": "120"}, "")


def test_a_pause_before_a_repetition_is_told_without_ids():
    clock, told = Clock(), []
    http = Answers429(session.HttpOptions(), clock)
    clock.sleep = lambda seconds: told.append(waiting(http, None))
    http.send(session.Request(session.Service.FRESHSERVICE, "GET", "https://acme.example/api/v2/agents/4711"))
    (pause,) = told
    assert pause.request == "GET /api/v2/agents/{id}: HTTP 429"
    assert 100 < pause.seconds <= 120
    assert http.seen == Waiting()


@pytest.mark.parametrize(("seconds", "told"), [(4.0, Waiting(2.0)), (6.0, Waiting(2.0, "GET /x: late", 6.0))])
def test_short_pauses_are_not_told(seconds, told):
    http, quota = SimpleNamespace(waiting_for=("GET /x: late", seconds)), SimpleNamespace(wait_left=2.0)
    assert waiting(http, quota) == told


class Screen:
    def __init__(self):
        self.lines = []
        self.more = threading.Event()

    def display(self, line, stderr):
        assert stderr, "standard output is the callback's"
        self.lines.append(line)
        self.more.set()


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(action, "display", screen)
    return screen


def test_watching_shows_what_is_new_and_the_end(tmp_path, screen):
    path = str(tmp_path / "progress.json")
    counted = ProgressFile(path, 2, Clock())
    with action.watching(path, 0.01):
        counted.count(changed=True, failed=False)
        counted.write(last=True)
        assert screen.more.wait(30)
        counted.count(changed=True, failed=False)
        counted.write(last=True)
    assert screen.lines[0].startswith("1/2  1 ok")
    assert screen.lines[-1].startswith("2/2  2 ok")
    assert len(screen.lines) == len(set(screen.lines))


def test_lines_of_several_hosts_begin_with_the_host(tmp_path, screen):
    path = str(tmp_path / "progress.json")
    prefix = action._prefix({"inventory_hostname": "staging", "ansible_play_hosts_all": ["staging", "production"]})
    assert action._prefix({"inventory_hostname": "localhost", "ansible_play_hosts_all": ["localhost"]}) == ""
    assert action._prefix({}) == ""
    with action.watching(path, 0.01, prefix):
        ProgressFile(path, 2, Clock()).write(last=True)
        assert screen.more.wait(30)
    assert screen.lines == ["staging: 0/2  0 ok  0 changed  0 failed"]


def test_nothing_is_shown_that_nobody_reads(tmp_path, screen, monkeypatch):
    """The playbook would wait for ever: ansible-core's thread for results ends with the line."""
    reader, writer = os.pipe()
    path = str(tmp_path / "progress.json")
    counted = ProgressFile(path, 2, Clock())
    with open(writer, "w") as output:
        monkeypatch.setattr(action.sys, "__stderr__", output)
        with action.watching(path, 0.01):
            counted.write(last=True)
            assert screen.more.wait(30)
            os.close(reader)
            counted.count(changed=True, failed=False)
            counted.write(last=True)
    assert screen.lines == ["0/2  0 ok  0 changed  0 failed"]


def test_a_short_run_shows_nothing(tmp_path, screen):
    path = str(tmp_path / "progress.json")
    counted = ProgressFile(path, 1, Clock())
    with action.watching(path, 3600):
        counted.write(last=True)
    assert screen.lines == []
