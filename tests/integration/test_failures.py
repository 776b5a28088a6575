# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible makes of failures and of bad input. All verdicts, faults and options are in tests/modules."""

from __future__ import annotations

import pytest

from tests.support.bad_options import BAD_OPTIONS
from tests.support.playbook_runner import assert_failed


def test_a_failure_in_each_phase_is_red_and_says_why(runner):
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, status=422)
    run = runner.play(
        runner.options("acme"),
        runner.options("initech"),
        runner.options("acme", stackone_api_key="v1.eu1.wrong"),
        {**runner.options("acme"), "domain": "a b"},
    )
    phases = [("credentials_refused", "apply"), ("key_refused", "key_check")]
    phases += [("stackone_key_refused", "observe"), ("invalid_domain", "arguments")]
    for result, (code, phase) in zip(run.results, phases):
        assert_failed(result, code, phase)
        assert result["changed"] is False
        # Where a line is broken for the terminal, or how quotes are escaped, differs between versions.
        assert result["msg"][:50] in run.output.replace("\\", "")
    assert runner.emulator.accounts() == []


def test_bad_input_is_refused_in_one_line_before_any_request(runner):
    some = BAD_OPTIONS[::6]
    results = runner.play(*[runner.options(**bad) for bad, _words in some]).results
    for (bad, words), result in zip(some, results):
        assert result["failed"], bad
        assert words in result["msg"], (bad, result["msg"])
        assert "\n" not in result["msg"]
    assert runner.emulator.requests() == []


WRONG = ["a string", ["a list"], '{"extra_secrets": {"key": "SECRET"', 'extra_secrets="SECRET']


@pytest.mark.parametrize("wrong", WRONG)
def test_options_of_the_wrong_type_show_no_secret(runner, wrong):
    """Ansible fails here before it has noted which values are secret."""
    key = runner.tenant_key("acme")
    if isinstance(wrong, str):
        wrong = wrong.replace("SECRET", key)
    result = runner.link("acme", credential_fields=wrong)
    assert result["failed"]
