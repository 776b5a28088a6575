# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as Markdown, made to be a comment on a merge request: what needs a look first, and never too long. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ...module_utils._core.words import counted
from .document import SERVICES, records_in
from .markdown_text import code, in_html, prose
from .rows import ReportedOutcome, mapping, texts, to_line

LIMIT = 60_000
"""Bytes of UTF-8. GitHub refuses a comment of more than 65,536 characters; a pipeline may add words of its own."""
FOR_NOTES = 2_000
"""Bytes that are kept for the closing tags, and for the line that says what was left out."""
LONGEST_PROBLEM = 2_000
MOST = 30
"""How many changes, and how many warnings, of a tenant are shown."""
ARROW = " → "

_WRONG = (ReportedOutcome.FAILED.value, ReportedOutcome.REFUSED.value)


@dataclass(frozen=True)
class _Section:
    """Tenants of a kind: `items` is what is shown of each, in order."""

    kind: str
    opening: str
    items: Sequence[str]
    closing: str = ""


def markdown_of(document: Mapping[str, Any], full: Iterable[Any] = ()) -> str:
    """Return the text of the comment. `full` are the files that have the whole report."""
    head = "".join(_head(document))
    body, left_out = _fitted(list(_sections(document)), LIMIT - _size(head) - FOR_NOTES)
    note = _note(left_out, [to_line(path) for path in full]) if left_out else ""
    return f"{head}{note}{body}"


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    outcomes = [(to_line(each.get("name")), each.get("count")) for each in records_in(document["outcomes"])]
    counts = [f"{count} {prose(name)}" for name, count in sorted(outcomes, key=lambda each: each[0] not in _WRONG)[:20]]
    failed = ["the run failed"] if document["problem"] else []
    summary = ", ".join(failed + counts) or "nothing to report"
    yield f"## {prose(document.get('title')) or 'Report'}: {summary}\n\n"
    if document["problem"]:
        yield f"**The run failed:** {prose(document['problem'], LONGEST_PROBLEM)}\n\n"
    yield f"{_about(document)}\n"


def _about(document: Mapping[str, Any]) -> str:
    tenants, parts = counted(len(records_in(document["rows"])), "tenant"), document.get("parts", 1)
    runs = f" of {counted(parts, 'run')}" if isinstance(parts, int) and parts > 1 else ""
    made_at = f", made at {code(document['made_at'])}" if document.get("made_at") else ""
    requests = mapping(document.get("requests"))
    sent = f"; {requests.get(SERVICES[0])} requests to Freshservice, {requests.get(SERVICES[1])} to StackOne"
    preview = "**Preview: nothing was changed.** " if document.get("check_mode") else ""
    return f"{preview}{tenants}{runs}{made_at}{sent if requests else ''}."


def _sections(document: Mapping[str, Any]) -> Iterator[_Section]:
    rows = records_in(document["rows"])
    failed = [row for row in rows if _failed(row)]
    changed = [row for row in rows if row.get("changed") is True and not _failed(row)]
    rest = [row for row in rows if row.get("changed") is not True and not _failed(row)]
    if failed:
        yield _Section("failed", f"\n### {len(failed)} failed\n", list(_failures(failed)))
    if changed:
        kind = "would be changed" if document.get("check_mode") else "changed"
        yield _Section(kind, f"\n### {len(changed)} {kind}\n\n", [_change(row) for row in changed])
    for outcome, count in Counter(to_line(row.get("outcome")) for row in rest).items():
        opening = f"\n<details>\n<summary>{count} {in_html(outcome)}</summary>\n\n"
        items = [_other(row) for row in rest if to_line(row.get("outcome")) == outcome]
        yield _Section(outcome, opening, items, "\n</details>\n")


def _failed(row: Mapping[Any, Any]) -> bool:
    return bool(row.get("problem")) and row.get("outcome") != ReportedOutcome.NOT_STARTED.value


def _failures(rows: Iterable[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield each failure; those with the same advice together, below it."""

    def advice(row: Mapping[Any, Any]) -> str:
        return to_line(row.get("remediation"))

    order = {text: place for place, text in enumerate(dict.fromkeys(map(advice, rows)))}
    for text, several in groupby(sorted(rows, key=lambda row: order[advice(row)]), advice):
        heading = f"\n**What to do:** {prose(text)}\n\n" if text else "\n"
        for row in several:
            word = f" ({code(row['code'])})" if row.get("code") else ""
            yield f"{heading}- {_name(row)}: {prose(row.get('problem'))}{word}\n{''.join(_more(row))}"
            heading = ""


def _change(row: Mapping[Any, Any]) -> str:
    return f"- {_name(row)}{_account(row)}: {prose(row.get('outcome'))}\n{''.join(_more(row))}"


def _other(row: Mapping[Any, Any]) -> str:
    return f"- {_name(row)}{_account(row)}\n{''.join(_more(row))}"


def _account(row: Mapping[Any, Any]) -> str:
    """Return the account of a row that is not named by it. It tells two links of one domain apart."""
    return f", account {code(row['account_id'])}" if row.get("account_id") and row.get("domain") else ""


def _more(row: Mapping[Any, Any]) -> Iterator[str]:
    changes = [_from_to(change) for change in texts(row.get("changes"))[:MOST]]
    warnings = [f"Warning: {prose(warning)}" for warning in texts(row.get("warnings"))[:MOST]]
    yield from (f"  - {line}\n" for line in (*changes, *warnings))
    left_out = len(texts(row.get("changes"))) + len(texts(row.get("warnings"))) - len(changes) - len(warnings)
    if left_out:
        yield f"  - and {left_out} more\n"


def _from_to(change: str) -> str:
    """Return a change with its values as code. If a value has an arrow of its own, nobody can tell the two apart."""
    name, colon, values = change.partition(": ")
    if not colon:
        return prose(change)
    sides = values.split(ARROW)
    return f"{prose(name)}: {ARROW.join(map(code, sides)) if len(sides) == 2 else code(values)}"


def _name(row: Mapping[Any, Any]) -> str:
    domain, owner = code(row.get("domain")), code(row.get("origin_owner_id"))
    if domain and owner:
        return f"{domain} (owner {owner})"
    account = f"account {code(row['account_id'])}" if row.get("account_id") else ""
    if account and owner:
        return f"{account} (owner {owner})"
    return domain or owner or account or "a tenant"


def _fitted(sections: Sequence[_Section], room: int) -> tuple[str, dict[str, int]]:
    """Return the sections as far as there is room, and how many items of each kind were left out.

    Failures have half of the room if there are changes as well.
    """
    shown, left_out = [], {}
    for index, section in enumerate(sections):
        first_of_two = index == 0 and len(sections) > 1 and section.kind == "failed" and not sections[1].closing
        mine = room // 2 if first_of_two else room
        fitting, used = [], _size(section.opening + section.closing)
        for item in section.items:
            used += _size(item)
            if used > mine:
                break
            fitting.append(item)
        if len(fitting) < len(section.items):
            left_out[section.kind] = len(section.items) - len(fitting)
        if fitting:
            text = f"{section.opening}{''.join(fitting)}{section.closing}"
            room -= _size(text)
            shown.append(text)
    return "".join(shown), left_out


def _note(left_out: Mapping[str, int], full: Sequence[str]) -> str:
    kinds = ", ".join(f"{count} {prose(kind, 40)}" for kind, count in list(left_out.items())[:10])
    names = ", ".join(code(path, 200) for path in full[:3])
    where = (
        f"The full report is in {names}."
        if names
        else "Name an `.html`, `.csv` or `.json` file in `freshservice_link_report` as well to have all of them."
    )
    return f"\n**Not shown, because a comment has a limited length:** {kinds}. {where}\n"


def _size(text: str) -> int:
    return len(text.encode())
