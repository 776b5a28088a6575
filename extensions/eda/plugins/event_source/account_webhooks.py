# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive StackOne's account webhooks as events of ansible-rulebook."""

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
  - Sends an event to a rulebook when a linked account was created, updated, deleted, has expired, or has an error.
  - Accepts only deliveries that are signed with the webhook's secret, were sent within O(max_age), and were not received before.
    Everything else is refused with one line in the log, and no rule sees it.
  - C(GET /health) returns 200, for probes of a load balancer or a monitor. Only a refused delivery is a warning in the log.
  - A delivery that was received before gets the response 200 but causes no second event, because StackOne may deliver twice. The same
    applies to a delivery about an account of another provider than O(provider).
  - C(payload) of an event contains only what a rule needs. Each value is a text, which is empty if StackOne did not send it. The
    values are C(event), C(event_date), C(sent_at), C(account_id), C(provider), C(origin_owner_id), C(origin_owner_name), and
    C(domain), which is the Freshservice domain without C(.freshservice.com).
  - The texts are safe to use. They are cut to 256 characters, control characters are removed, and a space separates characters that
    Ansible would read as the beginning of a template.
author:
  - tenantlink.stackone contributors (@tenantlink)
options:
  host:
    description:
      - The address to listen on. By default only this machine can connect, for example a reverse proxy that terminates TLS.
    type: str
    default: 127.0.0.1
  port:
    description:
      - The TCP port to listen on.
    type: int
    required: true
  path:
    description:
      - The path of the URL that StackOne sends to. Every other path returns 404.
    type: str
    default: /stackone/accounts
  secret:
    description:
      - The webhook's signing secret.
      - Use an encrypted variable. An empty secret is an error.
    type: str
    required: true
  previous_secret:
    description:
      - A second secret that is also accepted, while one replaces the other. Empty if there is none.
    type: str
    default: ""
  provider:
    description:
      - The provider whose accounts cause events, in any letter case.
    type: str
    default: freshservice
  max_age:
    description:
      - How many seconds the time in C(sent_at) may be in the past. It may be up to 300 seconds in the future, because clocks differ.
      - A day by default, because StackOne may repeat a failed delivery with the time of its first attempt. An event only says which
        tenant to check, so an old one does no harm.
    type: int
    default: 86400
  max_body:
    description:
      - The largest delivery, in bytes.
    type: int
    default: 65536
  backlog:
    description:
      - How many events may wait for the rulebook. Further deliveries are refused with 503 until it has caught up.
    type: int
    default: 1000
  max_connections:
    description:
      - How many connections may be open. If there is one more, the oldest is closed, so that idle connections do not block others.
    type: int
    version_added: 2.0.0
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

# While the secret is rotated, with TLS, and reachable from every machine
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

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.deliveries import (
    settings_from,
    without_secrets,
)
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.webhook_server import served


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Serve until cancelled.

    Deliveries wait in a backlog, because the rulebook's own queue holds only one event and could block a sender.
    """
    settings = settings_from(args)
    backlog: asyncio.Queue[dict[str, str]] = asyncio.Queue(settings.backlog)

    def take(event: dict[str, str]) -> bool:
        if backlog.full():
            return False
        backlog.put_nowait(event)
        return True

    hand_out = without_secrets(queue.put, map(bytes.decode, settings.secrets))
    async with served(settings, take):
        while True:
            await hand_out({"payload": await backlog.get()})
