# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a run hands on to its controller: counts, failed tenants, and the paths of the reports. Pure.

A controller passes them to the next job as extra variables, in which a text is a template, and before ansible-core 2.19
`set_stats` evaluates them as well. The names of customers must not be templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .role_words import PREFIX
from .rows import ReportedOutcome, to_line

MOST_NAMED = 100

_NO_TEMPLATE = str.maketrans("{}", "()")


def handed_on(documents: Sequence[Mapping[str, Any]], reports: Iterable[Any]) -> dict[str, Any]:
    """Return the variables of one or several documents, as reports have them, and of the paths that were written.

    Equal documents with tenants are one result that Ansible gave to several hosts, as with `run_once`.
    """
    documents = [each for number, each in enumerate(documents) if not each["rows"] or each not in documents[:number]]
    totals = {
        name: sum(document["totals"][name] for document in documents)
        for name in ("tenants", "changed", "failed", "not_started")
    }
    outcomes: Counter[str] = Counter()
    for document in documents:
        outcomes.update({_plain(each["name"]): each["count"] for each in document["outcomes"]})
    problems = dict.fromkeys(_plain(document["problem"]) for document in documents if document["problem"])
    rows = [row for document in documents for row in document["rows"]]
    failed = [row for row in rows if row["problem"] and row["outcome"] != ReportedOutcome.NOT_STARTED.value]
    return {
        f"{PREFIX}summary": {**totals, "outcomes": dict(outcomes), "problem": " ".join(problems)},
        f"{PREFIX}failed_tenants": [_plain(_name(row)) for row in failed[:MOST_NAMED]],
        f"{PREFIX}reports": [_plain(path) for path in dict.fromkeys(reports)],
    }


def _name(row: Mapping[str, Any]) -> str:
    domain, owner = row["domain"], row["origin_owner_id"]
    return f"{domain} (owner {owner})" if domain and owner else domain or owner or row["account_id"]


def _plain(text: Any) -> str:
    # A text that starts with "#jinja2:" defines what the brackets of a template are.
    return to_line(text).translate(_NO_TEMPLATE).lstrip("#")
