# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn StackOne's accounts that do not work into events for ansible-rulebook."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Report StackOne's accounts that do not work
version_added: 1.1.0
description:
  - Checks StackOne's accounts, and makes an event of those that are to be linked again. An account is broken if its owner
    has no active account for its Freshservice domain, because it is in error, expired or inactive, or was deleted.
  - The accounts are checked at the start, every O(look_every) seconds, and whenever a webhook reports an account. A webhook that is
    lost therefore only delays the event.
  - Accounts that break together are one event. A webhook about an active account makes none.
  - An account that remains broken makes another event after a minute, and then after longer and longer pauses, up to an hour.
  - An event has under C(payload) the fields C(event) (V(accounts.broken)) and C(accounts), a list of dictionaries with
    C(account_id), C(origin_owner_id), C(domain) and C(status). C(domain) is the bare Freshservice domain, or empty. C(status) is
    StackOne's, or V(deleted). All are texts that are safe to pass on, as those of the source C(account_webhooks).
  - The list is empty at the start, once an hour, and if more than 500 accounts are broken. All declared tenants are then to be
    compared with the accounts, which is the only way to find accounts that were deleted while nothing was listening.
author:
  - tenantlink.stackone contributors (@tenantlink)
requirements:
  - ansible-core >= 2.16
  - requests >= 2.32.3
  - urllib3 >= 1.26.5
options:
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope, from a vaulted variable. Read access is enough.
    type: str
    required: true
  stackone_url:
    description:
      - The base URL of StackOne's API.
    type: str
    default: https://api.stackone.com
  look_every:
    description:
      - Seconds between two listings of all accounts, at least 10. A listing costs one request for every 100 accounts.
    type: int
    default: 300
  requests_per_minute:
    description:
      - Space requests to StackOne so that no minute has more than this many. If not set, they are not spaced.
    type: int
  validate_certs:
    description:
      - Whether to check StackOne's TLS certificate.
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the CA certificates to trust, instead of all others.
    type: path
  client_cert:
    description:
      - File with a client certificate for StackOne (PEM). It may contain the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert).
    type: path
  proxy:
    description:
      - URL of the proxy to StackOne. If not set, the usual environment variables decide.
    type: str
  timeout:
    description:
      - Seconds for a whole request to StackOne.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request to StackOne is repeated after a temporary error.
    type: int
    default: 3
  provider:
    description:
      - The provider whose accounts are meant, in any letter case.
    type: str
    default: freshservice
  port:
    description:
      - The TCP port to receive webhooks on. The options for receiving them are those of the source
        C(account_webhooks) - O(host), O(path), O(secret), O(previous_secret), O(max_age), O(max_body), O(max_connections),
        O(certfile), O(keyfile) and O(password).
      - If not set, no webhooks are received, and accounts are checked every O(look_every) seconds only.
    type: int
  host:
    description: See O(port).
    type: str
    default: 127.0.0.1
  path:
    description: See O(port).
    type: str
    default: /stackone/accounts
  secret:
    description: See O(port), with which it is required.
    type: str
  previous_secret:
    description: See O(port).
    type: str
    default: ""
  max_age:
    description: See O(port).
    type: int
    default: 86400
  max_body:
    description: See O(port).
    type: int
    default: 65536
  max_connections:
    description: See O(port).
    type: int
    default: 100
  certfile:
    description: See O(port).
    type: str
  keyfile:
    description: See O(port).
    type: str
  password:
    description: See O(port).
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

from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.plugin_utils import _account_looks, _deliveries
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._account_rounds import Rounds
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._webhook_server import served

LOOK_EVERY_S = 300
SHORTEST_S = 10


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Look, and receive webhooks, until cancelled. Raises ValueError for wrong arguments, and OSError where it cannot listen."""
    given = _deliveries.set_of(args)
    look_every = _deliveries.count(given.pop("look_every", LOOK_EVERY_S), "look_every", SHORTEST_S)
    of_looks = {name: given.pop(name) for name in _account_looks.SPEC if name in given}
    _deliveries.check_names(given, "backlog")
    settings = _deliveries.settings_from(given) if "port" in given else None
    provider = settings.provider if settings else str(given.get("provider", "freshservice"))
    stop = Stop()
    try:
        rounds = Rounds(_account_looks.looks_from(of_looks, provider, stop), queue.put, look_every)
    except Failed as error:
        raise ValueError(error.failure.line) from None
    try:
        async with served(settings, rounds.tell) if settings else nullcontext():
            await rounds.run()
    finally:
        # A look runs in a thread, which the end of the process would wait for.
        stop.at_once("by the end of the rulebook")
