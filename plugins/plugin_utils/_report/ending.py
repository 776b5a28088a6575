# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run's output: lines with everything a person must know, and one line if the run failed. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...module_utils._core.words import counted
from .._keys.key_names import Keys
from .._keys.showable import listed
from .asked import Asked
from .counts import counts
from .document import OF_ACCOUNTS, is_of_keys, problem_of, records_in
from .preview import NOTHING, changes_shown, verdict_on
from .role_words import KEY_MISSING, PREFIX, in_role_words
from .rows import ReportedOutcome, host_row, is_of_check_mode, lacks_key, mapping, missing_options, to_line, was_started
from .tenant_notes import MOST, moved, name_of, unlinked, warned

DIED = "The module ended without a result. Run again with -vvv to see why."
STACKONE_KEY = "stackone_api_key"
KEY_OF_HOST = "Set freshservice_link_api_key for this host, encrypted with ansible-vault."
OR_AUTH_LINK = "Or let the customer do it: playbook tenantlink.stackone.auth_links"
RELINKING = ", with freshservice_link_relink=true"
NONE_CHECKED = "No tenant has a declared key, so none was checked."
STAYS_UNLINKED = ". Remove the host from the inventory, or set freshservice_link_state to absent for it, or link_by_host links it again"
WITH_KEYS = "Pass the encrypted file with the keys: -e @vault.yml --ask-vault-pass. If it has none yet, add them there."


@dataclass(frozen=True)
class Ending:
    """The lines, and in `verdict` why the run failed; empty if it succeeded."""

    lines: list[str]
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Return the ending as a filter returns it."""
        return {"lines": self.lines, "verdict": self.verdict}


def ending_of_list(result: Mapping[Any, Any], asked: Asked) -> Ending:
    """Return the end of a run over a list, whichever module it was."""
    asked = _as_it_was(asked, result)
    records = [record for name in ("owners", *OF_ACCOUNTS) for record in records_in(result.get(name))]
    failed = [record for record in records if record.get("failure") and was_started(record)]
    previewed = asked.detailed and (asked.check_mode or asked.reporting)
    lines = [
        *(changes_shown(result, [*filter(None, [asked.plan]), *asked.reports]) if asked.planning or previewed else ()),
        *counts(result, asked, records),
        *moved(records, asked.check_mode),
        *(unlinked(result, asked.check_mode or asked.reporting) if not (asked.planning or previewed) else ()),
        *warned(records),
        *_without_key(result, records, asked),
        *_failures(failed, records, asked),
        *_unused(records, asked),
        *_missing(asked),
        *map(_plain, asked.plain_files),
        *(f"Report written to {path}" for path in asked.reports),
        *([f"Plan written to {asked.plan}"] if asked.plan else []),
    ]
    verdict = _verdict(result, asked, failed)
    if previewed and _ended(result):
        verdict = verdict_on(result, verdict)
        return Ending(lines if verdict else [*lines, NOTHING], verdict)
    return Ending(lines, "" if asked.reporting and _ended(result) else verdict)


def ending_of_host(host: str, result: Mapping[Any, Any], asked: Asked) -> Ending:
    """Return the end for one host: what was done, or why it failed, in one line."""
    if not _ended(result) or result.get("msg") or result.get("failure"):
        line = _host_failure(host, result, asked)
        return Ending([line], line)
    row = host_row(host, result, _as_it_was(asked, result).check_mode)
    if lacks_key(result) and "actions" not in result:
        return Ending([f"{host}: no key is declared, so none was checked"], "")
    if row.verdict and "actions" not in result:
        return Ending([f"{host}: the key works; it belongs to {row.agent or 'an agent'}"], "")
    account = f"account {row.account_id or 'new'}"
    if row.outcome != ReportedOutcome.UNLINKED.value:
        account += f", {row.account_status or 'not linked yet'}"
    agent = f", agent {row.agent}" if row.agent else ""
    change = f"; {row.moved}" if row.moved else ""
    after = STAYS_UNLINKED if row.outcome == ReportedOutcome.UNLINKED.value else ""
    return Ending([f"{host}: {row.outcome}; {account}{agent}{change}{after}"], "")


def _as_it_was(asked: Asked, result: Mapping[Any, Any]) -> Asked:
    """Return the request with the check mode of the result: a play or a block can have another one than the command line."""
    return asked if asked.reporting else replace(asked, check_mode=is_of_check_mode(result, asked.check_mode))


def ending_of_document(document: Mapping[Any, Any], asked: Asked) -> Ending:
    """Return the end of a run that only made a report of others: what is in it, and where it is."""
    tenants, parts = counted(document["totals"]["tenants"], "tenant"), counted(document["parts"], "report")
    outcomes = ", ".join(f"{each['count']} {to_line(each['name'])}" for each in document["outcomes"])
    problem = to_line(document["problem"])
    lines = [f"{tenants} of {parts}: {outcomes or 'nothing was done'}", *([problem] if problem else [])]
    return Ending([*lines, *(f"Report written to {path}" for path in asked.reports)], "")


def _host_failure(host: str, result: Mapping[Any, Any], asked: Asked) -> str:
    if _needs_key(result):
        return f"{host}: {to_line(mapping(result['failure']).get('message'))} {KEY_OF_HOST}"
    line = _of_run(result, to_line(result.get("msg")) or DIED, asked, of_list=False)
    return line if to_line(mapping(result.get("failure")).get("tenant")) else f"{host}: {line}"


def _of_run(result: Mapping[Any, Any], line: str, asked: Asked, of_list: bool = True) -> str:
    """Return what a module's result says about the whole run, in one line and in the role's words."""
    if STACKONE_KEY in missing_options(result):
        return KEY_MISSING + _near(asked.near, f"{PREFIX}{STACKONE_KEY}")
    return in_role_words(line, of_list)


def _near(names: Sequence[str], variable: str) -> str:
    if not names:
        return ""
    verb, which = ("is", "it is the one") if len(names) == 1 else ("are", "one of them is meant")
    return f" {listed(names)} {verb} set, but not read: if {which}, give {variable} its value."


def _ended(result: Mapping[Any, Any]) -> bool:
    """Return whether a module gave a result. One that dies while Ansible ignores failures leaves not even a message."""
    return any(name in result for name in ("accounts", "actions", "key_check", "owners", "results"))


def _without_key(result: Mapping[Any, Any], records: Sequence[Mapping[Any, Any]], asked: Asked) -> Iterator[str]:
    """Yield how many tenants did without a key, and a line for each that was probably meant to have one."""
    keyless = [record for record in records if lacks_key(record) and not record.get("failure")]
    if not keyless:
        return
    near = "" if asked.keys.given else _near(_keys_near(asked), asked.keys.variable)
    them = "it" if len(keyless) == 1 else "them"
    left_out = (
        "there is nothing to check" if is_of_keys(result) else f"what StackOne stores for {them} was not compared"
    )
    yield f"{counted(len(keyless), 'tenant')} without a declared key: {left_out}.{near}"
    # There may be ten thousand of both.
    unused = _unused_keys(records, asked)[:MOST]
    meant = [
        f"{name_of(record)}: no API key is declared. {close}"
        for record in keyless
        if (close := asked.keys.close(record, unused))
    ]
    yield from meant[:MOST]


def _failures(failed: Sequence[Mapping[Any, Any]], records: Sequence[Mapping[Any, Any]], asked: Asked) -> Iterator[str]:
    """Yield a line for each tenant that failed; one line for all that need a key, if no key at all is known."""
    keyless = [record for record in failed if _needs_key(record)]
    if keyless and not asked.keys.given:
        yield from _first([_in_role_words(record) for record in failed if not _needs_key(record)], asked)
        yield _no_keys_at_all(keyless, asked)
        return
    unused = _unused_keys(records, asked) if keyless else []
    yield from _first([_failure_line(record, asked.keys, unused) for record in failed], asked)


def _unused(records: Sequence[Mapping[Any, Any]], asked: Asked) -> Iterator[str]:
    """Yield which keys no tenant uses, if a tenant has none."""
    unused = _unused_keys(records, asked) if any(lacks_key(record) or _needs_key(record) for record in records) else []
    if unused:
        yield f"{asked.keys.variable} holds keys that no tenant of the list uses: {listed(unused)}."


def _unused_keys(records: Sequence[Mapping[Any, Any]], asked: Asked) -> list[str]:
    return asked.keys.unused([*records, *asked.declared])


def _no_keys_at_all(keyless: Sequence[Mapping[Any, Any]], asked: Asked) -> str:
    names = listed([to_line(record.get("domain")) or name_of(record) for record in keyless])
    advice = _near(_keys_near(asked), asked.keys.variable) or f" {WITH_KEYS}"
    return (
        f"{counted(len(keyless), 'tenant')} must be linked, but {asked.keys.variable} is empty ({names}).{advice}"
        f" {OR_AUTH_LINK}{RELINKING} for those that have an account."
    )


def _keys_near(asked: Asked) -> list[str]:
    """Return the variables that may hold the tenants' keys. StackOne's single key is usually read."""
    return [name for name in asked.near if "stackone" not in name.lower()]


def _failure_line(record: Mapping[Any, Any], keys: Keys, unused: Sequence[str]) -> str:
    hint = keys.hint(record, unused) if _needs_key(record) else ""
    if not hint:
        return _in_role_words(record)
    # The module only knows in general where a key belongs.
    failure = mapping(record["failure"])
    return f"{to_line(failure.get('tenant'))}: {to_line(failure.get('message'))} {hint} {OR_AUTH_LINK}{RELINKING if record.get('account_id') else ''}."


def _in_role_words(record: Mapping[Any, Any]) -> str:
    return in_role_words(to_line(mapping(record["failure"]).get("msg")), of_list=True)


def _needs_key(record: Mapping[Any, Any]) -> bool:
    """Return whether a tenant failed because its key is not declared."""
    return missing_options(record) == ["api_key"]


def _first(lines: Sequence[str], asked: Asked) -> Iterator[str]:
    yield from lines[:MOST]
    if len(lines) > MOST:
        where = (
            "they are in the report."
            if asked.reports
            else "set freshservice_link_report, for example to report.html, to have them all in a report."
        )
        yield f"... and {len(lines) - MOST} more failed: {where}"


def _plain(path: str) -> str:
    return f"Warning: {path} contains unencrypted API keys. Encrypt it: ansible-vault encrypt {shlex.quote(path)}"


def _none_checked(result: Mapping[Any, Any], asked: Asked) -> str:
    """Return that no key was checked because none is declared. A pipeline would take such a run for a proof of the keys."""
    records = records_in(result.get("results"))
    if (
        not is_of_keys(result)
        or not records
        or not all(lacks_key(each) and not each.get("failure") for each in records)
    ):
        return ""
    return NONE_CHECKED if asked.keys.given or _keys_near(asked) else f"{NONE_CHECKED} {WITH_KEYS}"


def _missing(asked: Asked) -> Iterator[str]:
    if asked.missing and not asked.waiting_failed:
        more = f" and {len(asked.missing) - MOST} more" if len(asked.missing) > MOST else ""
        yield (
            f"Not linked after {asked.waited} seconds: {', '.join(asked.missing[:MOST])}{more}. Their auth links are valid"
            " until they expire. Run the playbook tenantlink.stackone.report to see who has linked since."
        )


def _verdict(result: Mapping[Any, Any], asked: Asked, failures: Sequence[Mapping[Any, Any]]) -> str:
    others = [record for name in ("resolved", "purged") for record in records_in(result.get(name))]
    failed_others = sum(bool(record.get("failure")) and was_started(record) for record in others)
    failed = len(failures) - failed_others
    if not _ended(result) or (not failures and not mapping(result.get("summary")) and result.get("msg")):
        return _of_run(result, to_line(result.get("msg")) or DIED, asked)
    summary = mapping(result.get("summary"))
    waiting = summary.get("not_started", 0)
    parts = [_of_run(result, problem_of(result) or "", asked), asked.waiting_failed, _none_checked(result, asked)]
    if failed:
        left = f", {waiting} {'was' if waiting == 1 else 'were'} not started" if waiting else ""
        parts.append(
            f"{failed} of {counted(summary.get('tenants', failed), 'tenant')} failed{left}: the lines above say why."
        )
    elif waiting:
        parts.append(
            f"{waiting} of {counted(summary.get('tenants', waiting), 'tenant')} {'was' if waiting == 1 else 'were'} not started."
        )
    if failed_others:
        parts.append(f"Unlinking {failed_others} of {len(others)} other accounts failed: the lines above say why.")
    if asked.missing and not asked.waiting_failed:
        parts.append(
            f"{counted(len(asked.missing), 'customer')} {'has' if len(asked.missing) == 1 else 'have'} not linked."
        )
    return " ".join(filter(None, parts))
