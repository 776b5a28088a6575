# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another tool uses the same StackOne key at the same time, and most of its quota."""

from __future__ import annotations

import contextlib
import threading

import requests

from tests.emulator.handle import Emulator
from tests.modules.in_process import InProcessRunner

TENANTS = 8


class OtherTool:
    """Asks for accounts again and again with the same key, and has used up its quota once when it is created."""

    def __init__(self, emulator):
        self.statuses = []
        self._emulator = emulator
        self._over = threading.Event()
        self._refused = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._refused.wait(timeout=120), self.statuses

    def _run(self):
        with requests.Session() as session:
            session.trust_env = False
            session.auth = (self._emulator.stackone_api_key, "")
            while not self._over.wait(0.1 if self._refused.is_set() else 0):
                with contextlib.suppress(requests.RequestException):
                    self.statuses.append(session.get(f"{self._emulator.stackone_url}/accounts", timeout=60).status_code)
                    if self.statuses[-1] == 429:
                        self._refused.set()

    def close(self):
        self._over.set()
        self._thread.join()


def test_no_tenant_is_given_up(tmp_path):
    """Though none is repeated after a failure, and 429s are not failed attempts."""
    options = ("--tenants", str(TENANTS), "--stackone-rpm", "20", "--stackone-window-s", "2")
    with Emulator(*options) as emulator, InProcessRunner.opened(emulator, tmp_path) as runner:
        domains = [tenant["domain"] for tenant in emulator.tenants()]
        with contextlib.closing(OtherTool(emulator)) as other:
            result = runner.links(runner.tenants(*domains), retries=0, confirm_timeout=60)
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["failed"] == 0
    assert {row["action"] for row in result["results"]} == {"create"}
    assert any("HTTP 429" in warning for warning in result["warnings"])
    assert 200 in other.statuses
