# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a run's result, from which every form of report is made. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._clients.account import ACTIVE
from ...module_utils._core.failure import FailureCode
from .._keys.problems import Problem
from .role_words import in_role_words
from .rows import (
    CHANGED,
    COLUMNS,
    ReportedOutcome,
    Row,
    account_row,
    host_row,
    is_of_check_mode,
    key_row,
    link_row,
    mapping,
    owner_row,
    to_line,
    trouble_from,
    waiting_row,
)

VERSION = 1
"""The version of the document: raise it when a program that reads documents would misunderstand the new one."""

OF_ACCOUNTS = ("results", "resolved", "purged")
"""The lists of freshservice_links: the tenants, and the other accounts that were unlinked."""

SERVICES = ("freshservice", "stackone")

_CHANGES = [name for outcome in CHANGED for name in (outcome.value, outcome.planned)]
_INVITED = [ReportedOutcome.INVITED.value, ReportedOutcome.INVITED.planned, ReportedOutcome.LINKED_ALREADY.value]
_FIRST = [*_CHANGES, ReportedOutcome.AS_DECLARED.value, ReportedOutcome.VALID.value, ACTIVE, *_INVITED]
_LAST = [
    ReportedOutcome.REFUSED.value,
    ReportedOutcome.NOT_CHECKED.value,
    ReportedOutcome.FAILED.value,
    ReportedOutcome.NOT_STARTED.value,
]


@dataclass(frozen=True)
class Run:
    """The parts of a report about the run itself. `None` if unknown."""

    title: str
    made_at: str
    check_mode: bool
    problem: str | None = None
    problem_code: str | None = None
    """The failure code of the problem, if it has one; of several, the first."""
    requests: dict[str, int] | None = None
    quota_seconds: float | None = None
    parts: int = 1
    """The number of runs, if their reports were merged."""


@dataclass(frozen=True)
class Document:
    """A run and its tenants."""

    run: Run
    rows: Sequence[Row]

    def as_dict(self) -> dict[str, Any]:
        """Return the document as filters and the template expect it."""
        return {
            "version": VERSION,
            "title": self.run.title,
            "made_at": self.run.made_at,
            "check_mode": self.run.check_mode,
            "parts": self.run.parts,
            "totals": {
                "tenants": len(self.rows),
                "changed": sum(row.changed for row in self.rows),
                "failed": sum(row.failed for row in self.rows),
                "not_started": sum(row.outcome == ReportedOutcome.NOT_STARTED.value for row in self.rows),
            },
            "outcomes": [{"name": name, "count": count} for name, count in self._outcomes()],
            "requests": self.run.requests,
            "quota_seconds": self.run.quota_seconds,
            "problem": self.run.problem,
            "problem_code": self.run.problem_code,
            "columns": [name for name in COLUMNS if any(getattr(row, name) for row in self.rows)],
            "rows": [row.as_dict() for row in self.rows],
        }

    def _outcomes(self) -> list[tuple[str, int]]:
        """Return each outcome and its count: first changes, then successes, other statuses of accounts, and failures."""

        def place(counted: tuple[str, int]) -> tuple[int, int, str]:
            name = counted[0]
            if name in _LAST:
                return 2, _LAST.index(name), name
            return (0, _FIRST.index(name), name) if name in _FIRST else (1, 0, name)

        return sorted(Counter(row.outcome for row in self.rows).items(), key=place)


def document_from(result: Any, title: Any, made_at: Any, check_mode: bool) -> Document:
    """Recognise a result by its shape. Raises Problem."""
    if isinstance(result, Mapping):
        check_mode = is_of_check_mode(result, check_mode)
        run = Run(to_line(title), to_line(made_at), check_mode)
        return Document(_run_of(result, run), list(rows_of_run(result, check_mode)))
    if isinstance(result, Sequence) and not isinstance(result, (str, bytes)):
        rows = list(_rows_of_hosts(result, check_mode))
        return Document(Run(to_line(title), to_line(made_at), _are_of_check_mode(result, check_mode)), rows)
    raise Problem(
        "a report is made of the result of freshservice_links, freshservice_keys_info, auth_links or account_info,"
        " or of a list of dictionaries with host and result."
    )


def with_role_words(document: dict[str, Any], of_list: bool) -> dict[str, Any]:
    """Return a document with the role's variables in place of the options of a module, for people who only know the role."""

    def told(part: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
        return {**part, **{name: in_role_words(part[name], of_list) for name in names if part.get(name)}}

    rows = [told(row, ("problem", "remediation")) for row in document["rows"]]
    return {**told(document, ("problem",)), "rows": rows}


def is_document(value: Any) -> bool:
    """Return whether the filter `report` made the value, or a file of a report holds it."""
    return isinstance(value, Mapping) and {"totals", "outcomes", "rows", "problem"} <= set(value)


def as_document(document: Any) -> Mapping[str, Any]:
    """Return a document that the filter `report` made, or a file holds. Raises Problem if it is something else."""
    if not is_document(document):
        raise Problem("takes a document that tenantlink.stackone.report made.")
    return document


def records_of(source: Any) -> list[Mapping[Any, Any]]:
    """Return the rows of a document, or of a plain list of dictionaries. Raises Problem."""
    rows = source.get("rows") if isinstance(source, Mapping) else source
    if (
        isinstance(rows, (str, bytes))
        or not isinstance(rows, Sequence)
        or not all(isinstance(row, Mapping) for row in rows)
    ):
        raise Problem("rows are a document that tenantlink.stackone.report made, or a list of dictionaries.")
    return list(rows)


def rows_of_run(result: Mapping[Any, Any], check_mode: bool) -> Iterator[Row]:
    if isinstance(result.get("accounts"), Sequence):
        yield from map(account_row, records_in(result["accounts"]))
    elif isinstance(result.get("owners"), Sequence):
        yield from (owner_row(record, check_mode) for record in records_in(result["owners"]))
    elif is_of_keys(result):
        yield from map(key_row, records_in(result.get("results")))
    elif "results" in result or "failure" in result or "msg" in result:
        for name in OF_ACCOUNTS:
            yield from (link_row(record, check_mode) for record in records_in(result.get(name)))
    elif _is_of_one_tenant(result):
        yield host_row(to_line(mapping(result.get("account")).get("domain")), result, check_mode)
    else:
        raise Problem("this result holds nothing to report: neither results nor accounts nor a failure.")


def is_of_keys(result: Mapping[Any, Any]) -> bool:
    """Return whether no account was linked: then there are verdicts, and no actions."""
    summary = mapping(result.get("summary"))
    return "verdicts" in summary or (
        "actions" not in summary
        and any("verdict" in row and "action" not in row for row in records_in(result.get("results")))
    )


def _rows_of_hosts(results: Iterable[Any], check_mode: bool) -> Iterator[Row]:
    for entry in results:
        if not isinstance(entry, Mapping) or "host" not in entry:
            raise Problem("a list of results holds dictionaries with host and result.")
        result = mapping(entry.get("result"))
        planned = is_of_check_mode(result, check_mode)
        if entry.get("started") is False:
            yield waiting_row(to_line(entry["host"]))
        elif "results" in result or "owners" in result:
            # A play may have hosts with lists, too.
            yield from rows_of_run(result, planned)
        elif result and not result.get("skipped"):
            yield host_row(to_line(entry["host"]), _ended(result), planned)


def _are_of_check_mode(results: Iterable[Any], otherwise: bool) -> bool:
    said = [value for entry in results if isinstance(value := mapping(entry.get("result")).get("check_mode"), bool)]
    return all(said) if said else otherwise


def _ended(result: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a host's result; a module that died left none, and in a role that goes on not even a message."""
    if _is_of_one_tenant(result) or any(result.get(name) is not None for name in ("failure", "msg")):
        return result
    return {**result, "msg": "The module ended without a result."}


def _is_of_one_tenant(result: Mapping[Any, Any]) -> bool:
    return any(result.get(name) is not None for name in ("actions", "key_check"))


def records_in(value: Any) -> list[Mapping[Any, Any]]:
    return [record for record in value if isinstance(record, Mapping)] if isinstance(value, (list, tuple)) else []


def _run_of(result: Mapping[Any, Any], run: Run) -> Run:
    summary = mapping(result.get("summary"))
    requests = mapping(summary.get("requests"))
    problem = problem_of(result)
    return Run(
        run.title,
        run.made_at,
        run.check_mode,
        problem=problem,
        problem_code=(trouble_from(result).code or None) if problem else None,
        requests={service: int(number(requests.get(service)) or 0) for service in SERVICES} if requests else None,
        quota_seconds=number(summary.get("quota_seconds")),
    )


def problem_of(result: Mapping[Any, Any]) -> str | None:
    """Return what went wrong apart from the tenants, which are rows of their own."""
    trouble = trouble_from(result)
    if trouble.code == FailureCode.TENANTS_FAILED.value:
        return None
    reason = to_line(mapping(mapping(result.get("failure")).get("details")).get("reason"))
    return f"{reason or trouble.problem} {trouble.remediation}".strip() or None


def number(value: Any) -> float | None:
    """Return the value as a number; `None` if it is not one."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
