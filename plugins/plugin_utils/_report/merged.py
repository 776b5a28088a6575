# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges several reports into one: those of a job's slices, or of runs over parts of a list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._keys.problems import Problem
from .document import SERVICES, VERSION, Document, Run, number
from .rows import COLUMNS, LISTS, Row, mapping, texts, to_line

MOST = 10**12
"""More requests or seconds than any run has. Somebody may have changed the file."""


@dataclass(frozen=True)
class Part:
    """A report, and the file that it was read from."""

    path: str
    run: Run
    rows: Sequence[Row]


def part_from(path: str, content: Any) -> Part:
    """Return the report that a file holds. Raises Problem, which names the file."""
    rows = content.get("rows") if isinstance(content, Mapping) and "totals" in content else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Problem(f"{path} is not a report of this collection in JSON.")
    if content.get("version") != VERSION:
        raise Problem(f"{path} was made by another version of this collection. Make the report once more.")
    requests = mapping(content.get("requests"))
    run = Run(
        to_line(content.get("title")),
        to_line(content.get("made_at")),
        content.get("check_mode") is True,
        problem=to_line(content.get("problem")) or None,
        problem_code=to_line(content.get("problem_code")) or None,
        requests={service: int(_figure(requests.get(service)) or 0) for service in SERVICES} if requests else None,
        quota_seconds=_figure(content.get("quota_seconds")),
        parts=int(_figure(content.get("parts")) or 1),
    )
    return Part(path, run, list(map(_row_from, rows)))


def _figure(value: Any) -> float | None:
    """Return a number that a run can have counted; `None` if it is not one."""
    counted = number(value)
    return counted if counted is not None and 0 <= counted <= MOST else None


def _row_from(record: Mapping[Any, Any]) -> Row:
    """Return a row of a file. Somebody may have changed the file, so whatever it holds becomes text."""
    values: dict[str, Any] = {
        name: texts(record.get(name)) if name in LISTS else to_line(record.get(name)) for name in COLUMNS
    }
    return Row(**values, changed=record.get("changed") is True)


def merged(parts: Sequence[Part], title: str) -> Document:
    """Return the report of all. Raises Problem if some show what was done, and some what would be.

    Of a tenant in several reports, the one that was made last counts; of those made in the same second, the one that comes
    last. Within one report nothing is left out.
    """
    planned, done = ([part for part in parts if part.run.check_mode is mode] for mode in (True, False))
    if planned and done:
        raise Problem(
            f"{planned[0].path} shows what a run would do, and {done[0].path} what one did. Merge them separately."
        )
    newest_first = [part for _at, part in sorted(enumerate(parts), key=_age, reverse=True)]
    newer, kept = _NewerTenants(), {}
    for part in newest_first:
        kept[part.path] = [row for row in part.rows if row not in newer]
        newer.add(part.rows)
    rows = [row for part in parts for row in kept[part.path]]
    return Document(_run_of(parts, newest_first[0].run, title), rows)


def _age(numbered: tuple[int, Part]) -> tuple[str, int]:
    position, part = numbered
    return part.run.made_at, position


def _run_of(parts: Sequence[Part], newest: Run, title: str) -> Run:
    requests = [part.run.requests for part in parts if part.run.requests]
    waits = [part.run.quota_seconds for part in parts if part.run.quota_seconds is not None]
    problems = dict.fromkeys(part.run.problem for part in parts if part.run.problem)
    codes = [part.run.problem_code for part in parts if part.run.problem_code]
    return replace(
        newest,
        title=title,
        problem=" ".join(problems) or None,
        problem_code=codes[0] if codes else None,
        requests={service: sum(each[service] for each in requests) for service in SERVICES} if requests else None,
        quota_seconds=round(sum(waits), 1) if waits else None,
        parts=sum(part.run.parts for part in parts),
    )


class _NewerTenants:
    """The tenants in newer reports. If a row lacks the owner or the domain, the other one decides."""

    def __init__(self) -> None:
        self._both: set[tuple[str, str]] = set()
        self._domains: set[str] = set()
        self._owners: set[str] = set()
        self._ownerless: set[str] = set()
        self._domainless: set[str] = set()

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            domain, owner = row.domain, row.origin_owner_id
            self._both.add((domain, owner))
            self._domains.add(domain)
            self._owners.add(owner)
            if not owner:
                self._ownerless.add(domain)
            if not domain:
                self._domainless.add(owner)

    def __contains__(self, row: Row) -> bool:
        domain, owner = row.domain, row.origin_owner_id
        if not domain and not owner:
            return False
        if not owner:
            return domain in self._domains
        if not domain:
            return owner in self._owners
        return (domain, owner) in self._both or domain in self._ownerless or owner in self._domainless
