# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts are handed out for healing, and when. Times are seconds of a clock that the tests turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.broken_accounts import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_TOLD,
    MOST_TRIES_OF_DELETED,
    BrokenAccounts,
)


def account(number=1, status="error", domain=None, owner=None):
    setup = {"domain": f"t{number}" if domain is None else domain}
    return Account(f"id-{number}", "freshservice", status, owner or f"customer-{number}", setup_information=setup)


def event(number=1, domain=None, owner=None):
    shown = f"t{number}" if domain is None else domain
    return {"account_id": f"id-{number}", "origin_owner_id": owner or f"customer-{number}", "domain": shown}


def looked(broken, accounts, now=0.0):
    return broken.looked(broken.take(now), accounts, now)


def told(*events):
    broken = BrokenAccounts()
    for each in events:
        broken.tell(each)
    return broken


@pytest.mark.parametrize("status", ["error", "expired", "inactive", "suspended", "unknown", "archived"])
def test_what_is_not_active_is_healed(status):
    (found,) = looked(told(event()), [account(status=status)])
    assert (found.account_id, found.origin_owner_id, found.domain) == ("id-1", "customer-1", "t1")
    assert found.status == ("deleted" if status == "archived" else status)


def test_what_is_active_is_not():
    broken = told(event())
    assert looked(broken, [account(status="active")]) == []
    assert (broken.told, broken.next_look()) == (False, float("inf"))


@pytest.mark.parametrize("domain, healed", [("t1", False), ("T1.freshservice.com", False), ("", True), ("t9", True)])
def test_what_is_gone_is_healed_unless_its_owner_is_linked_again(domain, healed):
    other = account(2, "active", domain=domain, owner="customer-1")
    assert bool(looked(told(event()), [other])) is healed


@pytest.mark.parametrize("status, healed", [("active", False), ("error", True)])
def test_where_the_domain_is_not_known_any_active_account_of_the_owner_will_do(status, healed):
    other = account(2, status, owner="customer-1")
    assert ("id-1" in [one.account_id for one in looked(told(event(domain="")), [other])]) is healed


def test_an_event_that_names_no_account_is_of_no_use():
    assert not told({**event(), "account_id": ""}).told


def test_an_event_without_an_owner_makes_a_listing():
    broken = told({**event(), "origin_owner_id": ""})
    assert broken.told
    assert [one.account_id for one in broken.listed(broken.take(0), [account()], 0)] == ["id-1"]
    assert not broken.told


def test_it_is_handed_out_once_and_again_after_ever_longer_pauses():
    broken, now, pauses = told(event()), 0.0, []
    assert looked(broken, [account()], now)
    for _time in range(9):
        later = broken.next_look()
        broken.tell(event())
        assert looked(broken, [account()], later - 0.1) == []
        assert looked(broken, [account()], later)
        pauses.append(round(later - now, 3))
        now = later
    assert FIRST_PAUSE_S <= pauses[0] < 2 * FIRST_PAUSE_S < pauses[1]
    assert pauses == sorted(pauses)
    assert LONGEST_PAUSE_S <= pauses[-1] < LONGEST_PAUSE_S + 60


def test_what_was_seen_active_is_healed_at_once_when_it_breaks_again():
    broken = told(event())
    assert looked(broken, [account()])
    broken.tell(event())
    assert looked(broken, [account(status="active")], 5) == []
    broken.tell(event())
    assert looked(broken, [account()], 10)


def test_what_is_gone_is_left_after_a_few_tries():
    broken, tries = told(event()), 0
    while broken.told or broken.next_look() < float("inf"):
        now = 0.0 if broken.told else broken.next_look()
        tries += len(looked(broken, [], now))
    assert tries == MOST_TRIES_OF_DELETED


@pytest.mark.parametrize("many, pause", [(500, 160), (10_000, 300)])
def test_many_are_given_the_time_that_many_take_up_to_a_limit(many, pause):
    """A tenant whose healing failed must not wait for hundreds of accounts that are nobody's."""
    broken = told(*(event(number) for number in range(many)))
    assert len(looked(broken, [account(number) for number in range(many)])) == many
    assert broken.next_look() == pause


def test_a_listing_shows_what_no_event_told():
    broken = BrokenAccounts()
    whole = [account(1, "active"), account(2, "active"), account(3, "active")]
    assert broken.listed([], whole, 0) == []
    found = broken.listed([], [account(1, "active"), account(2, "error")], 300)
    assert [(one.account_id, one.status) for one in found] == [("id-2", "error")]
    assert [(one.account_id, one.status) for one in looked(broken, [], 300)] == [("id-3", "deleted")]
    assert broken.listed([], [account(1, "active"), account(2, "error")], 301) == []


def test_what_a_listing_missed_is_looked_at_before_it_is_healed():
    broken = BrokenAccounts()
    broken.listed([], [account(1, "active"), account(2, "active")], 0)
    assert broken.listed([], [account(1, "active")], 300) == []
    assert looked(broken, [account(2, "active")], 301) == []
    assert not broken.told


def test_what_shows_another_status_is_something_new():
    broken = told(event())
    assert looked(broken, [])
    broken.tell(event())
    assert [one.status for one in looked(broken, [account()], 1)] == ["error"]
    broken.tell(event())
    assert looked(broken, [account()], 2) == []


def test_nobody_is_healed_who_has_no_owner():
    assert BrokenAccounts().listed([], [Account("id-1", "freshservice", "error", "")], 0) == []


def test_what_is_told_during_a_look_is_looked_at_once_more():
    broken = told(event())
    asked = broken.take(0)
    broken.tell(event())
    assert broken.looked(asked, [account(status="active")], 0) == []
    assert broken.told
    assert looked(broken, [account()])


def test_a_look_that_failed_is_owed():
    broken = told(event(1), event(2))
    broken.give_back(broken.take(0))
    assert len(looked(broken, [account(1), account(2)])) == 2


def test_what_is_too_much_to_keep_makes_a_listing():
    broken = told(*(event(number) for number in range(MOST_TOLD + 1)))
    assert broken.overflowed
    asked = broken.take(0)
    assert len(asked) == MOST_TOLD
    assert len(broken.listed(asked, [account(MOST_TOLD)], 0)) == MOST_TOLD + 1
    assert not broken.told


@given(st.lists(st.tuples(st.sampled_from(["tell", "break", "heal", "delete", "look", "list"]), st.integers(0, 3))))
def test_whatever_happens_what_stays_broken_is_handed_out(happened):
    """Nothing is lost on the way: in the end, one listing and the pauses bring out each account in error."""
    broken, status, now = BrokenAccounts(), {}, 0.0
    for what, number in happened:
        now += 1
        if what == "tell":
            broken.tell(event(number))
        elif what in ("break", "heal"):
            status[number] = "error" if what == "break" else "active"
        elif what == "delete":
            status.pop(number, None)
        accounts = [account(each, each_status) for each, each_status in status.items()]
        if what == "look":
            looked(broken, accounts, now)
        elif what == "list":
            broken.listed(broken.take(now), accounts, now)
    accounts = [account(each, each_status) for each, each_status in status.items()]
    out = set()
    for _time in range(3):
        now += LONGEST_PAUSE_S * 2
        out |= {one.account_id for one in broken.listed(broken.take(now), accounts, now)}
    assert out >= {f"id-{number}" for number, shown in status.items() if shown == "error"}
