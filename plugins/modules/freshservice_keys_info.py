#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check many Freshservice domains and API keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: freshservice_keys_info
short_description: Check many Freshservice domains and API keys
version_added: 1.0.0
description:
  - Does for each tenant of a list what M(tenantlink.stackone.freshservice_key_info) does for one, many at a time.
  - Nothing is sent to StackOne, and nothing is changed.
  - Accepts the same list as M(tenantlink.stackone.freshservice_links) and uses O(tenants[].domain), O(tenants[].api_key),
    O(tenants[].admin_api_key) and O(tenants[].agent_email) of each tenant. Tenants with O(tenants[].state=absent) are skipped.
  - A tenant without O(tenants[].api_key) has nothing to check, which RV(results[].key) says. It is not a failure.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenants
  - tenantlink.stackone.tenants.run
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.watched
  - tenantlink.stackone.attributes.info
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.freshservice
options:
  fail_on_refused:
    description:
      - Whether to fail if a verdict is not V(valid). The results of all tenants are returned in any case. By default the task
        succeeds, so that a pipeline can decide.
      - A tenant that cannot be checked, for example because its domain is not valid, always fails the task.
    type: bool
    default: false
seealso:
  - module: tenantlink.stackone.freshservice_key_info
  - module: tenantlink.stackone.freshservice_links
"""

EXAMPLES = r"""
- name: Check all customers' keys before anything else
  tenantlink.stackone.freshservice_keys_info:
    tenants: "{{ lookup('ansible.builtin.file', 'tenants.csv') | tenantlink.stackone.tenants(api_keys=vault_freshservice_api_keys) }}"
  register: preflight

- name: Show what the customers have to do
  ansible.builtin.debug:
    msg: "{{ preflight.results | selectattr('failure', 'defined') | map(attribute='failure.msg') | list }}"

- name: Stop the pipeline if a key is refused
  tenantlink.stackone.freshservice_keys_info:
    tenants:
      - domain: mycompany
        api_key: "{{ vault_freshservice_api_keys.mycompany }}"
      - domain: othercompany
        api_key: "{{ vault_freshservice_api_keys.othercompany }}"
    fail_on_refused: true
"""

RETURN = r"""
results:
  description: The verdict on each tenant, in the order of O(tenants).
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    domain:
      description: The domain, without C(.freshservice.com) if it is valid.
      type: str
      sample: mycompany
    origin_owner_id:
      description: Your ID of the customer, if it is declared.
      type: str
      sample: customer-4711
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
    warnings:
      description: What is worth knowing about the agent.
      returned: when there are any
      type: list
      elements: str
      sample: ["Agent integrations@mycompany.example is occasional; its API key can stop a day after its last pass (use a full-time agent)."]
    failure:
      description:
        - Why the key was refused or could not be checked. See M(tenantlink.stackone.freshservice_key_info). It also contains
          RV(ignore:msg).
      returned: when the verdict is not V(valid)
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
summary:
  description: Counts of the run.
  returned: always, unless an option is wrong
  type: dict
  contains:
    tenants:
      description: How many tenants the list has, without those that were skipped.
      type: int
      sample: 100
    failed:
      description: How many keys were refused or could not be checked. Those that were not started do not count.
      type: int
      sample: 2
    # begin: not_started, written by make generate
    not_started:
      description: How many tenants were not started, because the run was stopped by a signal or by O(stop_after_failures).
      type: int
      version_added: 2.0.0
      sample: 0
    # end: not_started
    verdicts:
      description: How many keys have each verdict.
      type: dict
      sample: {"valid": 98, "key_refused": 2}
    requests:
      description: How many requests were sent to Freshservice, repetitions included.
      type: dict
      sample: {"freshservice": 100}
warnings:
  description: Which requests had to be repeated.
  returned: when there are any
  type: list
  elements: str
  sample: ["Repeated 1 request (GET /api/v2/agents/me: HTTP 429); waited 30.0 s in all."]
failure:
  description: What went wrong, for programs. RV(ignore:msg) says the same in one line for people.
  returned: on failure
  type: dict
  sample:
    code: tenants_failed
    message: "2 of 450 tenants failed: ..."
    phase: key_check
    tenant: null
    http_status: null
    details: {}
    remediation: ""
    retriable: false
"""

from typing import Any

from ..module_utils._clients.freshservice import Freshservice
from ..module_utils._core.failure import Failure, Phase, require
from ..module_utils._http.messages import Service
from ..module_utils._list.early_end import Failures
from ..module_utils._list.entries import entries_from, present
from ..module_utils._list.key_check_jobs import KeyCheckJob, count_verdicts
from ..module_utils._list.list_run import ListRun
from ..module_utils._list.results import failures_of, job_row, run_summary
from ..module_utils._module.argspec import freshservice_spec, tenants_spec
from ..module_utils._module.connection_params import freshservice_url_from
from ..module_utils._module.module import ListModule
from ..module_utils._module.run_params import check_run
from ..module_utils._module.tenant_params import TO_CHECK


def work(run: ListRun) -> tuple[dict[str, Any], Failure | None]:
    """Check the keys. Raise `Failed(invalid_argument)`."""
    check_run(run.module.params)
    freshservice = Freshservice(run.connect(), freshservice_url_from(run.module.params))
    jobs = [KeyCheckJob(entry) for entry in present(entries_from(run.take_tenants(), TO_CHECK, run.scrubber))]

    def check(job: KeyCheckJob) -> None:
        if not job.keyless:
            job.result = freshservice.check_tenant(require(job.tenant))

    run.work_through(jobs, run.progress(len(jobs)), Phase.KEY_CHECK, check)
    summary = run_summary(jobs, count_verdicts(jobs), run.requests_sent(Service.FRESHSERVICE))
    result = {"changed": False, "results": list(map(job_row, jobs)), "summary": summary}
    # A refused key is a result. A key that could not be checked is not: the run then fails in any case.
    unanswered = Failures([job.unanswered for job in jobs if job.unanswered], len(jobs))
    failures = failures_of(jobs) if run.module.params["fail_on_refused"] else unanswered
    return result, run.failure(failures, Phase.KEY_CHECK)


def main() -> None:
    """Run the module."""
    own = {"fail_on_refused": {"type": "bool", "default": False}}
    spec = {**tenants_spec(), **freshservice_spec(), **own}
    ListRun(ListModule(argument_spec=spec, required_by={"client_key": "client_cert"})).work(work)


if __name__ == "__main__":
    main()
