# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account webhooks (S90, S91): which events, how they are signed, what a lost one does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.emulator.handle import Emulator, EmulatorError
from tests.support.emulator_client import OWNER, Client

SECRET = "sEcReTofTheWebhook"


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with the statuses it is told, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, bytes]] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"

    def events(self) -> list[str]:
        return [json.loads(body)["event"] for _headers, body in self.received]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.headers["x-stackone-signature"], body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, *about: Any) -> None:
        pass


@pytest.fixture
def receiver(emulator: Emulator) -> Iterator[Receiver]:
    with Receiver() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        emulator.send_webhooks(running.url, SECRET, "the one before")
        yield running
        running.shutdown()
        thread.join()


def until(done: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def settled(emulator: Emulator, count: int) -> list[dict[str, Any]]:
    """The deliveries, once there are so many and all are done."""
    until(lambda: len(emulator.deliveries(done=True)) >= count)
    return emulator.deliveries()


def test_a_delivery_is_signed_and_says_what_is_documented(client: Client, receiver: Receiver) -> None:
    account = client.linked()
    (delivery,) = settled(client.emulator, 1)
    ((signature, body),) = receiver.received
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    assert signature == base64.urlsafe_b64encode(mac).decode().rstrip("=")
    payload = json.loads(body)
    assert payload.pop("project_id")
    assert payload.pop("sent_at") == payload.pop("event_date") == delivery["sent_at"]
    assert payload == {
        "account_id": account["id"],
        "record_id": account["id"],
        "record_type": "account",
        "event": "account.created",
        "provider": "freshservice",
        "setup_information": {"domain": "acme"},
        **OWNER,
    }
    assert (delivery["event"], delivery["statuses"], delivery["done"]) == ("account.created", [200], True)
    assert client.key() not in body.decode()


def test_changes_by_the_apis_are_events(client: Client, receiver: Receiver) -> None:
    account = client.linked()
    path = f"/accounts/{account['id']}"
    client.stackone("PATCH", path, json={"label": "new"})
    client.stackone("PATCH", path, json={"label": "new"})
    client.stackone("DELETE", path)
    rows = settled(client.emulator, 3)
    assert [row["event"] for row in rows] == ["account.created", "account.updated", "account.deleted"]


@pytest.mark.parametrize("status", ["error", "expired"])
def test_changes_out_of_band_are_events(emulator: Emulator, receiver: Receiver, status: str) -> None:
    account = emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    emulator.change_account(account["id"], status=status)
    emulator.change_account(account["id"], status="active")
    emulator.remove_account(account["id"])
    rows = settled(emulator, 5)
    kinds = ["created", "updated", status, "updated", "deleted"]
    assert [row["event"] for row in rows] == [f"account.{kind}" for kind in kinds]
    assert sorted(receiver.events()) == sorted(row["event"] for row in rows)


@pytest.mark.parametrize("keeps_old", [True, False])
def test_a_test_that_fails_later_is_an_event(client: Client, receiver: Receiver, keeps_old: bool) -> None:
    client.emulator.switch(hub_test="async", hub_async_delay_ms=1, hub_patch_failure_keeps_old=keeps_old)
    client.link(apiKey="refused")
    rows = settled(client.emulator, 3)
    assert [row["event"] for row in rows] == ["account.created", "account.updated", "account.error"]


def test_only_the_events_that_are_asked_for(emulator: Emulator, receiver: Receiver) -> None:
    emulator.send_webhooks(receiver.url, SECRET, events=["account.deleted"])
    account = emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    emulator.remove_account(account["id"])
    assert [row["event"] for row in settled(emulator, 1)] == ["account.deleted"]


def test_a_refused_delivery_comes_again_the_same_to_the_byte(emulator: Emulator, receiver: Receiver) -> None:
    receiver.statuses = [503]
    emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    (row,) = settled(emulator, 1)
    assert row["statuses"] == [503, 200]
    assert receiver.received[0] == receiver.received[1]


def test_three_times_is_enough(emulator: Emulator, receiver: Receiver) -> None:
    receiver.statuses = [401, 401, 401]
    emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    (row,) = settled(emulator, 1)
    assert row["statuses"] == [401, 401, 401]
    assert len(receiver.received) == 3


def test_without_a_receiver_there_is_no_answer(emulator: Emulator, receiver: Receiver) -> None:
    emulator.send_webhooks("http://127.0.0.1:1/", SECRET)
    emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    assert settled(emulator, 1)[0]["statuses"] == [None, None, None]


@pytest.mark.parametrize("end", [Emulator.stop_webhooks, Emulator.reset])
def test_nothing_is_sent_unless_asked_for(emulator: Emulator, receiver: Receiver, end: Callable[..., Any]) -> None:
    end(emulator)
    emulator.add_account(domain="acme", api_key="k", origin_owner_id="o1")
    assert emulator.deliveries() == []


@pytest.mark.parametrize("secrets", [[], [""], [None]])
def test_nothing_is_sent_unsigned(emulator: Emulator, secrets: list[Any]) -> None:
    with pytest.raises(EmulatorError, match="secrets must be a list of texts"):
        emulator.send_webhooks("http://127.0.0.1:1/", *secrets)
