#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create an auth link for one customer."""

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_link
short_description: Create an auth link, with which a customer links their Freshservice themselves
version_added: 1.0.0
description:
  - For customers who do not hand out their API key. Opens a connect session and returns its auth link, a page of StackOne on
    which the customer enters domain and API key.
  - If the customer is linked already, no session is opened and nothing is changed, unless O(relink=true). If the customer's
    account exists but does not work (error, expired, inactive), the link lets the customer enter its credentials again.
  - Anyone who has an auth link can link an account in the customer's name until it expires. Therefore the result is hidden
    from Ansible's output, logs and callbacks, as with C(no_log). The registered variable holds it.
  - Reports C(changed) if a link was created, or would be in check mode. No account differs before the customer has used the link.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenant.owner
  - tenantlink.stackone.auth
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.connection.project
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.guarded
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.stackone
options:
  origin_owner_id:
    required: true
  origin_username:
    description:
      - The user that a new account belongs to.
  domain:
    description:
      - The customer's Freshservice domain. Set it if the owner has several accounts, to choose one of them. The customer enters
        the domain on the page in any case.
    type: str
  label:
    description:
      - The label of a new account.
  account_type:
    description:
      - The type of a new account. If not set, StackOne makes it V(production).
  shared:
    description:
      - Whether a new account is shared with all users. If not set, StackOne decides.
  allow_multiple:
    description:
      - Whether the owner may have several accounts, one for each domain. Set O(domain) together with it.
  integration_id:
    description:
      - The connector profile to link with. If not set, StackOne uses the default one of O(provider).
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
  description: The link. V(none) if the customer is linked already, and in check mode.
  returned: success
  type: str
  sample: https://app.stackone.com/embedded/integrations?token=...
expires_at:
  description: When the link expires, in UTC. V(none) if there is no link.
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
    - V(link) if the link creates an account, V(relink) if it edits the existing one, V(none) if no link is needed.
  returned: success
  type: str
  sample: link
account:
  description: The existing account. See M(tenantlink.stackone.account_info). V(none) if there is no account.
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
    shared: null
    domain: mycompany
    created_at: "2026-11-01T08:00:00.000Z"
    updated_at: "2026-11-01T08:00:00.000Z"
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
  # begin: ambiguous, written by make generate
  sample:
    code: ambiguous_account
    message: "several accounts could be this link: 45320976103598426371 (domain mycompany, active)."
    phase: observe
    tenant: owner customer-4711
    http_status: null
    details: {"candidates": [{"account_id": "45320976103598426371", "domain": "mycompany", "status": "active"}]}
    remediation: Name the right one in account_id; nothing was changed.
    retriable: false
  # end: ambiguous
"""

from ..module_utils._clients.factory import stackone_and_hub
from ..module_utils._core.clock import Stopped
from ..module_utils._core.failure import Failed, Phase, interrupted
from ..module_utils._link.auth_link import AuthLinkMaker, AuthLinkResult
from ..module_utils._link.find import Finder
from ..module_utils._module.argspec import auth_spec, http_spec, owner_spec, project_spec, stackone_spec
from ..module_utils._module.module import Module
from ..module_utils._module.run_params import auth_options_from
from ..module_utils._module.stoppable import StoppableRun
from ..module_utils._module.tenant_params import owner_from, refuse_secrets


def work(module: Module, run: StoppableRun) -> None:
    """Do what the options say, and end the module."""
    try:
        tenant = owner_from(module.params)
        refuse_secrets(tenant, run.scrubber)
        options = auth_options_from(module.params, module.check_mode)
        stackone, hub = stackone_and_hub(*run.stackone_api())
    except Failed as error:
        run.refuse(error, f"owner {module.params['origin_owner_id']}")
    inviter = AuthLinkMaker(stackone, Finder(stackone, hub, stackone), options, run.stop.clock())

    def invite() -> AuthLinkResult:
        stackone.confirm_project()
        return inviter.invite(tenant)

    try:
        invitation = run.work_alone(invite)
    except Stopped:
        invitation = None
    except Failed as error:
        run.fail(error.located(Phase.OBSERVE, tenant.name), {"changed": False})
    if invitation is None:
        stopped = interrupted(run.stop.reason)
        run.fail(stopped.located(Phase.OBSERVE, tenant.name), {"changed": False})
    run.exit(invitation.as_dict())


def main() -> None:
    """Run the module."""
    module = Module(
        argument_spec={**http_spec(), **stackone_spec(), **project_spec(), **owner_spec(), **auth_spec()},
        required_by={"client_key": "client_cert"},
    )
    run = StoppableRun(module)
    with run.reporting_defects():
        work(module, run)


if __name__ == "__main__":
    main()
