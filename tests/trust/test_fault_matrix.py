# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix, and what else can happen to a run: see `matrix.py` and `rules.py`."""

from __future__ import annotations

import contextlib
import datetime
import ssl

import pytest
import trustme

from tests.support.module_runner import folder
from tests.support.ports import Listener, unused_port
from tests.trust.cells import in_turn
from tests.trust.disruptions import NULLABLE, Disruptions, nulled, said
from tests.trust.faults import FAULTS
from tests.trust.flows import FLOWS

every_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
# Runs that are killed or stopped, and outages, on all other ways: see tests/simulation.
NOT_SIMULATED = {name: flow for name, flow in FLOWS.items() if not flow.simulated}
every_other_flow = pytest.mark.parametrize("flow", NOT_SIMULATED.values(), ids=NOT_SIMULATED.keys())


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@every_flow
def test_cell(matrix, tally, flow, fault):
    tally(flow.name, fault.harm.value, [matrix.check(cell) for cell in matrix.cells(flow, fault)])


@every_other_flow
def test_outage(matrix, tally, flow):
    broken = Disruptions(matrix, flow)
    tally(flow.name, "outage", [broken.outage(number + 1) for number in range(broken.requests)])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@every_other_flow
def test_killed(matrix, tally, flow, after):
    broken = Disruptions(matrix, flow)
    tally(flow.name, "killed", [broken.killed(number + 1, after) for number in range(broken.requests)])


@pytest.mark.parametrize("name", [name for name, flow in NOT_SIMULATED.items() if flow.many])
def test_stopped(matrix, tally, name):
    broken = Disruptions(matrix, FLOWS[name])
    tally(name, "stopped", [broken.stopped(number + 1) for number in range(broken.requests)])


@pytest.mark.parametrize("padding", [0, 150, 170], ids=["whole", "cut", "cut_elsewhere"])
@every_flow
def test_echo(matrix, tally, flow, padding):
    broken = Disruptions(matrix, flow)
    asked = [(number + 1, status) for number in range(broken.requests) for status in (200, 400, 401, 422, 500)]
    cells = [cell for cell in asked if in_turn(flow, f"echo{cell}/{padding}", simulated=True)]
    tally(flow.name, "echo", [broken.echoed(number, status, padding) for number, status in cells])


@every_flow
def test_null(matrix, tally, flow):
    broken = Disruptions(matrix, flow)
    names = [name for name in NULLABLE if in_turn(flow, name)]
    tally(flow.name, "null", [broken.distorted(nulled(name), f"null_{name}") for name in names])


@every_flow
def test_unknown_words(matrix, tally, flow):
    broken = Disruptions(matrix, flow)
    words = [("status", "quarantined"), ("status", 7), ("status", None), ("type", "sandbox"), ("type", 7)]
    words += [("status", "ACTIVE"), ("shared", False), ("status_reasons", "none")]
    tally(flow.name, "unknown", [broken.distorted(said(*word), f"{word}") for word in words])


def services(flow):
    both = {"freshservice_url": "/{domain}", "stackone_url": ""}
    stackone, freshservice = ["stackone_url"], ["freshservice_url"]
    own = {
        "account_info": stackone,
        "auth": stackone,
        "unlink": stackone,
        "pinned_unlink": stackone,
        "keyless": stackone,
    }
    own |= {"key": freshservice, "settled": freshservice}
    return {name: both[name] for name in next((own[part] for part in own if flow.name.startswith(part)), both)}


@every_flow
def test_nobody_listens(matrix, tally, flow):
    broken = Disruptions(matrix, flow)
    urls = {name: f"http://127.0.0.1:{unused_port()}{path}" for name, path in services(flow).items()}
    tally(flow.name, "refused", [broken.elsewhere(name, url) for name, url in urls.items()])


@every_flow
def test_no_such_host(matrix, tally, flow):
    broken = Disruptions(matrix, flow)
    urls = {"freshservice_url": "https://{domain}.invalid", "stackone_url": "https://stackone.invalid"}
    tally(flow.name, "dns", [broken.elsewhere(name, urls[name]) for name in services(flow)])


@pytest.fixture(scope="module", params=["authority", "name", "expired"])
def impostor(request):
    """A server whose certificate is not good: the module is told of an authority that has not signed it, it is for
    another name, or it is of yesterday."""
    trusted, other = trustme.CA(), trustme.CA()
    issuer = other if request.param == "authority" else trusted
    name = "elsewhere.example" if request.param == "name" else "127.0.0.1"
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    issued = issuer.issue_cert(name, not_after=yesterday if request.param == "expired" else None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with folder() as place, contextlib.closing(Listener(context)) as listener:
        authority = place / "authority.pem"
        trusted.cert_pem.write_to_path(str(authority))
        yield listener, str(authority)


@every_flow
def test_bad_certificate(matrix, tally, flow, impostor):
    listener, authority = impostor
    broken = Disruptions(matrix, flow)
    urls = {name: f"{listener.url}{path}" for name, path in services(flow).items()}
    tally(flow.name, "tls", [broken.elsewhere(name, url, listener, ca_path=authority) for name, url in urls.items()])
    assert listener.connections
