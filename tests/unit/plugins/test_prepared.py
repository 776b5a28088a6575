# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request that is prepared the short way is the same as one that `requests` prepares."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.tenantlink.stackone.plugins.module_utils._http import prepared as module
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.prepared import prepared

HEADERS = {"User-Agent": "ansible", "Accept": "application/json"}
SHORT = [
    "https://api.stackone.com/connect_sessions",
    "https://mycompany.freshservice.com/api/v2/agents/me",
    "http://127.0.0.1:8080/stackone/hub/accounts/45-a_b~c",
    "https://host/",
    "https://a/b//c/",
]
LONG = [
    "https://host",
    "https://HOST/path",
    "https://user@host/path",
    "https://host/a/../b",
    "https://host/./b",
    "https://host/.hidden",
    "https://host/a b",
    "https://host/a%2fb",
    "https://host/ä",
    "https://exämple.com/",
    "https://host/path?x=1",
    "https://host/path#part",
    "https://[::1]:8080/path",
    "https://host:0/path",
    "https://-host/path",
    "https://host/path\n",
]


def by_requests(method, url, **options):
    auth, params, body = options.get("auth"), options.get("params"), options.get("body")
    return requests.Request(method, url, auth=auth, headers=HEADERS, params=params, json=body).prepare()


def same(one, other):
    parts = [(made.method, made.url, made.path_url, dict(made.headers), made.body) for made in (one, other)]
    return parts[0] == parts[1]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("url", SHORT + [url for url in LONG if not url.startswith("https://-")])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"auth": ("key", "")},
        {"auth": ("key\xe9", "X")},
        {"body": {"a": "ä", "b": [1, None]}},
        {"body": {}},
        {"body": []},
        {"params": {"page": 2}},
    ],
)
def test_it_is_what_requests_prepares(method, url, more):
    assert same(prepared(method, url, HEADERS, **more), by_requests(method, url, **more))


@pytest.mark.parametrize("url", SHORT)
def test_urls_of_both_services_take_the_short_way(monkeypatch, url):
    monkeypatch.setattr(requests, "Request", None)
    assert prepared("GET", url, HEADERS).url == url


@pytest.mark.parametrize("url", LONG)
def test_everything_else_is_left_to_requests(url):
    assert not module._READY_URL.fullmatch(url)


@pytest.mark.parametrize("body", [float("nan"), {"a": float("inf")}])
def test_what_json_cannot_hold_is_refused(body):
    with pytest.raises(ValueError, match="not JSON compliant"):
        prepared("POST", SHORT[0], HEADERS, body=body)
