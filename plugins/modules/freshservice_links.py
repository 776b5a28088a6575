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
  - Makes sure that each Freshservice tenant of a list is a linked account in StackOne, or that it is not, in one task.
  - Does for every tenant what M(tenantlink.stackone.freshservice_link) does for one, as fast as the network and StackOne's quota
    allow. The accounts are listed once before and once after, the tenants are worked through by many workers.
  - A tenant that fails does not stop the others. The task fails in the end and still returns the result of every tenant.
  - It can be killed at any moment and run again. What is linked already is found, not linked twice.
  - Where two runs link the same tenant at the same time, the account that was made first stays. The other run unlinks the
    account that it made itself, and takes over the first one. Still, let one run at a time work on a StackOne project.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.tenants
  - tenantlink.stackone.tenants.run
  - tenantlink.stackone.tenants.quota
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
      - Connect sessions may be opened to see what accounts store. They change nothing and expire by themselves.
  diff_mode:
    support: full
    details:
      - One line for each changed tenant, at most 100 of each kind. Of secrets it says V(unchanged), V(changed) or V(unknown),
        nothing else.
  idempotent:
    support: partial
    details:
      - With O(tenants[].update_credentials=always) every run sends the key again.
options:
  confirm_timeout:
    description:
      - Seconds to wait in the end for the accounts to become active.
    type: float
    default: 30.0
  verify_link:
    description:
      - How to see that the links work.
      - V(status) waits until StackOne calls the linked and re-linked accounts active.
      - V(call) does that, and then lets StackOne call Freshservice through each account, and compares the agent that answers
        with the agent of O(tenants[].api_key). An agent has one key, so this proves that the stored key is the declared one.
        It costs a request for each tenant in every run, in check mode too, which StackOne counts as an action call, and needs
        a StackOne key with the Unified scope and O(tenants[].verify_key=true).
      - V(none) takes the accounts as they are, with a warning where one is not active.
    type: str
    choices: [none, status, call]
    default: status
  fingerprints:
    description:
      - File in which to remember, from run to run, that an account stores the declared domain and key. While StackOne has not
        changed an account since, it is then known without a request, and a rotated key is noticed even where StackOne shows
        no characters of the stored one.
      - V(auto) is a file of the user's own in C($XDG_CACHE_HOME/tenantlink.stackone), else C(~/.cache/tenantlink.stackone), one for
        each StackOne URL and key. RV(fingerprints) tells which. A file that is called so is V(./auto).
      - It holds no key and nothing a key could be guessed from without the StackOne key, has mode 0600, and is a cache. Without
        it, each tenant costs two more requests. Where it cannot be read or written, a warning says so. Several runs may use it
        at the same time. Check mode does not write it.
    type: path
  purge:
    description:
      - Whether to unlink the accounts of the same provider that no entry of O(tenants) stands for.
      - That is done last, and only where the run was not stopped before. In check mode they are returned in RV(purged).
      - The accounts of an owner are spared while one of its entries fails before it is known which account is meant. While an
        entry does not tell its owner or account at all, because it is misspelt for example, nothing is unlinked.
    type: bool
    default: false
  purge_limit:
    description:
      - How many accounts O(purge) may unlink in one run. Below 1 it is a share of all accounts of the provider, rounded down,
        from 1 on a number. A tenth of fewer than 10 accounts is none.
      - Where it would be more, none is unlinked, and the task fails and names them.
    type: float
    default: 0.1
  resolve_duplicates:
    description:
      - Where a tenant has several accounts of one link (the same provider, owner and domain), keep one and unlink the others.
        The oldest account that works stays, or the oldest one if none works.
      - That is done before the tenants are linked. In check mode the accounts are returned in RV(resolved). Without it, such
        tenants fail with C(ambiguous_account).
    type: bool
    default: false
    version_added: 1.1.0
  resolve_duplicates_limit:
    description:
      - How many accounts O(resolve_duplicates) may unlink in one run. Below 1 it is a share of all accounts of the provider.
        Where there are more, none is unlinked and the task fails.
    type: float
    default: 0.1
    version_added: 1.1.0
seealso:
  - module: tenantlink.stackone.freshservice_link
  - module: tenantlink.stackone.freshservice_key_info
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

- name: Link the customers of a CSV file, with keys from Ansible Vault, and unlink who is no longer in it
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ lookup('ansible.builtin.file', 'tenants.csv') | tenantlink.stackone.tenants(api_keys=vault_freshservice_api_keys) }}"
    fingerprints: auto
    purge: true
    purge_limit: 5

- name: Leave half of StackOne's quota to others, and stop when something is wrong altogether
  tenantlink.stackone.freshservice_links:
    stackone_api_key: "{{ vault_stackone_api_key }}"
    tenants: "{{ tenants }}"
    requests_per_minute: 500
    stop_after_failures: 20
"""

RETURN = r"""
results:
  description: What came of each tenant, in the order of O(tenants).
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: list
  elements: dict
  contains:
    domain:
      description: The Freshservice domain.
      type: str
      sample: mycompany
    origin_owner_id:
      description: Your id of the customer.
      type: str
      sample: customer-4711
    account_id:
      description: StackOne's id of the account, where there is one.
      type: str
      sample: "45320976103598426371"
    action:
      description:
        - What was done, or in check mode what would be.
        - V(create) linked an account, V(relink) sent domain and key again, V(update) changed other fields, V(delete) unlinked it,
          V(none) is none of these. Where several were done, the first of them.
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
      description: The account's status, as StackOne last showed it.
      returned: when there is an account
      type: str
      sample: active
    agent:
      description: The e-mail address of the key's agent, or its id.
      returned: when Freshservice accepted the key
      type: str
      sample: integrations@mycompany.example
    verdict:
      description: The verdict on the domain and key. See M(tenantlink.stackone.freshservice_key_info).
      returned: when the key was checked
      type: str
      sample: valid
    changes:
      description: What of an existing account was changed, or would be, before and after.
      returned: when there is any
      type: dict
      sample: {"label": {"before": "Old", "after": "New"}, "api_key": {"before": "unchanged", "after": "changed"}}
    moved_from:
      description: The domain that the account stored before, where the tenant has moved to another one.
      returned: when the account was linked to another domain, or would be
      type: str
      sample: my-former-company
    agent_change:
      description:
        - Whose key it was before. V(same) is a rotated key of the same agent, V(other) is another agent's, V(unknown) cannot be
          told. See M(tenantlink.stackone.freshservice_link).
      returned: when domain and key were sent again, or would be
      type: str
      sample: same
    verified:
      description: Whether a call through the account was answered by the key's agent.
      returned: when O(verify_link=call)
      type: bool
      sample: true
    profile_drift:
      description:
        - The ids of the declared connector profile and of the one that the account is linked under, where they differ. Nothing
          is moved. See M(tenantlink.stackone.freshservice_link).
      returned: when the entry's C(integration_id) is set and the account is linked under another profile
      type: dict
      sample: {"declared": "bWFpbi1wcm9maWxl", "account": "b3RoZXItcHJvZmlsZQ"}
    warnings:
      description: What is worth knowing although it is no failure.
      returned: when there is any
      type: list
      elements: str
      sample: ["The stored API key is another one, and stays because update_credentials is on_create."]
    failure:
      description:
        - Why the tenant is not as declared. See M(tenantlink.stackone.freshservice_link), with RV(ignore:msg) in it.
        - Its code can also be V(domain_linked_elsewhere), V(stopped) for a tenant that was not started or not finished, and
          V(internal_error).
      returned: when it failed
      type: dict
      sample:
        code: tenant_suspended
        message: the tenant is suspended.
        phase: key_check
        tenant: mycompany (owner customer-4711)
        http_status: 403
        details: {"evidence": "HTTP 403: account_suspended"}
        remediation: The customer renews the subscription under Admin > Plans & Billing; then run again.
        retriable: false
        msg: >-
          mycompany (owner customer-4711): the Freshservice account is suspended. The customer renews the subscription under
          Admin > Plans & Billing; then run again.
purged:
  description: The accounts that no entry of O(tenants) stands for and that were unlinked, or would be, like RV(results).
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
resolved:
  description:
    - The duplicates that were unlinked because of O(resolve_duplicates), or would be, like RV(results), with the id of the
      account that stays in C(duplicate_of).
  returned: when O(resolve_duplicates=true)
  type: list
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
summary:
  description: Counts of the run.
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: dict
  contains:
    tenants:
      description: Entries of O(tenants).
      type: int
      sample: 1000
    changed:
      description: How many tenants were changed, purged accounts included.
      type: int
      sample: 9
    failed:
      description: How many tenants failed. Those that were not started are not among them.
      type: int
      sample: 5
    not_started:
      description: How many tenants had no turn because the run was stopped, by a signal or by O(stop_after_failures).
      type: int
      sample: 0
    actions:
      description: How many of each action.
      type: dict
      sample: {"create": 5, "relink": 3, "update": 1, "delete": 0, "none": 991}
    moved:
      description: How many tenants moved to another domain, or would. They are among the re-linked ones.
      type: int
      sample: 1
    failures:
      description: How many of each C(failure.code).
      type: dict
      sample: {"key_refused": 4, "tenant_suspended": 1}
    purged:
      description: How many accounts were unlinked because of O(purge).
      type: int
      sample: 0
    duplicates_resolved:
      description: How many accounts were unlinked because of O(resolve_duplicates).
      type: int
      sample: 0
    still_linked:
      description: How many entries with O(tenants[].state=absent) left accounts of other domains to their owners. A warning names them.
      type: int
      sample: 0
    requests:
      description: How many requests each service got, repetitions included.
      type: dict
      sample: {"freshservice": 1000, "stackone": 42}
    quota_seconds:
      description: Seconds in which the run waited for StackOne's quota.
      type: float
      sample: 0.0
fingerprints:
  description: The file of O(fingerprints).
  returned: when O(fingerprints) is set
  type: str
  sample: /home/me/.cache/tenantlink.stackone/fingerprints-5b2f9c01.json
diff:
  description: One line for each changed tenant, before and after.
  returned: in diff mode, when something is changed, or would be
  type: dict
  sample: {"before": "mycompany (owner customer-4711): label Old\n", "after": "mycompany (owner customer-4711): label New\n"}
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
        - V(tenants_failed) where the run as such went well. See RV(results) then.
        - V(duplicate_tenant), V(purge_refused), V(duplicates_refused), V(stopped), or one of the codes of M(tenantlink.stackone.freshservice_link).
      type: str
      sample: duplicate_tenant
    message:
      description: What is wrong, in one sentence.
      type: str
      sample: several accounts could be this tenant's.
    phase:
      description: V(arguments), V(observe), V(apply) or V(confirm).
      type: str
      sample: arguments
    tenant:
      description: What it concerns.
      type: str
      sample: tenants
    http_status:
      description: The HTTP status that it rests on, if any.
      type: int
      sample: 401
    details:
      description:
        - More, depending on the code.
        - C(reason) is what went wrong apart from the tenants, in words.
        - For V(purge_refused), C(accounts) holds the first 10 of the accounts that would have been unlinked, and C(more) is the
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

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import (
    bulk_options_from,
    stackone_url_from,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import Bulk
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import (
    entries_from,
    refuse_duplicates,
    shared_domains,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure
from ansible_collections.tenantlink.stackone.plugins.module_utils._fingerprints import AUTO, Fingerprints, own_path
from ansible_collections.tenantlink.stackone.plugins.module_utils._jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list_bench import ListBench
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import BulkModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._report import (
    counts,
    diff_of,
    run_failure,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._results import job_row, run_summary
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import bulk_spec


def run(bench: ListBench) -> tuple[dict[str, Any], Failure | None]:
    """Link the tenants. Raises Failed where nothing was done."""
    path = fingerprints_path(bench)
    bulk, jobs, warnings = bulk_of(bench, path)
    report = bulk.run(jobs)
    summary = run_summary(report.jobs, counts(report), bulk.requests_sent)
    summary["quota_seconds"] = round(bulk.quota_seconds, 1)
    result: dict[str, Any] = {
        "changed": summary["changed"] > 0,
        "results": [job_row(job) for job in report.jobs],
        "summary": summary,
        "warnings": warnings + report.warnings,
    }
    if bench.module.params["purge"]:
        result["purged"] = [job_row(job) for job in report.purged]
    if bench.module.params["resolve_duplicates"]:
        result["resolved"] = [job_row(job) for job in report.resolved]
    if path:
        result["fingerprints"] = path
    diff = diff_of(report.everything, bench.scrubber) if bench.module._diff else None
    return {**result, "diff": diff} if diff else result, run_failure(report)


def fingerprints_path(bench: ListBench) -> str | None:
    """Where to keep fingerprints, if anywhere. Raises Failed(invalid_argument)."""
    params = bench.module.params
    if params["fingerprints"] != AUTO:
        return params["fingerprints"] or None
    path = own_path(stackone_url_from(params), params["stackone_api_key"].strip())
    if path is None:
        bench.module.warn("No fingerprints are kept, because the user has no home folder; name a file in fingerprints.")
    return path


def bulk_of(bench: ListBench, fingerprints_path: str | None) -> tuple[Bulk, list[LinkJob], list[str]]:
    """The run, its jobs, and warnings about the list. Raises Failed(invalid_argument or duplicate_tenant)."""
    tenants = bench.take_tenants()
    params = bench.module.params
    options = bulk_options_from(params, bench.module.check_mode, len(tenants))
    exchange = bench.exchange()
    entries = entries_from(tenants)
    # Ansible holds the same list: nobody needs it any more, and it can be large.
    tenants.clear()
    refuse_duplicates(entries)
    jobs = [LinkJob(entry) for entry in entries]
    key = params["stackone_api_key"].strip()
    fingerprints = Fingerprints(fingerprints_path, key) if fingerprints_path else None
    return Bulk(exchange, options, bench.stop, bench.progress(len(jobs)), fingerprints), jobs, shared_domains(entries)


def main() -> None:
    """Run the module."""
    ListBench(BulkModule(argument_spec=bulk_spec(), required_by={"client_key": "client_cert"})).work(run)


if __name__ == "__main__":
    main()
