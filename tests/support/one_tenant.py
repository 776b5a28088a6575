# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of one tenant's run in memory ask of its outcome and of the requests that it sent."""

from __future__ import annotations

from tests.support.services_in_memory import KEY, breaks, does_and_answers, reply, tenant

ROTATED = "key-after-a-rotation"
HTML = "<html>Please log in</html>"
REFUSAL = {"provider_errors": [{"status": 401, "raw": {"message": "You have to be logged in."}}]}
LABELLED = {"label": "New"}
LOST = [breaks(done=True), *(does_and_answers(status, HTML) for status in (200, 302, 502))]
"""Ways in which the answer to a request that was carried out is lost."""


def code(outcome):
    return outcome.failure and outcome.failure.code.value


def posts(services):
    return services.requests("POST", "/hub/accounts")


def changes(services):
    return [request.body for request in services.requests("PATCH", "/accounts/.*")]


def linked(services, **more):
    """Make an account as a run of ours would have left it."""
    return services.add(**{"origin_username": "agent@customer.example", **more})


def uncertain(outcome):
    return outcome.failure.details.get("uncertain", False)


def says_no_profile(_request, perform):
    """Open a session, but do not say which profile it is for."""
    data = dict(perform().data)
    data.pop("integration_id")
    return reply(201, data)


def without(request, perform, *names):
    for name in names:
        request.body.pop(name, None)
    return perform()


def rotated(services):
    """Give the agent another key than the one that accounts store."""
    services.agents[ROTATED] = services.agents[KEY]
    return tenant(api_key=ROTATED)
