# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the modules as the report's filters get them, and what a test asks of the document."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.rows import COLUMNS

MADE_AT = "2026-11-24T21:55:00Z"
SUMMARY = {"actions": {}, "requests": {"freshservice": 3, "stackone": 9}, "quota_seconds": 1.5}
EMPTY = {**{name: [] if name in ("changes", "warnings") else "" for name in COLUMNS}, "changed": False}


def report(result, check_mode=False):
    return report_plugin.report(result, title="Customers", made_at=MADE_AT, check_mode=check_mode)


def row(domain="acme", action="none", **more):
    return {
        "domain": domain,
        "origin_owner_id": f"customer-{domain}",
        "account_id": "4711",
        "action": action,
        "changed": action != "none",
        **more,
    }


def failed(domain="acme", code=FailureCode.KEY_DISABLED, remediation="Let it be enabled.", **more):
    """A row with a failure as the module makes it."""
    name = f"{domain} (owner customer-{domain})"
    failure = Failure(code, "the API key is switched off.", remediation, phase=Phase.KEY_CHECK, tenant=name)
    return row(domain, **more, failure={**failure.as_dict(), "msg": failure.line})


def links(*rows, **more):
    return {"changed": any(each["changed"] for each in rows), "results": list(rows), "summary": SUMMARY, **more}


def only_row(result, check_mode=False):
    [shown_row] = report(result, check_mode)["rows"]
    return shown_row


def outcomes(result, check_mode=False):
    return {each["name"]: each["count"] for each in report(result, check_mode)["outcomes"]}


def account(status, **more):
    return {"id": 17, "status": status, "origin_owner_id": "customer-1", "domain": "acme", "status_reasons": [], **more}


def refused(why):
    """Return the result of a module that ends before its work."""
    return {"failed": True, "msg": why.failure.line, "failure": why.failure.as_dict()}
