# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_links, case by case: costs, fingerprints, purges, early ends."""

from __future__ import annotations

import os

import pytest

from tests.support.collection import LINKS
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
    assert any(("stays as it is" if kept else "made again") in warning for warning in result["warnings"])
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


def purgeable(runner, count=3):
    """Accounts of customers who are in no list."""
    for number in range(count):
        runner.emulator.add_account(origin_owner_id=f"former-{number}", domain=f"former-{number}", api_key="an-old-key")
    runner.emulator.add_account(origin_owner_id="other", provider="hibob", integration_id="x")


def test_purge_unlinks_who_is_not_listed(runner):
    purgeable(runner)
    declared = runner.bulk(runner.tenants("acme", "globex"), purge=True, purge_limit=3)
    check, run, again = runner.play({**declared, "check": True}, declared, declared, module=LINKS).results
    former = {f"former-{number}" for number in range(3)}
    for result in (check, run):
        assert {row["origin_owner_id"] for row in result["purged"]} == former
        assert [row["action"] for row in result["purged"]] == ["delete"] * 3
    assert check["diff"] == run["diff"]
    assert again["purged"] == []
    assert not again["changed"]
    owners = {account["origin_owner_id"] for account in runner.emulator.accounts()}
    assert owners == {"customer-acme", "customer-globex", "other"}


@pytest.mark.parametrize("limit", [2, 0.5])
def test_purge_never_goes_over_its_limit(runner, limit):
    purgeable(runner)
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=limit)
    assert result["failure"]["code"] == "purge_refused"
    allowed = "allows 2: " if limit == 2 else "allows 1 (0.5 of 3): "
    assert f"3 of 3 accounts are not in the list, but purge_limit {allowed}" in result["msg"]
    assert len(result["failure"]["details"]["accounts"]) == 3
    assert "set purge_limit to 3." in result["msg"]
    assert actions(result) == ["create"]
    assert len(runner.emulator.accounts()) == 5


def test_purge_spares_owners_whose_tenants_fail_before_they_are_found(runner):
    purgeable(runner, 1)
    runner.emulator.add_account(origin_owner_id="customer-initech", domain="initech", api_key="a-key")
    result = runner.links(runner.tenants("initech"), purge=True, purge_limit=9)
    assert [row["origin_owner_id"] for row in result["purged"]] == ["former-0"]
    assert {account["origin_owner_id"] for account in runner.emulator.accounts()} == {"customer-initech", "other"}


@pytest.mark.parametrize("unsound", [{"domain": "acme", "api_key": "k"}, {"state": "absent"}])
def test_purge_does_nothing_while_an_entry_could_mean_any_account(runner, unsound):
    purgeable(runner)
    result = runner.links([*runner.tenants("globex"), unsound], purge=True, purge_limit=9)
    assert result["failure"]["code"] == "purge_refused"
    assert "entry 2" in result["msg"]
    assert len(runner.emulator.accounts()) == 5


def test_purge_with_an_empty_list_is_refused(runner):
    purgeable(runner)
    result = runner.links([], purge=True)
    assert result["failure"]["code"] == "invalid_argument"
    assert len(runner.emulator.accounts()) == 4


def test_two_domains_of_one_owner(runner):
    tenants = runner.tenants("acme", "globex", origin_owner_id="customer-1", allow_multiple=True)
    declared = runner.bulk(tenants)
    first, again = runner.play(declared, declared, module=LINKS).results
    assert actions(first) == ["create"] * 2
    assert "warnings" not in first["results"][0]
    assert len({row["account_id"] for row in first["results"]}) == 2
    assert actions(again) == ["none"] * 2
    domains = {account["setup_information"]["domain"] for account in runner.emulator.accounts()}
    assert domains == {"acme", "globex"}


def test_one_domain_is_linked_for_one_owner(runner):
    """The owner's id was written differently: without a word the customer would be linked twice."""
    other = runner.tenants("acme", origin_owner_id="customer-acme.0")
    for listed in ([*runner.tenants("acme"), *other], other):
        result = runner.links(listed)
        assert result["results"][-1]["failure"]["code"] == "domain_linked_elsewhere"
        assert not result["results"][-1]["changed"]
        (account,) = runner.emulator.accounts()
        assert account["origin_owner_id"] == "customer-acme"
    assert f"as account {account['id']} of owner 'customer-acme' (active)" in result["msg"]


def test_one_domain_for_two_owners_can_be_declared(runner):
    tenants = [*runner.tenants("acme"), *runner.tenants("acme", origin_owner_id="customer-2", allow_shared_domain=True)]
    first, again = runner.play(runner.bulk(tenants), runner.bulk(tenants), module=LINKS).results
    assert actions(first) == ["create"] * 2
    assert actions(again) == ["none"] * 2
    assert any("Entries 1 and 2 link the same domain acme to two owners" in text for text in first["warnings"])


def test_a_domain_moves_to_another_owner_where_the_first_one_leaves(runner):
    runner.links(runner.tenants("acme"))
    moved = [*runner.tenants("acme", origin_owner_id="customer-2"), *runner.tenants("acme", state="absent")]
    assert actions(runner.links(moved)) == ["create", "delete"]
    (account,) = runner.emulator.accounts()
    assert account["origin_owner_id"] == "customer-2"


def test_purge_spares_the_account_of_a_tenant_whose_owner_was_written_differently(runner):
    runner.links(runner.tenants("acme", "globex"))
    before = runner.emulator.accounts()
    result = runner.links(
        [*runner.tenants("acme", origin_owner_id="Customer-acme"), *runner.tenants("globex")], purge=True, purge_limit=9
    )
    assert result["results"][0]["failure"]["code"] == "domain_linked_elsewhere"
    assert result["purged"] == []
    assert runner.emulator.accounts() == before


@pytest.mark.parametrize(
    "pinned", [{"label": "A"}, {"state": "absent"}, {"state": "absent", "domain": None, "origin_owner_id": None}]
)
def test_two_entries_that_mean_one_account_are_refused(runner, pinned):
    """Pinned beside unpinned: the label would flip in every run, or one entry would be green and the other unlink it."""
    runner.links(runner.tenants("acme"))
    (account,) = before = runner.emulator.accounts()
    runner.emulator.clear_requests()
    listed = [*runner.tenants("acme", label="B"), {**runner.tenants("acme", account_id=account["id"])[0], **pinned}]
    for entries in (listed, listed[::-1]):
        result = runner.links(
            [{name: value for name, value in entry.items() if value is not None} for entry in entries]
        )
        assert result["failure"]["code"] == "duplicate_tenant"
        assert result["failure"]["details"] == {"positions": [1, 2]}
        assert account["id"] in result["msg"]
    assert runner.emulator.accounts() == before
    assert {row["method"] for row in runner.emulator.requests(caller="client")} == {"GET"}


def test_an_owner_moves_to_another_domain_with_the_old_one_absent(runner):
    runner.links(runner.tenants("acme", origin_owner_id="customer-1"))
    old = runner.tenants("acme", origin_owner_id="customer-1", state="absent")
    new = runner.tenants("globex", origin_owner_id="customer-1")
    for listed in ([*old, *new], [*new, *old]):
        runner.links(listed)
        (account,) = runner.emulator.accounts()
        assert account["setup_information"] == {"domain": "globex"}


def test_an_absent_owner_who_stays_linked_is_told(runner):
    runner.links(runner.tenants("acme", origin_owner_id="customer-1"))
    result = runner.links(runner.tenants("globex", origin_owner_id="customer-1", state="absent"))
    assert result["summary"]["still_linked"] == 1
    (account,) = runner.emulator.accounts()
    (warning,) = result["results"][0]["warnings"]
    assert account["id"] in warning
    assert any("customer-1" in text for text in result["warnings"])


def duplicates(runner, *statuses, owner="customer-acme", domain="acme"):
    """Accounts of one link, the oldest first."""
    for status in statuses:
        runner.emulator.add_account(
            origin_owner_id=owner, domain=domain, api_key=runner.tenant_key("acme"), status=status
        )
    return [account["id"] for account in runner.emulator.accounts()]


def test_duplicates_are_told_and_left(runner):
    ids = duplicates(runner, "active", "active")
    result = runner.links(runner.tenants("acme"))
    assert result["results"][0]["failure"]["code"] == "ambiguous_account"
    assert "resolve_duplicates" in result["results"][0]["failure"]["remediation"]
    assert [account["id"] for account in runner.emulator.accounts()] == ids


@pytest.mark.parametrize(
    ("statuses", "kept"),
    [(("active", "active"), 0), (("error", "active", "active"), 1), (("error", "error"), 0)],
)
def test_a_repair_keeps_the_oldest_account_that_works(runner, statuses, kept):
    ids = duplicates(runner, *statuses)
    declared = runner.bulk(runner.tenants("acme"), resolve_duplicates=True, resolve_duplicates_limit=9)
    check, run, again = runner.play({**declared, "check": True}, declared, declared, module=LINKS).results
    unlinked = [one for one in ids if one != ids[kept]]
    for result in (check, run):
        assert [row["account_id"] for row in result["resolved"]] == unlinked
        assert {row["duplicate_of"] for row in result["resolved"]} == {ids[kept]}
        assert f"with domain acme, a duplicate of {ids[kept]}, which stays" in result["diff"]["before"]
        assert result["summary"]["duplicates_resolved"] == len(unlinked)
    assert check["diff"] == run["diff"]
    assert again["resolved"] == []
    assert not again["changed"]
    (account,) = runner.emulator.accounts()
    assert (account["id"], account["status"]) == (ids[kept], "active")


def test_a_repair_never_goes_over_its_limit(runner):
    ids = duplicates(runner, "active", "active")
    result = runner.links(runner.tenants("acme"), resolve_duplicates=True)
    assert result["failure"]["code"] == "duplicates_refused"
    assert result["results"][0]["failure"]["code"] == "ambiguous_account"
    assert [account["id"] for account in runner.emulator.accounts()] == ids


def test_a_repair_leaves_the_owners_other_links(runner):
    ids = duplicates(runner, "active", "active")
    (other,) = set(duplicates(runner, "active", domain="globex")) - set(ids)
    tenants = runner.tenants("acme", "globex", origin_owner_id="customer-acme", allow_multiple=True)
    result = runner.links(tenants, resolve_duplicates=True, resolve_duplicates_limit=9)
    assert [row["account_id"] for row in result["resolved"]] == ids[1:]
    assert {account["id"] for account in runner.emulator.accounts()} == {ids[0], other}


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
    assert "The run ended because the StackOne API key may not do this." in result["msg"]


def test_a_missing_profile_is_asked_for_once(many):
    many.emulator.switch(not_enabled_provider="no_connectors")
    many.emulator.profiles([])
    result = many.links(many.tenants(*DOMAINS[:10]))
    assert result["summary"]["failures"] == {"connector_profile_missing": 10}
    assert len(many.emulator.requests(service="hub")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"concurrency": 0}, "concurrency must be"),
        ({"concurrency": 10000}, "concurrency must be"),
        ({"requests_per_minute": 0}, "requests_per_minute must be"),
        ({"quota_window": 61}, "quota_window must be"),
        ({"stop_after_failures": 0}, "stop_after_failures must be"),
        ({"purge_limit": -1}, "purge_limit must be"),
        ({"purge_limit": 1.5}, "purge_limit must be"),
        ({"purge_limit": float("inf")}, "purge_limit must be"),
        ({"purge_limit": float("nan")}, "purge_limit must be"),
        ({"confirm_timeout": -1}, "confirm_timeout must be"),
        ({"stackone_url": "http://example.com"}, "stackone_url must start with https://"),
    ],
)
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
    assert "hub_unavailable" in codes <= {"hub_unavailable", "stopped"}
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


def test_a_purged_account_is_no_tenant_in_any_count(runner):
    runner.emulator.add_account(origin_owner_id="former", domain="globex", api_key="an-old-key-0815")
    runner.known.add("an-old-key-0815")
    runner.emulator.fault(service="stackone", method="DELETE", path="/accounts/*", status=422)
    result = runner.links(runner.tenants("acme", "initech"), purge=True, purge_limit=1)
    assert "1 of 2 tenants failed: initech" in result["msg"]
    assert "Unlinking 1 of 1 other accounts failed: " in result["msg"]
    assert (result["summary"]["tenants"], result["summary"]["failed"]) == (2, 1)


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
