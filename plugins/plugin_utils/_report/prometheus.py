# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a report for Prometheus, in the text format that node_exporter collects from files. Pure.

Everybody on the machine may read them, so they hold neither names nor free text: a label from the report is one of the words
that this collection knows, or `other`. Each file is about one run, so everything in it is a gauge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._clients.account import ACTIVE
from ...module_utils._clients.key_status import KeyStatus
from ...module_utils._core.failure import FailureCode
from ...module_utils._core.times import parse_date
from ...module_utils._link.status import BROKEN, DASHBOARD_ONLY
from .document import SERVICES, number, records_in
from .rows import CHANGED, ReportedOutcome, mapping, to_line

PREFIX = "stackone_tenantlink_"
OTHER = "other"

_CODES = {*(code.value for code in FailureCode), *(status.value for status in KeyStatus)}
_STATUSES = {ACTIVE, "inactive", "unknown", *BROKEN, *DASHBOARD_ONLY}
_OUTCOMES = {
    *(outcome.value for outcome in ReportedOutcome),
    *(outcome.planned for outcome in (*CHANGED, ReportedOutcome.INVITED)),
}
_ALWAYS = (ReportedOutcome.FAILED.value, ReportedOutcome.NOT_STARTED.value)


@dataclass(frozen=True)
class _Metric:
    """A metric: its samples by the value of its own label, or one sample without a label."""

    name: str
    about: str
    samples: Mapping[str, float]
    label: str = ""

    def lines(self, labels: Mapping[str, str]) -> Iterator[str]:
        """Yield the metric in the text format."""
        yield f"# HELP {PREFIX}{self.name} {self.about}\n"
        yield f"# TYPE {PREFIX}{self.name} gauge\n"
        for value, sample in self.samples.items():
            own = {self.label: value} if self.label else {}
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in {**labels, **own}.items())
            yield f"{PREFIX}{self.name}{{{pairs}}} {sample:.15g}\n"


def prometheus_of(document: Mapping[str, Any], playbook: str, host: str) -> str:
    """Return the text of the file."""
    labels = {"playbook": to_line(playbook), "host": to_line(host)}
    return "".join(line for metric in _metrics(document) if metric.samples for line in metric.lines(labels))


def _metrics(document: Mapping[str, Any]) -> Iterator[_Metric]:
    rows = records_in(document["rows"])
    tenants = [row for row in rows if not _is_account(row)]
    made_at = parse_date(to_line(document.get("made_at")))
    yield _Metric("run_timestamp_seconds", "Time of the last run, in seconds since 1970.", _one(made_at))
    yield _Metric(
        "run_failed",
        "1 if the last run, or a tenant in it, failed or was not started.",
        _one(bool(document["problem"]) or any(row.get("problem") for row in tenants)),
    )
    yield _Metric(
        "run_check_mode", "1 if the last run only showed what it would do.", _one(document.get("check_mode") is True)
    )
    # Always there, so that an alert can tell none from unknown.
    outcomes = Counter({ReportedOutcome.FAILED.value: 0, ReportedOutcome.NOT_STARTED.value: 0})
    outcomes.update(_known(row.get("outcome"), _OUTCOMES) for row in tenants)
    yield _Metric("tenants", "Tenants of the last run, by outcome.", outcomes, "outcome")
    statuses = Counter(_known(row["account_status"], _STATUSES) for row in rows if row.get("account_status"))
    yield _Metric("accounts", "StackOne accounts in the last run, by status.", statuses, "status")
    yield _Metric("failures", "Failures of the last run, by failure code.", _failures(document, rows), "code")
    requests = mapping(document.get("requests"))
    sent = {service: number(requests.get(service)) or 0 for service in SERVICES} if requests else {}
    yield _Metric("run_requests", "Requests that the last run sent, by service.", sent, "service")
    waited = number(document.get("quota_seconds"))
    yield _Metric("run_quota_wait_seconds", "Seconds that the last run waited for the quota of StackOne.", _one(waited))


def _failures(document: Mapping[str, Any], rows: Iterable[Mapping[Any, Any]]) -> Counter[str]:
    """Count the failure codes: of the run itself, and of each tenant or account that failed."""
    counts = Counter(_known(row.get("code"), _CODES) for row in rows if _failed(row))
    if document["problem"]:
        counts[_known(document.get("problem_code"), _CODES)] += 1
    return counts


def _failed(row: Mapping[Any, Any]) -> bool:
    return bool(row.get("problem")) and row.get("outcome") != ReportedOutcome.NOT_STARTED.value


def _is_account(row: Mapping[Any, Any]) -> bool:
    """Return whether a row is about an account that was only listed: then its outcome is its status."""
    return row.get("outcome") not in _OUTCOMES and row.get("outcome") == row.get("account_status")


def _one(value: float | None) -> dict[str, float]:
    return {} if value is None else {"": value}


def _known(value: Any, words: Collection[str]) -> str:
    word = to_line(value)
    return word if word in words else OTHER


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")
