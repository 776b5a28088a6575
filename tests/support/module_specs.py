# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the modules, and the options of their action groups."""

from __future__ import annotations

import yaml

from ansible_collections.tenantlink.stackone.plugins.module_utils._module import argspec as _specs
from tests.support.collection import ROOT

SPECS = {
    "freshservice_link": {
        **_specs.http_spec(),
        **_specs.freshservice_spec(),
        **_specs.stackone_spec(),
        **_specs.project_spec(),
        **_specs.tenant_spec(),
        **_specs.confirm_spec(),
    },
    "freshservice_key_info": {
        **_specs.http_spec(),
        **_specs.freshservice_spec(),
        **_specs.key_check_spec(),
        "domain": {"type": "str", "required": True},
        "api_key": {"type": "str", "required": True, "no_log": True},
        "fail_on_refused": {"type": "bool", "default": False},
    },
    "freshservice_keys_info": {
        **_specs.tenants_spec(),
        **_specs.freshservice_spec(),
        "fail_on_refused": {"type": "bool", "default": False},
    },
    "freshservice_links": _specs.links_spec(),
    "auth_link": {
        **_specs.http_spec(),
        **_specs.stackone_spec(),
        **_specs.project_spec(),
        **_specs.owner_spec(),
        **_specs.auth_spec(),
    },
    "auth_links": {
        **_specs.tenants_spec(),
        **_specs.others_spec(),
        **_specs.quota_spec(),
        **_specs.project_spec(),
        **_specs.auth_spec(),
    },
    "account_info": _specs.account_info_spec(),
}
HOW_TO_CONNECT = set(_specs.http_spec())
GROUPS = {
    "all": HOW_TO_CONNECT,
    "stackone": HOW_TO_CONNECT | set(_specs.stackone_spec()),
    "freshservice": HOW_TO_CONNECT | set(_specs.freshservice_spec()),
}
"""What can be set for each action group: every member takes it."""


def action_groups():
    return yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
