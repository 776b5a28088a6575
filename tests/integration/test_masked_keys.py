# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that a run is given and does not use are masked as those of its tenants are."""

from __future__ import annotations

import pytest
import yaml

GOOD = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("acme", "globex")]


@pytest.mark.parametrize("inline", [False, True], ids=["in the dictionary", "in the entry"])
def test_a_run_over_a_part_of_the_list_masks_the_keys_of_the_others(runner, playbook, inline):
    """Somebody wrote them into the label and the name of an account: the key of a tenant, and that of a customer who left."""
    runner.secret_files.add(runner.folder / "variables.json")
    left = "tErmInAtEd0Customer9" + "Key"
    runner.known.add(left)
    keys = {**runner.keys, "left": left}
    tenants = [{**each, "label": "New"} for each in GOOD]
    if inline:
        tenants[1]["api_key"] = keys.pop("globex")
    variables = {"freshservice_link_tenants": tenants, "freshservice_link_report": str(runner.folder / "report.json")}
    # With -vvvv, Ansible repeats the arguments of a module.
    variables["freshservice_link_purge_scope"] = {"labels": [runner.tenant_key("globex")]}
    runner.encrypt(runner.folder / "all.yml", yaml.safe_dump({"freshservice_link_api_keys": keys}))
    written = {"label": f"Desk {runner.tenant_key('globex')}", "origin_owner_name": f"Acme, {left}"}
    runner.by_hand("acme", status="error", **written)
    for name, given in [
        ("plan", {"freshservice_link_only": "acme", "freshservice_link_plan": str(runner.folder / "plan.json")}),
        ("link", {"freshservice_link_only": "acme"}),
        ("heal", {"stackone_event": {"origin_owner_id": "customer-acme"}}),
    ]:
        # The runner searches everything that the run leaves for the keys.
        result = playbook(name, "-e", f"@{runner.folder / 'all.yml'}", "--check", **variables, **given)
        assert "Desk ****" in result.output, name


def test_a_name_to_select_by_that_is_a_key_is_not_shown(runner, playbook):
    runner.secret_files.add(runner.folder / "variables.json")
    only = f"acme,{runner.tenant_key('globex')}"
    result = playbook("link", freshservice_link_tenants=GOOD, freshservice_link_only=only, quiet=True)
    assert "no tenant of the list has the domain or owner entry 2. Nothing was done." in result.output


def test_a_condition_of_an_export_that_is_a_key_is_not_shown(runner, playbook):
    runner.secret_files.add(runner.folder / "variables.json")
    labels = [runner.tenant_key("globex"), runner.emulator.stackone_api_key]
    path = str(runner.folder / "exported.yml")
    result = playbook("export", freshservice_link_export=path, freshservice_link_export_labels=labels, quiet=True)
    assert result.output.count("****") >= 2


def test_an_owner_of_an_event_that_is_a_key_is_not_shown(runner, playbook):
    """An event comes from outside."""
    runner.secret_files.add(runner.folder / "variables.json")
    result = playbook(
        "heal", freshservice_link_tenants=GOOD, stackone_event={"origin_owner_id": runner.tenant_key("globex")}
    )
    assert "No tenant is declared for owner ****" in result.output
