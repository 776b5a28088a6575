# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StackOne's API shows of accounts: ids, providers, and what only StackOne itself can say."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account_answers import (
    account_in,
    accounts_in,
    checked,
    says_missing,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core import identity
from tests.support.hub_client import failed
from tests.support.services_in_memory import reply

MISSING = {"statusCode": 404, "message": "Account not found", "timestamp": "2026-11-01T08:00:00Z"}


@pytest.mark.parametrize("value", ["45320976103598426371", "V1StGXR8_Z5jdHi6B-myT", "a", 7, "-", "_" * 255])
def test_ids(value):
    assert identity.is_account_id(value)


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a\n", "\ud800", "ä", "%2e", "a" * 256, True, False, None, 1.5, [], {}],
)
def test_what_is_never_put_into_a_url(value):
    assert not identity.is_account_id(value)
    if isinstance(value, str):
        failure = failed(identity.account_path, value)
        assert failure.code.value == "account_mismatch"
        failure.message.encode("ascii")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        *(("freshservice", other, True) for other in ("FreshService", "fresh-service", "fresh_service")),
        *(("freshservice", other, False) for other in ("freshservice2", "")),
        ("freshdesk", "freshservice", False),
    ],
)
def test_providers(one, other, same):
    assert identity.same_provider(one, other) is same


@pytest.mark.parametrize(
    ("status", "data", "missing"),
    [
        (404, MISSING, True),
        (400, {"statusCode": 400, "message": "Account not found"}, True),
        (400, {"statusCode": 400, "message": "account 17 was not found"}, True),
        (400, {"statusCode": 400, "message": f"account {' account' * 10_000} not found"}, False),
        (404, {**MISSING, "message": "Cannot GET /stackone/v9/accounts/17"}, False),
        *((404, data, False) for data in ({"message": "Not Found"}, {"error": "not found", "status": 404})),
        *((404, data, False) for data in ({"detail": "Not Found"}, "<html>404 not found</html>", "")),
        (404, {**MISSING, "statusCode": 200}, False),
        (400, {"statusCode": 400, "message": "provider not found"}, False),
        (400, {"statusCode": 400, "message": "Connector profile not found"}, False),
        *((status, {"statusCode": status, "message": "Account not found"}, False) for status in (403, 410)),
        (200, {"statusCode": 404, "message": "Account not found"}, False),
    ],
)
def test_only_stackone_says_that_an_account_is_missing(status, data, missing):
    assert says_missing(reply(status, data)) is missing


def test_a_strange_id_in_a_listing_does_not_lose_the_others():
    rows = [{"id": ""}, {"id": ".."}, {"id": "good", "provider": None, "status": None}]
    accounts = accounts_in(reply(200, rows))
    assert [account.id for account in accounts] == ["", "..", "good"]
    assert {account.status for account in accounts} == {"unknown"}


@pytest.mark.parametrize("record", [None, 7, [], {}, {"id": None}, {"id": True}, {"id": []}])
def test_what_is_no_account(record):
    assert failed(account_in, record, reply(200, {})).code.value == "unexpected_answer"


def test_all_that_a_record_shows_is_read():
    same = {
        **{"provider": "freshservice", "origin_owner_name": "Acme Inc.", "origin_username": "agent@customer.example"},
        **{"label": "L", "created_at": "2027-01-15T08:00:00Z", "updated_at": "2027-01-16T08:00:00Z"},
    }
    reasons = [{"description": "two\n lines", "code": "c"}, {"description": None, "code": "expired"}]
    record = {
        **{**same, "id": 4711, "status": "Active", "origin_owner_id": 17, "type": "PRODUCTION", "shared": False},
        "status_reasons": [*reasons, {"timestamp": "now"}, {"code": 7}, "words"],
        "setup_information": {"domain": "acme"},
        "credentials": {"apiKey": "secret"},
    }
    account = account_in(record, reply(200, record))
    shown = {**same, "id": "4711", "status": "active", "origin_owner_id": "17", "type": "production"}
    told, setup = ["two lines", "expired"], {"domain": "acme"}
    assert account == Account(**shown, status_reasons=tuple(told), setup_information=setup, shared=False)
    assert account.made_at == 1_800_000_000.0
    assert account.as_dict("d") == {**shown, "status_reasons": told, "shared": False, "domain": "d"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        dict.fromkeys(
            ("provider", "status", "origin_owner_id", "label", "type", "status_reasons", "setup_information")
        ),
        {
            **{"provider": [], "status": {}, "origin_owner_id": [], "label": {}, "type": [], "created_at": {}},
            "shared": "no",
        },
        {"status_reasons": {"code": "x"}, "setup_information": ["acme"], "status": "", "type": "", "shared": 0},
    ],
)
def test_what_a_record_does_not_show_is_unknown(more):
    record = {"id": "a", **more}
    account = account_in(record, reply(200, record))
    assert account == Account("a", "", "unknown", "")
    assert (account.active, account.made_at, account.is_of("freshservice")) == (False, None, False)


def test_a_listing_comes_bare_or_in_data():
    rows = [{"id": "a"}, {"id": "b"}]
    assert accounts_in(reply(200, rows)) == accounts_in(reply(200, {"data": rows, "next": None}))
    assert [account.id for account in accounts_in(reply(200, rows))] == ["a", "b"]


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {}}, 7, None, [{"id": None}], [7]])
def test_what_is_wrong_with_a_listing_is_told(data):
    failure = failed(accounts_in, reply(200, data))
    assert (failure.code.value, failure.http_status) == ("unexpected_answer", 200)
    assert failure.details == {"doing": "list the accounts", "answer": reply(200, data).excerpt}


@pytest.mark.parametrize("second", ["other", "", None])
def test_a_listing_with_one_account_for_two_owners_is_not_believed(second):
    """Whichever owner is left out would be given a second account."""
    rows = [{"id": "a", "origin_owner_id": "one"}, {"id": "b"}, {"id": "a", "origin_owner_id": second}]
    for listed in (rows, rows[::-1]):
        assert failed(accounts_in, reply(200, listed)).details["doing"] == "list the accounts"
        assert failed(accounts_in, reply(200, listed)).code.value == "unexpected_answer"
    assert len(accounts_in(reply(200, [rows[0], rows[0]]))) == 2


@pytest.mark.parametrize(
    "reported", [{"error": "timeout"}, {"errors": ["one of the databases"]}, {"statusCode": 400}, {"statusCode": 502}]
)
def test_a_page_that_reports_an_error_does_not_show_all_accounts(reported):
    """Its accounts are some of them, or none, and a tenant that is not among them would be linked a second time."""
    failure = failed(accounts_in, reply(200, {"data": [], **reported}))
    assert (failure.code.value, failure.details["doing"]) == ("unexpected_answer", "list the accounts")


@pytest.mark.parametrize("told", [{"error": None, "errors": []}, {"statusCode": 200}, {"next": None, "total": 0}])
def test_a_page_that_reports_none_does(told):
    assert accounts_in(reply(200, {"data": [], **told})) == []


def test_a_part_of_a_listing_is_not_believed():
    assert failed(accounts_in, reply(206, [])).code.value == "unexpected_answer"
    assert failed(checked, reply(206, {}), "show the account").code.value == "unexpected_answer"


def test_a_listing_that_is_refused_is_told():
    failure = failed(accounts_in, reply(503, "down"))
    assert failure.code.value == "stackone_unavailable"
    assert failure.details == {"doing": "list the accounts", "answer": "down"}


def test_the_data_of_a_success_of_the_right_shape_is_given():
    assert checked(reply(200, {"a": 1}), "do it") == {"a": 1}
    assert checked(reply(200, [1]), "do it", shape=list) == [1]
    for wrong, code in ((reply(200, [1]), "unexpected_answer"), (reply(403, {}), "stackone_forbidden")):
        failure = failed(checked, wrong, "do it")
        assert (failure.code.value, failure.details["doing"]) == (code, "do it")


@pytest.mark.parametrize(
    ("value", "account_id"), [("a", "a"), (7, "7"), ("", ""), (None, None), (True, None), (1.5, None), ([], None)]
)
def test_ids_are_texts_or_whole_numbers(value, account_id):
    assert identity.account_id_of(value) == account_id


def test_the_path_of_an_account():
    assert identity.account_path("a-1_B") == "/accounts/a-1_B"
    failure = failed(identity.account_path, "ä/" + "x" * 99)
    assert failure.message == "StackOne returned an account with an invalid id; no request was sent for it."
    assert failure.remediation.endswith("Check this owner's accounts in StackOne's dashboard.")


def test_a_provider_without_its_signs():
    assert identity.plain_provider("Fresh-Service_2") == "freshservice2"
