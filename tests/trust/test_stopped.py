# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is stopped while one tenant's answer never ends: it ends, and tells what came of the others."""

from __future__ import annotations

import contextlib
import json
import signal
import time

import pytest

from tests.support.module_runner import started_module
from tests.trust.raw_server import DRIP_SECONDS, STACKONE_KEY, Endless, RawServer, Reply

KEYS = {"acme": "AcmeAcmeAcmeAcme0001", "globex": "GlobexGlobexGlobex02", "initech": "InitechInitech000003"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: "


@pytest.fixture
def server():
    with contextlib.closing(RawServer()) as running:
        running.keys = dict(KEYS)
        yield running


@pytest.fixture
def module(server):
    """Start a module as Ansible does."""
    started = []

    def start(name, **options):
        urls = {"stackone_url": server.url, "freshservice_url": f"{server.url}/fs/{{domain}}"}
        arguments = {**urls, "stackone_api_key": STACKONE_KEY, "timeout": 600, **options}
        given = {name: value for name, value in arguments.items() if value is not None}
        started.append(started_module(name, given))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def hangs_at(kind, carried_out=True):
    """The answer to the request of this kind never ends; `carried_out`: what it asks for is done."""

    def trick(_server, request, carry_out):
        if f"{request.method} {request.path}" != kind and request.kind != kind:
            return carry_out()
        if carried_out:
            carry_out()
        return Reply(200, raw=HEAD, endless=Endless(b"a"))

    return trick


def eventually(condition):
    end = time.monotonic() + DRIP_SECONDS / 2
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def stopped(process, number):
    """What a module leaves on a signal, long before the answer that it reads would end."""
    process.send_signal(number)
    process.wait(DRIP_SECONDS / 2)
    return json.loads(process.stdout.read())


def tenants():
    return [{"domain": domain, "api_key": key, "origin_owner_id": f"of-{domain}"} for domain, key in KEYS.items()]


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_one_dripping_tenant_of_a_list_loses_no_other(server, module, number):
    server.trick = hangs_at("GET /fs/acme/api/v2/agents/me")
    process = module("freshservice_links", tenants=tenants(), concurrency=2)
    eventually(lambda: len(server.accounts) == 2)
    result = stopped(process, number)
    rows = {row["origin_owner_id"]: row for row in result["results"]}
    assert [rows[f"of-{domain}"]["action"] for domain in ("globex", "initech")] == ["create", "create"]
    assert rows["of-acme"]["failure"]["code"] == "stopped"
    assert result["changed"] is True
    assert number.name in result["msg"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_nor_does_one_of_a_list_of_keys(server, module, number, tmp_path):
    server.trick = hangs_at("GET /fs/acme/api/v2/agents/me")
    keys = [{"domain": domain, "api_key": key} for domain, key in KEYS.items()]
    progress = tmp_path / "progress.json"
    none = {"stackone_url": None, "stackone_api_key": None}
    process = module("freshservice_keys_info", tenants=keys, concurrency=2, progress_path=str(progress), **none)
    eventually(lambda: progress.exists() and json.loads(progress.read_text())["done"] == 2)
    result = stopped(process, number)
    rows = {row["domain"]: row for row in result["results"]}
    assert [rows[domain]["verdict"] for domain in ("globex", "initech")] == ["valid", "valid"]
    assert rows["acme"]["failure"]["code"] == "stopped"


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("name", ["freshservice_link", "freshservice_links"])
def test_a_creation_under_way_is_told_as_uncertain(server, module, name, carried_out):
    server.trick = hangs_at("POST /hub/accounts", carried_out)
    (first, *_others) = tenants()
    process = module(name, **(first if name == "freshservice_link" else {"tenants": [first]}))
    eventually(lambda: any(seen.request.kind == "POST /hub/accounts" for seen in server.journal))
    result = stopped(process, signal.SIGTERM)
    (failure,) = [row["failure"] for row in result.get("results", [result])]
    assert failure["code"] == "create_uncertain" or failure["details"] == {"uncertain": True}
    assert failure["retriable"] is True


@pytest.mark.parametrize("kind", ["PATCH /accounts/*", "PATCH /hub/accounts/*", "DELETE /accounts/*"])
def test_so_is_any_other_change(server, module, kind):
    domain, key = next(iter(KEYS.items()))
    server.add(f"of-{domain}", domain, "AnotherKeyAnother99" if "hub" in kind else key)
    server.trick = hangs_at(kind)
    absent = {"origin_owner_id": f"of-{domain}", "state": "absent"}
    process = module("freshservice_link", **({**tenants()[0], "label": "New"} if "PATCH" in kind else absent))
    eventually(lambda: any(seen.request.kind == kind for seen in server.journal))
    result = stopped(process, signal.SIGTERM)
    assert result["failure"]["code"] == "stopped"
    assert result["failure"]["details"]["uncertain"] is True
    assert "not known" in result["msg"]


@pytest.mark.parametrize("number", SIGNALS[:2], ids=lambda number: number.name)
@pytest.mark.parametrize("name", ["freshservice_link", "freshservice_links", "auth_link", "auth_links"])
def test_a_listing_under_way_holds_nobody(server, module, name, number):
    """Whichever thread reads it."""
    server.trick = hangs_at("GET /accounts")
    owner = {"origin_owner_id": "of-acme"}
    declared = {
        "freshservice_link": tenants()[0],
        "freshservice_links": {"tenants": tenants()},
        "auth_link": owner,
        "auth_links": {"tenants": [owner]},
    }
    elsewhere = {"freshservice_url": None} if "auth" in name else {}
    process = module(name, **declared[name], **elsewhere)
    eventually(lambda: any(seen.request.kind == "GET /accounts" for seen in server.journal))
    result = stopped(process, number)
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["failure"]["code"] == "stopped"
    assert number.name in result["msg"]
