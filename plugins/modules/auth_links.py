#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create auth links for many customers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_links
short_description: Create an auth link for each customer who is not linked yet
version_added: 1.0.0
description:
  - Does for each tenant of a list what M(tenantlink.stackone.auth_link) does for one, many at a time. The accounts of the
    owners are listed in a few requests, and each customer who is not linked costs one more.
  - Accepts the same list as M(tenantlink.stackone.freshservice_links) and uses all of it but the keys. Tenants with
    O(tenants[].state=absent) are skipped.
  - The result is hidden from Ansible's output, logs and callbacks, as with C(no_log). The registered variable holds the links.
    Tenants that failed, and the reasons, are shown as warnings.
  - Reports C(changed) if links were created, or would be in check mode. No account differs before the customer has used the link.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenants
  - tenantlink.stackone.tenants.run
  - tenantlink.stackone.tenants.others
  - tenantlink.stackone.tenants.quota
  - tenantlink.stackone.auth
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - tenantlink.stackone.connection.project
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.watched
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.stackone
seealso:
  - module: tenantlink.stackone.auth_link
  - module: tenantlink.stackone.account_info
"""

EXAMPLES = r"""
- name: Create a link for each customer who is not linked yet
  tenantlink.stackone.auth_links:
    tenants:
      - origin_owner_id: customer-4711
        origin_owner_name: My Company Ltd
      - origin_owner_id: customer-4712
    expires_in: 604800
    stackone_api_key: "{{ vault_stackone_api_key }}"
  register: invitations

- name: Save them for a mail merge
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
  description: The result of each tenant, in the order of O(tenants).
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: list
  elements: dict
  contains:
    origin_owner_id:
      description: Your ID of the customer.
      type: str
      sample: customer-4711
    origin_owner_name:
      description: The customer's name, if it is declared.
      type: str
      sample: My Company Ltd
    domain:
      description: The Freshservice domain, if it is declared.
      type: str
      sample: mycompany
    auth_link_url:
      description: The link. V(none) if the customer is linked already, and in check mode.
      returned: when it did not fail
      type: str
      sample: https://app.stackone.com/embedded/integrations?token=...
    expires_at:
      description: When the link expires, in UTC. V(none) if there is no link.
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
      description: StackOne's ID of the existing account. V(none) if there is no account.
      returned: when it did not fail
      type: str
      sample: "45320976103598426371"
    account_status:
      description: The status of that account.
      returned: when it did not fail
      type: str
      sample: error
    changed:
      description: Whether a link was created, or would be.
      returned: when it did not fail
      type: bool
      sample: true
    failure:
      description: Why there is no link. See M(tenantlink.stackone.freshservice_link). It also contains RV(ignore:msg).
      returned: when it failed
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
        msg: >-
          owner customer-4711: several accounts could be this link: 45320976103598426371 (domain mycompany, active). Name the right
          one in account_id; nothing was changed.
check_mode:
  description: Whether the run only says what it would do, because of check mode.
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: bool
  sample: false
  version_added: 2.0.0
summary:
  description: Counts of the run.
  returned: always, unless an option is wrong or the accounts cannot be listed
  type: dict
  contains:
    tenants:
      description: How many tenants the list has, without those that were skipped.
      type: int
      sample: 100
    linked:
      description: How many customers have an account that works.
      type: int
      sample: 60
    auth_links:
      description: How many links were created, or would be.
      type: int
      sample: 40
    failed:
      description: How many tenants failed. Those that were not started do not count.
      type: int
      sample: 0
    # begin: not_started, written by make generate
    not_started:
      description: How many tenants were not started, because the run was stopped by a signal or by O(stop_after_failures).
      type: int
      version_added: 2.0.0
      sample: 0
    # end: not_started
    requests:
      description: How many requests were sent to StackOne, repetitions included.
      type: dict
      sample: {"stackone": 42}
# begin: repeated, written by make generate
warnings:
  description: Which requests had to be repeated.
  returned: when there are any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /accounts: HTTP 503); waited 0.6 s in all."]
# end: repeated
failure:
  description: What went wrong, for programs. RV(ignore:msg) says the same in one line for people.
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

from ..module_utils._clients.directory import READERS
from ..module_utils._clients.factory import stackone_and_hub
from ..module_utils._core.clock import Stopped
from ..module_utils._core.failure import Failure, Phase, during
from ..module_utils._core.tenant import State
from ..module_utils._http.messages import Service
from ..module_utils._list.auth_link_jobs import AuthLinkJob, count_auth_links, other_domains_warning
from ..module_utils._list.auth_links import AuthLinks
from ..module_utils._list.entries import entries_from, others_of, present, refuse_duplicates
from ..module_utils._list.list_run import ListRun
from ..module_utils._list.results import failures_of, job_row, run_summary
from ..module_utils._module.argspec import auth_spec, others_spec, project_spec, quota_spec, tenants_spec
from ..module_utils._module.module import ListModule
from ..module_utils._module.run_params import auth_options_from, check_run
from ..module_utils._module.tenant_params import TO_INVITE


def work(run: ListRun) -> tuple[dict[str, Any], Failure | None]:
    """Create the links. Raise `Failed` if none was created."""
    check_run(run.module.params)
    options = auth_options_from(run.module.params, run.module.check_mode)
    stackone, hub = stackone_and_hub(*run.stackone_api())
    jobs, others = jobs_of(run)
    progress = run.progress(len(jobs))
    links = AuthLinks(stackone, hub, options, run.stop.clock(), run.pool(progress, READERS).map)
    # If the run is stopped here, it reports each tenant as not started.
    with suppress(Stopped), during(Phase.OBSERVE):
        links.find(jobs, others)
    run.work_through(jobs, progress, Phase.APPLY, links.create)
    summary = run_summary(jobs, count_auth_links(jobs), run.requests_sent(Service.STACKONE))
    result = {
        "changed": summary["auth_links"] > 0,
        "check_mode": run.module.check_mode,
        "owners": list(map(job_row, jobs)),
        "summary": summary,
        "warnings": other_domains_warning(jobs),
    }
    return result, run.failure(failures_of(jobs), Phase.APPLY)


def jobs_of(run: ListRun) -> tuple[list[AuthLinkJob], list[AuthLinkJob]]:
    """Return the owners who may get a link, and the tenants that are declared as well. Raise `Failed`."""
    entries = entries_from(run.take_tenants(), TO_INVITE, run.scrubber)
    others = others_of(entries, run.take_other_tenants())
    invited = present(entries)
    refuse_duplicates(invited, others)
    leaving = [AuthLinkJob(entry) for entry in entries if entry.tenant and entry.tenant.state is State.ABSENT]
    return [AuthLinkJob(entry) for entry in invited], [*leaving, *(AuthLinkJob(entry, apart=True) for entry in others)]


def main() -> None:
    """Run the module."""
    spec = {**tenants_spec(), **others_spec(), **quota_spec(), **project_spec(), **auth_spec()}
    ListRun(ListModule(argument_spec=spec, required_by={"client_key": "client_cert"})).work(work)


if __name__ == "__main__":
    main()
