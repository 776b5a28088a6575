# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation promises of all modules, or of some of them, is what they do."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.tenantlink.stackone.plugins.doc_fragments.tenants import ModuleDocFragment
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import module as _module
from tests.support.collection import ACCOUNT_INFO, AUTH_LINK, AUTH_LINKS, KEY_INFO, KEYS_INFO, LINK, LINKS
from tests.support.playbook_runner import stackone_only

OF_LISTS = (LINKS, KEYS_INFO, AUTH_LINKS)


def options_for(runner, module):
    """Options with which a module is green."""
    owner = {"origin_owner_id": "customer-acme"}
    without = dict.fromkeys(("origin_owner_id", "confirm_timeout", "stackone_url", "stackone_api_key"))
    return {
        LINK: runner.options(),
        LINKS: runner.bulk(runner.tenants("acme")),
        KEY_INFO: runner.options(**without),
        KEYS_INFO: {"tenants": runner.tenants("acme"), "freshservice_url": runner.emulator.freshservice_url},
        ACCOUNT_INFO: stackone_only(runner),
        AUTH_LINK: {**stackone_only(runner), **owner},
        AUTH_LINKS: {**stackone_only(runner), "tenants": [owner]},
    }[module]


MODULES = (LINK, KEY_INFO, ACCOUNT_INFO, AUTH_LINK, *OF_LISTS)
WRITERS = {LINK, LINKS}
INVITERS = {AUTH_LINK, AUTH_LINKS}


@pytest.mark.parametrize("module", MODULES)
def test_a_missing_library_has_a_code(runner, module, monkeypatch):
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback: No module named 'urllib3'")
    result = runner.play(options_for(runner, module), module=module).results[0]
    failure = result["failure"]
    assert (result["failed"], result["changed"]) == (True, False)
    assert (failure["code"], failure["phase"], failure["retriable"]) == ("library_missing", "arguments", False)
    assert "requests" in result["msg"]
    assert "urllib3" in result["exception"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("module", MODULES)
def test_a_defect_has_a_code_and_keeps_the_words_of_its_exception(runner, module, monkeypatch):
    """They could hold a key; the runner searches for it."""

    def send(_http, request, _quota=None):
        raise ValueError(f"{request.auth} {runner.keys}")

    monkeypatch.setattr(Http, "send", send)
    result = runner.play(options_for(runner, module), module=module).results[0]
    failures = [result["failure"], *(row["failure"] for row in result.get("results") or result.get("owners") or [])]
    assert result["failed"]
    assert "internal_error" in {failure["code"] for failure in failures}
    assert "ValueError in test_interfaces.py, line " in result["msg"]


@pytest.mark.parametrize("module", MODULES)
def test_changed_is_what_the_documentation_says(runner, module):
    """Readers change nothing; who links changes once; who invites changes as long as nobody has used the link."""
    first, second = (runner.play(options_for(runner, module), module=module).results[0]["changed"] for _run in range(2))
    assert first is (module in WRITERS | INVITERS)
    assert second is (module in INVITERS)


@pytest.mark.parametrize("option", ["domain", "origin_owner_id"])
@pytest.mark.parametrize("module", OF_LISTS)
def test_a_list_requires_of_each_tenant_what_the_documentation_says(runner, module, option):
    about = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["tenants"]["suboptions"][option]
    (sentence,) = (line for line in about["description"] if line.startswith("Required by"))
    required = module in re.findall(r"M\(([\w.]+)\)", sentence)
    options = options_for(runner, module)
    tenant = {name: value for name, value in runner.tenants("acme")[0].items() if name != option}
    result = runner.play({**options, "tenants": [tenant]}, module=module).results[0]
    row = (result.get("results") or result.get("owners"))[0]
    missing = (row.get("failure") or {}).get("code") == "invalid_argument" and option in row["failure"]["msg"]
    assert missing is required
