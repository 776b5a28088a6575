# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are well formed and wrong: a listing that errs once, and answers about somebody else's account.

What must be: no account is linked twice, nobody else's account is touched, and the result says what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.module_runner import DOMAINS, LINK, LINKS, Hooks
from tests.trust.cells import in_turn
from tests.trust.checks import without_twins
from tests.trust.flows import FIVE, FLOWS, ONE, TWO, have, tenant

MADE = "2020-01-01T00:00:00Z"
STRANGER = "StrangersAccount00001"
WRITERS = {name: flow for name, flow in FLOWS.items() if not flow.refusals}
every_flow = pytest.mark.parametrize("flow", WRITERS.values(), ids=WRITERS.keys())

Rows = list[dict[str, Any]]


def _foreign(rows: Rows) -> Rows:
    """Accounts of other providers and owners, one of which has this tenant's domain."""
    row = {"status": "active", "created_at": MADE, "updated_at": MADE, "origin_owner_name": "x"}
    other = {"provider": "hibob", "origin_owner_id": f"customer-{ONE}", "setup_information": {"domain": ONE}}
    return [{**row, "id": "x1", **other}, {**row, "id": "x2", "provider": None, "origin_owner_id": "nobody"}, *rows]


LISTINGS: dict[str, Callable[[Rows], Rows]] = {
    "empty": lambda rows: [],
    "first_half": lambda rows: rows[: len(rows) // 2],
    "second_half": lambda rows: rows[(len(rows) + 1) // 2 :],
    "backwards": lambda rows: rows[::-1],
    "twice": lambda rows: rows + rows,
    "foreign": _foreign,
    "spelt_otherwise": lambda rows: [{**row, "provider": "Fresh-Service"} for row in rows],
}


def _is_listing(method: str, path: str) -> bool:
    return method == "GET" and path.endswith("/accounts")


@pytest.mark.parametrize("kind", LISTINGS)
@every_flow
def test_a_listing_that_errs_once(matrix, tally, flow, kind):
    count = sum(_is_listing(row["method"], row["path"]) for row in matrix.baseline(flow)[0].sent)
    tally(flow.name, "listing", [list(_erring(matrix, flow, kind, number + 1)) for number in range(count)])


def _erring(matrix: Any, flow: Any, kind: str, number: int) -> Iterator[str]:
    looks = [0]

    def rewrite(method: str, path: str, data: Any) -> Any:
        if not _is_listing(method, path) or not isinstance(data, list):
            return data
        looks[0] += 1
        return LISTINGS[kind](data) if looks[0] == number else data

    options = matrix.begin(flow)
    before = matrix.runner.stored()
    run = matrix.runner.run(flow.module, options, hooks=Hooks(rewrite=rewrite))
    after = matrix.runner.stored()
    reads = flow.module.startswith(("auth", "account"))
    problems = [*matrix.wrong(flow, run, before, after, provable=not reads), *matrix.heals(flow, options)]
    yield from (f"{flow.name}/{kind}{number}: {problem}" for problem in problems)


def _whose(record: dict[str, Any]) -> dict[str, Any]:
    """The stranger's record, as far as an answer of this form shows one."""
    own = {"id": STRANGER, "secureId": STRANGER, "origin_owner_id": "somebody-else"}
    return {**record, **{name: value for name, value in own.items() if name in record}}


STRANGE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another_record": _whose,
    "another_id": lambda record: {**record, "id": STRANGER},
    "a_number": lambda record: {**record, "id": 7},
    "no_id": lambda record: {**record, "id": ""},
    "true": lambda record: {**record, "id": True},
    "parent": lambda record: {**record, "id": ".."},
    "a_path": lambda record: {**record, "id": f"../accounts/{STRANGER}"},
    "a_query": lambda record: {**record, "id": f"{STRANGER}?x=1"},
    "half_surrogate": lambda record: {**record, "id": "\ud800"},
    "existing": lambda record: {**record, "existing_account_id": STRANGER},
    "existing_path": lambda record: {**record, "existing_account_id": f"../{STRANGER}"},
}


def _named(method: str, path: str) -> bool:
    """Whether an answer is about one account."""
    return (
        "/accounts/" in path
        or path.endswith("/hub/settings")
        or (method in ("POST", "PATCH") and path.endswith("/hub/accounts"))
    )


@pytest.mark.parametrize("kind", STRANGE)
@every_flow
def test_an_answer_about_somebody_else(matrix, tally, flow, kind):
    count = sum(_named(row["method"], row["path"]) for row in matrix.baseline(flow)[0].sent)
    numbers = [number + 1 for number in range(count) if in_turn(flow, f"{kind}{number}")]
    tally(flow.name, "stranger", [list(_mistaken(matrix, flow, kind, number)) for number in numbers])


def _mistaken(matrix: Any, flow: Any, kind: str, number: int) -> Iterator[str]:
    runner, answers = matrix.runner, [0]

    def rewrite(method: str, path: str, data: Any) -> Any:
        if not _named(method, path) or not isinstance(data, dict):
            return data
        answers[0] += 1
        return STRANGE[kind](data) if answers[0] == number else data

    options = matrix.begin(flow)
    # What a purge of everything but the list may take is not a stranger's.
    provider = {"provider": "hibob"} if "purge" in flow.name else {}
    have(runner, FIVE, owner="somebody-else", id=STRANGER, key=runner.keys[FIVE], **provider)
    before = runner.stored()
    run = runner.run(flow.module, options, hooks=Hooks(rewrite=rewrite))
    after = runner.stored()
    problems = []
    if after.get(STRANGER) != before[STRANGER]:
        problems.append(f"a stranger's account was touched: {before[STRANGER]} -> {after.get(STRANGER)}")
    strange = [row["path"] for row in run.sent if ".." in row["path"] or row["path"].endswith(("/accounts/", STRANGER))]
    writes = [row for row in run.sent if row["method"] in ("PATCH", "DELETE") and row["path"] in strange]
    if writes:
        problems.append(f"it wrote to {writes}")
    # An account and the one that replaces it may both be left, but not without a word: the next run ends that.
    problems += [] if flow.replaces and run.failed else without_twins(after)
    problems += matrix.wrong(flow, run, before, after, provable=False)
    runner.emulator.remove_account(STRANGER)
    yield from (f"{flow.name}/{kind}{number}: {problem}" for problem in [*problems, *matrix.heals(flow, options)])


@pytest.mark.parametrize("kind", ["another_id", "another_record"])
def test_an_answer_about_the_owners_other_link(runner, kind):
    """The new link's request is answered with the id of another domain's account: that one keeps its label."""
    runner.reset()
    have(runner, TWO, owner="customer", label="Old", id=STRANGER, key=runner.keys[TWO])
    before = runner.stored()

    def rewrite(method: str, path: str, data: Any) -> Any:
        return STRANGE[kind](data) if method == "POST" and path.endswith("/hub/accounts") else data

    options = {**tenant(runner, ONE, origin_owner_id="customer", allow_multiple=True), "confirm_timeout": 2}
    run = runner.run(LINK, options, hooks=Hooks(rewrite=rewrite))
    assert run.failed
    assert {failure["code"] for failure in run.failures} == {"account_mismatch"}
    assert runner.stored()[STRANGER] == before[STRANGER]
    assert not runner.run(LINK, options).failed
    assert len(runner.stored()) == 2


@pytest.mark.parametrize("module", [LINK, LINKS])
def test_an_account_whose_provider_is_not_shown_is_not_linked_again(runner, module):
    runner.reset()
    runner.emulator.switch(hub_existing_triple="duplicate")
    have(runner, ONE)
    before = runner.stored()

    def rewrite(_method: str, path: str, data: Any) -> Any:
        rows = data if isinstance(data, list) else [data]
        for row in rows if "/accounts" in path and "/hub/" not in path else ():
            row["provider"] = None
        return data

    declared = {**tenant(runner, ONE), "confirm_timeout": 2}
    options = declared if module == LINK else {"tenants": [tenant(runner, ONE)], "confirm_timeout": 2}
    run = runner.run(module, options, hooks=Hooks(rewrite=rewrite))
    assert run.failed
    assert {failure["code"] for failure in run.failures} == {"account_mismatch"}
    assert runner.stored() == before


@pytest.mark.parametrize("cap", [1, 3, 10, 24])
@pytest.mark.parametrize("filters", ["honoured", "ignored"])
def test_pages_smaller_than_the_smallest_that_is_documented(runner, cap, filters):
    """Everything past the first page would be linked again."""
    runner.reset()
    runner.emulator.switch(hub_existing_triple="duplicate")
    options = {"tenants": [tenant(runner, domain) for domain in DOMAINS], "confirm_timeout": 6}
    assert not runner.run(LINKS, options).failed
    linked = runner.stored()
    runner.emulator.switch(accounts_page_cap=cap, accounts_filters=filters)
    run = runner.run(LINKS, options)
    assert not run.failed, run.result
    assert not run.changed
    renamed = [tenant(runner, domain, origin_owner_name="New Ltd") for domain in DOMAINS]
    run = runner.run(LINKS, {**options, "tenants": renamed})
    assert not run.failed, run.result
    assert set(runner.stored()) == set(linked)


def test_a_listing_that_never_ends_is_given_up(runner):
    """It is bounded by what is declared; the tenants are linked all the same."""
    runner.reset()
    serial = iter(range(10**9))

    def rewrite(method: str, path: str, data: Any) -> Any:
        if not _is_listing(method, path) or len(data) > 1:
            return data
        row = {"provider": "freshservice", "status": "active", "created_at": MADE, "updated_at": MADE}
        return data + [
            {**row, "id": f"n{next(serial)}", "origin_owner_id": f"n{next(serial)}", "origin_owner_name": "n"}
            for _number in range(25)
        ]

    options = {"tenants": [tenant(runner, ONE)], "confirm_timeout": 6}
    run = runner.run(LINKS, options, hooks=Hooks(rewrite=rewrite))
    assert len(run.sent) < 1000
    assert run.failed
    assert {failure["code"] for failure in run.failures} == {"unexpected_answer"}
    assert runner.stored() == {}


@pytest.mark.parametrize("cap", [2, 5, 24])
def test_several_links_of_one_owner_on_small_pages(runner, cap):
    """An owner of whom a page shows some accounts may have more on the next one."""
    runner.reset()
    runner.emulator.switch(hub_existing_triple="duplicate")
    owner = {"origin_owner_id": "customer", "allow_multiple": True}
    options = {"tenants": [tenant(runner, domain, **owner) for domain in DOMAINS], "confirm_timeout": 6}
    for number in range(30):
        other = f"other-{number}"
        runner.emulator.add_account(origin_owner_id=other, domain=other, api_key="somebodys-key")
    runner.emulator.switch(accounts_page_cap=cap)
    assert not runner.run(LINKS, options).failed
    assert len(runner.stored()) == 30 + len(DOMAINS)
    again = runner.run(LINKS, options)
    assert not again.failed
    assert not again.changed
    moved = {"tenants": [tenant(runner, FIVE, origin_owner_id="customer.0")], "confirm_timeout": 6}
    (failure,) = runner.run(LINKS, moved).failures
    assert failure["code"] == "domain_linked_elsewhere"
