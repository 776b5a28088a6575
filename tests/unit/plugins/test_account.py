# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StackOne's API shows of accounts: ids, providers, and what only StackOne itself can say."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import account_in, accounts_in, says_missing
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Answer
from ansible_collections.tenantlink.stackone.plugins.module_utils._identity import (
    account_path,
    is_account_id,
    same_provider,
)

MISSING = {"statusCode": 404, "message": "Account not found", "timestamp": "2026-11-01T08:00:00Z"}


def answer(status, data):
    text = data if isinstance(data, str) else json.dumps(data)
    return Answer(status, {}, text, None if isinstance(data, str) else data)


@pytest.mark.parametrize("value", ["45320976103598426371", "V1StGXR8_Z5jdHi6B-myT", "a", 7, "-", "_" * 255])
def test_ids(value):
    assert is_account_id(value)


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a\n", "\ud800", "ä", "%2e", "a" * 256, True, False, None, 1.5, [], {}],
)
def test_what_is_never_put_into_a_url(value):
    assert not is_account_id(value)
    if isinstance(value, str):
        with pytest.raises(Failed) as error:
            account_path(value)
        assert error.value.failure.code.value == "account_mismatch"
        error.value.failure.message.encode("ascii")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("freshservice", "FreshService", True),
        ("freshservice", "fresh-service", True),
        ("freshservice", "fresh_service", True),
        ("freshservice", "freshservice2", False),
        ("freshservice", "", False),
        ("freshdesk", "freshservice", False),
    ],
)
def test_providers(one, other, same):
    assert same_provider(one, other) is same


@pytest.mark.parametrize(
    ("status", "data", "missing"),
    [
        (404, MISSING, True),
        (400, {"statusCode": 400, "message": "Account not found"}, True),
        (400, {"statusCode": 400, "message": "account 17 was not found"}, True),
        (404, {**MISSING, "message": "Cannot GET /stackone/v9/accounts/17"}, False),
        (404, {"message": "Not Found"}, False),
        (404, {"error": "not found", "status": 404}, False),
        (404, {"detail": "Not Found"}, False),
        (404, "<html>404 not found</html>", False),
        (404, "", False),
        (404, {**MISSING, "statusCode": 200}, False),
        (400, {"statusCode": 400, "message": "provider not found"}, False),
        (400, {"statusCode": 400, "message": "Connector profile not found"}, False),
        (403, {"statusCode": 403, "message": "Account not found"}, False),
        (410, {"statusCode": 410, "message": "Account not found"}, False),
        (200, {"statusCode": 404, "message": "Account not found"}, False),
    ],
)
def test_only_stackone_says_that_an_account_is_missing(status, data, missing):
    assert says_missing(answer(status, data)) is missing


def test_a_strange_id_in_a_listing_does_not_lose_the_others():
    rows = [{"id": ""}, {"id": ".."}, {"id": "good", "provider": None, "status": None}]
    assert [account.id for account in accounts_in(answer(200, rows))] == ["", "..", "good"]


@pytest.mark.parametrize("record", [None, 7, [], {}, {"id": None}, {"id": True}, {"id": []}])
def test_what_is_no_account(record):
    with pytest.raises(Failed) as error:
        account_in(record, answer(200, {}))
    assert error.value.failure.code.value == "unexpected_answer"


@pytest.mark.parametrize("data", [{}, {"data": None}, 7, None, {"data": {}}])
def test_what_is_no_listing(data):
    with pytest.raises(Failed):
        accounts_in(answer(200, data))
