# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that choose accounts."""

from __future__ import annotations


class ModuleDocFragment:
    """Which accounts are returned."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - StackOne's key of the connector.
    type: str
    default: freshservice
  origin_owner_ids:
    description:
      - Your own IDs of customers. Only their accounts are chosen; an empty list chooses none.
      - An account must match this option and every other one that is set.
    type: list
    elements: str
  account_ids:
    description:
      - IDs of accounts. An ID that does not exist is ignored.
    type: list
    elements: str
  domains:
    description:
      - Freshservice domains, such as V(mycompany). An account whose stored domain StackOne does not show matches none.
    type: list
    elements: str
  labels:
    description:
      - Labels.
    type: list
    elements: str
  statuses:
    description:
      - Statuses, such as V(active), V(inactive), V(suspended), V(archived), V(expired) or V(error). StackOne may have
        more.
    type: list
    elements: str
  account_type:
    description:
      - The type of the accounts.
    type: str
    choices: [production, test]
"""
