# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of one declaration at the same time: one link stays one account, and nobody is told otherwise.

What must be: when both have ended there is one account for each link, or a run is red and names all of them; nobody
else's account is touched; and in the end, at the latest with the repair that a person asks for, there is one.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.module_runner import LINK, LINKS
from tests.trust.flows import ONE, THREE, TWO, have, tenant
from tests.trust.interleaving import Interleaving, SteppedRun

TOLD = {"duplicate_account", "ambiguous_account"}
RULES = ("update", "duplicate")
FULL = pytest.mark.parametrize("rule", RULES)


def declared(runner, module, *names):
    """The options of one run; each name is the owners' name in it."""
    (name,) = names or (None,)
    if module == LINK:
        return {**runner.connection(LINK), **tenant(runner, ONE, origin_owner_name=name), "confirm_timeout": 6}
    listed = [tenant(runner, domain, origin_owner_name=name) for domain in (ONE, TWO)]
    return {**runner.connection(LINKS), "tenants": listed, "concurrency": 1, "confirm_timeout": 6}


def begin(runner, rule):
    """A StackOne of one of the two kinds, with somebody else's account in it."""
    runner.reset()
    runner.emulator.switch(hub_existing_triple=rule)
    have(runner, THREE, owner="somebody-else")
    return runner.stored()


def links(runner, foreign) -> dict[str, list[dict[str, Any]]]:
    """The accounts of each owner; those of strangers must be as they were."""
    stored = runner.stored()
    for account_id, account in foreign.items():
        assert stored.pop(account_id, None) == account, "a stranger's account was touched"
    found = defaultdict(list)
    for account in stored.values():
        found[account["origin_owner_id"]].append(account)
    return found


def check(runner, runs, foreign, wanted, killed=False):
    """What must be true when both runs have ended, and after the next one."""
    found = links(runner, foreign)
    red = [failure for run in runs for failure in run.failures]
    for owner, accounts in found.items():
        if len(accounts) == 1:
            continue
        ids = {account["id"] for account in accounts}
        told = any(failure["code"] in TOLD and all(one in json.dumps(failure) for one in ids) for failure in red)
        assert told or killed, f"{owner} has {len(accounts)} accounts and nobody says so: {[p.result for p in runs]}"
    if not killed:
        assert set(found) == wanted, f"only {set(found)} are linked: {[run.result for run in runs]}"
    again = runner.run(LINKS, declared(runner, LINKS, *{owner_name(runs)}))
    if again.failed:
        assert {failure["code"] for failure in again.failures} <= TOLD, again.result
        repair = {"resolve_duplicates": True, "resolve_duplicates_limit": 9}
        repaired = runner.run(LINKS, {**declared(runner, LINKS, *{owner_name(runs)}), **repair})
        assert not repaired.failed, repaired.result
    healed = links(runner, foreign)
    assert {owner: len(accounts) for owner, accounts in healed.items()} == {f"customer-{ONE}": 1, f"customer-{TWO}": 1}
    quiet = runner.run(LINKS, declared(runner, LINKS, *{owner_name(runs)}))
    assert not quiet.changed
    assert not quiet.failed


def owner_name(runs):
    """The owners' name that the last run declared."""
    options = runs[-1].options
    return (options["tenants"][0] if "tenants" in options else options).get("origin_owner_name")


def wanted(module):
    owners = {f"customer-{ONE}", f"customer-{TWO}"}
    return {f"customer-{ONE}"} if module == LINK else owners


def turns(first, second):
    """The first run sends so many requests, then the second one, then each goes on to its end."""
    return itertools.chain([0] * first, [1] * second, itertools.repeat(0))


STEPS = {LINK: range(0, 11), LINKS: range(0, 16, 3)}


@pytest.mark.parametrize("lag", [0, 2])
@pytest.mark.parametrize("module", [LINK, LINKS])
@FULL
def test_one_run_begins_while_another_is_at_work(runner, module, rule, lag):
    for first, second in itertools.product(STEPS[module], STEPS[module]):
        foreign = begin(runner, rule)
        runs = [SteppedRun(module, declared(runner, module)) for _number in range(2)]
        Interleaving(runner, lag).run(runs, turns(first, second))
        check(runner, runs, foreign, wanted(module))


@FULL
def test_two_runs_side_by_side_end_with_one_account_and_no_failure(runner, rule):
    """The usual case: both at the same pace. Neither has anything to complain of."""
    for module in (LINK, LINKS):
        foreign = begin(runner, rule)
        runs = [SteppedRun(module, declared(runner, module)) for _number in range(2)]
        Interleaving(runner).run(runs, itertools.cycle((0, 1)))
        assert [run.failed for run in runs] == [False, False], [run.result for run in runs]
        assert all(len(accounts) == 1 for accounts in links(runner, foreign).values())
        check(runner, runs, foreign, wanted(module))


@FULL
def test_two_runs_that_name_the_owner_differently(runner, rule):
    """The name is part of StackOne's own identity rule (S51), so its Hub does not see that both are one."""
    for first, second in itertools.product(range(0, 11, 2), range(0, 11, 2)):
        foreign = begin(runner, rule)
        runs = [SteppedRun(LINK, declared(runner, LINK, name)) for name in ("One Ltd", "Two Ltd")]
        Interleaving(runner).run(runs, turns(first, second))
        check(runner, runs, foreign, wanted(LINK))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    order=st.lists(st.integers(0, 1), min_size=1, max_size=40),
    rule=st.sampled_from(RULES),
    modules=st.tuples(st.sampled_from([LINK, LINKS]), st.sampled_from([LINK, LINKS])),
    lag=st.integers(0, 3),
    dies_at=st.one_of(st.none(), st.integers(2, 14)),
    fault=st.sampled_from(
        [None, {"drop": "after"}, {"drop": "before"}, {"status": 504, "when": "after"}, {"status": 502, "body": "html"}]
    ),
)
def test_any_interleaving(runner, order, rule, modules, lag, dies_at, fault):
    foreign = begin(runner, rule)
    if fault:
        runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, **fault)
    runs = [SteppedRun(module, declared(runner, module)) for module in modules]
    runs[0].dies_at = dies_at
    Interleaving(runner, lag).run(runs, itertools.chain(order, itertools.cycle(order)))
    runner.emulator.clear_faults()
    either = set.union(*(wanted(run.module) for run in runs if not run.died))
    if fault:
        # A link whose answer was lost may be red and made by the next run.
        either = set(links(runner, foreign))
    check(runner, runs, foreign, either, killed=runs[0].died)
