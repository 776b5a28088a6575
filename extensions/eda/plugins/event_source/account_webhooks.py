# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's account webhooks as events of ansible-rulebook, one for each."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Receive StackOne's account webhooks
version_added: 1.0.0
description:
  - Tells a rulebook that a linked account was created, updated, deleted, expired, or turned to error.
  - Takes only what is signed with the webhook's secret, was sent within O(max_age), and was not received before. Everything else
    is refused, with one line in the log, and no rule sees it.
  - C(GET /health) is answered with 200, for probes of a load balancer or a monitor. Only a delivery that is refused is a
    warning in the log.
  - A delivery that was received before is answered with 200 and makes no second event, since StackOne may deliver twice. So is one
    that is not about an account of O(provider).
  - An event holds under C(payload) only what a rule needs, each a text, empty where StackOne did not say it. These are
    C(event), C(event_date), C(sent_at), C(account_id), C(provider), C(origin_owner_id), C(origin_owner_name), and C(domain),
    which is the bare Freshservice domain.
  - These texts are harmless. They are cut to 256 characters, control characters are taken out, and what Ansible would take for
    the beginning of a template is broken by a space.
author:
  - tenantlink.stackone contributors (@tenantlink)
options:
  host:
    description:
      - The address to listen on. By default only this machine can connect, such as a reverse proxy that ends TLS.
    type: str
    default: 127.0.0.1
  port:
    description:
      - The TCP port to listen on.
    type: int
    required: true
  path:
    description:
      - The path of the URL that StackOne sends to. Every other path is answered with 404.
    type: str
    default: /stackone/accounts
  secret:
    description:
      - The webhook's signing secret.
      - Take it from a vaulted variable. An empty one is an error.
    type: str
    required: true
  previous_secret:
    description:
      - A second secret that is taken as well, while one replaces the other. Empty when there is none.
    type: str
    default: ""
  provider:
    description:
      - The provider whose accounts make events, in any letter case.
    type: str
    default: freshservice
  max_age:
    description:
      - Seconds that the time in C(sent_at) may lie in the past. In the future it may lie 300, as clocks differ.
      - A day by default, because a delivery that could not be made at once may be repeated with the time of its first try. An
        event only says which tenant to look at, so an old one does no harm.
    type: int
    default: 86400
  max_body:
    description:
      - Bytes that a delivery may have.
    type: int
    default: 65536
  backlog:
    description:
      - Events that wait for the rulebook. Further ones are refused with 503 until it has caught up.
    type: int
    default: 1000
  max_connections:
    description:
      - Connections at a time. When there is one more, the oldest is closed, so that silent ones keep nobody out.
    type: int
    default: 100
  certfile:
    description:
      - File with the server's certificate and its chain, for HTTPS.
    type: str
  keyfile:
    description:
      - File with the private key, if it is not in O(certfile).
    type: str
  password:
    description:
      - The password of the private key.
    type: str
"""

EXAMPLES = r"""
- tenantlink.stackone.account_webhooks:
    port: 5010
    secret: "{{ stackone_webhook_secret }}"

# While the secret is being rotated, with TLS, for every machine to reach
- tenantlink.stackone.account_webhooks:
    host: 0.0.0.0
    port: 5010
    secret: "{{ stackone_webhook_secret }}"
    previous_secret: "{{ stackone_webhook_previous_secret | default('') }}"
    certfile: /etc/pki/tls/certs/webhooks.pem
    keyfile: /etc/pki/tls/private/webhooks.key
"""

# ansible-rulebook loads a source as a single file. The folder that holds ansible_collections makes its collection importable.
sys.path.append(str(Path(__file__).absolute().parents[7]))

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._deliveries import settings_from
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._webhook_server import served


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Serve until cancelled.

    Deliveries go into a backlog, and from there to the rulebook, whose own queue holds one event and may keep a sender waiting.
    """
    settings = settings_from(args)
    backlog: asyncio.Queue[dict[str, str]] = asyncio.Queue(settings.backlog)

    def take(event: dict[str, str]) -> bool:
        if backlog.full():
            return False
        backlog.put_nowait(event)
        return True

    async with served(settings, take):
        while True:
            await queue.put({"payload": await backlog.get()})
