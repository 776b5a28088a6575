# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores of docs/secret_backends.md that can run here: each is asked once, however many tenants there are."""

from __future__ import annotations

import json

import pytest

from tests.support.secret_stores import expression, link, plays, secret, variables_of

TENANTS = [["acme"], ["acme", "globex", "hooli"]]


def linked_from(runner, store, section, domains):
    run = link(runner, plays(expression(section)), variables_of(runner, *domains), env=store.env)
    assert run.code == 0, run.output
    assert set(runner.linked().values()) == set(domains)


@pytest.mark.parametrize("domains", TENANTS)
def test_aws_secrets_manager(runner, aws, domains):
    aws.put("freshservice-keys", json.dumps(secret(runner)))
    linked_from(runner, aws, "AWS Secrets Manager", domains)
    assert aws.asked == ["GetSecretValue"]


@pytest.mark.parametrize("domains", TENANTS)
def test_pass(runner, passwords, domains):
    passwords.put("freshservice/keys", json.dumps(secret(runner)))
    linked_from(runner, passwords, "pass", domains)
    assert passwords.asked == ["show"]


def test_a_lookup_in_the_variables_themselves_asks_aws_again_and_again(runner, aws):
    aws.put("freshservice-keys", json.dumps(secret(runner)))
    lookup = expression("AWS Secrets Manager").removeprefix("{{ ").removesuffix(" }}")
    lazy = {name: f"{{{{ ({lookup}).{name} }}}}" for name in secret(runner)}
    run = link(runner, "tenantlink.stackone.link", {**variables_of(runner, "acme"), **lazy}, env=aws.env)
    assert run.code == 0, run.output
    assert len(aws.asked) > 2
