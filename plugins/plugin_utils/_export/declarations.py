# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's accounts as declared tenants, and those that cannot be declared. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._clients.account import ACTIVE, ARCHIVED, UNPRINTABLE
from ...module_utils._core.failure import Failed
from ...module_utils._core.tenant import normalise_domain
from ...module_utils._core.text import Scrubber
from ...module_utils._list.entries import entries_from
from .._report.rows import to_line

DEFAULT_TYPE = "production"
"""What StackOne makes of an account without a declared type."""

FREE = ("origin_owner_name", "label", "account_type")
"""Options that do not identify an account, so that it can be declared without one that no declaration can hold."""

NOT_EXACT = (
    "its origin_owner_id cannot be declared, because it begins or ends with white space, has characters that cannot be seen, or holds a"
    " key"
)

AccountDict = Mapping[str, Any]
"""An account as account_info returns it."""


@dataclass(frozen=True)
class LeftOut:
    """An account that cannot be declared, and why."""

    account: AccountDict
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return it as the filter does."""
        known = {name: to_line(self.account.get(name)) for name in ("id", "origin_owner_id", "domain")}
        return {"account_id": known.pop("id"), **known, "reason": self.reason}

    @property
    def line(self) -> str:
        """Return it as one line of text."""
        known = self.as_dict()
        owner = f"owner {known['origin_owner_id']}" if known["origin_owner_id"] else "no owner"
        return to_line(f"account {known['account_id']} ({owner}, {known['domain'] or 'domain unknown'}): {self.reason}")


@dataclass(frozen=True)
class Declared:
    """An account, and the options of a tenant that declare it."""

    account: AccountDict
    options: Mapping[str, Any]
    undeclared: tuple[str, ...] = ()
    """The options that no declaration can hold as StackOne has them, so that they are left out and stay as they are."""

    @property
    def line(self) -> str:
        """Return what is not declared as one line of text."""
        undeclared = " and ".join(self.undeclared)
        return to_line(f"account {self.account['id']} ({self.options['domain']}): its {undeclared} cannot be declared")


@dataclass(frozen=True)
class Declarations:
    """The accounts that are declared, sorted by domain and owner, and those that are left out."""

    declared: Sequence[Declared] = ()
    left_out: Sequence[LeftOut] = ()

    @property
    def tenants(self) -> list[dict[str, Any]]:
        """Return the tenants as dictionaries of texts and booleans."""
        return [dict(each.options) for each in self.declared]

    @property
    def notes(self) -> list[str]:
        """Return a line for each account that is not declared, or not in all that it has."""
        partly = [each.line for each in self.declared if each.undeclared]
        return [*(each.line for each in self.left_out), *partly]

    def without(self, why_not: Callable[[Declared], str | None]) -> Declarations:
        """Return the same, and leave out for what reason the function returns, if it returns one."""
        reasons = [(each, why_not(each)) for each in self.declared]
        left_out = [LeftOut(each.account, reason) for each, reason in reasons if reason]
        return Declarations([each for each, reason in reasons if not reason], [*self.left_out, *left_out])

    def only(self, wanted: Mapping[str, Collection[str]]) -> Declarations:
        """Return those whose accounts have one of the wanted values, by the name of a field; no values match any."""

        def matches(each: Declared | LeftOut) -> bool:
            return all(each.account.get(name) in values for name, values in wanted.items() if values)

        return Declarations(list(filter(matches, self.declared)), list(filter(matches, self.left_out)))


def without_secrets(accounts: Iterable[AccountDict], scrubber: Scrubber) -> list[AccountDict]:
    """Return the accounts with their secrets masked. Somebody may have written a key into a label."""
    return [_masked(account, scrubber) for account in accounts]


def _masked(account: AccountDict, scrubber: Scrubber) -> AccountDict:
    holding = [name for name, value in account.items() if isinstance(value, str) and scrubber.holds(value)]
    if not holding:
        return account
    return {**scrubber.scrub(dict(account)), UNPRINTABLE: [*account.get(UNPRINTABLE, ()), *holding]}


def without_account(accounts: Sequence[AccountDict], wanted: Mapping[str, Collection[str]]) -> list[str]:
    """Return a line for each wanted value of a field that no account has. It may be misspelt."""
    had = {name: {account.get(name) for account in accounts} for name in wanted}
    missing = [(name, value) for name, values in wanted.items() for value in values if value not in had[name]]
    return [to_line(f"No account has the {name} {value}. Is it spelt correctly?") for name, value in missing]


def declarations_of(accounts: Iterable[AccountDict], default_profile: str | None = None) -> Declarations:
    """Declare each account of a complete listing, so that linking the result changes nothing.

    The connector profile is declared if it is known and not the default one.
    """
    reasons = [(account, _why_not(account)) for account in accounts]
    left_out = [LeftOut(account, reason) for account, reason in reasons if reason]
    links: dict[tuple[str, str, str], list[AccountDict]] = defaultdict(list)
    for account, reason in reasons:
        if not reason:
            links[_link_of(account)].append(account)
    domains = Counter((owner, provider) for _domain, owner, provider in links)
    # Their owners' other accounts could be taken for these.
    unclear = {str(account.get("origin_owner_id")) for account, reason in reasons if reason}
    declared = []
    for (_domain, owner, provider), same in sorted(links.items()):
        kept, *duplicates = sorted(same, key=_age)
        pinned = bool(duplicates) or owner in unclear
        options = _options(kept, domains[owner, provider] > 1, pinned)
        profile = kept.get("integration_id")
        options.update({"integration_id": profile} if profile and profile != default_profile else {})
        declared.append(_exact(kept, options))
        left_out += [LeftOut(each, f"it is a duplicate of account {kept['id']}") for each in duplicates]
    # What the modules would refuse as well, such as an ID that a spreadsheet has spoiled.
    return Declarations(declared, left_out).without(_why_refused)


def _why_not(account: AccountDict) -> str | None:
    """Return why an account cannot be declared; `None` if it can."""
    if account.get("status") == ARCHIVED:
        return "it is archived"
    if not account.get("origin_owner_id"):
        return "StackOne does not show its owner"
    if not account.get("domain"):
        return "StackOne does not show its domain"
    if "origin_owner_id" in account.get(UNPRINTABLE, ()):
        return NOT_EXACT
    try:
        normalise_domain(str(account["domain"]))
    except Failed as error:
        return error.failure.message.rstrip(".")
    return None


def _link_of(account: AccountDict) -> tuple[str, str, str]:
    """Return what makes two accounts the same link: domain, owner and provider."""
    provider = str(account.get("provider") or "").lower()
    return normalise_domain(str(account["domain"])), str(account["origin_owner_id"]), provider


def _age(account: AccountDict) -> tuple[bool, str, str]:
    """Return what sorts the account that is kept before its duplicates: the oldest that works, else the oldest."""
    return account.get("status") != ACTIVE, str(account.get("created_at") or "~"), str(account["id"])


def _options(account: AccountDict, several: bool, pinned: bool) -> dict[str, Any]:
    domain, owner, provider = _link_of(account)
    name, label, kind = (account.get(key) for key in ("origin_owner_name", "label", "type"))
    options = {
        "domain": domain,
        "origin_owner_id": owner,
        "origin_owner_name": name if name != owner else None,
        "label": label,
        "account_type": kind if kind != DEFAULT_TYPE else None,
        # StackOne does not say what its default is.
        "shared": False if account.get("shared") is False else None,
        "allow_multiple": several or None,
        "account_id": str(account["id"]) if pinned else None,
        "provider": provider if provider not in ("", "freshservice") else None,
    }
    return {option: value for option, value in options.items() if value not in (None, "")}


def _exact(account: AccountDict, options: Mapping[str, Any]) -> Declared:
    """Leave undeclared what a declaration would change, such as a label that begins with a space."""
    spoiled = account.get(UNPRINTABLE, ())
    undeclared = tuple(
        name for name in FREE if name in spoiled or (name in options and not _keeps(name, options[name]))
    )
    return Declared(account, {name: value for name, value in options.items() if name not in undeclared}, undeclared)


def _keeps(name: str, value: Any) -> bool:
    """Return whether the modules read an option exactly as it is."""
    (entry,) = entries_from([{"domain": "any", "origin_owner_id": "any", name: value}])
    return entry.tenant is not None and getattr(entry.tenant, name) == value


def _why_refused(each: Declared) -> str | None:
    (entry,) = entries_from([each.options])
    if entry.failure:
        return entry.failure.message.rstrip(".")
    if entry.tenant is None or entry.tenant.origin_owner_id != each.options["origin_owner_id"]:
        return NOT_EXACT
    return None
