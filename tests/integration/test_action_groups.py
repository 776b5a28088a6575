# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that module_defaults sets for an action group: every member of the group takes each of them."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.collection import PLAYBOOKS
from tests.support.module_specs import GROUPS, action_groups

REQUIRED = {
    "account_info": {},
    "auth_link": {"origin_owner_id": "customer-acme"},
    **{module: {"tenants": []} for module in ("auth_links", "freshservice_keys_info", "freshservice_links")},
    "freshservice_key_info": {"domain": "acme"},
    "freshservice_link": {"domain": "acme", "origin_owner_id": "customer-acme"},
}
"""What each module needs besides how to connect."""
OF_ONE_KEY = ("freshservice_key_info", "freshservice_link")


@pytest.mark.parametrize("group", GROUPS)
def test_every_member_takes_what_is_set_for_its_group(runner, group):
    values = {
        **{"validate_certs": False, "proxy": "http://127.0.0.1:9", "timeout": 7, "retries": 0},
        "requests_per_minute": 999,
        **dict.fromkeys(("ca_path", "client_cert", "client_key"), str(PLAYBOOKS / "link.yml")),
        **runner.connection(),
    }
    tasks = []
    for module in action_groups()[group]:
        options = dict(REQUIRED[module])
        if module in OF_ONE_KEY:
            options["api_key"] = "{{ one_key }}"
        tasks.append({f"tenantlink.stackone.{module}": options, "ignore_errors": True})
    defaults = {f"group/tenantlink.stackone.{group}": {name: f"{{{{ defaults.{name} }}}}" for name in GROUPS[group]}}
    secret = {"defaults": values, "one_key": runner.tenant_key("acme")}
    env = {"STACKONE_API_KEY": values["stackone_api_key"]}
    run = runner.run_tasks(*tasks, secret=secret, env=env, module_defaults=defaults)
    assert run.code == 0, run.output
    assert "Unsupported parameters" not in run.output
    # As each module repeats them.
    taken = [json.loads(found) for found in re.findall(r'"module_args": (\{.*?\n        \})', run.output, re.DOTALL)]
    assert len(taken) == len(action_groups()[group])
    for arguments in taken:
        for name in GROUPS[group] - {"stackone_api_key"}:
            assert arguments[name] == values[name], name
