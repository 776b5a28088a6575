# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What community.general.opentelemetry sends of a run, as docs/monitoring.md sets it up: spans, and no key in any form."""

from __future__ import annotations

import os

import pytest

from tests.support.collection import COLLECTIONS
from tests.support.playbook_runner import TENANTS

from .packages import collections, libraries
from .receiver import Receiver

DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in TENANTS]
WRONG = "Wr0ng9Key8Of7StackOne6"
TASK = b"Make StackOne match the declarations"


@pytest.fixture
def traced(runner, playbook):
    """Run a playbook with the callback, let everything that was sent be searched, and return it."""

    def run(name, *args, **variables):
        with Receiver() as receiver:
            environment = {
                "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, (COLLECTIONS, collections()))),
                "ANSIBLE_CALLBACKS_ENABLED": "community.general.opentelemetry",
                "PYTHONPATH": os.pathsep.join((str(libraries()), os.environ.get("PYTHONPATH", ""))),
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "NO_PROXY": "127.0.0.1",
            }
            ended = playbook(name, *args, env=environment, **variables)
        sent = b"\n".join(body for _path, body in receiver.bodies)
        (runner.folder / f"spans-{runner.runs}.bin").write_bytes(sent)
        runner.assert_no_secret()
        return ended, sent

    return run


def test_a_run_over_a_list(traced):
    """Two tenants are linked, and two fail: their messages are in the spans."""
    ended, sent = traced("link", freshservice_link_tenants=DECLARED)
    assert ended.code == 2
    assert TASK in sent
    assert b"2 of 4 tenants failed" in sent


def test_a_run_whose_key_is_refused(runner, traced):
    path = runner.folder / "wrong.json"
    runner.known.add(WRONG)
    runner.secret_files.add(path)
    path.touch(mode=0o600)
    path.write_text(f'{{"freshservice_link_stackone_api_key": "{WRONG}"}}')
    ended, sent = traced("link", "-e", f"@{path}", freshservice_link_tenants=DECLARED)
    assert ended.code == 2
    assert TASK in sent
    assert b"StackOne" in sent


@pytest.mark.parametrize("name", ["verify", "report"])
def test_the_other_playbooks(runner, traced, name):
    report = str(runner.folder / "run.json")
    _ended, sent = traced(name, freshservice_link_tenants=DECLARED, freshservice_link_report=report)
    assert b"Write the report" in sent


def test_keys_that_are_replaced(runner, traced):
    path = runner.folder / "new.json"
    runner.secret_files.add(path)
    path.touch(mode=0o600)
    path.write_text(f'{{"freshservice_link_new_api_keys": {{"acme": "{runner.tenant_key("acme")}"}}}}')
    ended, sent = traced("rotate", "-e", f"@{path}", freshservice_link_tenants=DECLARED)
    assert ended.code == 0
    assert TASK in sent


def test_auth_links_are_hidden(runner, traced):
    links = runner.folder / "links.csv"
    runner.secret_files.add(links)
    ended, sent = traced("auth_links", freshservice_link_tenants=DECLARED, freshservice_link_auth_links_file=str(links))
    assert ended.code == 0
    assert b"Create an auth link" in sent
