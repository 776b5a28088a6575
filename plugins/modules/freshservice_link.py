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
  - Makes sure that a Freshservice tenant is a linked account in StackOne, or that it is not.
  - Checks the domain and the agent's API key at Freshservice, looks for the account, links it where there is none, and corrects
    what differs from the declaration. That includes the stored domain and key, and an account that is no longer active.
  - An account that was linked by hand, in the Hub or in StackOne's dashboard, is adopted, not duplicated.
  - What is not set is left alone.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenant
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.connection.stackone
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
      - A connect session may be opened to see what an account stores. It changes nothing and expires by itself.
  diff_mode:
    support: full
    details:
      - Of secrets it says V(unchanged), V(changed) or V(unknown), nothing else.
  idempotent:
    support: partial
    details:
      - With O(update_credentials=always) every run sends the key again, with O(update_credentials=on_doubt) it does where
        StackOne never shows characters of the stored one.
options:
  domain:
    description:
      - Required when O(state=present).
  api_key:
    description:
      - Required when O(state=present).
  state:
    description:
      - V(present) links the tenant and keeps it as declared.
      - V(absent) unlinks it. With O(domain), an account of the same owner with another domain is left alone.
    type: str
    choices: [present, absent]
    default: present
  origin_owner_id:
    description:
      - Your own id of the customer that the account belongs to.
      - Put it in quotes. YAML reads C(0123) as 83, C(1_000) as 1000 and C(12:30:45) as 45045, and nobody can see that afterwards.
        Booleans, decimal numbers, dates, what spreadsheets write in place of ids (C(1.23457E+11), C(#N/A)) and invisible
        characters are refused; white space around an id is removed.
      - Together with O(provider), and O(domain) where an owner has several accounts, this tells which account is this tenant's.
      - Required when O(state=present). Either this or O(account_id) is required when O(state=absent).
    type: str
  origin_owner_name:
    description:
      - The customer's name, as StackOne shows it. A new account gets O(origin_owner_id) if this is not set.
    type: str
  origin_username:
    description:
      - The user that the account belongs to. A new account gets the agent's e-mail address if this is not set.
    type: str
  label:
    description:
      - The account's label. Where StackOne does not let it be changed on an existing account, a warning says so.
    type: str
  account_type:
    description:
      - The account's type. StackOne makes new accounts V(production) if this is not set.
    type: str
    choices: [production, test]
  account_id:
    description:
      - The id of the account, to pin it where several could be meant.
    type: str
  allow_multiple:
    description:
      - Whether the owner may have several accounts, one for each domain.
      - If V(false), an owner's only account is this tenant's, whatever domain it has now.
    type: bool
    default: false
  integration_id:
    description:
      - The connector profile to link with. If not set, the only active one for O(provider), or the default one of several.
      - An account that exists already is not moved to another profile. If it is linked under another one, a warning and
        RV(profile_drift) say so.
    type: str
    aliases: [connector_profile_id]
  provider:
    description:
      - StackOne's key of the connector.
    type: str
    default: freshservice
  credential_fields:
    description:
      - Which field of the connector's form takes what. The form is read from StackOne and understood without help as a rule;
        where it cannot be, the module fails and names the form's fields.
    type: dict
    suboptions:
      domain:
        description:
          - The key of the field that takes the domain.
        type: str
      api_key:
        description:
          - The key of the field that takes the API key (the name of the field, not an API key).
        type: str
      extra:
        description:
          - Values for further fields, by the field's key.
        type: dict
        default: {}
      extra_secrets:
        description:
          - Secret values of 8 characters or more for further fields, by the field's key.
        type: dict
        default: {}
  update_credentials:
    description:
      - When the domain and key of an existing account are sent to StackOne again.
      - StackOne never gives a stored key back, only its last characters. V(on_drift) sends them where these differ, where the
        stored domain differs, or where the account is not active. Where StackOne shows no characters, RV(stored_key) is
        V(unknown), and a rotated key is only noticed once the account is no longer active.
      - V(on_doubt) does the same, and sends them also where it is not known whether the stored key is O(api_key).
      - V(always) sends them every time, V(on_create) only when the account is linked.
    type: str
    choices: [on_drift, on_doubt, always, on_create]
    default: on_drift
  verify_key:
    description:
      - Whether to check the domain and key at Freshservice before StackOne is touched.
    type: bool
    default: true
  confirm_timeout:
    description:
      - Seconds to wait for the account to become active.
    type: float
    default: 30.0
  verify_link:
    description:
      - How to see that the link works.
      - V(status) waits until StackOne calls a linked or re-linked account active.
      - V(call) does that, and then lets StackOne call Freshservice through the account, and compares the agent that answers
        with the agent of O(api_key). An agent has one key, so this proves that the stored key is the declared one, even
        where StackOne shows none of its characters. It is done in every run, in check mode too, costs one request to
        StackOne (two until its form is known), which StackOne counts as an action call, and needs a StackOne key with the
        Unified scope and O(verify_key=true).
      - V(none) takes the account as it is, with a warning where it is not active.
    type: str
    choices: [none, status, call]
    default: status
seealso:
  - module: tenantlink.stackone.freshservice_key_info
"""

EXAMPLES = r"""
- name: Link a customer's Freshservice
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    origin_owner_name: My Company Ltd
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Send a rotated key even where StackOne does not show whether it differs
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    update_credentials: always
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Prove that StackOne works with this very key
  tenantlink.stackone.freshservice_link:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
    origin_owner_id: customer-4711
    verify_link: call
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Link a sandbox beside production, as a test account
  tenantlink.stackone.freshservice_link:
    domain: mycompany-fs-sandbox
    api_key: "{{ vault_mycompany_sandbox_api_key }}"
    origin_owner_id: customer-4711
    allow_multiple: true
    account_type: test
    label: Sandbox
    stackone_api_key: "{{ vault_stackone_api_key }}"

- name: Unlink a customer who left
  tenantlink.stackone.freshservice_link:
    state: absent
    origin_owner_id: customer-4711
    stackone_api_key: "{{ vault_stackone_api_key }}"
"""

RETURN = r"""
domain:
  description: The declared domain, as a bare label; V(none) if only O(account_id) names what to unlink.
  returned: always, unless an option is wrong
  type: str
  sample: mycompany
origin_owner_id:
  description: The declared owner; V(none) if only O(account_id) names what to unlink.
  returned: always, unless an option is wrong
  type: str
  sample: customer-4711
account:
  description: The linked account, as StackOne last showed it.
  returned: when there is one
  type: dict
  contains:
    id:
      description: StackOne's id of the account.
      type: str
      sample: "45320976103598426371"
    provider:
      description: StackOne's key of the connector.
      type: str
      sample: freshservice
    status:
      description: The status; only V(active) accounts work.
      type: str
      sample: active
    status_reasons:
      description: Why the account is not active, in StackOne's words.
      type: list
      elements: str
      sample: []
    origin_owner_id:
      description: Your id of the customer.
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
    domain:
      description: The stored domain, where it is known.
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
    - What was done, in order, or in check mode what would be.
    - V(create) links an account, V(relink) sends domain and key again, V(update) changes other fields, V(delete) unlinks.
  returned: always, unless an option is wrong
  type: list
  elements: str
  sample: [create]
stored_key:
  description:
    - Whether the key that StackOne stored before this run is O(api_key), judged by its last characters, or by a call where
      O(verify_link=call).
    - V(unchanged), V(changed), or V(unknown) where it was not looked at or StackOne shows no characters.
  returned: always, unless an option is wrong
  type: str
  sample: unchanged
agent_change:
  description:
    - Where domain and key were sent again, whose key it was. V(same) is a rotated key of the same agent, V(other) is another
      agent's, V(unknown) cannot be told.
    - It is judged by the agent who answered through the account before (O(verify_link=call)), else by the account's
      C(origin_username) where O(origin_username) is not set. That is the agent's e-mail address where this module linked it.
  returned: always, unless an option is wrong; V(none) where nothing was sent again
  type: str
  sample: same
verified:
  description: Whether a call through the account was answered by the agent of O(api_key).
  returned: always, unless an option is wrong; V(none) where no call was made
  type: bool
  sample: true
profile_drift:
  description:
    - The ids of the declared connector profile and of the one that the account is linked under, where they differ. Nothing is
      moved.
    - It is seen where the Hub's edit view of the account is looked at, as O(update_credentials=on_drift) does.
  returned: when O(integration_id) is set and the account is linked under another profile
  type: dict
  contains:
    declared:
      description: The value of O(integration_id).
      type: str
      sample: bWFpbi1wcm9maWxl
    account:
      description: The connector profile of the account.
      type: str
      sample: b3RoZXItcHJvZmlsZQ
diff:
  description: The account before and after.
  returned: when something is changed, or would be
  type: dict
  sample: {"before": {"label": "Old"}, "after": {"label": "New"}}
warnings:
  description: What is worth knowing although nothing failed, and which requests had to be repeated.
  returned: when there is any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
failure:
  description: What went wrong, for machines. RV(ignore:msg) says the same in one line for people.
  returned: on failure
  type: dict
  contains:
    code:
      description:
        - One of the verdicts of M(tenantlink.stackone.freshservice_key_info), or V(invalid_argument), V(invalid_domain),
          V(stackone_key_refused), V(stackone_forbidden), V(stackone_rate_limited), V(stackone_unreachable),
          V(stackone_unavailable), V(stackone_rejected), V(unexpected_answer), V(hub_unavailable), V(session_refused),
          V(connector_profile_missing), V(field_ambiguous), V(field_unfilled), V(credentials_refused), V(ambiguous_account),
          V(duplicate_account), V(account_not_found), V(account_mismatch), V(account_not_active), V(create_uncertain),
          V(change_not_kept), V(link_mismatch), V(link_not_verified), V(stopped), V(library_missing).
      type: str
      sample: ambiguous_account
    message:
      description: What is wrong, in one sentence.
      type: str
      sample: several accounts could be this tenant's.
    phase:
      description: V(arguments), V(key_check), V(observe), V(apply) or V(confirm).
      type: str
      sample: observe
    tenant:
      description: Which tenant.
      type: str
      sample: mycompany (owner customer-4711)
    http_status:
      description: The HTTP status that it rests on, if any.
      type: int
      sample: 409
    details:
      description:
        - More, depending on the code.
        - C(missing) lists the options that must be set and are not. C(started=false) if the run was stopped before its turn came.
        - C(uncertain=true) where a change was sent, its answer was lost, and nothing shows whether it was made. What RV(actions)
          and RV(ignore:changed) say leaves it out; the next run finds out.
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

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import confirm_timeout_from, tenant_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import TO_LINK, require
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import Module
from ansible_collections.tenantlink.stackone.plugins.module_utils._outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import (
    confirm_spec,
    freshservice_spec,
    http_spec,
    stackone_spec,
    tenant_spec,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stoppable import StoppableBench
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import one_line
from ansible_collections.tenantlink.stackone.plugins.module_utils._unfinished import unfinished
from ansible_collections.tenantlink.stackone.plugins.module_utils._urls import shown_url


def _declared(params: dict[str, Any]) -> str:
    """Return what a message calls a tenant whose options are not sound."""
    domain, owner, account = params["domain"], params["origin_owner_id"], params["account_id"]
    named = f"owner {owner}" if owner else f"account {account}" if account else shown_url(domain or "")
    return one_line(named or "the tenant")


def result_of(outcome: Outcome) -> dict[str, Any]:
    """The module's result, in the shape that RETURN documents."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "domain": outcome.tenant.domain,
        "origin_owner_id": outcome.tenant.origin_owner_id,
        "actions": [action.value for action in outcome.applied.actions],
        "stored_key": outcome.observed.stored.key.value,
        "agent_change": outcome.observed.agent_change.value if outcome.observed.agent_change else None,
        "verified": outcome.verified,
        "warnings": outcome.warnings,
    }
    if outcome.account:
        result["account"] = outcome.account.as_dict(outcome.domain)
    if outcome.observed.key_check:
        result["key_check"] = outcome.observed.key_check.as_dict()
        if outcome.observed.key_check.agent:
            result["agent"] = outcome.observed.key_check.agent.as_dict()
    if outcome.observed.profile_drift:
        result["profile_drift"] = outcome.observed.profile_drift.as_dict()
    if outcome.changed and outcome.applied.plan:
        result["diff"] = {"before": outcome.applied.plan.before, "after": outcome.applied.plan.after}
    return result


def work(module: Module, bench: StoppableBench) -> None:
    """Do what the options say, and leave."""
    try:
        tenant = tenant_from(module.params)
        require(tenant, TO_LINK)
        timeout = confirm_timeout_from(module.params)
        linker = bench.linker()
    except Failed as error:
        bench.refuse(error, _declared(module.params))
        return
    outcome = Outcome(tenant)
    if bench.work_alone(lambda: linker.run(outcome, timeout)) is None:
        outcome = unfinished(outcome, bench.stop.reason)
    if outcome.failure:
        bench.fail(outcome.failure, result_of(outcome))
    bench.exit(result_of(outcome))


def main() -> None:
    """Run the module."""
    module = Module(
        argument_spec={
            **http_spec(),
            **freshservice_spec(),
            **stackone_spec(),
            **tenant_spec(),
            **confirm_spec(),
        },
        required_by={"client_key": "client_cert"},
    )
    bench = StoppableBench(module)
    with bench.telling_defects():
        work(module, bench)


if __name__ == "__main__":
    main()
