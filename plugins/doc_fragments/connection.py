# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for reaching Freshservice and StackOne."""

from __future__ import annotations


class ModuleDocFragment:
    """Connection options."""

    DOCUMENTATION = r"""
options:
  validate_certs:
    description:
      - Whether to check TLS certificates. Switching it off lets anybody on the way read the keys.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates to trust (PEM), in place of the usual ones.
    type: path
  client_cert:
    description:
      - File with a client certificate (PEM); it may hold the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert) (PEM).
    type: path
  proxy:
    description:
      - URL of the proxy for both services.
      - If not set, the usual environment variables (E(HTTPS_PROXY) and its kin) decide. E(NO_PROXY) is honoured in both cases.
    type: str
  timeout:
    description:
      - Seconds to wait for a connection, and for an answer.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request is repeated after an answer that may pass (HTTP 408, 429, 500, 502, 503, 504) or a broken connection.
      - A C(Retry-After) of up to 120 seconds is honoured. HTTP 401 and 403 are never repeated, because Freshservice locks out
        after repeated failures. The request that creates an account is never repeated blindly.
      - What was repeated, and how long that took, is reported in a warning.
    type: int
    default: 3
requirements:
  - requests
"""

    FRESHSERVICE = r"""
options:
  freshservice_url:
    description:
      - Where a tenant's Freshservice is, with C({domain}) in place of the domain.
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
      - The base URL of StackOne's API.
      - If not set, the value of the environment variable E(STACKONE_URL) is used.
    type: str
    default: https://api.stackone.com
  requests_per_minute:
    description:
      - Space requests to StackOne so that no minute holds more than this many.
      - StackOne allows 1,000 a minute for each API key. Set a share of that where several runs use the same key at the same time.
      - If not set, requests are not spaced.
    type: int
"""
