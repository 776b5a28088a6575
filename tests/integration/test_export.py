# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate that was linked by hand is exported, and then managed from the file, without a single key."""

from __future__ import annotations

import re

import pytest
import yaml

LABELS = (
    None,
    "Desk",
    "Ünï 😀",
    "{{ 7 * 7 }}",
    "yes",
    "0123",
    " two  words",
    'a "quote" and \\ and #',
    "- dash",
    "=1+1",
)
ESTATE = 300


def estate(runner):
    """Accounts of all kinds that work, two for every seventh owner, each with another domain."""
    for number in range(ESTATE):
        runner.by_hand(
            f"tenant-{number}",
            origin_owner_id=f"0{number - 1 if number % 7 == 1 else number}",
            origin_owner_name=f"Customer {number}, Ltd: #{number}",
            label=LABELS[number % len(LABELS)],
            type="test" if number % 11 == 0 else "production",
        )


@pytest.fixture
def vault(runner):
    """A file without any tenant's key."""
    path = runner.folder / "stackone.yml"
    runner.encrypt(path, yaml.safe_dump({"freshservice_link_stackone_api_key": runner.emulator.stackone_api_key}))
    return path


def play(runner, vault, name, *arguments, **variables):
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    extra = [text for pair in {**urls, **variables}.items() for text in ("-e", "{}={}".format(*pair))]
    secret = ["-e", f"@{vault}", "--vault-password-file", str(runner.folder / "password")]
    return runner.ansible_playbook(f"tenantlink.stackone.{name}", *arguments, *secret, *extra)


def settings_of(path, form):
    return ["-e", f"@{path}"] if form == "yml" else ["-e", f"freshservice_link_tenants_file={path}"]


def test_an_estate_is_adopted_without_a_key_and_without_a_change(runner, vault):
    estate(runner)
    path = runner.folder / "tenants.yml"
    exported = play(runner, vault, "export", freshservice_link_export=path)
    assert (exported.code, path.stat().st_mode & 0o777) == (0, 0o600), exported.output
    assert f"{ESTATE} tenants declared in {path}" in exported.output
    runner.emulator.clear_requests()
    checked = play(runner, vault, "link", "--check", *settings_of(path, "yml"))
    assert checked.code == 0, checked.output
    assert f"{ESTATE} as declared" in checked.output
    assert f"{ESTATE} tenants without a declared key" in checked.output
    assert "changed=0" in checked.output
    assert {row["method"] for row in runner.emulator.requests()} == {"GET"}
    text = path.read_text()
    assert text.count('label: "Desk"') == ESTATE / len(LABELS)
    path.write_text(text.replace('label: "Desk"', 'label: "Service desk"', 1))
    planned = play(runner, vault, "link", "--check", *settings_of(path, "yml"))
    assert re.search(rf"\b1 (would be )?updated, .*\b{ESTATE - 1} as declared", planned.output)
    assert runner.changing() == []


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_other_forms_are_adopted_as_well(runner, vault, form):
    for number, label in enumerate(LABELS[:7]):
        runner.by_hand(f"tenant-{number}", label=label)
    runner.by_hand("acme", status="archived")
    path = runner.folder / f"tenants.{form}"
    assert play(runner, vault, "export", freshservice_link_export=path).code == 0
    beside = path.with_name(f"{path.name}.left_out.txt").read_text()
    assert "it is archived" in beside
    left = 7
    assert beside.count("\n") == 2
    checked = play(runner, vault, "link", "--check", *settings_of(path, form))
    assert f"{left} as declared" in checked.output, checked.output
    assert "changed=0" in checked.output


def test_what_was_edited_is_kept_and_a_filter_exports_a_part(runner, vault):
    runner.by_hand("acme", label="A")
    runner.by_hand("globex", label="B")
    path = runner.folder / "tenants.yml"
    path.write_text("# mine\n")
    arguments = ["-e", '{"freshservice_link_export_labels": ["B"]}']
    exported = play(runner, vault, "export", *arguments, freshservice_link_export=path)
    assert [each["domain"] for each in yaml.safe_load(path.read_text())["freshservice_link_tenants"]] == ["globex"]
    (kept,) = runner.folder.glob("tenants.yml.*")
    assert kept.read_text() == "# mine\n"
    assert str(kept) in exported.output


def test_a_path_that_cannot_be_exported_to_is_refused(runner, vault):
    for path in ("tenants.txt", "/no/such/folder/tenants.yml"):
        refused = play(runner, vault, "export", freshservice_link_export=path)
        assert refused.code == 2
        assert "Name the file to export to" in refused.output
    assert runner.emulator.requests() == []


def test_a_stackone_that_refuses_its_key_is_told(runner, vault):
    key = "wrong-key-wrong-key"
    path = runner.folder / "t.yml"
    refused = play(runner, vault, "export", freshservice_link_export=path, freshservice_link_stackone_api_key=key)
    assert refused.code == 2
    assert "StackOne refused" in refused.output
    assert not path.exists()


def test_another_profile_than_the_default_is_declared(runner, vault):
    default, other = (profile["integration_id"] for profile in runner.emulator.profiles())
    runner.by_hand("acme", integration_id=default)
    runner.by_hand("globex", integration_id=other, origin_owner_id="c2")
    path = runner.folder / "tenants.yml"
    assert play(runner, vault, "export", freshservice_link_export=path).code == 0
    tenants = yaml.safe_load(path.read_text())["freshservice_link_tenants"]
    assert [tenant.get("integration_id") for tenant in tenants] == [None, other]
    checked = play(runner, vault, "link", "--check", *settings_of(path, "yml"))
    assert (checked.code, "2 as declared" in checked.output) == (0, True), checked.output
    assert runner.changing() == []
