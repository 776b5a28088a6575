# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over many tenants, case by case: what it costs, what it remembers, and when it ends early."""

from __future__ import annotations

import os

import pytest

from tests.support.playbook_runner import actions

MANY = 60
DOMAINS = [f"t{serial:05d}" for serial in range(1, MANY + 1)]


def test_it_costs_two_requests_a_tenant_and_then_none(many):
    declared = many.bulk(many.tenants(*DOMAINS), fingerprints=str(many.folder / "fingerprints.json"))
    result = many.links(**declared)
    # Beside a session and a POST for each: one listing before, which shows nobody, all owners again in two requests,
    # the profiles and the form, one listing after.
    assert many.count("stackone") == 2 * MANY + 1 + 2 + 2 + 3
    assert many.count("freshservice") == MANY
    assert result["summary"]["requests"] == {"freshservice": MANY, "stackone": many.count("stackone")}
    many.emulator.clear_requests()
    many.links(**declared)
    assert (many.count("stackone"), many.count("freshservice")) == (3, MANY)
    many.emulator.clear_requests()
    many.links(**{**declared, "fingerprints": None})
    assert many.count("stackone") == 3 + 2 * MANY


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ('{"version": 2, "salt": "x", "seal": "x", "accounts": {"1": 2}}', False),
        ('{"version": 1, "salt": "x", "seal": "x", "accounts": {}}', False),
        *[(content, True) for content in ("{", '{"version": 9}', "[1]", "root:x:0:0")],
    ],
)
def test_a_file_that_tells_no_fingerprints_only_costs_requests(runner, content, kept):
    """Fingerprints of another version or key are replaced; what somebody may need for something else is not."""
    path = runner.folder / "fingerprints.json"
    path.write_text(content)
    result = runner.links(runner.tenants("acme"), fingerprints=str(path))
    assert actions(result) == ["create"]
    assert any(("left unchanged" if kept else "a new file is created") in warning for warning in result["warnings"])
    assert (path.read_text() == content) is kept
    assert runner.links(runner.tenants("acme"), fingerprints=str(path))["changed"] is False


@pytest.mark.parametrize(
    ("option", "words"),
    [("fingerprints", "no fingerprints are kept in"), ("progress_path", "no progress is written to")],
)
def test_a_pipe_in_place_of_a_file_holds_no_run(runner, option, words):
    path = runner.folder / "pipe"
    os.mkfifo(path)
    result = runner.links(runner.tenants("acme"), **{option: str(path)})
    assert actions(result) == ["create"]
    assert f"{words} {path}: it is a named pipe, not a file." in result["warnings"]
    assert path.is_fifo()


def test_another_stackone_key_is_no_drift(runner):
    """The StackOne key is rotated: what was remembered under the old one proves nothing, and nothing is sent again."""
    path = runner.folder / "fingerprints.json"
    runner.links(runner.tenants("acme", "globex"), fingerprints=str(path))
    key = runner.emulator.key()
    runner.known.add(key)
    result = runner.links(runner.tenants("acme", "globex"), fingerprints=str(path), stackone_api_key=key)
    assert actions(result) == ["none", "none"]
    assert "another version or StackOne key" in result["warnings"][0]
    runner.emulator.clear_requests()
    runner.links(runner.tenants("acme", "globex"), fingerprints=str(path), stackone_api_key=key)
    assert runner.emulator.requests(path="/connect_sessions") == []


def test_fingerprints_of_an_account_that_others_changed_are_not_trusted(runner):
    path = runner.folder / "fingerprints.json"
    runner.links(runner.tenants("acme"), fingerprints=str(path))
    (account,) = runner.emulator.accounts()
    runner.emulator.change_account(account["id"], api_key="some-other-key")
    assert actions(runner.links(runner.tenants("acme"), fingerprints=str(path))) == ["relink"]


def test_fingerprints_that_cannot_be_written_are_a_warning(runner):
    (runner.folder / "file").touch()
    result = runner.links(runner.tenants("acme"), fingerprints=str(runner.folder / "file" / "fingerprints.json"))
    assert actions(result) == ["create"]
    assert any("could not be written" in warning for warning in result["warnings"])


def test_an_empty_list_is_nothing_to_do(runner):
    result = runner.links([])
    assert not result["changed"]
    assert result["results"] == []
    assert runner.emulator.requests(caller="client") == []


def test_it_stops_after_failures(many):
    for domain in DOMAINS[:3]:
        many.emulator.set_tenant(domain, state="suspended")
    result = many.links(many.tenants(*DOMAINS), stop_after_failures=2, concurrency=1)
    codes = [row.get("failure", {}).get("code") for row in result["results"]]
    assert codes == ["tenant_suspended"] * 2 + ["stopped"] * (MANY - 2)
    assert result["failure"]["code"] == "stopped"
    assert "The run ended after 2 failed tenants (stop_after_failures)." in result["msg"]
    waiting = len(DOMAINS) - 2
    assert f"2 of {len(DOMAINS)} tenants failed, {waiting} were not started: " in result["msg"]
    assert (result["summary"]["failed"], result["summary"]["not_started"]) == (2, waiting)
    assert result["failure"]["details"]["reason"] == "The run ended after 2 failed tenants (stop_after_failures)."
    assert many.emulator.accounts() == []


def test_a_refused_stackone_key_ends_the_run_at_once(many):
    result = many.links(many.tenants(*DOMAINS), stackone_api_key="v1.eu1.not-a-key")
    assert result["failure"]["code"] == "stackone_key_refused"
    assert len(many.emulator.requests(caller="client")) == 1


def test_a_key_without_the_right_to_write_is_tried_few_times(many):
    key = many.emulator.key(scopes=["platform:read"])
    many.known.add(key)
    result = many.links(many.tenants(*DOMAINS), stackone_api_key=key, concurrency=4)
    counts = result["summary"]["failures"]
    assert set(counts) == {"stackone_forbidden", "stopped"}
    assert counts["stackone_forbidden"] <= 4
    assert sum(counts.values()) == MANY
    assert "The run ended because the StackOne API key is not allowed to do this." in result["msg"]


def test_a_missing_profile_is_asked_for_once(many):
    many.emulator.switch(not_enabled_provider="no_connectors")
    many.emulator.profiles([])
    result = many.links(many.tenants(*DOMAINS[:10]))
    assert result["summary"]["failures"] == {"connector_profile_missing": 10}
    assert len(many.emulator.requests(service="hub")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"concurrency": 0}, "concurrency must be"), ({"concurrency": 10000}, "concurrency must be"),
        ({"requests_per_minute": 0}, "requests_per_minute must be"), ({"quota_window": 61}, "quota_window must be"),
        ({"stop_after_failures": 0}, "stop_after_failures must be"), ({"purge_limit": -1}, "purge_limit must be"),
        ({"purge_limit": 1.5}, "purge_limit must be"), ({"purge_limit": float("inf")}, "purge_limit must be"),
        ({"purge_limit": float("nan")}, "purge_limit must be"),
        ({"confirm_timeout": -1}, "confirm_timeout must be"),
        ({"stackone_url": "http://example.com"}, "stackone_url must start with https://"),
    ],
)  # fmt: skip
def test_options_out_of_range(runner, options, words):
    result = runner.links(runner.tenants("acme"), **options)
    assert result["failure"]["code"] == "invalid_argument"
    assert result["failure"]["phase"] == "arguments"
    assert words in result["msg"]
    assert runner.emulator.requests(caller="client") == []


def test_a_stackone_without_a_hub_ends_the_run_at_once(many):
    """It costs one session, not one for each tenant."""
    many.emulator.switch(hub_api="missing")
    result = many.links(many.tenants(*DOMAINS), concurrency=4)
    codes = set(result["summary"]["failures"])
    assert (result["failure"]["code"], result["failure"]["http_status"]) == ("hub_unavailable", 404)
    assert "hub_unavailable" in codes
    assert codes <= {"hub_unavailable", "stopped"}
    assert len(many.emulator.requests(path="/connect_sessions")) == 1
    assert many.count("freshservice") < MANY


def test_without_a_hub_linked_tenants_are_still_managed(many):
    """The hint says that the next run adopts what was linked in the dashboard, so it must."""
    many.links(many.tenants(*DOMAINS[:20]))
    many.emulator.switch(hub_api="missing")
    result = many.links(many.tenants(*DOMAINS[:21], label="New"))
    assert actions(result) == ["update"] * 20 + ["none"]
    assert result["results"][20]["failure"]["code"] == "hub_unavailable"
    assert {account["label"] for account in many.emulator.accounts()} == {"New"}


def test_without_a_hub_a_rotated_key_cannot_be_sent(runner):
    runner.links(runner.tenants("acme"))
    runner.emulator.switch(hub_api="missing")
    result = runner.links(runner.tenants("acme", update_credentials="always"))
    assert result["results"][0]["failure"]["code"] == "hub_unavailable"


def test_what_all_waited_for_together_is_told_once(runner):
    runner.links(runner.tenants("acme", "globex"))
    runner.emulator.fault(
        service="stackone", method="POST", path="/connect_sessions", status=429, retry_after="2", count=2
    )
    result = runner.links(runner.tenants("acme", "globex"))
    (warning,) = [each for each in result["warnings"] if "HTTP 429" in each]
    repeated, _semicolon, waited = warning.partition("; waited ")
    assert repeated == "Repeated 2 requests (POST /stackone/connect_sessions: HTTP 429 (2 times))"
    # Two seconds where both are told at once; four where one is told again after both have waited.
    assert 2.0 <= float(waited.split()[0]) < 5.0


def test_a_quota_that_others_use_up_gives_no_tenant_up(runner):
    """Another tool uses the same quota: each answer is a 429 for longer than there are retries."""
    runner.emulator.fault(service="stackone", path="/connect_sessions", status=429, retry_after="0", call=1, count=3)
    result = runner.links(runner.tenants("acme"), retries=1)
    assert actions(result) == ["create"]
    assert any("HTTP 429 (3 times)" in warning for warning in result["warnings"])


def test_a_tenant_that_fails_before_its_account_is_checked_is_shown_with_it(runner):
    """Who is called at night wants to know whether the customer still has an account, and which."""
    account = runner.by_hand("acme", origin_owner_id="customer-acme")
    (row,) = runner.links(runner.tenants("acme", api_key="a-wrong-key-0815"))["results"]
    assert row["failure"]["code"] == "key_refused"
    assert (row["account_id"], row["account_status"], row["action"]) == (account["id"], "active", "none")
    assert runner.emulator.accounts() == [account]
