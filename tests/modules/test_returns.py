# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that RETURN documents is returned by some run. That nothing else is, every test in this folder checks."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients import freshservice as _freshservice
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failure, FailureCode, Phase
from tests.modules.returns import TYPES, documented, samples_of
from tests.support.collection import ACCOUNT_INFO, AUTH_LINK, AUTH_LINKS, KEY_INFO, KEYS_INFO, LINK, LINKS
from tests.support.playbook_runner import stackone_only


def link(runner):
    runner.emulator.switch(hub_secret_tail=0)
    runner.by_hand(
        api_key=runner.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example", shared=True
    )
    runner.link(verify_link="call", label="New", origin_username="somebody", account_type="test")
    runner.link("initech")
    first, second = (profile["integration_id"] for profile in runner.emulator.profiles())
    runner.by_hand("globex", integration_id=second)
    runner.link("globex", integration_id=first)
    runner.link("globex", integration_id=first, profile_change="replace")
    runner.link("globex", api_key=None)


def links(runner):
    runner.emulator.switch(hub_secret_tail=0)
    runner.emulator.add_account(origin_owner_id="former", domain="globex", api_key="an-old-key-0815")
    runner.known.add("an-old-key-0815")
    runner.by_hand(api_key=runner.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example")
    tenants = [*runner.tenants("acme", label="New", account_type="test"), *runner.tenants("initech")]
    remember = str(runner.folder / "fingerprints.json")
    runner.links(tenants, verify_link="call", purge=True, purge_limit=9, fingerprints=remember)
    first, second = (profile["integration_id"] for profile in runner.emulator.profiles())
    runner.by_hand("globex", integration_id=second)
    runner.links(runner.tenants("globex", integration_id=first, profile_change="replace"))
    runner.by_hand("acme", origin_owner_id="customer-hooli")
    runner.links([*runner.tenants("hooli"), {"domain": "keyless", "origin_owner_id": "customer-keyless"}])
    for name in ("one", "two"):
        runner.by_hand("umbrella", origin_owner_name=name)
    runner.links(runner.tenants("umbrella"), resolve_duplicates=True, resolve_duplicates_limit=9)
    runner.links([], stackone_api_key="v1.eu1.wrong", purge=True)
    runner.links(runner.tenants("acme"), stackone_api_key="v1.eu1.wrong")
    runner.links(runner.tenants("acme"), save_plan=str(runner.folder / "plan.json"))


def key_info(runner):
    admin = {"admin_api_key": runner.tenant_key("initech", admin=True)}
    runner.key_info("initech", agent_email=runner.emulator.tenant("initech")["agent"]["email"], **admin)
    runner.key_info("acme")
    runner.key_info("initech", fail_on_refused=True)


def keys_info(runner):
    runner.emulator.set_tenant("acme", occasional=True)
    runner.keys_info([*runner.tenants("acme", "initech"), {"domain": "globex"}], fail_on_refused=True)


def account_info(runner):
    reasons = [{"code": "x", "description": "The key was refused.", "timestamp": "2026-11-01T08:00:00Z"}]
    runner.by_hand(status="error", status_reasons=reasons, label="Desk", origin_username="a@x", shared=True)
    runner.by_hand("globex", label="De\x07sk")
    runner.play({**stackone_only(runner), "profiles": True}, module=ACCOUNT_INFO)
    runner.play({**stackone_only(runner), "stackone_api_key": "v1.eu1.wrong"}, module=ACCOUNT_INFO)


def auth_link(runner):
    runner.by_hand(status="error", label="Desk", origin_username="a@x")
    runner.play({**stackone_only(runner), "origin_owner_id": "customer-acme"}, module=AUTH_LINK)
    runner.play({**stackone_only(runner), "origin_owner_id": "c", "account_id": "nobody"}, module=AUTH_LINK)


def auth_links(runner):
    runner.by_hand(label="Desk")
    runner.emulator.add_account(origin_owner_id="two", domain="globex", api_key="an-old-key-0815")
    runner.emulator.add_account(origin_owner_id="two", domain="hooli", api_key="an-old-key-0815")
    domains = {"customer-acme": "acme", "new": "umbrella"}
    named = [
        {"origin_owner_id": owner, "origin_owner_name": "X", "domain": domain} for owner, domain in domains.items()
    ]
    tenants = [*named, {"origin_owner_id": "two"}]
    runner.play({**stackone_only(runner), "tenants": tenants}, module=AUTH_LINKS)


SCENARIOS = {
    LINK: link, LINKS: links, KEY_INFO: key_info, KEYS_INFO: keys_info, ACCOUNT_INFO: account_info,
    AUTH_LINK: auth_link, AUTH_LINKS: auth_links,
}  # fmt: skip


@pytest.mark.parametrize("module", SCENARIOS, ids=lambda name: name.rpartition(".")[2])
def test_all_that_is_documented_is_returned(runner, module):
    # What had to be repeated is a warning of every module.
    runner.emulator.fault(caller="client", status=503, call=1, retry_after="0")
    SCENARIOS[module](runner)
    name = module.rpartition(".")[2]
    assert set(dict(samples_of(documented(name)))) - {path for at, path in runner.returned if at == name} == set()
    for path, sample in samples_of(documented(name)):
        shapes = {keys for at, where, keys in runner.shapes if (at, where) == (name, path)}
        for each in sample if isinstance(sample, list) else [sample]:
            if isinstance(each, dict) and path.rpartition(".")[2] not in OPEN:
                assert frozenset(each) in shapes, (path, sorted(each), [sorted(keys) for keys in shapes])


OPEN = frozenset({"actions", "changes", "details", "diff", "failures", "requests", "statuses", "verdicts"})
"""Dictionaries whose keys depend on what happened."""


@pytest.mark.parametrize("module", SCENARIOS, ids=lambda name: name.rpartition(".")[2])
def test_samples_are_of_the_documented_types_and_name_failures_that_there_are(module):
    about = documented(module.rpartition(".")[2])
    phases = documented("freshservice_links")["failure"]["contains"]["phase"]["description"]
    assert all(f"V({phase.value})" in phases for phase in Phase if phase is not Phase.KEY_CHECK)
    samples = dict(samples_of(about))
    nested = {path: sample for path, sample in samples.items() if isinstance(sample, dict)}
    assert undocumented_samples(about) == []
    for path, sample in samples.items():
        if path.endswith("failure.code") or path == "key_check.status" or path.endswith("verdict"):
            assert sample in CODES, path
        if path.endswith("failure.phase"):
            assert sample in {phase.value for phase in Phase}, path
    for check in (
        samples.get("key_check"),
        {path[10:]: text for path, text in samples.items() if path[:10] == "key_check."},
    ):
        if check:
            status = _freshservice.KeyStatus(check["status"])
            known = _freshservice.KeyCheck(status, _freshservice._MESSAGES[status], 0, "")
            assert (check["message"], check["remediation"]) == (known.message, known.remediation)
            assert check["retriable"] == known.retriable
    for path, sample in nested.items():
        if path.endswith("failure"):
            assert set(sample) - {"msg"} == set(Failure(FailureCode.STOPPED, "").as_dict()), path
            assert sample["code"] in CODES, path
            assert sample["phase"] in {phase.value for phase in Phase}, path
            assert sample.get("msg", "").startswith(sample["tenant"] if "msg" in sample else ""), path


CODES = {word.value for kind in (FailureCode, _freshservice.KeyStatus) for word in kind}


def undocumented_samples(about, path=""):
    """The paths whose samples are not of the documented type."""
    wrong = []
    for name, inner in about.items():
        sample = inner.get("sample")
        if sample is not None and not isinstance(sample, TYPES[inner["type"]]):
            wrong.append(f"{path}{name}")
        if "contains" not in inner and sample is None:
            wrong.append(f"{path}{name} has no sample")
        wrong += undocumented_samples(inner.get("contains", {}), f"{path}{name}.")
    return wrong
