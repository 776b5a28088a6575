#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link one Freshservice tenant to StackOne."""

from __future__ import annotations

DOCUMENTATION = r"""
module: freshservice_link
short_description: Link one Freshservice tenant to StackOne
version_added: 1.0.0
description:
  - Ensures that a Freshservice tenant is linked as a StackOne account, or that it is not.
  - Checks the domain and the agent's API key at Freshservice, searches for the account, links the tenant if there is none, and
    corrects whatever differs from the declaration. This includes the stored domain and key, and an account that is no longer active.
  - An account that was linked by hand, in the Hub or in StackOne's dashboard, is adopted and not duplicated.
  - Options that are not set are left unchanged.
  - O(domain) and O(origin_owner_id) are required when O(state=present). Either O(origin_owner_id) or O(account_id) is required when
    O(state=absent).
  - O(api_key) is required to link a tenant, and to link it again. Without it, an account that exists is managed in everything but its
    domain and key, which are neither checked nor compared nor sent.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenant
  - tenantlink.stackone.tenant.owner
  - tenantlink.stackone.tenant.link
  - tenantlink.stackone.confirm
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.connection.project
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.guarded
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.freshservice
      - tenantlink.stackone.stackone
  check_mode:
    support: full
    details:
      - A connect session may be opened to see what an account stores. It changes nothing and expires on its own.
  diff_mode:
    support: full
    details:
      - For secrets, it only says V(unchanged), V(changed) or V(unknown).
  idempotent:
    support: partial
    details:
      - With O(update_credentials=always), every run sends the key again. With O(update_credentials=on_doubt), every run does so if
        StackOne never shows characters of the stored key.
seealso:
  - module: tenantlink.stackone.freshservice_key_info
  - module: tenantlink.stackone.freshservice_links
"""

EXAMPLES = r"""
- name: Link a customer's Freshservice
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    origin_owner_name: My Company Ltd
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Keep the label of an account that was linked by hand, without its key
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    origin_owner_id: customer-4711
    label: Service desk
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Send a rotated key even if StackOne does not show whether it differs
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    update_credentials: always
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Prove that StackOne works with exactly this key
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    verify_link: call
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Move to a new connector profile, with a new account
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    connector_profile_id: bWFpbi1wcm9maWxl
    profile_change: replace
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Keep the account of a customer whose ID has changed
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    origin_owner_id: crm-4711
    previous_origin_owner_id: customer-4711
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Link a sandbox in addition to production, as a test account
  tenantlink.stackone.freshservice_link:
    domain: mycompany-fs-sandbox
    api_key: "{{ vault_mycompany_sandbox_api_key }}"
    origin_owner_id: customer-4711
    allow_multiple: true
    account_type: test
    label: Sandbox
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Unlink a former customer
  tenantlink.stackone.freshservice_link:
    state: absent
    origin_owner_id: customer-4711
    stackone_api_key: "{{ vault_stackone_api_key }}"
"""

RETURN = r"""
domain:
  description: The declared domain, without C(.freshservice.com). V(none) if only O(account_id) names the account to unlink.
  returned: always, unless an option is wrong
  type: str
  version_added: 2.0.0
  sample: mycompany
origin_owner_id:
  description: The declared ID of the customer. V(none) if only O(account_id) names the account to unlink.
  returned: always, unless an option is wrong
  type: str
  version_added: 2.0.0
  sample: customer-4711
check_mode:
  description: Whether the run only says what it would do, because of check mode.
  returned: always, unless an option is wrong
  type: bool
  sample: false
  version_added: 2.0.0
account:
  description: The linked account, as StackOne last returned it.
  returned: when there is an account
  type: dict
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
agent:
  description: The agent that the key belongs to. See M(tenantlink.stackone.freshservice_key_info).
  returned: when Freshservice accepted the key
  type: dict
  sample: {"id": 21001074604, "email": "integrations@mycompany.example", "name": "Integration Agent", "active": true, "occasional": false}
key_check:
  description: The verdict on the domain and key. See M(tenantlink.stackone.freshservice_key_info).
  returned: when the key was checked
  type: dict
  sample:
    status: valid
    message: the API key works.
    http_status: 200
    evidence: "HTTP 200: agent integrations@mycompany.example"
    remediation: ""
    retriable: false
actions:
  description:
    - The actions that were taken, in order, or would be taken in check mode.
    - V(create) links an account, V(relink) sends domain and key again, V(update) changes other fields, V(delete) unlinks. An account
      that is replaced (O(profile_change=replace)) is V(create) and then V(delete).
  returned: always, unless an option is wrong
  type: list
  elements: str
  sample: [create]
key:
  description: V(not_declared), because O(api_key) is not set. No key was checked or compared.
  returned: when O(state=present) and O(api_key) is not set
  type: str
  sample: not_declared
  version_added: 2.0.0
stored_key:
  description:
    - Whether the key that StackOne stored before this run is O(api_key), judged by its last characters, or by a call if
      O(verify_link=call).
    - V(unchanged), V(changed), or V(unknown) if it was not checked or StackOne shows no characters of it.
  returned: always, unless an option is wrong
  type: str
  sample: unchanged
agent_change:
  description:
    - If domain and key were sent again, the agent that the previous key belonged to. V(same) means a rotated key of the same agent,
      V(other) a key of another agent, V(unknown) that it is not known.
    - It is judged by the agent that answered a call through the account before (O(verify_link=call)). Without a call, it is judged by
      the account's C(origin_username), unless O(origin_username) is set. This is the agent's e-mail address if this module linked
      the account.
  returned: always, unless an option is wrong; V(none) if nothing was sent again
  type: str
  sample: same
verified:
  description: Whether the agent of O(api_key) answered a call through the account.
  returned: always, unless an option is wrong; V(none) if no call was made
  type: bool
  sample: true
profile_drift:
  description:
    - The IDs of the declared connector profile and of the one that the account was linked under before this run, if they differ.
      O(profile_change) says what is done.
    - It is seen in the Hub's edit view of the account.
  returned: when O(integration_id) is set and the account was linked under another profile
  type: dict
  version_added: 2.0.0
  contains:
    declared:
      description: The value of O(integration_id).
      type: str
      sample: bWFpbi1wcm9maWxl
    account:
      description: The connector profile of the account.
      type: str
      sample: b3RoZXItcHJvZmlsZQ
replaced:
  description: The IDs of the accounts that were unlinked because RV(account), under the declared connector profile, replaces them.
  returned: when O(profile_change=replace) and an account was replaced, or would be
  type: list
  elements: str
  sample: ["45320976103598426370"]
  version_added: 2.0.0
diff:
  description: The account before and after.
  returned: when something was changed, or would be
  type: dict
  sample: {"before": {"label": "Old"}, "after": {"label": "New"}}
# begin: warnings, written by make generate
warnings:
  description: What is worth knowing although nothing failed, and which requests had to be repeated.
  returned: when there are any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
# end: warnings
failure:
  description: What went wrong, for programs. RV(ignore:msg) says the same in one line for people.
  returned: on failure
  type: dict
  contains:
    code:
      description:
        - One of the verdicts of M(tenantlink.stackone.freshservice_key_info), or V(invalid_argument), V(invalid_domain), V(key_missing),
          V(stackone_key_refused), V(stackone_forbidden), V(project_mismatch), V(stackone_rate_limited),
          V(stackone_unreachable),
          V(stackone_unavailable), V(stackone_rejected), V(unexpected_answer), V(hub_unavailable), V(session_refused),
          V(connector_profile_missing), V(field_ambiguous), V(field_unfilled), V(credentials_refused), V(ambiguous_account),
          V(duplicate_account), V(account_not_found), V(account_mismatch), V(account_not_active), V(create_uncertain),
          V(profile_differs), V(change_not_kept), V(link_mismatch), V(link_not_verified), V(stopped), V(library_missing).
      type: str
      sample: ambiguous_account
    message:
      description: What is wrong, in one sentence.
      type: str
      version_added: 2.0.0
      sample: "several accounts could be this link: 45320976103598426371 (domain mycompany, active)."
    phase:
      description: V(arguments), V(key_check), V(observe), V(apply) or V(confirm).
      type: str
      sample: observe
    tenant:
      description: The tenant that failed.
      type: str
      sample: mycompany (owner customer-4711)
    http_status:
      description: The HTTP status that caused the failure, if any.
      type: int
      sample: 409
    details:
      description:
        - Further details, depending on the code.
        - C(missing) lists the options that must be set and are not. C(started=false) if the run was stopped before this tenant started.
        - C(uncertain=true) if a change was sent, its response was lost, and nothing shows whether it was made. RV(actions) and
          RV(ignore:changed) do not count it. The next run finds out.
      type: dict
      sample: {"candidates": [{"account_id": "45320976103598426371", "domain": "mycompany", "status": "active"}]}
    remediation:
      description: What to do next.
      type: str
      sample: Name the right one in account_id; nothing was changed.
    retriable:
      description: Whether trying again later may help.
      type: bool
      sample: false
"""

from typing import Any

from ..module_utils._core.failure import Failed
from ..module_utils._core.options import VerifyLink
from ..module_utils._core.tenant import NOT_DECLARED
from ..module_utils._core.text import one_line
from ..module_utils._core.urls import shown_url
from ..module_utils._link.linker import Linker, Rules
from ..module_utils._link.outcome import Outcome, unfinished
from ..module_utils._module.argspec import (
    confirm_spec,
    freshservice_spec,
    http_spec,
    project_spec,
    stackone_spec,
    tenant_spec,
)
from ..module_utils._module.link_clients import client_factory
from ..module_utils._module.module import Module
from ..module_utils._module.run_params import confirm_timeout_from
from ..module_utils._module.stoppable import StoppableRun
from ..module_utils._module.tenant_params import TO_LINK, check_needed, tenant_from


def _declared(params: dict[str, Any]) -> str:
    """Return the name of a tenant with invalid options, for a message."""
    domain, owner, account = params["domain"], params["origin_owner_id"], params["account_id"]
    named = f"owner {owner}" if owner else f"account {account}" if account else shown_url(domain or "")
    return one_line(named or "the tenant")


def result_of(outcome: Outcome, check_mode: bool) -> dict[str, Any]:
    """Return the module's result, as RETURN documents it."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "check_mode": check_mode,
        "domain": outcome.tenant.domain,
        "origin_owner_id": outcome.tenant.origin_owner_id,
        "actions": [action.value for action in outcome.applied.actions],
        "stored_key": outcome.observed.stored.key.value,
        "agent_change": outcome.observed.agent_change.value if outcome.observed.agent_change else None,
        "verified": outcome.verified,
        "warnings": outcome.warnings,
    }
    if outcome.tenant.keyless:
        result["key"] = NOT_DECLARED
    if outcome.account:
        result["account"] = outcome.account.as_dict(outcome.domain)
    if outcome.observed.key_check:
        result["key_check"] = outcome.observed.key_check.as_dict()
        if outcome.observed.key_check.agent:
            result["agent"] = outcome.observed.key_check.agent.as_dict()
    if outcome.observed.profile_drift:
        result["profile_drift"] = outcome.observed.profile_drift.as_dict()
    if outcome.replaced_by_now:
        result["replaced"] = outcome.replaced_by_now
    if outcome.done:
        result["diff"] = {"before": outcome.done.before, "after": outcome.done.after}
    return result


def work(module: Module, run: StoppableRun) -> None:
    """Do what the options say, and end the module."""
    try:
        tenant = tenant_from(module.params, run.scrubber)
        check_needed(tenant, TO_LINK)
        timeout = confirm_timeout_from(module.params)
        clients = client_factory(run).clients()
    except Failed as error:
        run.refuse(error, _declared(module.params))
    rules = Rules(module.check_mode, VerifyLink(module.params["verify_link"]))
    linker, outcome = Linker(clients, clients.stackone, rules), Outcome(tenant)
    if run.work_alone(lambda: linker.run(outcome, timeout)) is None:
        outcome = unfinished(outcome, run.stop.reason)
    if outcome.failure:
        run.fail(outcome.failure, result_of(outcome, module.check_mode))
    run.exit(result_of(outcome, module.check_mode))


def main() -> None:
    """Run the module."""
    module = Module(
        argument_spec={
            **http_spec(),
            **freshservice_spec(),
            **stackone_spec(),
            **project_spec(),
            **tenant_spec(),
            **confirm_spec(),
        },
        required_by={"client_key": "client_cert"},
    )
    run = StoppableRun(module)
    with run.reporting_defects():
        work(module, run)


if __name__ == "__main__":
    main()
