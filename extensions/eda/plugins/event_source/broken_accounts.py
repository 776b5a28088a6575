# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's accounts that do not work, as events of ansible-rulebook."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Tell which of StackOne's accounts do not work
version_added: 1.1.0
description:
  - Looks at StackOne's accounts, and makes an event of those that are to be linked again. An account is broken when its owner
    has no active account for its Freshservice domain, because it is in error, expired or inactive, or was deleted.
  - It looks when it starts, every O(look_every) seconds, and whenever a webhook tells of an account. So what a webhook did not
    tell, because it was lost or nobody listened, is found all the same.
  - Accounts that break together are one event. A webhook about an account that is active makes none.
  - An account that stays broken makes another event after a minute, and then after ever longer pauses, of an hour in the end.
  - An event holds C(event) (V(accounts.broken)) and C(accounts) under C(payload), a list of dictionaries with C(account_id),
    C(origin_owner_id), C(domain) and C(status). C(domain) is the bare Freshservice domain, or empty. C(status) is StackOne's,
    or V(deleted). All are texts that are safe to hand on, as those of the source C(account_webhooks).
  - The list is empty at the start, once an hour, and where more than 500 accounts are broken. Then all declared tenants are to be
    compared with the accounts. Who was deleted while nobody listened shows in no other way.
author:
  - tenantlink.stackone contributors (@tenantlink)
requirements:
  - ansible-core >= 2.16
  - requests >= 2.32.3
  - urllib3 >= 1.26.5
options:
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope; reading is enough.
      - Take it from a vaulted variable.
    type: str
    required: true
  stackone_url:
    description:
      - The base URL of StackOne's API.
    type: str
    default: https://api.stackone.com
  look_every:
    description:
      - Seconds between two listings of all accounts, from 10. A listing takes one request for each 100 accounts.
    type: int
    default: 300
  requests_per_minute:
    description:
      - Space requests to StackOne so that no minute holds more than this many. If not set, they are not spaced.
    type: int
  validate_certs:
    description:
      - Whether to check StackOne's TLS certificate.
    type: bool
    default: true
  ca_path:
    description:
      - File or folder with the CA certificates to trust, in place of all others.
    type: path
  client_cert:
    description:
      - File with a client certificate for StackOne (PEM); it may hold the private key as well.
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
      - How often a request to StackOne is repeated after an answer that may pass.
    type: int
    default: 3
  provider:
    description:
      - The provider whose accounts are meant.
    type: str
    default: freshservice
  port:
    description:
      - The TCP port to receive webhooks on, and the options with which it is done, which are those of the source
        C(account_webhooks) - O(host), O(path), O(secret), O(previous_secret), O(max_age), O(max_body), O(max_connections),
        O(certfile), O(keyfile) and O(password).
      - If not set, no webhooks are received, and accounts are looked at every O(look_every) seconds only.
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

# Where StackOne cannot reach the machine: without webhooks
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
