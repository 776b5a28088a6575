#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link many Freshservice tenants to StackOne."""

from __future__ import annotations

DOCUMENTATION = r"""
module: freshservice_links
short_description: Link many Freshservice tenants to StackOne
version_added: 1.0.0
description:
  - Ensures, in a single task, that each listed Freshservice tenant is linked as a StackOne account, or is not.
  - Does for each tenant what M(tenantlink.stackone.freshservice_link) does for one, as fast as the network and StackOne's quota
    allow. The accounts are listed once before and once after; many tenants are processed at the same time.
  - A tenant without O(tenants[].api_key) is managed in everything but its domain and key if it has an account that works.
  - A tenant that fails does not stop the others. The task then fails at the end, and still returns the result of every tenant.
  - You can interrupt a run at any point and start it again. Existing links are detected and never duplicated.
  - If two runs link the same tenant at the same time, the account that was created first is kept. The other run unlinks the
    account that it created itself and uses the first one. Even so, let only one run at a time work on a StackOne project.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenants
  - tenantlink.stackone.tenants.run
  - tenantlink.stackone.tenants.others
  - tenantlink.stackone.tenants.quota
  - tenantlink.stackone.confirm
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.connection.project
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.watched
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.freshservice
      - tenantlink.stackone.stackone
  check_mode:
    support: full
    details:
      - Connect sessions may be opened to see what accounts store. They change nothing and expire on their own.
  diff_mode:
    support: full
    details:
      - One line for each changed tenant, at most 100 of each kind. For secrets, it only says V(unchanged), V(changed) or V(unknown).
  idempotent:
    support: partial
    details:
      - With O(tenants[].update_credentials=always), every run sends the key again. With O(tenants[].update_credentials=on_doubt),
        every run does so if StackOne never shows characters of the stored key and no fingerprint proves it.
options:
  fingerprints:
    description:
      - File in which to remember, from run to run, that an account stores the declared domain and key. As long as StackOne has not
        changed the account since, no request is needed to check it, and a rotated key is noticed even if StackOne shows no characters
        of the stored one.
      - V(auto) is a file of your own user in C($XDG_CACHE_HOME/tenantlink.stackone), or else C(~/.cache/tenantlink.stackone), one for
        each StackOne URL and key. RV(fingerprints) names it. For a file that is called C(auto), write V(./auto).
      - The file contains no key, and no key can be guessed from it without the StackOne key. It has mode 0600. It is a cache.
        Without it, each tenant costs two more requests. If it cannot be read or written, a warning says so. Several runs may use it
        at the same time. Check mode does not write it.
    type: path
  purge:
    description:
      - Whether to unlink the accounts of the same provider that belong to no entry of O(tenants).
      - This is done last, and only if the run was not stopped before. In check mode, the accounts are returned in RV(purged).
      - The accounts of an owner are kept if one of its entries fails before it is known which account is meant. If an entry does not
        name its owner or account at all, for example because an option is misspelt, nothing is unlinked.
      - If it is not set, nothing is purged unless O(plan) contains it. With V(false), not even then.
    type: bool
  purge_limit:
    description:
      - How many accounts O(purge) may unlink in one run. A value below 1 is a share of all accounts of the provider, rounded down;
        a value from 1 is a number. A tenth of fewer than 10 accounts is none.
      - If there are more, none is unlinked, and the task fails and names them.
    type: float
    default: 0.1
  purge_scope:
    description:
      - The accounts that O(purge) may unlink. An account is inside if it matches all suboptions that are set. Accounts outside are
        never unlinked, and O(purge_limit) does not count them.
      - Use it if others link accounts in the same StackOne project. An empty list matches no account.
      - An empty value, also of a suboption or of an item, is an error, because more accounts would be inside without it.
    type: dict
    version_added: 2.0.0
    suboptions:
      labels:
        description: Labels. Letter case counts.
        type: list
        elements: str
      owner_ids:
        description: Patterns of your own IDs of customers, such as V(crm-*). Letter case counts. V(*) is an error.
        type: list
        elements: str
      profiles:
        description:
          - IDs of connector profiles. StackOne only shows them in the Hub's edit view, so each account that would be unlinked costs two
            more requests. An account whose profile is not shown is outside.
          - For a O(purge_limit) below 1, the accounts of the list count as inside.
        type: list
        elements: str
  resolve_duplicates:
    description:
      - Whether, if a tenant has several accounts of one link (the same provider, owner and domain), to keep one and unlink the others.
        The oldest account that works is kept, or the oldest one if none works.
      - This is done before the tenants are linked. In check mode, the accounts are returned in RV(resolved). Without this option,
        such tenants fail with C(ambiguous_account).
      - If it is not set, nothing is resolved unless O(plan) contains it. With V(false), not even then.
    type: bool
    version_added: 2.0.0
  resolve_duplicates_limit:
    description:
      - How many accounts O(resolve_duplicates) may unlink in one run, counted as for O(purge_limit). If there are more, none is
        unlinked and the task fails.
    type: float
    default: 0.1
    version_added: 2.0.0
  save_plan:
    description:
      - File to which to write what a run would do, as a plan for O(plan). Nothing is changed, as in check mode, and the result is the
        same as in check mode. The folder must exist.
      - The file is JSON and contains no key. It says for each tenant what would be done, which fields would change from what to what,
        and why. L(The guide,https://github.com/tenantlink/stackone/blob/main/docs/gitops.md) links its schema.
      - It is bound to the declarations, their keys and O(stackone_api_key) by HMACs, so that a changed file or declaration is noticed.
      - A plan that is there already is removed first. A file of another kind is never overwritten. If the run ends early, no plan is
        written.
      - An empty value is an error.
    type: path
    version_added: 2.0.0
  plan:
    description:
      - A plan to carry out, from O(save_plan). Exactly what is planned is done, and nothing else.
      - A tenant whose declaration, key or account is not as it was when the plan was made fails with C(plan_stale) and is left alone.
        A tenant that matches its declaration by now is not a failure, so a plan can be carried out again after an interruption.
      - The plan decides which accounts are unlinked, not O(purge_scope) and the limits, which counted when it was made. Accounts are
        only purged if the list is the list of the plan, and O(purge) is not V(false). Duplicates are only unlinked if
        O(resolve_duplicates) is not V(false).
      - An empty value is an error.
    type: path
    version_added: 2.0.0
seealso:
  - module: tenantlink.stackone.freshservice_link
  - module: tenantlink.stackone.freshservice_keys_info
"""

EXAMPLES = r"""
- name: Link all customers
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants:
      - domain: mycompany
        api_key: "{{ vault_freshservice_api_keys.mycompany }}"
        origin_owner_id: customer-4711
        origin_owner_name: My Company Ltd
      - domain: othercompany
        api_key: "{{ vault_freshservice_api_keys.othercompany }}"
        origin_owner_id: customer-4712
      - state: absent
        origin_owner_id: customer-0815

- name: Link the customers of a CSV file, with keys from Ansible Vault, and unlink those that are no longer in it
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ lookup('ansible.builtin.file', 'tenants.csv') | tenantlink.stackone.tenants(api_keys=vault_freshservice_api_keys) }}"
    fingerprints: auto
    purge: true
    purge_limit: 5

- name: Leave half of StackOne's quota to others, and stop early if many tenants fail
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ tenants }}"
    requests_per_minute: 500
    stop_after_failures: 20

- name: Write down what a run would do, for somebody to review
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ tenants }}"
    save_plan: plan.json

- name: Do exactly that
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ tenants }}"
    plan: plan.json
"""

RETURN = r"""
results:
  description: The result of each tenant, in the order of O(tenants).
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: list
  elements: dict
  contains:
    domain:
      description: The Freshservice domain.
      type: str
      sample: mycompany
    origin_owner_id:
      description: Your ID of the customer.
      type: str
      sample: customer-4711
    account_id:
      description: StackOne's ID of the account, if there is one.
      type: str
      sample: "45320976103598426371"
    action:
      description:
        - The action that was taken, or would be taken in check mode. If there were several, the first of them.
        - V(create) linked an account, V(relink) sent domain and key again, V(update) changed other fields, V(delete) unlinked it,
          V(none) means that nothing was done.
      type: str
      sample: create
    changed:
      description: Whether anything was changed for this tenant, or would be.
      type: bool
      sample: true
    origin_owner_name:
      description: The customer's name, as declared or as StackOne shows it.
      returned: when it is known
      type: str
      sample: My Company Ltd
    account_status:
      description: The account's status, as StackOne last returned it.
      returned: when there is an account
      type: str
      sample: active
    # begin: checked_key, written by make generate
    key:
      description: V(not_declared), because the tenant has no C(api_key). No key was checked or compared.
      returned: when no key is declared for a tenant that should be present
      type: str
      sample: not_declared
      version_added: 2.0.0
    verdict:
      description: The verdict on the domain and key. See M(tenantlink.stackone.freshservice_key_info).
      returned: when the key was checked
      type: str
      sample: key_refused
    agent:
      description: The e-mail address of the agent that the key belongs to, or its ID.
      returned: when Freshservice accepted the key
      type: str
      sample: integrations@mycompany.example
    # end: checked_key
    changes:
      description: The fields of an existing account that were changed, or would be, before and after.
      returned: when there are any
      type: dict
      sample: {"label": {"before": "Old", "after": "New"}, "api_key": {"before": "unchanged", "after": "changed"}}
    reasons:
      description: Why something was done, or would be.
      returned: when there are any
      type: list
      elements: str
      sample: ["The stored API key is another one"]
      version_added: 2.0.0
    moved_from:
      description: The domain that the account stored before, if the tenant has moved to another one.
      returned: when the account was linked to another domain, or would be
      type: str
      version_added: 2.0.0
      sample: my-former-company
    agent_change:
      description: As RV(tenantlink.stackone.freshservice_link#module:agent_change).
      returned: when domain and key were sent again, or would be
      type: str
      sample: same
    verified:
      description: Whether the agent of the key answered a call through the account.
      returned: when O(verify_link=call)
      type: bool
      sample: true
    profile_drift:
      description: As RV(tenantlink.stackone.freshservice_link#module:profile_drift).
      returned: when the entry's C(integration_id) is set and the account was linked under another profile
      type: dict
      version_added: 2.0.0
      sample: {"declared": "bWFpbi1wcm9maWxl", "account": "b3RoZXItcHJvZmlsZQ"}
    replaced:
      description: As RV(tenantlink.stackone.freshservice_link#module:replaced). The C(action) of such a tenant is V(create).
      returned: when an account was replaced, or would be
      type: list
      elements: str
      sample: ["45320976103598426370"]
      version_added: 2.0.0
    warnings:
      description: What is worth knowing although the tenant did not fail.
      returned: when there are any
      type: list
      elements: str
      sample: ["The stored API key is another one; it is kept because update_credentials is on_create."]
    failure:
      description:
        - Why the tenant is not as declared. See M(tenantlink.stackone.freshservice_link). It also contains RV(ignore:msg).
        - The code can also be V(domain_linked_elsewhere), V(account_claimed), V(plan_stale), V(stopped) for a tenant that was not started
          or not finished, and V(internal_error).
      returned: when it failed
      type: dict
      # begin: suspended, written by make generate
      sample:
        code: tenant_suspended
        message: the Freshservice tenant is suspended.
        phase: key_check
        tenant: mycompany (owner customer-4711)
        http_status: 403
        details: {"evidence": "HTTP 403: account_suspended"}
        remediation: Ask the customer to renew the subscription under Admin > Plans & Billing, then run again.
        retriable: false
        msg: >-
          mycompany (owner customer-4711): the Freshservice tenant is suspended. Ask the customer to renew the
          subscription under Admin > Plans & Billing, then run again.
      # end: suspended
purged:
  description: The accounts that belong to no entry of O(tenants) and that were unlinked, or would be, like RV(results).
  returned: when O(purge=true)
  type: list
  elements: dict
  sample:
    - domain: null
      origin_owner_id: customer-0815
      account_id: "45320976103598426372"
      action: delete
      changed: true
      origin_owner_name: Former Company Ltd
      account_status: active
      reasons: ["No tenant of the list has it"]
resolved:
  description:
    - The duplicates that were unlinked because of O(resolve_duplicates), or would be, like RV(results). C(duplicate_of) is the ID of
      the account that is kept.
  returned: when O(resolve_duplicates=true)
  type: list
  version_added: 2.0.0
  elements: dict
  sample:
    - domain: null
      origin_owner_id: customer-4711
      account_id: "45320976103598426373"
      duplicate_of: "45320976103598426371"
      action: delete
      changed: true
      origin_owner_name: My Company Ltd
      account_status: active
      reasons: ["It is a duplicate of account 45320976103598426371"]
summary:
  description: Counts of the run.
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: dict
  contains:
    tenants:
      description: How many entries O(tenants) has.
      type: int
      sample: 1000
    changed:
      description: How many tenants were changed, purged accounts included.
      type: int
      sample: 9
    failed:
      description: How many tenants failed. Those that were not started do not count.
      type: int
      sample: 5
    # begin: not_started, written by make generate
    not_started:
      description: How many tenants were not started, because the run was stopped by a signal or by O(stop_after_failures).
      type: int
      version_added: 2.0.0
      sample: 0
    # end: not_started
    actions:
      description: How many tenants had each action.
      type: dict
      sample: {"create": 5, "relink": 3, "update": 1, "delete": 0, "none": 991}
    moved:
      description: How many tenants moved to another domain, or would. They are also counted as re-linked.
      type: int
      version_added: 2.0.0
      sample: 1
    failures:
      description: How many tenants failed with each C(failure.code).
      type: dict
      sample: {"key_refused": 4, "tenant_suspended": 1}
    purged:
      description: How many accounts were unlinked because of O(purge).
      type: int
      sample: 0
    duplicates_resolved:
      description: How many accounts were unlinked because of O(resolve_duplicates).
      type: int
      version_added: 2.0.0
      sample: 0
    still_linked:
      description: How many entries with O(tenants[].state=absent) have no such account, but an owner that still has others. A warning names them.
      type: int
      version_added: 2.0.0
      sample: 0
    requests:
      description: How many requests were sent to each service, repetitions included.
      type: dict
      sample: {"freshservice": 1000, "stackone": 42}
    quota_seconds:
      description: Seconds that the run waited for StackOne's quota.
      type: float
      sample: 0.0
fingerprints:
  description: The file of O(fingerprints).
  returned: when O(fingerprints) is set
  type: str
  version_added: 2.0.0
  sample: /home/me/.cache/tenantlink.stackone/fingerprints-5b2f9c01.json
check_mode:
  description: Whether the run only says what it would do, because of check mode or O(save_plan).
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: bool
  sample: false
  version_added: 2.0.0
plan:
  description: The file of O(save_plan).
  returned: when a plan was written
  type: str
  sample: plan.json
  version_added: 2.0.0
diff:
  description: One line for each changed tenant, before and after.
  returned: in diff mode, when something was changed, or would be
  type: dict
  sample: {"before": "mycompany (owner customer-4711): label Old\n", "after": "mycompany (owner customer-4711): label New\n"}
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
        - V(tenants_failed) if tenants failed and the run as such did not. See RV(results) then.
        - V(duplicate_tenant), V(purge_refused), V(duplicates_refused), V(plan_stale), V(stopped), or one of the codes of
          M(tenantlink.stackone.freshservice_link).
      type: str
      sample: duplicate_tenant
    message:
      description: What is wrong, in one sentence.
      type: str
      version_added: 2.0.0
      sample: "mycompany (owner customer-4711) and mycompany (owner customer-4711) are of owner customer-4711: they mean the same link."
    phase:
      description: V(arguments), V(observe), V(apply) or V(confirm).
      type: str
      sample: arguments
    tenant:
      description: What the failure concerns.
      type: str
      sample: tenants
    http_status:
      description: The HTTP status that caused the failure, if any.
      type: int
      sample: 401
    details:
      description:
        - Further details, depending on the code.
        - C(reason) says what went wrong apart from the tenants.
        - For V(purge_refused), C(accounts) contains the first 10 of the accounts that would have been unlinked, and C(more) is the
          number of the others.
      type: dict
      sample: {"positions": [3, 17]}
    remediation:
      description: What to do next.
      type: str
      sample: Remove one of them. Nothing was changed.
    retriable:
      description: Whether trying again later may help.
      type: bool
      sample: false
"""

from typing import Any

from ..module_utils._core.failure import Failure
from ..module_utils._list.entries import entries_from, others_of, refuse_duplicates, shared_domains
from ..module_utils._list.fingerprints import AUTO, Fingerprints, own_path
from ..module_utils._list.link_jobs import LinkJob
from ..module_utils._list.links import Links
from ..module_utils._list.links_report import count_actions, diff_of, run_failure
from ..module_utils._list.list_run import ListRun
from ..module_utils._list.planning import Drafting, Unplanned, planning_of
from ..module_utils._list.results import job_row, run_summary
from ..module_utils._module.argspec import links_spec
from ..module_utils._module.connection_params import stackone_url_from
from ..module_utils._module.link_clients import client_factory
from ..module_utils._module.module import ListModule
from ..module_utils._module.run_params import links_options_from


def work(run: ListRun) -> tuple[dict[str, Any], Failure | None]:
    """Link the tenants. Raise `Failed` if nothing was done."""
    path = fingerprints_path(run)
    links, jobs, others, warnings, planning = links_of(run, path)
    report = links.run(jobs, others)
    saved = isinstance(planning, Drafting) and planning.saved(report)
    summary = run_summary(report.jobs, count_actions(report), links.requests_sent)
    summary["quota_seconds"] = round(links.quota_seconds, 1)
    result: dict[str, Any] = {
        "changed": summary["changed"] > 0,
        "check_mode": run.module.check_mode or isinstance(planning, Drafting),
        "results": [job_row(job) for job in report.jobs],
        "summary": summary,
        "warnings": warnings + report.warnings,
    }
    if report.purged or run.module.params["purge"]:
        result["purged"] = [job_row(job) for job in report.purged]
    if report.resolved or run.module.params["resolve_duplicates"]:
        result["resolved"] = [job_row(job) for job in report.resolved]
    if path:
        result["fingerprints"] = path
    if saved:
        result["plan"] = run.module.params["save_plan"]
    diff = diff_of(report.everything, run.scrubber) if run.module._diff else None
    return {**result, "diff": diff} if diff else result, run_failure(report)


def fingerprints_path(run: ListRun) -> str | None:
    """Return the file for fingerprints, if there is one. Raise `Failed(invalid_argument)`."""
    params = run.module.params
    if params["fingerprints"] != AUTO:
        return params["fingerprints"] or None
    path = own_path(stackone_url_from(params), params["stackone_api_key"].strip())
    if path is None:
        run.module.warn("No fingerprints are kept, because the user has no home folder; name a file in fingerprints.")
    return path


def links_of(
    run: ListRun, fingerprints_path: str | None
) -> tuple[Links, list[LinkJob], list[LinkJob], list[str], Unplanned]:
    """Return the run, its jobs, those that are not part of it, warnings about the list, and its plan. Raise `Failed`."""
    tenants = run.take_tenants()
    params = run.module.params
    options = links_options_from(params, run.module.check_mode, len(tenants))
    factory = client_factory(run)
    entries = entries_from(tenants, scrubber=run.scrubber)
    # Ansible holds the same list. It is not needed any more, and it can be large.
    tenants.clear()
    others = others_of(entries, run.take_other_tenants())
    refuse_duplicates(entries, others)
    jobs = [LinkJob(entry) for entry in entries]
    apart = [LinkJob(entry, apart=True) for entry in others]
    key = params["stackone_api_key"].strip()
    fingerprints = Fingerprints(fingerprints_path, key) if fingerprints_path else None
    planning = planning_of(run)
    links = Links(factory, planning.options(options), run.stop, run.progress(len(jobs)), fingerprints, planning)
    return links, jobs, apart, shared_domains(entries), planning


def main() -> None:
    """Run the module."""
    ListRun(ListModule(argument_spec=links_spec(), required_by={"client_key": "client_cert"})).work(work)


if __name__ == "__main__":
    main()
