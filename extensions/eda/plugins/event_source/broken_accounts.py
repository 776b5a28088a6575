# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report StackOne accounts that do not work as events of ansible-rulebook."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Report StackOne accounts that do not work
version_added: 2.0.0
description:
  - Checks StackOne's accounts and sends an event about those that must be linked again. An account is broken if its owner has no
    active account for its Freshservice domain, because it has an error, is expired or inactive, or was deleted.
  - Checks the accounts when it starts, every O(look_every) seconds, and whenever a webhook reports an account. Accounts are found
    even if their webhook was lost or was sent while the source was not running.
  - Accounts that break at the same time cause one event. A webhook about an active account causes none.
  - An account that is still broken causes another event after a minute, and further ones after increasing intervals of up to an hour.
  - C(payload) of an event contains C(event) (V(accounts.broken)) and C(accounts), a list of dictionaries with C(account_id),
    C(origin_owner_id), C(domain) and C(status). C(domain) is the Freshservice domain without C(.freshservice.com), or empty.
    C(status) is StackOne's status, or V(deleted). All values are texts that are safe to pass on, like those of the source
    C(account_webhooks).
  - The list is empty at the start, once an hour, and if more than 500 accounts are broken. The rulebook must then compare all declared
    tenants with the accounts. This is the only way to find accounts that were deleted while the source was not running.
author:
  - tenantlink.stackone contributors (@tenantlink)
requirements:
  - ansible-core >= 2.16
  - requests >= 2.32.3
  - urllib3 >= 1.26.5
options:
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope. Read access is enough.
      - Use an encrypted variable.
    type: str
    required: true
  stackone_url:
    description:
      - The base URL of StackOne's API.
    type: str
    default: https://api.stackone.com
  look_every:
    description:
      - How often all accounts are listed, even without webhooks. The seconds between two listings, at least 10.
      - A listing costs one request for each 100 accounts.
    type: int
    default: 300
  requests_per_minute:
    description:
      - Spread requests to StackOne, so that no more than this many are sent in any minute. If not set, they are not limited.
    type: int
  validate_certs:
    description:
      - Whether to check StackOne's TLS certificate.
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the CA certificates to trust. It replaces all others.
    type: path
  client_cert:
    description:
      - File with a client certificate for StackOne (PEM). It may hold the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert).
    type: path
  proxy:
    description:
      - URL of the proxy to StackOne. If not set, the usual environment variables are used.
    type: str
  timeout:
    description:
      - Seconds for a whole request to StackOne.
    type: float
    default: 30.0
  retries:
    description:
      - How often to repeat a request to StackOne after a temporary error.
    type: int
    default: 3
  provider:
    description:
      - The provider whose accounts are checked.
    type: str
    default: freshservice
  port:
    description:
      - The TCP port to receive webhooks on. The options O(host), O(path), O(secret), O(previous_secret), O(max_age), O(max_body),
        O(max_connections), O(certfile), O(keyfile) and O(password) are those of the source C(account_webhooks).
      - If not set, no webhooks are received, and accounts are only checked every O(look_every) seconds.
    type: int
  host:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
    default: 127.0.0.1
  path:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
    default: /stackone/accounts
  secret:
    description: As for the source C(account_webhooks). Required if O(port) is set.
    type: str
  previous_secret:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
    default: ""
  max_age:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: int
    default: 86400
  max_body:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: int
    default: 65536
  max_connections:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: int
    default: 100
  certfile:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
  keyfile:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
  password:
    description: As for the source C(account_webhooks). Used only if O(port) is set.
    type: str
"""

EXAMPLES = r"""
- tenantlink.stackone.broken_accounts:
    stackone_api_key: "{{ freshservice_link_stackone_api_key }}"
    port: 5010
    secret: "{{ stackone_webhook_secret }}"

# Without webhooks, if StackOne cannot reach the machine
- tenantlink.stackone.broken_accounts:
    stackone_api_key: "{{ freshservice_link_stackone_api_key }}"
    look_every: 60
"""

# ansible-rulebook loads a source as a single file. The folder that holds ansible_collections makes its collection importable.
sys.path.append(str(Path(__file__).absolute().parents[7]))

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.connection_params import secrets_in
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import account_looks as _account_looks
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import deliveries as _deliveries
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.account_rounds import Rounds
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.webhook_server import served

LOOK_EVERY_S = 300
SHORTEST_S = 10


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Check accounts and receive webhooks until cancelled. Raise `ValueError` for wrong arguments, `OSError` if it cannot listen."""
    given = _deliveries.set_of(args)
    look_every = _deliveries.count(given.pop("look_every", LOOK_EVERY_S), "look_every", SHORTEST_S)
    of_looks = {name: given.pop(name) for name in _account_looks.SPEC if name in given}
    _deliveries.check_names(given, "backlog")
    settings = _deliveries.settings_from(given) if "port" in given else None
    provider = settings.provider if settings else str(given.get("provider", "freshservice"))
    stop = StopSignal()
    try:
        look = _account_looks.looks_from(of_looks, provider, stop)
    except Failed as error:
        raise ValueError(error.failure.line) from None
    secrets = [*secrets_in(of_looks), *(map(bytes.decode, settings.secrets) if settings else ())]
    rounds = Rounds(look, _deliveries.without_secrets(queue.put, secrets), look_every)
    try:
        async with served(settings, rounds.tell) if settings else nullcontext():
            await rounds.run()
    finally:
        # A check runs in a thread, and the process would wait for it at its end.
        stop.cancel("by the end of the rulebook")
