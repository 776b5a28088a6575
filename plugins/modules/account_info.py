#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show StackOne's linked accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: account_info
short_description: Show StackOne's linked accounts
version_added: 1.0.0
description:
  - Returns the linked accounts of a StackOne project, all or selected ones, with their status and the reasons for it.
  - Reads only. No stored credential is requested or returned.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.accounts
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.guarded
  - tenantlink.stackone.attributes.info
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.stackone
options:
  profiles:
    description:
      - Whether to look up the connector profile of each account. If the connector has several profiles, this costs two requests for each
        account, because StackOne only shows the profile in the Hub's edit view. A warning says how many profiles are not known.
    type: bool
    default: false
    version_added: 2.0.0
seealso:
  - module: tenantlink.stackone.freshservice_links
  - plugin: tenantlink.stackone.accounts
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: List the accounts that do not work
  tenantlink.stackone.account_info:
    statuses: [error, expired, inactive]
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: broken

- name: Show the reasons
  ansible.builtin.debug:
    msg: "{{ item.origin_owner_id }}: {{ item.status_reasons | join('; ') }}"
  loop: "{{ broken.accounts }}"
  loop_control:
    label: "{{ item.id }}"

- name: Wait up to ten minutes until a customer has linked their account
  tenantlink.stackone.account_info:
    origin_owner_ids: [customer-4711]
    statuses: [active]
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: linked
  until: linked.accounts | length > 0
  retries: 40
  delay: 15
"""

RETURN = r"""
accounts:
  description: The accounts, sorted by owner and ID.
  returned: success
  type: list
  elements: dict
  contains:
    # begin: account, written by make generate
    id:
      description: StackOne's ID of the account.
      type: str
      sample: "45320976103598426371"
    provider:
      description: StackOne's key of the connector.
      type: str
      sample: freshservice
    status:
      description: The status. Only V(active) accounts work.
      type: str
      sample: active
    status_reasons:
      description: Why the account is not active, in StackOne's words.
      type: list
      elements: str
      sample: []
    origin_owner_id:
      description: Your ID of the customer.
      type: str
      sample: customer-4711
    origin_owner_name:
      description: The customer's name.
      type: str
      sample: My Company Ltd
    origin_username:
      description: The user that the account belongs to.
      type: str
      sample: integrations@mycompany.example
    label:
      description: The label.
      type: str
      sample: Sandbox
    type:
      description: V(production) or V(test).
      type: str
      sample: production
    shared:
      description: Whether the account is shared with all users. V(none) if StackOne does not say.
      type: bool
      sample: true
      version_added: 2.0.0
    domain:
      description: The stored domain, if it is known.
      type: str
      sample: mycompany
    created_at:
      description: When it was linked.
      type: str
      sample: "2026-11-01T08:00:00.000Z"
    updated_at:
      description: When it was last changed.
      type: str
      sample: "2026-11-01T08:00:00.000Z"
    # end: account
    integration_id:
      description: The connector profile that the account is linked under.
      returned: when O(profiles=true), the connector has several profiles, and StackOne shows it
      type: str
      sample: bWFpbi1wcm9maWxl
      version_added: 2.0.0
    unprintable:
      description:
        - The names of the values from which control characters were removed, because a terminal could execute them.
      returned: when there are any
      type: list
      elements: str
      sample: [label]
      version_added: 2.0.0
default_profile:
  description: The connector's default profile. V(none) if StackOne does not say which one it is.
  returned: when O(profiles=true)
  type: str
  sample: bWFpbi1wcm9maWxl
  version_added: 2.0.0
summary:
  description: Counts.
  returned: success
  type: dict
  contains:
    accounts:
      description: How many accounts were found.
      type: int
      sample: 12
    statuses:
      description: How many accounts have each status.
      type: dict
      sample: {"active": 11, "error": 1}
# begin: repeated, written by make generate
warnings:
  description: Which requests had to be repeated.
  returned: when there are any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
# end: repeated
failure:
  description: What went wrong, for programs. See M(tenantlink.stackone.freshservice_link). RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  sample:
    code: stackone_key_refused
    message: StackOne refused the API key.
    phase: observe
    tenant: accounts
    http_status: 401
    details: {"doing": "list the accounts", "answer": "Unauthorized"}
    remediation: "Check stackone_api_key, or STACKONE_API_KEY in the environment: in StackOne's dashboard, under API Keys, the key must exist in this project."
    retriable: false
"""

from typing import Any

from ..module_utils._clients.account import UNPRINTABLE, Account
from ..module_utils._clients.account_filter import account_filter_from, find, summary_of, undocumented_statuses
from ..module_utils._clients.account_profiles import AccountProfiles, account_profiles
from ..module_utils._clients.factory import stackone_and_hub
from ..module_utils._clients.hub_form import domain_in
from ..module_utils._core.failure import Failed, Phase
from ..module_utils._core.text import strip_control_chars
from ..module_utils._module.argspec import account_info_spec
from ..module_utils._module.module import Module, ModuleRun


def work(module: Module, run: ModuleRun) -> None:
    """Do what the options say, and end the module."""
    try:
        choice, (stackone, hub) = account_filter_from(module.params), stackone_and_hub(*run.stackone_api())
    except Failed as error:
        run.refuse(error, "accounts")
    try:
        accounts = find(stackone, choice)
        profiles = account_profiles(stackone, hub, choice.provider, accounts) if module.params["profiles"] else None
    except Failed as error:
        run.fail(error.located(Phase.OBSERVE, "accounts"), {"changed": False})
    result: dict[str, Any] = {"changed": False, "summary": summary_of(accounts)}
    result["warnings"] = undocumented_statuses(choice, accounts)
    result["accounts"] = [shown_account(account, profiles) for account in accounts]
    if profiles:
        result["default_profile"] = profiles.default
        result["warnings"] += profiles.warnings
    run.exit(result)


def shown_account(account: Account, profiles: AccountProfiles | None) -> dict[str, Any]:
    """Return an account with its connector profile, and which of its values the result cannot hold as they are."""
    shown = account.as_dict(domain_in(account.setup_information))
    profile = profiles.by_account.get(account.id) if profiles else None
    shown.update({"integration_id": profile} if profile else {})
    unprintable = [name for name, value in shown.items() if strip_control_chars(value) != value]
    return {**shown, UNPRINTABLE: unprintable} if unprintable else shown


def main() -> None:
    """Run the module."""
    module = Module(argument_spec=account_info_spec(), required_by={"client_key": "client_cert"})
    run = ModuleRun(module)
    with run.reporting_defects():
        work(module, run)


if __name__ == "__main__":
    main()
