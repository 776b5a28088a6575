# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator is sent and cannot use: refused at once, with the reason."""

from __future__ import annotations

import pytest
import requests

from tests.support.emulator_client import Client

DEEP = b"[" * 200_000


def admin(client: Client, method: str, path: str, **options: object) -> requests.Response:
    return client.http.request(method, client.emulator.admin_url + path, timeout=10, **options)


@pytest.mark.parametrize("body", [DEEP, b'{"metadata":' * 300 + b"1" + b"}" * 300, b'{"shared": NaN}'])
def test_json_that_cannot_be_used_is_a_400(client: Client, body: bytes) -> None:
    token = client.session()["token"]
    assert client.stackone("POST", "/connect_sessions", data=body).status_code == 400
    assert client.hub("POST", "/accounts", token, data=body).status_code == 400
    for path in ("/faults", "/accounts", "/switches"):
        assert admin(client, "POST", path, data=body).status_code == 400
