# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input as Ansible hands it on. Every option is in tests/modules."""

from __future__ import annotations

import pytest

from tests.support.bad_options import BAD_OPTIONS


def test_bad_input_is_refused_in_one_line_before_any_request(runner):
    some = BAD_OPTIONS[::6]
    results = runner.play(*[runner.options(**bad) for bad, _words in some]).results
    for (bad, words), result in zip(some, results):
        assert result["failed"], bad
        assert words in result["msg"], (bad, result["msg"])
        assert "\n" not in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize(
    "wrong", ["a string", ["a list"], '{"extra_secrets": {"key": "SECRET"', 'extra_secrets="SECRET']
)
def test_options_of_the_wrong_type_show_no_secret(runner, wrong):
    """Ansible fails here before it has noted which values are secret."""
    key = runner.tenant_key("acme")
    if isinstance(wrong, str):
        wrong = wrong.replace("SECRET", key)
    result = runner.link("acme", credential_fields=wrong)
    assert result["failed"]
