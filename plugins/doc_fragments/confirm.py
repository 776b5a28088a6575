# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how a link is checked after it was made."""

from __future__ import annotations


class ModuleDocFragment:
    """How a link is confirmed."""

    DOCUMENTATION = r"""
options:
  confirm_timeout:
    description:
      - Seconds to wait, after linking, for accounts to become active.
    type: float
    default: 30.0
  verify_link:
    description:
      - How to check that a link works.
      - V(status) waits until StackOne reports a linked or re-linked account as active.
      - V(call) also makes StackOne call Freshservice through the account, and compares the agent that answers with the
        agent that the declared C(api_key) belongs to. An agent has one key, so this proves that the stored key is the
        declared one, even if StackOne shows none of its characters.
      - The call is made for each tenant in every run, also in check mode. It costs one request to StackOne, or more until
        the run has found the way that answers. StackOne counts it as an action call. It requires C(verify_key=true) and a
        StackOne key with the Actions scope, which keys have by default, or with the Unified scope.
      - With the Actions scope, the run searches StackOne's actions once for the one that reads the agent who calls, such as
        C(freshservice_get_current_agent), and runs nothing else. If StackOne offers none, or the key may not run it,
        StackOne's proxy is used, which needs the Unified scope. Before 2.0.0, only the proxy was used.
      - V(none) accepts accounts as they are, with a warning about each that is not active.
    type: str
    choices: [none, status, call]
    default: status
"""
