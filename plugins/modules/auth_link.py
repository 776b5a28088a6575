#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an auth link for one customer."""

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_link
short_description: Make an auth link, with which a customer links their Freshservice themselves
version_added: 1.0.0
description:
  - For customers who keep their API key to themselves. Opens a connect session and returns its auth link, a page of StackOne
    on which the customer enters domain and API key.
  - Where the customer is linked already, no session is opened and nothing is changed, unless O(relink=true). An account that is
    there but does not work (error, expired, inactive) gets a link with which its credentials are entered again.
  - Whoever has an auth link can link an account in the customer's name until it expires. So the result is hidden from
    Ansible's output, logs and callbacks, as with C(no_log). The registered variable holds it.
  - Reports C(changed) where a link was made, or in check mode would be. No account differs before the customer has used the link.
author:
  - tenantlink.stackone contributors (@tenantlink)
notes:
  - Do not print the registered variable with M(ansible.builtin.debug), and do not copy the link to a file that others can read.
    With E(ANSIBLE_DEBUG) Ansible prints what a module returns before anything can hide it.
  - The module cannot run with C(async), because nothing could hide the result then.
extends_documentation_fragment:
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.auth
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.guarded
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.stackone
  async:
    support: none
    details:
      - In the background nothing could hide the result.
  check_mode:
    support: full
    details:
      - In check mode no session is opened, so there is no link either.
  diff_mode:
    support: none
    details:
      - A new link is a change, but no account differs before the customer has used it.
  idempotent:
    support: partial
    details:
      - Until the customer is linked, every run makes a new link. Earlier ones are good until they expire.
options:
  origin_owner_id:
    description:
      - Your own id of the customer that the account is to belong to.
    type: str
    required: true
  origin_owner_name:
    description:
      - The customer's name, as StackOne shows it. A new account gets O(origin_owner_id) if this is not set.
    type: str
  origin_username:
    description:
      - The user that a new account is to belong to.
    type: str
  domain:
    description:
      - The customer's Freshservice domain. It tells which account is meant where the owner has several; the customer enters the
        domain on the page in any case.
    type: str
  label:
    description:
      - The label of a new account.
    type: str
  account_type:
    description:
      - The type of a new account. StackOne makes it V(production) if this is not set.
    type: str
    choices: [production, test]
  account_id:
    description:
      - The id of the account, to pin it where several could be meant.
    type: str
  allow_multiple:
    description:
      - Whether the owner may have several accounts, one for each domain. Set O(domain) with it.
    type: bool
    default: false
  integration_id:
    description:
      - The connector profile to link with. If not set, StackOne takes the default one of O(provider).
    type: str
    aliases: [connector_profile_id]
  provider:
    description:
      - StackOne's key of the connector.
    type: str
    default: freshservice
seealso:
  - module: tenantlink.stackone.auth_links
  - module: tenantlink.stackone.account_info
"""

EXAMPLES = r"""
- name: Let a customer link their Freshservice
  tenantlink.stackone.auth_link:
    origin_owner_id: customer-4711
    origin_owner_name: My Company Ltd
    expires_in: 604800
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: invitation

- name: Send them the link
  ansible.builtin.command:
    argv: [/usr/sbin/sendmail, it@mycompany.example]
    stdin: |
      Subject: Please connect your Freshservice

      Please open {{ invitation.auth_link_url }} before {{ invitation.expires_at }}.
  changed_when: true
  when: not invitation.linked
  no_log: true

- name: Let a customer enter a rotated key
  tenantlink.stackone.auth_link:
    origin_owner_id: customer-4711
    relink: true
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: invitation
"""

RETURN = r"""
auth_link_url:
  description: The link. V(none) where the customer is linked already, and in check mode.
  returned: success
  type: str
  sample: https://app.stackone.com/embedded/integrations?token=...
expires_at:
  description: When the link expires, in UTC; V(none) where there is none.
  returned: success
  type: str
  sample: "2026-11-06T08:00:00Z"
linked:
  description: Whether the customer has an account that works.
  returned: success
  type: bool
  sample: false
purpose:
  description:
    - V(link) where the link makes a new account, V(relink) where it edits the one that is there, V(none) where no link is needed.
  returned: success
  type: str
  sample: link
account:
  description: The account that is there. See M(tenantlink.stackone.account_info). V(none) where there is none.
  returned: success
  type: dict
  sample:
    id: "45320976103598426371"
    provider: freshservice
    status: error
    status_reasons: ["The key was refused."]
    origin_owner_id: customer-4711
    origin_owner_name: My Company Ltd
    origin_username: integrations@mycompany.example
    label: null
    type: production
    domain: mycompany
    created_at: "2026-11-01T08:00:00.000Z"
    updated_at: "2026-11-01T08:00:00.000Z"
warnings:
  description: Which requests had to be repeated.
  returned: when there is any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
failure:
  description: What went wrong, for machines. See M(tenantlink.stackone.freshservice_link). RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  sample:
    code: ambiguous_account
    message: several accounts could be this tenant's.
    phase: observe
    tenant: owner customer-4711
    http_status: null
    details: {"candidates": [{"account_id": "45320976103598426371", "domain": "mycompany", "status": "active"}]}
    remediation: Name the right one in account_id; nothing was changed.
    retriable: false
"""

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import auth_options_from, owner_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._auth import Inviter
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Phase, interrupted
from ansible_collections.tenantlink.stackone.plugins.module_utils._find import Finder
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import Module
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import (
    auth_spec,
    http_spec,
    owner_spec,
    stackone_spec,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stoppable import StoppableBench


def work(module: Module, bench: StoppableBench) -> None:
    """Do what the options say, and leave."""
    try:
        tenant = owner_from(module.params)
        options = auth_options_from(module.params, module.check_mode)
        stackone, hub = bench.hub()
    except Failed as error:
        bench.refuse(error, f"owner {module.params['origin_owner_id']}")
        return
    inviter = Inviter(stackone, Finder(stackone, hub, stackone), options, bench.stop.clock())
    try:
        invitation = bench.work_alone(lambda: inviter.invite(tenant))
    except Stopped:
        invitation = None
    except Failed as error:
        bench.fail(error.located(Phase.OBSERVE, tenant.name), {"changed": False})
        return
    if invitation is None:
        stopped = interrupted(bench.stop.reason)
        bench.fail(stopped.located(Phase.OBSERVE, tenant.name), {"changed": False})
        return
    bench.exit(invitation.as_dict())


def main() -> None:
    """Run the module."""
    module = Module(
        argument_spec={**http_spec(), **stackone_spec(), **owner_spec(), **auth_spec()},
        required_by={"client_key": "client_cert"},
    )
    bench = StoppableBench(module)
    with bench.telling_defects():
        work(module, bench)


if __name__ == "__main__":
    main()
