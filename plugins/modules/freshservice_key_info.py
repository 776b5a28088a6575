#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a Freshservice domain and API key."""

from __future__ import annotations

DOCUMENTATION = r"""
module: freshservice_key_info
short_description: Check a Freshservice domain and API key
version_added: 1.0.0
description:
  - Checks whether a Freshservice domain exists and an agent's API key is enabled and works. If not, it reports the reason and what to
    click.
  - Sends one request to Freshservice, or two if O(admin_api_key) is needed to find out why a key is refused. Nothing is sent to
    StackOne.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.tenant
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.freshservice
  - tenantlink.stackone.attributes
  - tenantlink.stackone.attributes.guarded
  - tenantlink.stackone.attributes.info
attributes:
  action_group:
    membership:
      - tenantlink.stackone.all
      - tenantlink.stackone.freshservice
options:
  domain:
    required: true
  api_key:
    required: true
  fail_on_refused:
    description:
      - Whether to fail if the verdict is not V(valid). By default the verdict is returned, so that a pipeline can decide.
    type: bool
    default: false
seealso:
  - module: tenantlink.stackone.freshservice_link
  - module: tenantlink.stackone.freshservice_keys_info
"""

EXAMPLES = r"""
- name: Check a customer's key before anything else
  tenantlink.stackone.freshservice_key_info:
    domain: mycompany
    api_key: "{{ vault_mycompany_api_key }}"
  register: preflight

- name: Show what the customer has to do
  ansible.builtin.debug:
    msg: "{{ preflight.key_check.message }} {{ preflight.key_check.remediation }}"
  when: preflight.key_check.status != 'valid'

- name: Find out exactly why a key is refused, with an Account Admin's key
  tenantlink.stackone.freshservice_key_info:
    domain: https://mycompany.freshservice.com
    api_key: "{{ vault_mycompany_api_key }}"
    admin_api_key: "{{ vault_mycompany_admin_api_key }}"
    agent_email: integrations@mycompany.example
    fail_on_refused: true
"""

RETURN = r"""
domain:
  description: The domain, without C(.freshservice.com).
  returned: always, unless an option is wrong
  type: str
  sample: mycompany
key_check:
  description: The verdict.
  returned: always, unless an option is wrong
  type: dict
  contains:
    status:
      description:
        - One of V(valid), V(key_refused), V(key_disabled), V(agent_deactivated), V(access_denied), V(domain_not_found),
          V(tenant_suspended), V(rate_limited), V(unreachable), V(not_freshservice).
      type: str
      sample: key_disabled
    message:
      description: What is wrong, in a sentence.
      type: str
      sample: the API key is switched off for its agent.
    http_status:
      description: The HTTP status of Freshservice's response. V(none) if there was no response.
      type: int
      sample: 401
    evidence:
      description: What the verdict is based on.
      type: str
      sample: "HTTP 401: You have to be logged in to perform this action.; the agent's record says api_key_enabled: false"
    remediation:
      description: What a person has to do, in the words of Freshservice's menus.
      type: str
      sample: "Ask an Account Admin to open Admin > User Management > Agents > (the agent) > Permissions > API Key and enable it."
    retriable:
      description: Whether trying again later may help.
      type: bool
      sample: false
agent:
  description: The agent that the key belongs to.
  returned: when Freshservice accepted the key
  type: dict
  contains:
    id:
      description: The agent's ID.
      type: int
      sample: 21001074604
    email:
      description: The agent's e-mail address.
      type: str
      sample: integrations@mycompany.example
    name:
      description: The agent's first and last name.
      type: str
      sample: Integration Agent
    active:
      description: Whether the agent is active. V(none) if Freshservice does not return it.
      type: bool
      sample: true
    occasional:
      description: Whether the agent is occasional. V(none) if Freshservice does not return it.
      type: bool
      sample: false
failure:
  description: What went wrong, for programs. RV(ignore:msg) says the same in one line for people.
  returned: on failure
  type: dict
  contains:
    code:
      description: The verdict, or V(invalid_domain), V(invalid_argument) or V(library_missing).
      type: str
      sample: key_disabled
    message:
      description: What is wrong, in one sentence.
      type: str
      version_added: 2.0.0
      sample: the API key is switched off for its agent.
    phase:
      description: V(arguments) or V(key_check).
      type: str
      sample: key_check
    tenant:
      description: The domain.
      type: str
      sample: mycompany
    http_status:
      description: As RV(key_check.http_status).
      type: int
      sample: 401
    details:
      description: Further details, depending on the code.
      type: dict
      sample: {"evidence": "HTTP 401: You have to be logged in to perform this action.; the agent's record says api_key_enabled: false"}
    remediation:
      description: As RV(key_check.remediation).
      type: str
      sample: "Ask an Account Admin to open Admin > User Management > Agents > (the agent) > Permissions > API Key and enable it."
    retriable:
      description: As RV(key_check.retriable).
      type: bool
      sample: false
"""

from ..module_utils._clients.freshservice import Freshservice
from ..module_utils._clients.key_status import KeyStatus
from ..module_utils._core.failure import Failed, Phase
from ..module_utils._core.text import one_line
from ..module_utils._core.urls import shown_url
from ..module_utils._module.argspec import freshservice_spec, http_spec, key_check_spec
from ..module_utils._module.connection_params import freshservice_url_from
from ..module_utils._module.module import Module, ModuleRun
from ..module_utils._module.tenant_params import key_check_arguments


def work(module: Module, run: ModuleRun) -> None:
    """Do what the options say, and end the module."""
    try:
        domain, *keys = key_check_arguments(module.params)
        freshservice = Freshservice(run.connect(), freshservice_url_from(module.params))
    except Failed as error:
        run.refuse(error, one_line(shown_url(module.params["domain"])))
    check = freshservice.check_key(domain, *keys)
    result = {"changed": False, "domain": domain, "key_check": check.as_dict(), "warnings": check.warnings}
    if check.agent:
        result["agent"] = check.agent.as_dict()
    if module.params["fail_on_refused"] and check.status is not KeyStatus.VALID:
        run.fail(check.failed().located(Phase.KEY_CHECK, domain), result)
    run.exit(result)


def main() -> None:
    """Run the module."""
    own = {"fail_on_refused": {"type": "bool", "default": False}}
    spec = {**http_spec(), **freshservice_spec(), **key_check_spec(), **own}
    for name in ("domain", "api_key"):
        spec[name]["required"] = True
    module = Module(
        argument_spec=spec,
        required_together=[("admin_api_key", "agent_email")],
        required_by={"client_key": "client_cert"},
    )
    run = ModuleRun(module)
    with run.reporting_defects():
        work(module, run)


if __name__ == "__main__":
    main()
