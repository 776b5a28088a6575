# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody knows of the two services for sure: the whole way works whichever way it is."""

from __future__ import annotations

import pytest

from tests.support.module_runner import LINK

DOMAIN = {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False}
KEY = {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True}

VARIANTS = [
    {}, {"error_family": "errors"}, {"legacy_agent_fields": False, "expose_api_key_enabled": True},
    {"ratelimit_header_case": "title", "unauthorized_ratelimit_headers": False}, {"require_user_agent": True},
    {"accounts_shape": "data"}, {"accounts_shape": "data_next", "accounts_page_base": 0},
    {"accounts_page_base": 0, "accounts_page_cap": 25, "accounts_shuffle": True, "accounts_filters": "ignored"},
    {"accounts_filters": "ignored", "accounts_page_cap": 30}, {"accounts_page_cap": 10},
    {"accounts_page_cap": 1, "accounts_page_base": 0}, {"setup_information_in_accounts": False},
    {"type_case": "upper", "status_case": "upper"}, {"account_missing": 400},
    {"patch_unknown_property": "rejected"}, {"delete_status": 202}, {"delete_status": 204},
    {"organization_id": "string"}, {"profile_property": "integration_id"},
    {"profile_property": "connector_profile_id"}, {"provider_version": "rejected"},
    {"hub_token_refused_status": 403}, {"settings_existing_account": False}, {"hub_connectors": "all"},
    {"connector_config": "legacy"}, {"connector_config": "both"}, {"hub_unknown_field": "rejected"},
    {"hub_test": "async", "hub_async_delay_ms": 1}, {"hub_existing_triple": "duplicate"},
    {"hub_patch_retest": False}, {"hub_patch_body": "empty"}, {"hub_secret_tail": 0},
    {"connector_fields": [{**DOMAIN, "key": "subdomain"}, {**KEY, "key": "token", "label": "Access"}]},
    {"connector_fields": [{**DOMAIN, "placeholder": "mycompany.freshservice.com"}, KEY]},
    {"proxy_path_prefix": "api_v2", "proxy_error_style": "http"}, {"accounts_paging": "ignored"},
    {"accounts_paging": "ignored", "accounts_shape": "data"},
    {"hub_connectors": "all", "session_profile": "untold"},
    {"hub_connectors": "all", "session_profile": "untold", "auth_configs": "missing", "hub_connectors_default": True},
    {"auth_configs": "forbidden"}, {"session_connection_attempt": True}, {"require_hub_version": True},
    {"hub_test_action": "agents_me"},
]  # fmt: skip
OTHERS = 40
WAY = [
    *(("create", True), ("create", False), (None, False)),
    *(("update", True), ("update", False), (None, False)),
    *(("relink", False), (None, False)),
    *(("delete", False), (None, False)),
]
"""What each step does, and whether it is in check mode."""


@pytest.mark.parametrize("verify_link", ["status", "call"])
@pytest.mark.parametrize("switches", VARIANTS, ids=lambda switches: ",".join(map(str, switches)) or "default")
def test_the_whole_way(runner, switches, verify_link):
    runner.reset()
    for number in range(OTHERS):
        runner.emulator.add_account(origin_owner_id=f"other-{number}", domain="d", api_key="k" * 20)
    runner.emulator.switch(**switches)
    profile = next(item["integration_id"] for item in runner.emulator.profiles() if item["default"])
    first = {
        **runner.connection(LINK), "domain": "t00001", "api_key": runner.keys["t00001"],
        "origin_owner_id": "customer-1", "integration_id": profile, "confirm_timeout": 10,
        "verify_link": verify_link,
    }  # fmt: skip
    edited = {**first, "label": "New", "origin_owner_name": "New Ltd", "account_type": "test"}
    moved = {**edited, "domain": "t00002", "api_key": runner.keys["t00002"]}
    gone = {**moved, "state": "absent"}
    runs = []
    for options, (action, check) in zip((*[first] * 3, *[edited] * 3, *[moved] * 2, *[gone] * 2), WAY):
        run = runner.run(LINK, options, check_mode=check)
        assert not run.failed, run.result["msg"]
        assert run.result["actions"] == ([action] if action else [])
        assert run.changed is bool(action)
        if options is not gone and not (check and action == "create"):
            assert run.result["verified"] is (True if verify_link == "call" else None)
        runs.append(run)
    for check, real in ((0, 1), (3, 4)):
        assert runs[check].result["diff"] == runs[real].result["diff"]
    assert len(runner.emulator.accounts()) == OTHERS
