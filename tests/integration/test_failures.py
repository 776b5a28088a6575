# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible makes of a failure, one for each phase. All verdicts and faults are in tests/modules."""

from __future__ import annotations

from tests.support.collection import KEY_INFO
from tests.support.playbook_runner import assert_failed


def test_a_failure_in_each_phase_is_red_and_says_why(runner):
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, status=422)
    run = runner.play(
        runner.options("acme"),
        runner.options("initech"),
        runner.options("acme", stackone_api_key="v1.eu1.wrong"),
        {**runner.options("acme"), "domain": "a b"},
    )
    phases = [
        ("credentials_refused", "apply"),
        ("key_refused", "key_check"),
        ("stackone_key_refused", "observe"),
        ("invalid_domain", "arguments"),
    ]
    for result, (code, phase) in zip(run.results, phases):
        assert_failed(result, code, phase)
        assert result["changed"] is False
        # Where a line is broken for the terminal, or how quotes are escaped, differs between versions.
        assert result["msg"][:50] in run.output.replace("\\", "")
    assert runner.emulator.accounts() == []


def test_an_account_that_turns_bad_is_a_failure_and_a_change(runner):
    runner.emulator.switch(hub_test="async")
    runner.emulator.set_tenant("acme", role="IT Agent")
    result = runner.link()
    assert_failed(result, "account_not_active", "confirm")
    assert result["changed"] is True


def test_a_refused_key_is_a_result_or_red_when_asked_to(runner):
    names = ("origin_owner_id", "confirm_timeout", "stackone_url", "stackone_api_key")
    options = runner.options("initech", **dict.fromkeys(names))
    told, red = runner.play(options, {**options, "fail_on_refused": True}, module=KEY_INFO).results
    assert not told["failed"]
    assert told["key_check"]["status"] == "key_refused"
    assert_failed(red, "key_refused", "key_check")
