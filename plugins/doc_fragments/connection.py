# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for reaching Freshservice and StackOne, for the modules and the inventory plugin."""

from __future__ import annotations


class ModuleDocFragment:
    """Connection options."""

    DOCUMENTATION = r"""
options:
  validate_certs:
    description:
      - Whether to check TLS certificates. If this is switched off, anybody on the network path can read the keys.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates to trust (PEM), or a folder of them as OpenSSL prepares it. It replaces all others.
      - If not set, E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) replaces all others. If these are not set either,
        E(SSL_CERT_FILE) and E(SSL_CERT_DIR) are used, or else the system's certificates together with those of
        C(requests).
    type: path
  client_cert:
    description:
      - File with a client certificate (PEM). It may hold the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert) (PEM).
    type: path
  proxy:
    description:
      - URL of the proxy for all requests. Write C(#), C(/) and C(?) in its user name and password as C(%23), C(%2F) and
        C(%3F). A SOCKS proxy (V(socks5h://proxy.example:1080)) requires the Python library PySocks.
      - If not set, the usual environment variables, such as E(HTTPS_PROXY), are used. E(NO_PROXY) is honoured in both
        cases.
      - Requests to this machine (C(localhost), C(127.0.0.1)) never use a proxy.
    type: str
  timeout:
    description:
      - Seconds for a whole request, from resolving the host name to the last byte of the response, whichever part of it
        is slow. Each repetition is given the same time again.
      - More than 0 and at most 3600. StackOne tests a new key at Freshservice before it responds, so allow several
        seconds.
    type: float
    default: 30.0
  retries:
    description:
      - How often to repeat a request after a temporary error (HTTP 408, 429, 500, 502, 503, 504) or a broken connection,
        from 0 to 100 times. A request that got no response within O(timeout) is repeated only once.
      - A 429 with which StackOne says that the quota of the key is used up does not count as a failed attempt. The
        request waits for up to 10 minutes in all, because others may use the same key.
      - A C(Retry-After) of up to 120 seconds is honoured. A request waits for up to 5 minutes in all between its
        repetitions, and a run does not wait longer than that for a host that returns nothing but errors.
      - HTTP 401 and 403 are never repeated, because Freshservice locks out a client after repeated failures. The request
        that creates an account is never repeated blindly.
      - A warning reports which requests were repeated, and how long that took.
    type: int
    default: 3
requirements:
  - requests >= 2.32.3
  - urllib3 >= 1.26.5
"""

    FRESHSERVICE = r"""
options:
  freshservice_url:
    description:
      - The URL of a tenant's Freshservice, with C({domain}) in place of the domain.
      - Plain C(http) is refused, except to this machine. Redirects are not followed.
      - If not set, the value of the environment variable E(FRESHSERVICE_URL) is used.
    type: str
    default: https://{domain}.freshservice.com
"""

    STACKONE = r"""
options:
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope (read and write). Keep it in Ansible Vault.
      - If not set, the value of the environment variable E(STACKONE_API_KEY) is used.
    type: str
    required: true
  stackone_url:
    description:
      - The base URL of StackOne's API. Plain C(http) is refused, except to this machine.
      - If not set, the value of the environment variable E(STACKONE_URL) is used.
    type: str
    default: https://api.stackone.com
  requests_per_minute:
    description:
      - Spread requests to StackOne, so that no more than this many are sent in any minute.
      - StackOne allows 1,000 a minute for each API key. Set a share of that if others use the same key at the same time.
      - If not set, requests are not limited.
    type: int
"""

    PROJECT = r"""
options:
  stackone_project_id:
    description:
      - The ID of the StackOne project that O(stackone_api_key) must belong to. With a key of another project, the task fails with
        V(project_mismatch) before anything is created or changed, in check mode as well.
      - The project is the C(project_id) of a connect session, compared as text. If this option is set, each task opens one more
        session at the start, which expires unused. A key whose sessions do not name a project is refused.
      - An empty value is an error.
    type: str
    version_added: 2.0.0
"""
