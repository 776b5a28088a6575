# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event sources have the options and defaults that their documentation states, which docs/eda_reference.md repeats."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import http_spec, stackone_spec
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.deliveries import settings_from
from tests.support.generate.eda_tables import options_of, variables

WEBHOOKS, ACCOUNTS = options_of("account_webhooks"), options_of("broken_accounts")
LEAST = {"port": 5010, "secret": "a-secret"}


def test_the_source_of_webhooks_has_the_documented_options_and_no_others():
    values = {name: about.get("default") or "7" for name, about in WEBHOOKS.items()}
    assert settings_from({**values, "path": "/a"})
    with pytest.raises(ValueError, match="unknown arguments: surprise"):
        settings_from({**values, "surprise": "7"})


def test_the_defaults_are_the_documented_ones():
    settings = settings_from(LEAST)
    told = {name: about.get("default") for name, about in WEBHOOKS.items() if not about.get("required")}
    del told["previous_secret"]
    assert {name: getattr(settings, name) for name in told} == told


def test_what_both_sources_have_has_the_same_type_and_default():
    shared = set(WEBHOOKS) & set(ACCOUNTS)
    assert shared == set(WEBHOOKS) - {"backlog"}
    for name in shared:
        assert all(WEBHOOKS[name].get(key) == ACCOUNTS[name].get(key) for key in ("type", "default")), name


def test_the_other_options_are_those_of_the_modules():
    spec = {**http_spec(), **stackone_spec()}
    others = {name: about for name, about in ACCOUNTS.items() if name not in WEBHOOKS}
    assert set(others) == set(spec) | {"look_every"}
    assert {name: about.get("default") for name, about in others.items() if name in spec} == {
        name: about.get("default") for name, about in spec.items()
    }


def test_the_rulebook_sets_options_of_its_source():
    assert {option for option, _default in variables().values()} <= set(ACCOUNTS)
