# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of StackOne's accounts is a tenant's link, and what is asked to tell."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.directory import Directory
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import State
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.find import Finder, Found, account_not_found
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.selection import Candidate
from tests.support.hub_client import failed
from tests.support.services_in_memory import answers, refuses, tenant


def find(services, declared, left_out=(), listed=False):
    """Look a tenant up, in StackOne itself or in a listing of it."""
    clients = services.factory.clients()
    observed = clients.stackone
    if listed:
        observed = Directory(clients.stackone)
        observed.load("freshservice")
    return Finder(clients.stackone, clients.hub, observed).find(declared, frozenset(left_out))


def views(services):
    return [path for verb, path, _request in services.log if verb == "GET" and path.startswith("/hub/accounts/")]


def silent(services, domain, **more):
    """Add an account whose domain the Hub alone shows."""
    account_id = services.add("1", domain, **more)
    services.accounts[account_id]["setup_information"] = {}
    return account_id


@pytest.mark.parametrize("shown", [True, False], ids=["in the listing", "in the Hub"])
@pytest.mark.parametrize(
    ("declared", "stored", "refused"), [("acme", "acme", False), ("acme", "globex", True), (None, "globex", False)]
)
def test_an_account_to_unlink_must_store_the_declared_domain(services, declared, stored, refused, shown):
    account_id = services.add("1", stored) if shown else silent(services, stored)
    leaver = tenant(domain=declared, account_id=account_id, state=State.ABSENT)
    if not refused:
        assert find(services, leaver).account.id == account_id
        return
    failure = failed(lambda: find(services, leaver))
    assert (failure.code, failure.details) == (FailureCode.ACCOUNT_MISMATCH, {"account_id": account_id})
    assert failure.message == f"account {account_id} is not this tenant's: its domain is globex."
    assert failure.remediation == "Correct account_id or domain; nothing was unlinked."


class TestOwner:
    def test_the_only_account_is_the_link_whatever_its_domain(self, services):
        services.add("1", "globex"), services.add("2", "acme")
        found = find(services, tenant())
        assert found.account.id == "acc-1"
        assert found.candidates == (Candidate(found.account, "globex"),)
        assert found.ids == {"acc-1"}
        assert views(services) == []

    def test_an_owner_without_one_is_asked_for_twice_in_two_ways(self, services):
        assert find(services, tenant()) == Found(None)
        first, *others = services.requests("GET", "/accounts")
        assert first.params["provider"] == "freshservice"
        assert others
        assert all("provider" not in request.params for request in others)
        assert all(request.params["origin_owner_id"] == ["1"] for request in (first, *others))

    def test_what_a_listing_left_out_for_once_is_found(self, services):
        services.add("1", "acme")
        services.on("GET", "/accounts", answers(200, []))
        assert find(services, tenant()).account.id == "acc-1"

    def test_of_several_the_one_with_the_domain(self, services):
        services.add("1", "globex"), services.add("1", "https://ACME.freshservice.com/")
        found = find(services, tenant())
        assert (found.account.id, found.ids) == ("acc-2", {"acc-1", "acc-2"})

    def test_of_several_with_the_domain_none(self, services):
        services.add("1", "acme"), services.add("1", "acme")
        assert failed(find, services, tenant()).code is FailureCode.AMBIGUOUS_ACCOUNT

    def test_a_domain_that_no_listing_shows_is_asked_for_where_it_matters(self, services):
        services.add("1", "globex"), silent(services, "acme")
        assert find(services, tenant(integration_id="p1")).account.id == "acc-2"
        assert views(services) == ["/hub/accounts/acc-2"]
        (session,) = services.requests("POST", "/connect_sessions")
        assert (session.body["account_id"], session.body["integration_id"]) == ("acc-2", "p1")

    def test_and_not_where_it_does_not(self, services):
        silent(services, "globex")
        assert find(services, tenant()).account.id == "acc-1"
        assert views(services) == []

    def test_another_domain_may_stand_beside_it_where_that_is_declared(self, services):
        services.add("1", "globex")
        found = find(services, tenant(allow_multiple=True))
        assert (found.account, found.ids) == (None, {"acc-1"})

    def test_accounts_of_another_provider_are_not_looked_at(self, services):
        services.add("1", "acme", provider="freshdesk")
        assert find(services, tenant()).account is None


class TestUnknownProvider:
    """An account of the owner whose provider the listing does not say."""

    @pytest.mark.parametrize(("provider", "found"), [("FreshService", "acc-1"), ("freshdesk", None)])
    def test_it_is_asked_for_by_itself(self, services, provider, found):
        services.add("1", "acme", provider=provider)
        row = {**services.accounts["acc-1"], "provider": None}
        services.on("GET", "/accounts", answers(200, [row]), times=2)
        account = find(services, tenant()).account
        assert (account and account.id) == found
        assert services.requests("GET", "/accounts/acc-1")

    def test_nothing_is_guessed_where_nobody_says_it(self, services):
        services.add("1", "acme", provider="")
        services.on("GET", "/accounts", answers(200, [services.accounts["acc-1"]]))
        failure = failed(find, services, tenant())
        assert failure.code is FailureCode.ACCOUNT_MISMATCH
        assert "the provider of account acc-1 of this owner" in failure.message
        assert failure.details == {"account_id": "acc-1"}
        assert "nothing was changed" in failure.remediation

    def test_nor_where_it_is_gone(self, services):
        row = {"id": "gone", "origin_owner_id": "1", "status": "active"}
        services.on("GET", "/accounts", answers(200, [row]))
        assert failed(find, services, tenant()).code is FailureCode.ACCOUNT_MISMATCH


class TestLeftOut:
    """Accounts that another entry of the list unlinks."""

    def test_they_are_not_this_tenants(self, services):
        services.add("1", "globex")
        assert find(services, tenant(), ["acc-1"]).account is None
        assert find(services, tenant(), ["acc-1"], listed=True).account is None

    def test_unless_they_store_its_domain(self, services):
        services.add("1", "acme.freshservice.com")
        assert find(services, tenant(), ["acc-1"]).account.id == "acc-1"

    @pytest.mark.parametrize("domain", [None, "globex"])
    def test_they_are_told_all_the_same(self, services, domain):
        services.add("1", domain), services.add("1", "acme")
        found = find(services, tenant(), ["acc-1"])
        assert (found.account.id, found.ids) == ("acc-2", {"acc-1", "acc-2"})

    def test_a_tenant_without_a_domain_takes_none_of_them(self, services):
        services.add("1", "acme")
        declared = tenant(domain=None, api_key=None, state=State.ABSENT)
        assert find(services, declared, ["acc-1"]).account is None


class TestPinned:
    @pytest.mark.parametrize("listed", [True, False])
    def test_an_account_that_is_named_is_looked_up_by_its_id(self, services, listed):
        services.add("1", "globex"), services.add("1", "acme")
        found = find(services, tenant(account_id="acc-1"), listed=listed)
        assert (found.account.id, found.candidates) == ("acc-1", ())

    @pytest.mark.parametrize("other", [{"owner": "2"}, {"provider": "freshdesk"}])
    def test_it_must_be_this_tenants(self, services, other):
        services.add(**{"owner": "1", **other})
        failure = failed(find, services, tenant(account_id="acc-1"))
        assert failure.code is FailureCode.ACCOUNT_MISMATCH

    def test_one_that_is_not_there_is_a_failure_for_a_tenant_that_is_present(self, services):
        failure = failed(find, services, tenant(account_id="nobody"))
        assert failure == account_not_found("nobody").failure
        assert (failure.code, failure.details) == (FailureCode.ACCOUNT_NOT_FOUND, {"account_id": "nobody"})
        assert failure.message == "StackOne has no account nobody."
        assert "Correct account_id" in failure.remediation

    def test_and_none_for_one_that_is_absent(self, services):
        assert find(services, tenant(account_id="nobody", state=State.ABSENT)) == Found(None)

    def test_an_answer_for_another_account_is_refused(self, services):
        services.add("1", "acme")
        services.on("GET", "/accounts/nobody", answers(200, services.accounts["acc-1"]))
        assert failed(find, services, tenant(account_id="nobody")).code is FailureCode.ACCOUNT_MISMATCH

    def test_a_404_that_is_not_stackones_says_nothing(self, services):
        services.add("1", "acme")
        services.on("GET", "/accounts/acc-1", answers(404, {"message": "Not Found"}))
        declared = tenant(account_id="acc-1", state=State.ABSENT)
        assert failed(find, services, declared).code is FailureCode.UNEXPECTED_ANSWER

    def test_nor_does_one_of_a_server_that_has_no_accounts(self, services):
        services.on("GET", "/accounts", answers(404, "<html>nothing here</html>"))
        declared = tenant(account_id="acc-1", state=State.ABSENT)
        assert failed(find, services, declared).code is FailureCode.UNEXPECTED_ANSWER


def test_candidates_are_asked_for_only_with_look(services):
    silent(services, "acme")
    clients = services.factory.clients()
    finder = Finder(clients.stackone, clients.hub, clients.stackone)
    listed = [Account("acc-1", "freshservice", "active", "1")]
    assert finder.candidates(tenant(), listed, look=False) == [Candidate(listed[0], None)]
    assert finder.candidates(tenant(), listed, look=True) == [Candidate(listed[0], "acme")]


def test_a_failure_of_the_look_is_one(services):
    services.add("1", "globex"), silent(services, "acme")
    services.on("GET", "/hub/accounts/.*", refuses(503))
    assert failed(find, services, tenant()).code is FailureCode.STACKONE_UNAVAILABLE
