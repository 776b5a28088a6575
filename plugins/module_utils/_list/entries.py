# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of declared tenants: each is sound or not by itself, and no two are for the same link. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .._core.failure import Failed, Failure, FailureCode, Phase, require
from .._core.slots import SLOTS
from .._core.tenant import State, Tenant, invalid_argument
from .._core.text import NO_SECRETS, Scrubber
from .._core.urls import shown_url
from .._core.written import not_text, trimmed
from .._module.argspec import listed_tenant_spec
from .._module.reading import Spec, read, with_defaults
from .._module.tenant_params import PREVIOUS, TO_LINK, check_needed, ids_from, previous_id_from, tenant_from

T = TypeVar("T")


@dataclass(frozen=True, **SLOTS)
class Entry:
    """One tenant of the list, or why it cannot be one. `position` counts from 1.

    Owner and account are as declared. `identified` says whether they can be relied on: if an entry's ids cannot be
    understood, it is unknown which account it means.
    """

    position: int
    tenant: Tenant | None
    failure: Failure | None
    domain: str | None
    origin_owner_id: str | None
    account_id: str | None
    line: int | None = None
    identified: bool = True
    previous_origin_owner_id: str | None = None

    @property
    def name(self) -> str:
        """Return what a message calls the entry."""
        known = self.tenant.name if self.tenant else self.domain or self.origin_owner_id or "no domain"
        return f"{place_of(self.position, self.line)} ({known})"


def place_of(position: int, line: int | None) -> str:
    """Return where an entry is: in the list, and in the file that it was read from."""
    return f"entry {position}, line {line}" if line else f"entry {position}"


def entries_from(
    listed: Sequence[Any], needed: Sequence[str] = TO_LINK, scrubber: Scrubber = NO_SECRETS
) -> list[Entry]:
    """Return the declared tenants; a fault in one is its own failure, and does not stop the others.

    The entries are as they were written. `needed` are the options that a present tenant must have. The scrubber has all
    secrets of the run, which no text of a tenant may contain.
    """
    spec = listed_tenant_spec()
    return [_entry(position, written, spec, needed, scrubber) for position, written in enumerate(listed, 1)]


def others_of(entries: Sequence[Entry], listed: Sequence[Any]) -> list[Entry]:
    """Return the declared tenants of a whole list, but those that are among the entries: the others of a run over a part."""
    positions = {entry.position for entry in entries}
    return [entry for entry in entries_from(listed) if entry.position not in positions]


def present(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries without those that are declared absent."""
    return [entry for entry in entries if entry.tenant is None or entry.tenant.state is State.PRESENT]


def refuse_duplicates(entries: Iterable[Entry], others: Iterable[Entry] = ()) -> None:
    """Raise Failed(duplicate_tenant) if two entries mean the same link: each run would undo one of them.

    `others` are compared with the entries, and not with each other.
    """
    owners: dict[tuple[str, str], list[Entry]] = {}
    pinned: dict[str, Entry] = {}
    for entry, is_other in _each_and(entries, others):
        tenant = entry.tenant
        if tenant is None:
            continue
        if tenant.account_id:
            _refuse_if(pinned.get(tenant.account_id), entry, f"name account {tenant.account_id}")
            if not is_other:
                pinned[tenant.account_id] = entry
        elif tenant.origin_owner_id:
            siblings = owners.setdefault((tenant.provider.lower(), tenant.origin_owner_id), [])
            for other in siblings:
                _refuse_siblings(other, entry)
            if not is_other:
                siblings.append(entry)


Meant = tuple[Entry, "str | None"]
"""An entry, and the id of the account that it means, if it has one."""


def refuse_same_account(found: Iterable[Meant], others: Iterable[Meant] = ()) -> None:
    """Raise Failed(duplicate_tenant) if two entries turn out to mean one account. `others` are not compared with each other."""
    first: dict[str, Entry] = {}
    for (entry, account_id), is_other in _each_and(found, others):
        if account_id:
            _refuse_if(first.get(account_id), entry, f"both mean account {account_id}")
            if not is_other:
                first[account_id] = entry


def shared_domains(entries: Iterable[Entry]) -> list[str]:
    """Return a warning for each domain that is linked to two owners, unless either says so: usually one of them is a mistake."""
    first: dict[str, Entry] = {}
    warnings = []
    for entry in entries:
        tenant = entry.tenant
        if tenant is None or tenant.state is State.ABSENT or not tenant.domain:
            continue
        other = first.setdefault(tenant.domain, entry)
        declared = tenant.allow_shared_domain or bool(other.tenant and other.tenant.allow_shared_domain)
        if other.origin_owner_id != entry.origin_owner_id and not declared:
            warnings.append(
                f"Entries {other.position} and {entry.position} link the same domain {tenant.domain} to two owners"
                f" ({other.origin_owner_id} and {entry.origin_owner_id})."
            )
    return warnings


FAULTS_TOLD = 3
"""The number of faults of one entry that its line shows."""


_SECRET_NAME = re.compile(r"(?i)key|secret|token|password")


def secrets_of(written: Any, secret: bool = False) -> Iterator[str]:
    """Yield every text of an entry as it was written that could be a secret, whatever its shape and its option's name."""
    if isinstance(written, Mapping):
        for name, value in written.items():
            yield from secrets_of(value, secret or bool(_SECRET_NAME.search(str(name))))
    elif isinstance(written, (list, tuple)):
        for value in written:
            yield from secrets_of(value, secret)
    elif secret and isinstance(written, (str, int)):
        yield from {str(written), trimmed(str(written))}


def _entry(position: int, written: Any, spec: Spec, needed: Sequence[str], scrubber: Scrubber) -> Entry:
    if not isinstance(written, Mapping):
        wrong = invalid_argument(
            f"it is {not_text(written) or ('text' if isinstance(written, str) else 'a number')}, not a dictionary.",
            "Write options and values, such as 'domain: mycompany'.",
        )
        failure = wrong.located(Phase.ARGUMENTS, place_of(position, None))
        return Entry(position, None, failure, None, None, None, identified=False)
    values, faults = read(written, spec)
    position = values.get("position") or position
    try:
        if faults:
            raise invalid_argument(" ".join(faults[:FAULTS_TOLD]), "Correct it, then run again.")
        tenant = tenant_from(with_defaults(values, spec), scrubber)
        check_needed(tenant, needed)
        return Entry(
            position,
            tenant,
            None,
            tenant.domain,
            tenant.origin_owner_id,
            tenant.account_id,
            line=values.get("line"),
            previous_origin_owner_id=tenant.previous_origin_owner_id,
        )
    except Failed as error:
        return _unsound(position, written, values, error)


def _unsound(position: int, written: Mapping[str, Any], values: Mapping[str, Any], error: Failed) -> Entry:
    scrubber = Scrubber(secrets_of(written))
    shown = {name: values.get(name) for name in (*("domain", "origin_owner_id", "account_id"), PREVIOUS)}
    shown = scrubber.scrub({**shown, "domain": shown["domain"] and shown_url(shown["domain"])})
    known = next((text for text in shown.values() if text), None)
    place = place_of(position, values.get("line"))
    failure = error.located(Phase.ARGUMENTS, f"{place} ({known[:80]})" if known else place)
    identified = _identified(values, scrubber) and (PREVIOUS in values) is (PREVIOUS in written)
    return Entry(position, None, failure, **shown, line=values.get("line"), identified=identified)


def _identified(values: Mapping[str, Any], scrubber: Scrubber) -> bool:
    try:
        ids = list(filter(None, ids_from(values)))
        former = previous_id_from(values)
    except Failed:
        return False
    return bool(ids) and not any(map(scrubber.holds, [*ids, *filter(None, [former])]))


def _each_and(items: Iterable[T], others: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Yield all of them, each with whether it is one of the others."""
    yield from ((item, False) for item in items)
    yield from ((item, True) for item in others)


def _refuse_siblings(first: Entry, second: Entry) -> None:
    """Raise Failed(duplicate_tenant) unless each of two entries of one owner stands for a domain of its own."""
    one, other = require(first.tenant), require(second.tenant)
    owner = f"are of owner {other.origin_owner_id}"
    if one.domain == other.domain or None in (one.domain, other.domain):
        _refuse_if(first, second, owner)
    if State.ABSENT in (one.state, other.state):
        return
    if not (one.allow_multiple and other.allow_multiple):
        _refuse_if(first, second, f"{owner} with two domains", "or set allow_multiple on both if it has two")


def _refuse_if(one: Entry | None, other: Entry, why: str, otherwise: str = "") -> None:
    if one is None:
        return
    first, second = sorted((one, other), key=lambda entry: entry.position)
    raise Failed(
        FailureCode.DUPLICATE_TENANT,
        f"{first.name} and {second.name} {why}: they mean the same link.",
        f"Remove one of them{', ' + otherwise if otherwise else ''}. Nothing was changed.",
        phase=Phase.ARGUMENTS,
        tenant="tenants",
        details={"positions": [first.position, second.position]},
    )
