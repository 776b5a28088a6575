# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is declared, and whatever others, faults and kills do meanwhile: a clean run makes it true, and stays true.

Hypothesis makes up the stories, the same ones each time. `TRUST=more` and `TRUST=full` tell more of them, `TRUST=random` others
each time; both make a story that goes wrong as short as it can be, which takes minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.module_runner import DOMAINS, LINK, LINKS, Hooks, Killed, ModuleRunner, Run
from tests.trust.checks import careful_with_keys, without_twins, wrongly_changed
from tests.trust.flows import shown
from tests.trust.share import MODE

STORIES, STEPS = {"full": (1500, 20), "random": (300, 15), "more": (350, 12)}.get(MODE, (50, 12))

OWNERS = ("alpha", "beta", "gamma")

labels = st.sampled_from([None, "Desk", "IT", ""])
names = st.sampled_from([None, "Alpha Ltd", "Beta"])
types = st.sampled_from([None, "production", "test"])
domains = st.sampled_from(DOMAINS[:4])
numbers = st.integers(0, 11)
statuses = st.sampled_from(["error", "expired", "inactive"])

FAULTS = (
    {"service": "hub", "method": "POST", "drop": "after"},
    {"service": "hub", "method": "POST", "status": 504, "body": "html", "when": "after"},
    {"service": "hub", "method": "PATCH", "drop": "after"},
    {"service": "stackone", "method": "PATCH", "status": 502, "when": "after"},
    {"service": "stackone", "method": "DELETE", "drop": "after"},
    {"service": "stackone", "method": "GET", "status": 429, "retry_after": "60"},
    {"service": "stackone", "method": "POST", "status": 401},
    {"service": "freshservice", "status": 503, "body": "html"},
    {"service": "stackone", "status": 200, "body": "html"},
    {"drop": "before"},
)

SWITCHES = (
    {},
    {"hub_existing_triple": "duplicate"},
    {"setup_information_in_accounts": False},
    {"accounts_shape": "data", "accounts_shuffle": True},
    {"hub_patch_body": "empty"},
    {"status_case": "upper", "type_case": "upper"},
    {"accounts_filters": "ignored", "account_missing": 400, "delete_status": 204},
)


@dataclass(frozen=True)
class Declared:
    """What the list says of one link."""

    owner: str
    domain: str
    label: str | None
    name: str | None
    account_type: str | None
    absent: bool = False

    def options(self, runner: ModuleRunner, several: bool) -> dict[str, Any]:
        """The entry of the list. `several`: its owner has other links."""
        owner = {"origin_owner_id": self.owner, "domain": self.domain, "allow_multiple": several}
        if self.absent:
            return {**owner, "state": "absent"}
        texts = {"label": self.label, "origin_owner_name": self.name, "account_type": self.account_type}
        given = {option: value for option, value in texts.items() if value is not None}
        return {**owner, "api_key": runner.keys[self.domain], **given}

    def is_met(self, accounts: list[dict[str, Any]], runner: ModuleRunner) -> bool:
        """Whether what is stored is what is declared; what is not declared may be anything."""
        mine = [one for one in accounts if (one["owner"], one["domain"]) == (self.owner, self.domain)]
        if self.absent:
            return not mine
        wanted = {"key": runner.keys[self.domain], "status": "active"}
        texts = {"label": self.label, "origin_owner_name": self.name, "type": self.account_type}
        wanted.update({name: value for name, value in texts.items() if value is not None})
        return len(mine) == 1 and all((mine[0][name] or "") == value for name, value in wanted.items())


class Life(RuleBasedStateMachine):
    """The life of a list of tenants."""

    runner: ModuleRunner

    def __init__(self) -> None:
        super().__init__()
        self.runner.reset()
        self.declared: dict[tuple[str, str], Declared] = {}
        self.runs = 0

    @initialize(
        switches=st.sampled_from(SWITCHES),
        links=st.lists(st.tuples(st.sampled_from(OWNERS), domains), min_size=1, max_size=5, unique=True),
        linked=st.booleans(),
    )
    def begin(self, switches: dict[str, Any], links: list[tuple[str, str]], linked: bool) -> None:
        """A list, and a StackOne of one of the kinds that may be."""
        if switches:
            self.runner.emulator.switch(**switches)
        for owner, domain in links:
            self.declared[owner, domain] = Declared(owner, domain, None, None, None)
        if linked:
            assert not self._run().failed

    @rule(owner=st.sampled_from(OWNERS), domain=domains, label=labels, name=names, account_type=types)
    def declare(self, owner: str, domain: str, label: str | None, name: str | None, account_type: str | None) -> None:
        """A tenant joins the list, or is declared otherwise."""
        self.declared[owner, domain] = Declared(owner, domain, label, name, account_type)

    @precondition(lambda self: self.declared)
    @rule(data=st.data(), absent=st.booleans())
    def leave(self, data: st.DataObject, absent: bool) -> None:
        """A tenant is declared absent, or is on the list no more."""
        key = data.draw(st.sampled_from(sorted(self.declared)))
        declared = self.declared.pop(key)
        if absent:
            self.declared[key] = Declared(declared.owner, declared.domain, None, None, None, absent=True)

    @rule(domain=domains)
    def rotate(self, domain: str) -> None:
        """A customer resets a key and hands over the new one."""
        self.runner.rotate(domain)

    @rule(which=numbers, label=labels, name=names, account_type=types)
    def meddle(self, which: int, label: str | None, name: str | None, account_type: str | None) -> None:
        """Somebody changes an account in StackOne's dashboard."""
        account = self._account(which)
        changes = {"label": label, "origin_owner_name": name, "type": account_type}
        if account:
            given = {option: value for option, value in changes.items() if value is not None}
            self.runner.emulator.change_account(account, **given)

    @rule(which=numbers, status=statuses)
    def break_account(self, which: int, status: str) -> None:
        """An account does not work any more."""
        account = self._account(which)
        if account:
            self.runner.emulator.change_account(account, status=status)

    @rule(which=numbers)
    def remove_account(self, which: int) -> None:
        """Somebody unlinks an account in StackOne's dashboard."""
        account = self._account(which)
        if account:
            self.runner.emulator.remove_account(account)

    @rule(owner=st.sampled_from(OWNERS), domain=domains)
    def link_by_hand(self, owner: str, domain: str) -> None:
        """Somebody links a tenant in StackOne's dashboard."""
        if (owner, domain) not in {(one["owner"], one["domain"]) for one in self._shown()}:
            key = self.runner.keys[domain]
            self.runner.emulator.add_account(origin_owner_id=owner, domain=domain, api_key=key)

    @precondition(lambda self: self.declared)
    @rule(fault=st.sampled_from(FAULTS), call=st.integers(1, 6), count=st.sampled_from([1, 2, 1000]))
    def faulty_run(self, fault: dict[str, Any], call: int, count: int) -> None:
        """A run in which some answers are bad. It may fail, but it does not lie, and no harm is done."""
        self.runner.emulator.fault(**fault, call=call, count=count)
        before = self.runner.stored()
        run = self._run()
        self.runner.emulator.clear_faults()
        problems = list(wrongly_changed(run, before, self.runner.stored(), may_be_unknown=True))
        assert not problems, problems

    @precondition(lambda self: self.declared)
    @rule(number=st.integers(1, 25), after=st.booleans(), gently=st.booleans())
    def ended_run(self, number: int, after: bool, gently: bool) -> None:
        """A run that is killed at some request, or is told to stop."""
        hooks = Hooks()

        def end(current: int) -> None:
            if gently and current == number:
                hooks.stops[0].cancel("by SIGTERM")
            elif not gently and current >= number:
                raise Killed

        if after:
            hooks.after = end
        else:
            hooks.before = end
        before = self.runner.stored()
        try:
            run = self._run(hooks=hooks)
        except Killed:
            return
        problems = list(wrongly_changed(run, before, self.runner.stored()))
        assert not problems, problems

    @precondition(lambda self: self.declared)
    @rule(purge=st.booleans(), concurrency=st.sampled_from([1, 3]))
    def clean_run(self, purge: bool, concurrency: int) -> None:
        """What is declared is made true, as check mode said, and a further run changes nothing."""
        options = {"concurrency": concurrency, **({"purge": True, "purge_limit": 1000} if purge else {})}
        before = self.runner.stored()
        foretold = self._run(check_mode=True, **options)
        assert self.runner.stored() == before, "check mode changed something"
        run = self._run(**options)
        after = self.runner.stored()
        assert not run.failed, run.result["msg"]
        for name in ("changed", "diff"):
            assert foretold.result.get(name) == run.result.get(name), name
        assert [_told(row) for row in _rows(foretold)] == [_told(row) for row in _rows(run)]
        problems = list(wrongly_changed(run, before, after))
        assert not problems, problems
        accounts = [shown(account) for account in after.values()]
        for declared in self.declared.values():
            assert declared.is_met(accounts, self.runner), (declared, accounts)
        self._check_others(before, after, purge)
        again = self._run(**options)
        assert not again.failed
        assert not again.changed, again.result
        assert self.runner.stored() == after

    @precondition(lambda self: self.declared)
    @rule(data=st.data())
    def one_alone(self, data: st.DataObject) -> None:
        """The module for one tenant makes the same of one of them."""
        declared = self.declared[data.draw(st.sampled_from(sorted(self.declared)))]
        options = {**self._options(declared), "confirm_timeout": 5}
        foretold = self.runner.run(LINK, options, check_mode=True)
        before = self.runner.stored()
        run = self.runner.run(LINK, options)
        self._sound(run)
        assert not run.failed, run.result["msg"]
        assert run.changed == (self.runner.stored() != before)
        for name in ("changed", "actions", "diff"):
            assert foretold.result.get(name) == run.result.get(name), name
        assert declared.is_met([shown(one) for one in self.runner.stored().values()], self.runner)
        assert not self.runner.run(LINK, options).changed

    @invariant()
    def no_twins(self) -> None:
        """Never two accounts for one identity."""
        assert not list(without_twins(self.runner.stored()))

    def _run(self, check_mode: bool = False, hooks: Hooks | None = None, **options: Any) -> Run:
        # Owners share domains here, as they please.
        shared = {"allow_shared_domain": True}
        entries = [{**self._options(declared), **shared} for declared in self.declared.values()]
        given = {"tenants": entries, "concurrency": 1, "confirm_timeout": 5, **options}
        run = self.runner.run(LINKS, given, check_mode=check_mode, hooks=hooks)
        self._sound(run)
        return run

    def _options(self, declared: Declared) -> dict[str, Any]:
        return declared.options(self.runner, several=True)

    def _sound(self, run: Run) -> None:
        assert not any(secret in run.text for secret in self.runner.secrets()), run.text
        assert "internal_error" not in run.text, run.text
        assert not list(careful_with_keys(run, links=len(OWNERS)))

    def _check_others(self, before: dict[str, Any], after: dict[str, Any], purge: bool) -> None:
        """What is not listed is purged where that is asked for, and else is as it was."""
        listed = set(self.declared)

        def others(state: dict[str, Any]) -> dict[str, Any]:
            identity = {name: shown(account) for name, account in state.items()}
            return {name: state[name] for name, one in identity.items() if (one["owner"], one["domain"]) not in listed}

        assert others(after) == ({} if purge else others(before))

    def _account(self, which: int) -> str | None:
        """One of the accounts. What hypothesis draws must not depend on which there are: threads take turns by chance."""
        stored = self.runner.stored()
        ordered = sorted(stored, key=lambda name: (stored[name]["origin_owner_id"], str(shown(stored[name])["domain"])))
        return ordered[which % len(ordered)] if ordered else None

    def _shown(self) -> list[dict[str, Any]]:
        return [shown(account) for account in self.runner.stored().values()]


def _rows(run: Run) -> list[dict[str, Any]]:
    return [*run.result["results"], *(run.result.get("purged") or ())]


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("domain", "origin_owner_id", "action", "changed", "changes"))


@pytest.fixture
def life(runner):
    return type("LifeHere", (Life,), {"runner": runner})


def test_life(life):
    rules = settings(
        max_examples=STORIES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=MODE != "random",
        database=None,
        phases=settings.default.phases if MODE else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(life, settings=rules)
