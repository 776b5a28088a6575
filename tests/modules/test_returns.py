# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that RETURN documents is returned by some run. That nothing else is, every test in this folder checks."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import _MESSAGES, KeyCheck, KeyStatus
from tests.integration.house import ACCOUNT_INFO, KEY_INFO, KEYS_INFO, LINK, LINKS
from tests.modules.returns import TYPES, documented, paths_of, samples_of

AUTH_LINK = "tenantlink.stackone.auth_link"
AUTH_LINKS = "tenantlink.stackone.auth_links"


def stackone_only(house):
    return {name: value for name, value in house.connection().items() if name != "freshservice_url"}


def link(house):
    house.emulator.switch(hub_secret_tail=0)
    house.by_hand(api_key=house.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example")
    house.link(verify_link="call", label="New", origin_username="somebody", account_type="test")
    house.link("initech")
    first, second = (profile["integration_id"] for profile in house.emulator.profiles())
    house.by_hand("globex", integration_id=second)
    house.link("globex", integration_id=first)


def links(house):
    house.emulator.switch(hub_secret_tail=0)
    house.emulator.add_account(origin_owner_id="former", domain="globex", api_key="an-old-key-0815")
    house.known.add("an-old-key-0815")
    house.by_hand(api_key=house.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example")
    tenants = [*house.tenants("acme", label="New", account_type="test"), *house.tenants("initech")]
    remember = str(house.folder / "fingerprints.json")
    house.links(tenants, verify_link="call", purge=True, purge_limit=9, fingerprints=remember)
    first, second = (profile["integration_id"] for profile in house.emulator.profiles())
    house.by_hand("globex", integration_id=second)
    house.links(house.tenants("globex", integration_id=first))
    house.by_hand("acme", origin_owner_id="customer-hooli")
    house.links(house.tenants("hooli"))
    for name in ("one", "two"):
        house.by_hand("umbrella", origin_owner_name=name)
    house.links(house.tenants("umbrella"), resolve_duplicates=True, resolve_duplicates_limit=9)
    house.links([], stackone_api_key="v1.eu1.wrong", purge=True)
    house.links(house.tenants("acme"), stackone_api_key="v1.eu1.wrong")


def key_info(house):
    admin = {"admin_api_key": house.tenant_key("initech", admin=True)}
    house.key_info("initech", agent_email=house.emulator.tenant("initech")["agent"]["email"], **admin)
    house.key_info("acme")
    house.key_info("initech", fail_on_refused=True)


def keys_info(house):
    house.emulator.set_tenant("acme", occasional=True)
    house.keys_info(house.tenants("acme", "initech"), fail_on_refused=True)


def account_info(house):
    reasons = [{"code": "x", "description": "The key was refused.", "timestamp": "2026-11-01T08:00:00Z"}]
    house.by_hand(status="error", status_reasons=reasons, label="Desk", origin_username="a@x")
    house.play(stackone_only(house), module=ACCOUNT_INFO)
    house.play({**stackone_only(house), "stackone_api_key": "v1.eu1.wrong"}, module=ACCOUNT_INFO)


def auth_link(house):
    house.by_hand(status="error", label="Desk", origin_username="a@x")
    house.play({**stackone_only(house), "origin_owner_id": "customer-acme"}, module=AUTH_LINK)
    house.play({**stackone_only(house), "origin_owner_id": "c", "account_id": "nobody"}, module=AUTH_LINK)


def auth_links(house):
    house.by_hand(label="Desk")
    house.emulator.add_account(origin_owner_id="two", domain="globex", api_key="an-old-key-0815")
    house.emulator.add_account(origin_owner_id="two", domain="hooli", api_key="an-old-key-0815")
    named = {"origin_owner_name": "X", "domain": "acme"}
    tenants = [
        {"origin_owner_id": "customer-acme", **named},
        {"origin_owner_id": "new", **named},
        {"origin_owner_id": "two"},
    ]
    house.play({**stackone_only(house), "tenants": tenants}, module=AUTH_LINKS)


SCENARIOS = {
    LINK: link,
    LINKS: links,
    KEY_INFO: key_info,
    KEYS_INFO: keys_info,
    ACCOUNT_INFO: account_info,
    AUTH_LINK: auth_link,
    AUTH_LINKS: auth_links,
}


@pytest.mark.parametrize("module", SCENARIOS, ids=lambda name: name.rpartition(".")[2])
def test_all_that_is_documented_is_returned(house, module):
    # What had to be repeated is a warning of every module.
    house.emulator.fault(caller="client", status=503, call=1, retry_after="0")
    SCENARIOS[module](house)
    name = module.rpartition(".")[2]
    assert set(paths_of(documented(name))) - {path for at, path in house.returned if at == name} == set()
    for path, sample in samples_of(documented(name)):
        shapes = {keys for at, where, keys in house.shapes if (at, where) == (name, path)}
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
            known = KeyCheck(KeyStatus(check["status"]), _MESSAGES[KeyStatus(check["status"])], 0, "")
            assert (check["message"], check["remediation"]) == (known.message, known.remediation)
            assert check["retriable"] == known.retriable
    for path, sample in nested.items():
        if path.endswith("failure"):
            assert set(sample) - {"msg"} == set(Failure(FailureCode.STOPPED, "").as_dict()), path
            assert sample["code"] in CODES, path
            assert sample["phase"] in {phase.value for phase in Phase}, path
            assert sample.get("msg", "").startswith(sample["tenant"] if "msg" in sample else ""), path


CODES = {word.value for kind in (FailureCode, KeyStatus) for word in kind}


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
