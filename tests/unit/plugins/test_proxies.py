# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy leads to a host, what its URL may be, and what of it nobody sees."""

from __future__ import annotations

import os

import pytest
import requests

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.urls import (
    is_loopback,
    secrets_of_url,
    shown_url,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import proxies as _proxies
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import session
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.proxies import (
    Proxies,
    UnusableProxy,
    check_proxy,
)

PROXY = "http://proxy.example:3128"
HERE = ["http://127.0.0.1:8000", "https://127.8.8.8", "http://localhost:1", "http://LOCALHOST", "https://[::1]:9"]
THERE = "https://api.stackone.com"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return monkeypatch


def via(url):
    return {"http": url, "https": url}


@pytest.mark.parametrize("url", HERE)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy", None])
def test_what_goes_to_this_machine_goes_through_no_proxy(environment, url, variable):
    if variable:
        environment.setenv(variable, PROXY)
    proxies = Proxies(None if variable else PROXY)
    assert proxies.for_url(url) == {}


@pytest.mark.parametrize(
    ("variables", "declared", "found"),
    [
        ({}, PROXY, via(PROXY)),
        *(({name: PROXY}, None, via(PROXY)) for name in ("HTTPS_PROXY", "ALL_PROXY")),
        *((variables, None, {}) for variables in ({}, {"HTTP_PROXY": PROXY}, {"NO_PROXY": "elsewhere.example"})),
        ({"HTTPS_PROXY": "proxy.example:3128"}, None, via(PROXY)),
        ({"HTTPS_PROXY": "http://other.example"}, PROXY, via(PROXY)),
        ({"NO_PROXY": "stackone.com"}, PROXY, {}),
        ({"NO_PROXY": "*", "HTTPS_PROXY": PROXY}, None, {}),
    ],
)
def test_the_declared_proxy_comes_before_the_environments(environment, variables, declared, found):
    for name, value in variables.items():
        environment.setenv(name, value)
    assert Proxies(declared).for_url(f"{THERE}/accounts") == found


def test_each_host_is_looked_up_once(environment):
    environment.setenv("NO_PROXY", "elsewhere.example")
    asked = []
    monkeyed = requests.utils.should_bypass_proxies
    environment.setattr(
        requests.utils, "should_bypass_proxies", lambda url, **how: (asked.append(url), monkeyed(url, **how))[1]
    )
    proxies = Proxies(PROXY)
    for _number in range(5):
        for url in (f"{THERE}/accounts", f"{THERE}/connect_sessions?a=b", "https://acme.freshservice.com/api"):
            proxies.for_url(url)
    assert asked == [THERE, "https://acme.freshservice.com"]


WRONG = {
    "http://user:pass#word@proxy.example:3128": "%23",
    "http://user:pass/word@proxy.example:3128": "%2F",
    "http://user:pass?word@proxy.example:3128": "%3F",
    "http://[broken": "not a URL",
    "http://proxy.example:port": "not a URL",
    "http://proxy.example:99999": "not a URL",
    "http://pro xy.example": "not a URL",
    "http://proxy\u200b.example": "not a URL",
    "http://:3128": "not name a host",
    "http://": "not name a host",
    "ftp://proxy.example": "http://",
    "proxy.example:3128": "http://",
    "user:password@proxy.example:3128": "http://",
}


@pytest.mark.parametrize("url", WRONG)
def test_what_can_be_no_proxy_says_why_and_not_what_it_is(url):
    with pytest.raises(UnusableProxy) as caught:
        check_proxy(url)
    assert WRONG[url] in str(caught.value)
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "url",
    [
        *("http://proxy.example", "https://user:p%23w@proxy.example:3128/", "http://[::1]:3128"),
        *("HTTP://proxy.example", "http://token@proxy.example", "http://user:p@ss@proxy.example:3128"),
    ],
)
def test_what_can_be_a_proxy(url):
    check_proxy(url)


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
def test_a_socks_proxy_needs_its_library(environment, scheme):
    environment.setattr(_proxies, "find_spec", lambda _name: None)
    with pytest.raises(UnusableProxy, match="PySocks"):
        check_proxy(f"{scheme}://proxy.example:1080")
    environment.setattr(_proxies, "find_spec", lambda name: name if name == "socks" else None)
    check_proxy(f"{scheme}://proxy.example:1080")


@pytest.mark.parametrize("url", ["http://user:pass#word@proxy.example:3128", "socks5://user:password@proxy.example"])
def test_an_unusable_proxy_of_the_environment_is_told_at_once(environment, url):
    environment.setattr(_proxies, "find_spec", lambda _name: None)
    environment.setenv("HTTPS_PROXY", url)
    http = session.Http(session.HttpOptions(retries=3))
    with pytest.raises(TransportError, match="the proxy cannot be used") as caught:
        http.send(session.Request(session.Service.STACKONE, "GET", f"{THERE}/accounts"))
    assert (caught.value.kind, caught.value.sent) == (TransportKind.UNUSABLE_PROXY, False)
    assert http.requests_sent[session.Service.STACKONE] == 1
    assert "user:" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *(("localhost", True), ("LocalHost.", True), ("127.0.0.9", True), ("::1", True)),
        *(("localhost.example", False), ("10.0.0.1", False), ("", False)),
    ],
)
def test_what_is_this_machine(host, loopback):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128", []),
        ("http://us:pw@proxy.example", "http://********@proxy.example", ["us:pw", "us", "pw"]),
        ("http://us:p#w/?@proxy.example", "http://********@proxy.example", ["us:p#w/?", "us", "p#w/?"]),
        ("http://us:p@w@proxy.example", "http://********@proxy.example", ["us:p@w", "us", "p@w"]),
        ("http://us:p%23@proxy.example", "http://********@proxy.example", ["us:p%23", "us", "p%23", "us:p#", "p#"]),
        ("us:pw@proxy.example:3128", "********@proxy.example:3128", ["us:pw", "us", "pw"]),
        ("http://token@proxy.example", "http://********@proxy.example", ["token"]),
        ("http://token:@proxy.example", "http://********@proxy.example", ["token:", "token"]),
        ("https://api.example/?api_key=x", "https://api.example/?********", []),
        ("https://api.example/#x?y", "https://api.example/#********", []),
        ("https://api.example/?x", "https://api.example/?********", []),
        ("https://api.example/?", "https://api.example/?", []),
        ("https://api.example/XX", "https://api.example/XX", []),
        ("http://us:p@w://x@proxy.example", "http://********@proxy.example", ["us:p@w://x", "us", "p@w://x"]),
        ("us:p://w@proxy.example", "********@proxy.example", ["us:p://w", "us", "p://w"]),
        ("SOCKS5+h.1-x://us:pw@proxy.example", "SOCKS5+h.1-x://********@proxy.example", ["us:pw", "us", "pw"]),
        ("http://us:p:w@proxy.example", "http://********@proxy.example", ["us:p:w", "us", "p:w"]),
        ("https://us:pw@x.example/{domain}", "https://********@x.example/{domain}", ["us:pw", "us", "pw"]),
    ],
)
def test_what_nobody_sees_of_a_url(url, shown, secrets):
    assert shown_url(url) == shown
    assert secrets_of_url(url) == secrets
