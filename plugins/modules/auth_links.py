#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make auth links for many customers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_links
short_description: Make an auth link for each customer who is not linked yet
version_added: 1.0.0
description:
  - Does for each tenant of a list what M(tenantlink.stackone.auth_link) does for one, many at a time. The accounts of their
    owners are listed in few requests, and each customer who is not linked costs one more.
  - It takes the same list as M(tenantlink.stackone.freshservice_links), and uses of it all but keys. Tenants with
    O(tenants[].state=absent) are passed over.
  - The result is hidden from Ansible's output, logs and callbacks, as with C(no_log). The registered variable holds the links.
    What failed, and why, is shown as warnings.
  - Reports C(changed) where links were made, or in check mode would be. No account differs before the customer has used the link.
author:
  - tenantlink.stackone contributors (@tenantlink)
notes:
  - Do not print the registered variable with M(ansible.builtin.debug), and do not loop over it. With E(ANSIBLE_DEBUG) Ansible
    prints what a module returns before anything can hide it.
  - The module cannot run with C(async), because nothing could hide the result then.
extends_documentation_fragment:
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.tenants
  - tenantlink.stackone.tenants.run
  - tenantlink.stackone.tenants.quota
  - tenantlink.stackone.auth
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.watched
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
      - In check mode no session is opened, so there are no links either.
  diff_mode:
    support: none
    details:
      - New links are a change, but no account differs before a customer has used one.
  idempotent:
    support: partial
    details:
      - Until a customer is linked, every run makes a new link. Earlier ones are good until they expire.
seealso:
  - module: tenantlink.stackone.auth_link
  - module: tenantlink.stackone.account_info
"""

EXAMPLES = r"""
- name: Make a link for each customer who is not linked yet
  tenantlink.stackone.auth_links:
    tenants:
      - origin_owner_id: customer-4711
        origin_owner_name: My Company Ltd
      - origin_owner_id: customer-4712
    expires_in: 604800
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: invitations

- name: Keep them for a mail merge
  ansible.builtin.copy:
    content: >-
      {{ invitations.owners | selectattr('auth_link_url', 'defined') | rejectattr('auth_link_url', 'none')
         | tenantlink.stackone.report_csv(['origin_owner_id', 'origin_owner_name', 'auth_link_url', 'expires_at']) }}
    dest: auth_links.csv
    mode: "0600"
  diff: false
"""

RETURN = r"""
owners:
  description: What came of each tenant, in the order of O(tenants).
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: list
  elements: dict
  contains:
    origin_owner_id:
      description: Your id of the customer.
      type: str
      sample: customer-4711
    origin_owner_name:
      description: The customer's name, where it is declared.
      type: str
      sample: My Company Ltd
    domain:
      description: The Freshservice domain, where it is declared.
      type: str
      sample: mycompany
    auth_link_url:
      description: The link. V(none) where the customer is linked already, and in check mode.
      returned: when it did not fail
      type: str
      sample: https://app.stackone.com/embedded/integrations?token=...
    expires_at:
      description: When the link expires, in UTC; V(none) where there is none.
      returned: when it did not fail
      type: str
      sample: "2026-11-06T08:00:00Z"
    linked:
      description: Whether the customer has an account that works.
      returned: when it did not fail
      type: bool
      sample: false
    purpose:
      description: As RV(tenantlink.stackone.auth_link#module:purpose).
      returned: when it did not fail
      type: str
      sample: link
    account_id:
      description: StackOne's id of the account that is there; V(none) where there is none.
      returned: when it did not fail
      type: str
      sample: "45320976103598426371"
    account_status:
      description: Its status.
      returned: when it did not fail
      type: str
      sample: error
    changed:
      description: Whether a link was made, or would be.
      returned: when it did not fail
      type: bool
      sample: true
    failure:
      description: Why there is no link. See M(tenantlink.stackone.freshservice_link), with RV(ignore:msg) in it.
      returned: when it failed
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
        msg: >-
          owner customer-4711: several accounts could be this link: 45320976103598426371 (domain mycompany, active). Name the right
          one in account_id; nothing was changed.
summary:
  description: Counts of the run.
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: dict
  contains:
    tenants:
      description: How many tenants there are in the list.
      type: int
      sample: 100
    linked:
      description: How many have an account that works.
      type: int
      sample: 60
    auth_links:
      description: How many links were made, or would be.
      type: int
      sample: 40
    failed:
      description: How many failed. Those that were not started are not among them.
      type: int
      sample: 0
    not_started:
      description: How many had no turn because the run was stopped, by a signal or by O(stop_after_failures).
      type: int
      sample: 0
    requests:
      description: How many requests StackOne got, repetitions included.
      type: dict
      sample: {"stackone": 42}
warnings:
  description: Which requests had to be repeated.
  returned: when there is any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
failure:
  description: What went wrong, for machines. RV(ignore:msg) says the same in one line for people.
  returned: on failure
  type: dict
  sample:
    code: tenants_failed
    message: "2 of 450 tenants failed: ..."
    phase: apply
    tenant: null
    http_status: null
    details: {}
    remediation: ""
    retriable: false
"""

from contextlib import suppress
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import auth_options_from, check_run
from ansible_collections.tenantlink.stackone.plugins.module_utils._auth import Inviter
from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import READERS
from ansible_collections.tenantlink.stackone.plugins.module_utils._directory import Directory, owners_by_provider
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import (
    TO_INVITE,
    entries_from,
    present,
    refuse_duplicates,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure, Phase, during
from ansible_collections.tenantlink.stackone.plugins.module_utils._find import Finder
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Service, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._invitations import AuthLinkJob, counts
from ansible_collections.tenantlink.stackone.plugins.module_utils._list_bench import ListBench
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import BulkModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._results import failures_of, job_row, run_summary
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import auth_spec, quota_spec, tenants_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure


def run(bench: ListBench) -> tuple[dict[str, Any], Failure | None]:
    """Make the links. Raises Failed where none was made."""
    check_run(bench.module.params)
    options = auth_options_from(bench.module.params, bench.module.check_mode)
    stackone, hub = bench.hub()
    entries = present(entries_from(bench.take_tenants(), TO_INVITE))
    refuse_duplicates(entries)
    jobs = [AuthLinkJob(entry) for entry in entries]
    progress = bench.progress(len(jobs))
    directory = Directory(stackone, bench.crew(progress, READERS).each)
    # Stopped meanwhile, the run tells of each tenant that it was not started.
    with suppress(Stopped), during(Phase.OBSERVE):
        for provider, owners in owners_by_provider(entry.tenant for entry in entries if entry.tenant).items():
            directory.load_owners(provider, owners)
            directory.ask_again(provider, owners)
    inviter = Inviter(stackone, Finder(stackone, hub, directory), options, bench.stop.clock())

    def invite(job: AuthLinkJob) -> None:
        job.result = inviter.invite(sure(job.tenant))

    bench.work_through(jobs, progress, Phase.APPLY, invite)
    summary = run_summary(jobs, counts(jobs), bench.requests_sent(Service.STACKONE))
    result = {"changed": summary["auth_links"] > 0, "owners": list(map(job_row, jobs)), "summary": summary}
    return result, bench.failure(failures_of(jobs), Phase.APPLY)


def main() -> None:
    """Run the module."""
    spec = {**tenants_spec(), **quota_spec(), **auth_spec()}
    ListBench(BulkModule(argument_spec=spec, required_by={"client_key": "client_cert"})).work(run)


if __name__ == "__main__":
    main()
