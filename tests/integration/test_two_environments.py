# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Staging and production, laid out as docs/getting_started.md says: a run for one knows nothing of the other."""

from __future__ import annotations

import re

import yaml

from tests.emulator.handle import Emulator
from tests.support.collection import ROOT

SECTION = (ROOT / "docs" / "getting_started.md").read_text().partition("## Two environments")[2].partition("\n## ")[0]
HOSTS, OPTIONS = re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def lay_out(runner, name, emulator, domain):
    folder = runner.folder / name
    (folder / "group_vars" / "all").mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS)
    urls = {
        "freshservice_link_stackone_url": emulator.stackone_url,
        "freshservice_link_freshservice_url": emulator.freshservice_url,
    }
    (folder / "group_vars" / "all" / "options.yml").write_text(OPTIONS + yaml.safe_dump(urls))
    (folder / "tenants.csv").write_text(f"domain,origin_owner_id\n{domain},customer-{domain}\n")
    keys = {tenant["domain"]: tenant["api_key"] for tenant in emulator.tenants()}
    secrets = {"freshservice_link_stackone_api_key": emulator.stackone_api_key, "freshservice_link_api_keys": keys}
    runner.encrypt(folder / "group_vars" / "all" / "vault.yml", yaml.safe_dump(secrets))


def test_each_is_linked_in_its_own_project(runner):
    with Emulator() as production:
        for name, emulator, domain in (("staging", runner.emulator, "acme"), ("production", production, "globex")):
            lay_out(runner, name, emulator, domain)
            password = ["--vault-password-file", str(runner.folder / "password")]
            run = runner.ansible_playbook("-i", str(runner.folder / name), "tenantlink.stackone.link", *password)
            assert run.code == 0, run.output
            assert (runner.folder / name / "report.html").exists()
        found = [[account["origin_owner_id"] for account in each.accounts()] for each in (runner.emulator, production)]
    assert found == [["customer-acme"], ["customer-globex"]]


def test_a_purge_does_not_take_the_list_for_that_of_another_host(runner):
    lay_out(runner, "staging", runner.emulator, "acme")
    (runner.folder / "staging" / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"hosts": {"localhost": {}, "web": {}}}})
    )
    runner.by_hand("globex", origin_owner_id="customer-gone")
    purge = ["-e", "freshservice_link_purge=true", "-e", "freshservice_link_purge_limit=1"]
    password = ["--vault-password-file", str(runner.folder / "password")]
    run = runner.ansible_playbook("-i", str(runner.folder / "staging"), "tenantlink.stackone.link", *password, *purge)
    assert run.code == 0, run.output
    assert set(runner.linked()) == {"customer-acme"}
