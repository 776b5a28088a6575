# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of runs, in the shape in which the modules return them."""

from __future__ import annotations

from typing import Any

KEY_REFUSED = (
    "Freshservice refused the API key: the key is wrong or was reset, or it is switched off, or its agent was"
    " deactivated (Freshservice gives the same answer in all three cases)."
)
COPY_AGAIN = (
    "Ask the agent to copy the key again from Profile settings > Your API Key; if it is the same, ask an Account Admin to open"
    " Admin > User Management > Agents > (the agent) > Permissions > API Key and enable it; if the agent has left,"
    " reactivate them under Admin > User Management > Agents or use another agent's key."
)
RENEW = "Ask the customer to renew the subscription under Admin > Plans & Billing, then run again."

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "\"><img src=x onerror='window.hacked = 1'>",
    "'><svg onload=window.hacked=1>",
    "' onmouseover='window.hacked = 1' x='",
    "javascript:window.hacked=1",
    "{{ 7*7 }}{% raw %}{# x #}",
    "</style><style>body { display: none }</style>",
    "<!-- &lt;b&gt; &amp; --> ]]>",
]
HOSTILE_TITLE = "</title><script>window.hacked = 1</script>"


def row(domain: str, action: str = "none", **more: Any) -> dict[str, Any]:
    """A tenant as it is in the results of freshservice_links."""
    return {
        "domain": domain, "origin_owner_id": f"customer-{domain}", "origin_owner_name": f"{domain.title()} Ltd",
        "account_id": str(45320976103598420000 + sum(map(ord, domain))), "action": action,
        "changed": action != "none", "account_status": "active", "agent": f"integrations@{domain}.example",
        "verdict": "valid", **more,
    }  # fmt: skip


def failed(domain: str, code: str, message: str, remediation: str, **more: Any) -> dict[str, Any]:
    """A tenant that failed."""
    tenant = f"{domain} (owner customer-{domain})"
    failure = {
        "code": code, "message": message, "phase": "key_check", "tenant": tenant, "http_status": 401, "details": {},
        "remediation": remediation, "retriable": False, "msg": f"{tenant}: {message} {remediation}",
    }  # fmt: skip
    return row(domain, verdict=code, agent=None, failure=failure, **more)


def changed(**sides: tuple[str | None, str | None]) -> dict[str, dict[str, str | None]]:
    """The changes of a row."""
    return {name: {"before": before, "after": after} for name, (before, after) in sides.items()}


def links(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The result of freshservice_links."""
    requests = {"freshservice": len(rows), "stackone": 12}
    return {
        "changed": any(each["changed"] for each in rows),
        "results": list(rows),
        "summary": {"actions": {}, "requests": requests, "quota_seconds": 3.2},
        **more,
    }


def mixed() -> dict[str, Any]:
    """One of everything, and some that are as declared."""
    return links(
        row("acme", "create"),
        row("mueller", origin_owner_name="Müller GmbH & Co. KG"),
        failed("globex", "key_refused", KEY_REFUSED, COPY_AGAIN),
        row(
            "initech",
            "relink",
            changes=changed(status=("error", "active"), api_key=("unchanged", "changed")),
            agent_change="other",
        ),
        row("umbrella", "update", changes=changed(label=("Old service desk", "Service desk"))),
        failed(
            "a-very-long-subdomain-of-a-company-with-a-long-name", "tenant_suspended",
            "the Freshservice tenant is suspended.", RENEW, account_status=None, account_id=None,
        ),
        row("stark", warnings=["Agent integrations@stark.example is occasional (use a full-time agent)."]),
        *(row(f"tenant-{number}") for number in range(1, 13)),
        purged=[
            {
                "domain": None, "origin_owner_id": "customer-0815", "origin_owner_name": "Left Behind Ltd",
                "account_id": "45320976103598426372", "action": "delete", "changed": True,
            }
        ],
    )  # fmt: skip


def many(count: int) -> dict[str, Any]:
    """A long list: each tenth failed, each fifth was linked."""

    def one(number: int) -> dict[str, Any]:
        domain = f"tenant-{number}"
        if number % 10 == 0:
            return failed(domain, "key_refused", KEY_REFUSED, COPY_AGAIN)
        return row(domain, "create" if number % 5 == 0 else "none")

    return links(*(one(number) for number in range(1, count + 1)))


def ended_early() -> dict[str, Any]:
    """The run was stopped by its first failure."""
    words = "the run ended after 1 failed tenant (stop_after_failures); this tenant was not started."
    waiting = [failed(f"waiting-{number}", "stopped", words, "Run again.") for number in range(1, 4)]
    for each in waiting:
        each["failure"]["details"] = {"started": False}
    return links(*waiting, row("acme", "create"), failed("globex", "key_refused", KEY_REFUSED, COPY_AGAIN))


def hostile() -> dict[str, Any]:
    """What customers could write into every text that is theirs."""
    rows = [
        {
            **failed(text, text, text, text),
            **dict.fromkeys(("origin_owner_id", "origin_owner_name", "account_id", "account_status", "verdict"), text),
            "agent": text,
            "changes": {text: {"before": text, "after": f"{text} x"}},
            "warnings": [text],
        }
        for text in HOSTILE
    ]
    failure = {"code": "stopped", "tenant": None, "remediation": "".join(HOSTILE)}
    return links(*rows, msg="".join(HOSTILE), failure=failure)


def not_begun() -> dict[str, Any]:
    """The accounts could not be listed."""
    remediation = "Make another key in StackOne's dashboard, under API Keys."
    return {
        "changed": False,
        "failed": True,
        "msg": f"the run: StackOne refused the API key (HTTP 401). {remediation}",
        "failure": {
            "code": "stackone_key_refused",
            "message": "StackOne refused the API key (HTTP 401).",
            "tenant": "the run",
            "remediation": remediation,
        },
    }


def stopped() -> dict[str, Any]:
    """The run ended early, with some tenants done."""
    remediation = "Check that the list is complete; if it is, raise purge_limit."
    words = "5 of 10 accounts are not in the list, but purge_limit allows 1."
    return {
        **mixed(),
        "msg": f"purge: {words} {remediation}",
        "failure": {"code": "purge_refused", "message": words, "tenant": "purge", "remediation": remediation},
    }


def accounts() -> dict[str, Any]:
    """The result of account_info."""
    statuses = [*["active"] * 7, "error", "inactive", "pending_review"]
    listed = [
        {
            "id": str(45320976103598420000 + number), "provider": "freshservice", "status": status,
            "status_reasons": ["Invalid credentials"] if status == "error" else [],
            "origin_owner_id": f"customer-{number}", "origin_owner_name": f"Customer {number} Ltd",
            "domain": f"tenant-{number}",
        }
        for number, status in enumerate(statuses)
    ]  # fmt: skip
    return {"changed": False, "accounts": listed, "summary": {"accounts": len(listed), "statuses": {}}}


def keys() -> dict[str, Any]:
    """The result of freshservice_keys_info."""
    checked = [
        *({**row(f"tenant-{number}"), "account_status": None} for number in range(5)),
        failed("globex", "key_refused", KEY_REFUSED, COPY_AGAIN),
        failed("initech", "unreachable", "Freshservice could not be reached.", "Check the network; then run again."),
    ]
    results = [
        {name: value for name, value in each.items() if name not in ("action", "account_id", "changed")}
        for each in checked
    ]
    requests = {"freshservice": 7, "stackone": 0}
    return {"changed": False, "results": results, "summary": {"tenants": 7, "verdicts": {}, "requests": requests}}
