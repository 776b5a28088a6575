# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many tenants of a run came to what, in one line, and what to do next with new keys. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._core.words import counted
from ...module_utils._link.actions import Action
from .asked import Asked
from .document import OF_ACCOUNTS, SERVICES, is_of_keys, records_in
from .rows import account_row, in_words, mapping, to_line, was_started

NO_TENANT = "The list holds no tenant, so nothing was done."
ADDING_KEYS = "with ansible-vault edit; the playbook tenantlink.stackone.vault_keys copies them from a CSV file into a file of variables"


def counts(result: Mapping[Any, Any], asked: Asked, records: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield the line that counts the `records` of a result, and after a rotation what to do next. Nothing without a summary."""
    summary = mapping(result.get("summary"))
    if "accounts" in result:
        yield from _count_accounts(result)
    elif not summary:
        # Why there is none is in the verdict.
        return
    elif not records and not result.get("failure"):
        yield NO_TENANT
    elif "owners" in result:
        yield _count_auth_links(summary, records, asked)
    elif is_of_keys(result):
        yield _count_verdicts(summary)
    else:
        yield f"{_count_links(result, summary, asked)}{_count_failed(records)}{_count_requests(summary)}"
        if asked.rotating:
            known = any(record.get("action") == "none" and not record.get("failure") for record in records)
            yield from _what_next(mapping(summary.get("actions")), asked.check_mode, known)


def _count_accounts(result: Mapping[Any, Any]) -> Iterator[str]:
    rows = [account_row(record) for record in records_in(result["accounts"])]
    statuses = Counter(row.account_status for row in rows)
    words = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    yield f"{counted(len(rows), 'account')}{': ' + words if words else ''}"


def _count_auth_links(summary: Mapping[Any, Any], records: Sequence[Mapping[Any, Any]], asked: Asked) -> str:
    links, linked = summary.get("auth_links", 0), summary.get("linked", 0)
    place = f" in {asked.links_file}" if links and not asked.check_mode else ""
    have = "would get" if asked.check_mode else "has" if links == 1 else "have"
    done = "; all are linked now" if asked.waited and not asked.missing and not asked.waiting_failed else ""
    return (
        f"{counted(summary.get('tenants', 0), 'customer')}: {linked} {'was' if linked == 1 else 'were'} linked already,"
        f" {links} {have} an auth link{place}{_count_failed(records)}{done}"
    )


def _count_verdicts(summary: Mapping[Any, Any]) -> str:
    verdicts = mapping(summary.get("verdicts"))
    words = ", ".join(f"{count} {in_words(name)}" for name, count in verdicts.items() if count)
    tenants, not_started = summary.get("tenants", 0), summary.get("not_started", 0)
    unchecked = tenants - sum(verdicts.values()) - not_started
    if words and unchecked > 0:
        words += f", {unchecked} not checked"
    waiting = f", {not_started} not started" if not_started else ""
    return f"{counted(tenants, 'tenant')}: {words or 'none checked'}{waiting}"


def _count_links(result: Mapping[Any, Any], summary: Mapping[Any, Any], asked: Asked) -> str:
    done = {name: [each for each in records_in(result.get(name)) if not each.get("failure")] for name in OF_ACCOUNTS}
    # What replaced an account may have been linked by an earlier run, which was interrupted. It is told as one thing.
    actions = Counter(
        to_line(record.get("action")) for records in done.values() for record in records if not record.get("replaced")
    )
    create, relink, update, delete = (
        actions[action.value] for action in (Action.CREATE, Action.RELINK, Action.UPDATE, Action.DELETE)
    )
    # An account that is not a tenant's is not declared.
    unchanged = [record.get("changed") is True for record in done["results"] if record.get("action") == "none"]
    none, update = unchanged.count(False), update + unchanged.count(True)
    planned = asked.check_mode or asked.reporting
    would = "would be " if planned else ""
    if asked.rotating:
        return (
            f"{counted(summary.get('tenants', 0), 'new key')}: {counted(relink, 'tenant')} {would}re-linked,"
            f" {_another_agent(result)}, {create} {would}linked for the first time, {none + update} had the key already"
        )
    subject = asked.subject or counted(summary.get("tenants", 0), "tenant")
    replacing = sum(bool(record.get("replaced")) for record in done["results"])
    replaced = f", {replacing} replaced by a new account" if replacing else ""
    return (
        f"{subject}: {create} {would}linked, {relink} {would}re-linked, {update} {would}updated, {delete} {would}unlinked{replaced},"
        f" {none} as declared"
    )


def _another_agent(result: Mapping[Any, Any]) -> str:
    others = [
        to_line(row.get("domain")) for row in records_in(result.get("results")) if row.get("agent_change") == "other"
    ]
    return f"{len(others)} of them to another agent{' (' + ', '.join(others[:20]) + ')' if others else ''}"


def _what_next(actions: Mapping[Any, Any], check_mode: bool, known: bool) -> Iterator[str]:
    """Yield what to do with the new keys that StackOne has received, now or, if some were `known`, in a run before."""
    if check_mode:
        yield "Nothing was changed: this is check mode."
    elif actions.get(Action.RELINK.value):
        yield f"Add the new keys of the re-linked tenants to the encrypted file of keys now, {ADDING_KEYS}."
    elif actions.get(Action.CREATE.value):
        yield f"Add the new keys of the linked tenants to the encrypted file of keys now, {ADDING_KEYS}."
    elif known:
        yield f"Add the new keys to the encrypted file of keys, if they are not in it yet, {ADDING_KEYS}."


def _count_failed(records: Sequence[Mapping[Any, Any]]) -> str:
    started = Counter(was_started(record) for record in records if record.get("failure"))
    failed, waiting = started[True], started[False]
    return f"{f', {failed} failed' if failed else ''}{f', {waiting} not started' if waiting else ''}"


def _count_requests(summary: Mapping[Any, Any]) -> str:
    requests = mapping(summary.get("requests"))
    if not requests:
        return ""
    freshservice, stackone = (requests.get(service, 0) for service in SERVICES)
    return f"; {counted(freshservice, 'request')} to Freshservice, {stackone} to StackOne"
