# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One listing for a whole run: how it is asked for, and what is looked up in it."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.directory import (
    OWNERS_AT_ONCE,
    URL_ROOM,
    Directory,
    _portions,
    owners_by_provider,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.paging import EndlessListing
from tests.support.hub_client import failed
from tests.support.services_in_memory import answers, refuses, tenant


@pytest.fixture
def stackone(services):
    return services.factory.clients().stackone


def loaded(stackone):
    seen = Directory(stackone)
    seen.load("freshservice")
    return seen


def ids(accounts):
    return [account.id for account in accounts]


def listings(services):
    """Return the parameters of each listing that was asked for, without the size of a page."""
    return [
        {name: value for name, value in request.params.items() if name != "page_size"}
        for request in services.requests("GET", "/accounts")
    ]


class Stub:
    """A StackOne that notes how it is asked."""

    filters_ignored = False

    def __init__(self, found=(), endless=False):
        self.found, self.endless, self.asked = found, endless, []

    def accounts(self, *args, **options):
        self.asked.append(("accounts", *args, options))
        if self.endless and len(args) == 1:
            raise EndlessListing(None, "x")
        return list(self.found)

    def look_again(self, *args):
        self.asked.append(("look_again", *args))
        return []


class TestLookUp:
    def test_by_id_by_owner_and_by_domain(self, services, stackone):
        services.add("1", "acme"), services.add("1", "Acme.freshservice.com"), services.add("2", "globex")
        seen = loaded(stackone)
        assert (len(seen), ids(seen)) == (3, ["acc-1", "acc-2", "acc-3"])
        assert seen.complete is True
        assert ids(seen.accounts("Fresh-Service", "1")) == ["acc-1", "acc-2"]
        assert ids(seen.look_again("freshservice", "2")) == ["acc-3"]
        assert seen.accounts("freshservice", "3") == seen.accounts("other", "1") == []
        assert ids(seen.with_domain("FreshService", "acme")) == ["acc-1", "acc-2"]
        assert ids(seen.with_domain("freshservice", "globex")) == ["acc-3"]
        assert seen.with_domain("freshservice", "other") == seen.with_domain("other", "acme") == []
        assert seen.listed("acc-3").origin_owner_id == "2"
        assert seen.listed("nobody") is None
        # One page, and the two that show that there are no more.
        assert len(services.requests("GET")) == 3

    def test_an_empty_listing_has_no_domains(self):
        assert Directory(None).with_domain("freshservice", "acme") == []

    def test_accounts_without_a_domain_are_of_none(self, services, stackone):
        services.add("1", None)
        seen = loaded(stackone)
        assert ids(seen.with_domain("freshservice", "")) == ["acc-1"]
        assert seen.with_domain("freshservice", "acme") == []

    def test_what_is_listed_later_under_another_owner_is_that_owners(self, services, stackone):
        """A listing that lags behind shows the former owner."""
        services.add("1", "acme"), services.add("1", "globex")
        seen = loaded(stackone)
        services.accounts["acc-1"]["origin_owner_id"] = "2"
        seen.ask_again("freshservice", ["2"])
        assert ids(seen.accounts("freshservice", "2")) == ["acc-1"]
        assert ids(seen.accounts("freshservice", "1")) == ["acc-2"]
        assert len(seen) == 2
        seen.forget(seen.listed("acc-1"))
        assert seen.accounts("freshservice", "2") == []

    def test_what_is_listed_later_is_found_by_its_domain_too(self, services, stackone):
        services.add("1", "acme")
        seen = Directory(stackone)
        seen.load_owners("freshservice", ["1"])
        assert ids(seen.with_domain("freshservice", "acme")) == ["acc-1"]
        services.add("2", "acme")
        seen.load_owners("freshservice", ["2"])
        assert ids(seen.with_domain("freshservice", "acme")) == ["acc-1", "acc-2"]

    def test_an_account_that_is_listed_twice_is_one_and_the_later_counts(self, services, stackone):
        services.add("1", "acme")
        seen = loaded(stackone)
        services.accounts["acc-1"]["status"] = "error"
        seen.load("freshservice")
        assert [account.status for account in seen.accounts("freshservice", "1")] == ["error"]
        assert len(seen) == 1

    def test_one_that_was_not_listed_is_asked_for(self, services, stackone):
        services.add("1", "acme")
        seen = Directory(stackone)
        assert seen.account("acc-1").id == "acc-1"
        assert seen.account("acc-1").id == "acc-1"
        assert len(services.requests("GET", "/accounts/acc-1")) == 1
        assert ids(seen.accounts("freshservice", "1")) == ["acc-1"]
        assert seen.account("nobody") is None
        assert ids(seen) == ["acc-1"]

    def test_one_that_was_unlinked_is_forgotten_of_its_owner_alone(self, services, stackone):
        services.add("1"), services.add("1"), services.add("2")
        seen = loaded(stackone)
        seen.forget(seen.listed("acc-1"))
        assert ids(seen.accounts("freshservice", "1")) == ["acc-2"]
        assert ids(seen.accounts("freshservice", "2")) == ["acc-3"]
        assert seen.listed("acc-1")
        seen.forget(Account("nobody", "freshservice", "active", "9"))
        assert seen.accounts("freshservice", "9") == []


class TestLoading:
    def test_owners_whom_the_listing_does_not_show_are_asked_for_in_another_way(self, services, stackone):
        services.add("1"), services.add("2")
        services.on("GET", "/accounts", answers(200, [services.accounts["acc-1"]]), times=3)
        seen = Directory(stackone)
        seen.load_for([tenant(), tenant(origin_owner_id="2"), tenant(origin_owner_id="3")])
        asked = [{name: value for name, value in one.items() if name != "page"} for one in listings(services)]
        assert asked[:1] == [{"provider": "freshservice"}]
        assert {"origin_owner_ids": ["2", "3"]} in asked
        assert ids(seen) == ["acc-1", "acc-2"]
        assert seen.complete

    def test_nobody_is_asked_for_where_all_are_shown(self, services, stackone):
        services.add("1")
        Directory(stackone).load_for([tenant()])
        assert {one.get("provider") for one in listings(services)} == {"freshservice"}

    def test_the_number_of_tenants_bounds_a_listing(self):
        def each(work, items):
            return map(work, items)

        stub = Stub()
        Directory(stub, each).load_for([tenant(), tenant(origin_owner_id="2"), tenant(provider="Other")])
        options = {"each": each, "expected": 3, "declared": 3, "thorough": True}
        assert stub.asked == [
            ("accounts", "freshservice", options),
            ("look_again", "freshservice", "1", "2"),
            ("accounts", "other", options),
            ("look_again", "other", "1"),
        ]

    def test_what_is_expected_is_told(self):
        stub = Stub()
        Directory(stub).load("freshservice", expected=7)
        Directory(stub).load("freshservice", 3, 7)
        Directory(stub).load("freshservice")
        assert stub.asked == [
            ("accounts", "freshservice", {"each": map, "expected": expected, "declared": declared, "thorough": True})
            for expected, declared in ((7, 0), (7, 3), (0, 0))
        ]

    def test_a_listing_without_an_end_is_given_up_for_the_declared_owners(self):
        stub = Stub([Account("a", "freshservice", "active", "1")], endless=True)
        seen = Directory(stub)
        seen.load_for([tenant()])
        assert (seen.complete, ids(seen)) == (False, ["a"])
        assert [asked[:3] for asked in stub.asked[1:]] == [("accounts", "freshservice", "1")]

    def test_but_not_where_all_are_needed(self):
        with pytest.raises(EndlessListing):
            Directory(Stub(endless=True)).load_for([tenant()], all_needed=True)

    def test_another_failure_is_one(self, services, stackone):
        services.on("GET", "/accounts", refuses(503))
        assert failed(Directory(stackone).load_for, [tenant()]).code.value == "stackone_unavailable"

    def test_many_owners_are_asked_for_in_portions_by_all_workers(self):
        stub, asked = Stub(), []

        def each(work, portions):
            asked.append(list(portions))
            return [[Account(part[0], "freshservice", "active", work(part) or part[0])] for part in portions]

        owners = [f"o{number}" for number in range(2 * OWNERS_AT_ONCE + 1)]
        seen = Directory(stub, each)
        seen.load_owners("freshservice", owners)
        assert asked == [[owners[50:100], owners[100:]]]
        parts = (owners[:50], *asked[0])
        assert stub.asked == [("accounts", "freshservice", *part, {"thorough": True}) for part in parts]
        assert ids(seen) == ["o50", "o100"]

    def test_a_server_that_ignores_filters_is_asked_for_all_once(self):
        stub = Stub([Account("a", "freshservice", "active", "o99")])
        stub.filters_ignored = True
        seen = Directory(stub)
        seen.load_owners("freshservice", [f"o{number}" for number in range(60)])
        assert [len(asked) for asked in stub.asked] == [53, 3]
        assert stub.asked[1] == ("accounts", "freshservice", {"thorough": True})
        assert ids(seen) == ["a"]

    def test_one_portion_is_enough_even_then(self):
        stub = Stub()
        stub.filters_ignored = True
        Directory(stub).load_owners("freshservice", ["o1"])
        assert stub.asked == [("accounts", "freshservice", "o1", {"thorough": True})]

    def test_without_owners_nothing_is_asked(self):
        stub = Stub()
        Directory(stub).load_owners("freshservice", [])
        Directory(stub).ask_again("freshservice", [])
        assert stub.asked == []


def test_owners_by_provider():
    tenants = [
        *(tenant(origin_owner_id="2"), tenant(provider="FreshService"), tenant(origin_owner_id="2")),
        *(tenant(origin_owner_id=None, account_id="x"), tenant(provider="another")),
        tenant(origin_owner_id=None, provider="Beta"),
    ]
    found = owners_by_provider(tenants)
    assert found == {"another": ["1"], "beta": [], "freshservice": ["2", "1"]}
    assert list(found) == ["another", "beta", "freshservice"]


def test_a_portion_holds_as_many_owners_as_a_url_and_no_more():
    assert _portions([]) == []
    assert [len(portion) for portion in _portions(["o"] * 101)] == [50, 50, 1]
    # Three characters for each byte, as in a URL, and the name of the parameter.
    half = (URL_ROOM - 2 * len("&origin_owner_ids=")) // 6
    assert [len(portion) for portion in _portions(["x" * half, "x" * half])] == [2]
    assert [len(portion) for portion in _portions(["x" * half, "x" * (half + 2)])] == [1, 1]
    assert [len(portion) for portion in _portions(["x" * URL_ROOM, "o", "o"])] == [1, 2]
    assert [len(portion) for portion in _portions(["ä" * 400, "ä" * 400])] == [1, 1]
