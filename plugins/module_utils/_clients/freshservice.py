# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Freshservice client and the key check, which decides whether a domain and key work, and if not, why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._core.failure import Failed, FailureCode, require
from .._core.shared import Shared
from .._core.slots import SLOTS
from .._core.tenant import Tenant
from .._core.text import one_line
from .._core.urls import parts_of
from .._http.errors import ADVICE, TransportError, TransportKind
from .._http.messages import Answer, Request, Service
from .key_status import KeyStatus

if TYPE_CHECKING:
    from .._http.session import Http

PAGE_LIMIT = 20_000
"""How many characters of a page are searched for words."""
EMAIL_LIMIT = 320
"""The longest e-mail address, in characters."""

_AGENTS = "Admin > User Management > Agents"
_SWITCH = f"an Account Admin to open {_AGENTS} > (the agent) > Permissions > API Key and enable it"

_MESSAGES = {
    KeyStatus.VALID: "the API key works.",
    KeyStatus.KEY_REFUSED: (
        "Freshservice refused the API key: the key is wrong or was reset, or it is switched off,"
        " or its agent was deactivated (Freshservice gives the same answer in all three cases)."
    ),
    KeyStatus.KEY_DISABLED: "the API key is switched off for its agent.",
    KeyStatus.AGENT_DEACTIVATED: "the agent of the API key is deactivated.",
    KeyStatus.ACCESS_DENIED: "Freshservice denied access with this API key.",
    KeyStatus.DOMAIN_NOT_FOUND: "there is no Freshservice tenant at this domain.",
    KeyStatus.TENANT_SUSPENDED: "the Freshservice tenant is suspended.",
    KeyStatus.RATE_LIMITED: "the Freshservice tenant is over its limit of API calls.",
    KeyStatus.NOT_FRESHSERVICE: "the answer is not from Freshservice's API.",
}

_COPY_AGAIN = "Ask the agent to copy the key again from Profile settings > Your API Key."

_REMEDIATIONS = {
    KeyStatus.VALID: "",
    KeyStatus.KEY_REFUSED: (
        "If the key was rotated, declare the new one. Otherwise ask the agent to copy the key again from Profile settings >"
        " Your API Key;"
        f" if it is the same, ask {_SWITCH};"
        f" if the agent has left, reactivate them under {_AGENTS} or use another agent's key."
    ),
    KeyStatus.KEY_DISABLED: f"Ask {_SWITCH}.",
    KeyStatus.AGENT_DEACTIVATED: f"Reactivate the agent under {_AGENTS}, or use another agent's key.",
    KeyStatus.ACCESS_DENIED: (
        f"Check under {_AGENTS} > (the agent) that its roles are complete and that Permissions > API Key is enabled,"
        " and that the tenant's trusted IP addresses include StackOne and this machine."
    ),
    KeyStatus.DOMAIN_NOT_FOUND: (
        "Compare the domain with the address of the customer's helpdesk: it is the part before .freshservice.com."
    ),
    KeyStatus.TENANT_SUSPENDED: "Ask the customer to renew the subscription under Admin > Plans & Billing, then run again.",
    KeyStatus.RATE_LIMITED: "Run again in a minute; other apps of this tenant share the limit.",
    KeyStatus.UNREACHABLE: "Check the network, the proxy and the certificates between here and the host; then run again.",
    KeyStatus.NOT_FRESHSERVICE: (
        "Check freshservice_url, and that no proxy or login page answers in place of the tenant."
    ),
}

_ANSWERED_BADLY = (
    "Run again later: Freshservice has a problem or is down for maintenance, or a proxy on the way has one. If it persists,"
    " open the helpdesk in a browser and ask its administrator."
)
"""The remediation if Freshservice was reached, but did not answer properly (F49, F51)."""

_UNCLAIMED = re.compile(r"still\s+fresh|\bclaim\s+(it|this|your)\b.{0,300}\bsign-?up\b", re.IGNORECASE | re.DOTALL)
"""The words on the page of a subdomain without a tenant, whatever its status (F8)."""

_CODE_STATUS = {
    "account_suspended": (KeyStatus.TENANT_SUSPENDED, None),
    "invalid_credentials": (KeyStatus.KEY_REFUSED, None),
    "password_lockout": (KeyStatus.ACCESS_DENIED, "the API key is temporarily locked after too many failed logins."),
    "require_feature": (KeyStatus.ACCESS_DENIED, "the tenant's plan does not include the API."),
    "ssl_required": (KeyStatus.ACCESS_DENIED, "Freshservice requires https."),
    "access_denied": (KeyStatus.ACCESS_DENIED, None),
}
"""The verdict by error code, with a message if there is a more specific one (F41, F43, F50, F53a, F57)."""

_RETRIABLE = frozenset({KeyStatus.RATE_LIMITED, KeyStatus.UNREACHABLE})


@dataclass(frozen=True, **SLOTS)
class Agent:
    """The Freshservice user that a key belongs to."""

    id: int
    email: str | None = None
    name: str | None = None
    active: bool | None = None
    occasional: bool | None = None

    @property
    def name_or_id(self) -> str:
        """Return the name of this agent in messages."""
        return self.email or str(self.id)

    def as_dict(self) -> dict[str, Any]:
        """Return the `agent` of a module's result."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "active": self.active,
            "occasional": self.occasional,
        }


@dataclass(frozen=True, **SLOTS)
class KeyCheck:
    """The verdict on one domain and key, with its evidence."""

    status: KeyStatus
    message: str
    http_status: int | None = None
    evidence: str = ""
    agent: Agent | None = None
    warnings: tuple[str, ...] = field(default=())
    advice: str = ""
    """What to do, if more is known than the verdict says."""
    answered: bool = False
    """True if the verdict is `unreachable` although the server was reached."""

    @property
    def remediation(self) -> str:
        """Return what to do, in the words of Freshservice's menus (F16)."""
        if self.status is KeyStatus.UNREACHABLE and self.answered:
            return _ANSWERED_BADLY
        return self.advice or _REMEDIATIONS[self.status]

    @property
    def retriable(self) -> bool:
        """Return whether waiting alone may help."""
        return self.status in _RETRIABLE

    def as_dict(self) -> dict[str, Any]:
        """Return the `key_check` of a module's result."""
        return {
            "status": self.status.value,
            "message": self.message,
            "http_status": self.http_status,
            "evidence": self.evidence,
            "remediation": self.remediation,
            "retriable": self.retriable,
        }

    def failed(self) -> Failed:
        """Return the verdict as a failure."""
        return Failed(
            FailureCode(self.status.value),
            self.message,
            self.remediation,
            http_status=self.http_status,
            retriable=self.retriable,
            details={"evidence": self.evidence} if self.evidence else {},
        )


class Freshservice:
    """The client for all tenants. `url` is a template that contains `{domain}`."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url
        self._checks = Shared(keeps=lambda check: check.status is not KeyStatus.VALID and not check.retriable)
        """The verdicts on keys by domain and key: refused attempts can lock a key (F21), so none is tried twice in a run."""

    def check_tenant(self, tenant: Tenant) -> KeyCheck:
        """Return the verdict on a tenant that declares domain and key."""
        return self.check_key(require(tenant.domain), require(tenant.api_key), tenant.admin_api_key, tenant.agent_email)

    def check_key(
        self, domain: str, api_key: str, admin_api_key: str | None = None, agent_email: str | None = None
    ) -> KeyCheck:
        """Ask `agents/me` once (F22, F23), and never again in a run if it is refused. If the key is refused, find out why with an admin's key."""
        check: KeyCheck = self._checks.get(
            (domain, api_key), lambda: self._ask(domain, api_key), self._http.clock.check
        )
        if admin_api_key and agent_email and check.status in (KeyStatus.KEY_REFUSED, KeyStatus.ACCESS_DENIED):
            return self._look_up_cause(check, domain, admin_api_key, agent_email)
        return check

    def _ask(self, domain: str, api_key: str) -> KeyCheck:
        try:
            answer = self._get(domain, "agents/me", api_key)
        except TransportError as error:
            return _unanswered(error)
        return classify(answer)

    def _look_up_cause(self, check: KeyCheck, domain: str, admin_api_key: str, agent_email: str) -> KeyCheck:
        try:
            answer = self._get(domain, "agents", admin_api_key, {"email": agent_email})
        except TransportError as error:
            return _with_evidence(check, f"the agent could not be looked up: {error}")
        if answer.status in (401, 403):
            return _with_evidence(check, f"admin_api_key may not look up agents (HTTP {answer.status})")
        agents = answer.data.get("agents") if isinstance(answer.data, dict) else None
        if not answer.ok or not isinstance(agents, list):
            return _with_evidence(check, f"the agent could not be looked up (HTTP {answer.status})")
        return cause_of_refusal(check, agents, agent_email)

    def _get(self, domain: str, path: str, key: str, params: dict[str, str] | None = None) -> Answer:
        base = self._url.replace("{domain}", domain).rstrip("/")
        # A tenant's host is asked once in a run, so its connection need not be kept.
        request = Request(
            Service.FRESHSERVICE,
            "GET",
            f"{base}/api/v2/{path}",
            auth=(key, "X"),
            headers={"Connection": "close"},
            params=params,
        )
        return self._http.send(request)


def classify(answer: Answer) -> KeyCheck:
    """Return the verdict on an answer to `agents/me`, by error code first and by HTTP status second (F57)."""
    if not isinstance(answer.data, (dict, list)) and _UNCLAIMED.search(answer.text[:PAGE_LIMIT]):
        return KeyCheck(
            KeyStatus.DOMAIN_NOT_FOUND,
            _MESSAGES[KeyStatus.DOMAIN_NOT_FOUND],
            answer.status,
            f"HTTP {answer.status}: {answer.excerpt}",
        )
    if answer.ok:
        return _classify_success(answer)
    code, words = _error_of(answer.data)
    # In a 4xx the code says why the key was refused; in an error of the server itself it says nothing about the key.
    told = code if answer.status < 500 and answer.status != 429 else None
    status, message = _CODE_STATUS.get(told or "", (None, None))
    if status is None:
        status = _by_http_status(answer)
    evidence = f"HTTP {answer.status}: {answer.line(words or '') or answer.excerpt or 'no text'}"
    location = parts_of(answer.headers.get("Location") or "").hostname
    if 300 <= answer.status < 400 and location:
        evidence = f"HTTP {answer.status}: a redirect to {answer.line(location)}, which was not followed"
    if status is KeyStatus.UNREACHABLE:
        message = f"Freshservice answered with an error ({evidence})."
    return KeyCheck(status, message or _MESSAGES[status], answer.status, evidence, answered=True)


def cause_of_refusal(check: KeyCheck, agents: Any, agent_email: str) -> KeyCheck:
    """Return a more precise verdict, based on the agent's record as an admin's key sees it (F18, F34)."""
    records = [agent for agent in agents if isinstance(agent, dict)] if isinstance(agents, list) else []
    record = next((agent for agent in records if _same_email(agent.get("email"), agent_email)), None)
    if record is None:
        return _with_evidence(check, f"no agent has the e-mail address {one_line(agent_email)}")
    if record.get("active") is False:
        return _with_cause(check, KeyStatus.AGENT_DEACTIVATED, "the agent's record says active: false")
    if record.get("api_key_enabled") is False:
        return _with_cause(check, KeyStatus.KEY_DISABLED, "the agent's record says api_key_enabled: false")
    if check.status is KeyStatus.KEY_REFUSED and record.get("api_key_enabled") is True:
        wrong = "Freshservice refused the API key: it is not this agent's key, or was reset."
        return _with_evidence(
            replace(check, message=wrong, advice=_COPY_AGAIN), "the agent is active and its API key is enabled"
        )
    if check.status is KeyStatus.KEY_REFUSED and record.get("active") is True:
        check = replace(
            check,
            message="Freshservice refused the API key: the key is wrong or was reset, or it is switched off.",
            advice=f"{_COPY_AGAIN} If it is the same, ask {_SWITCH}.",
        )
    return _with_evidence(check, "the agent is active; this tenant does not show whether its API key is enabled")


def _classify_success(answer: Answer) -> KeyCheck:
    record = answer.data.get("agent") if isinstance(answer.data, dict) else None
    if not isinstance(record, dict) or not _is_id(record.get("id")):
        status = KeyStatus.NOT_FRESHSERVICE
        evidence = f"HTTP {answer.status} without an agent: {answer.excerpt or 'no text'}"
        return KeyCheck(status, _MESSAGES[status], answer.status, evidence)
    agent = _agent(record, answer)
    if record.get("api_key_enabled") is False:
        status = KeyStatus.KEY_DISABLED
        evidence = "the agent's record says api_key_enabled: false"
        return KeyCheck(status, _MESSAGES[status], answer.status, evidence, agent)
    evidence = f"HTTP {answer.status}: agent {agent.name_or_id}"
    return KeyCheck(
        KeyStatus.VALID, _MESSAGES[KeyStatus.VALID], answer.status, evidence, agent, tuple(_agent_warnings(agent))
    )


def _is_id(value: Any) -> bool:
    """Return whether a value is an id, which booleans are not although Python counts them as integers."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _agent(record: dict[str, Any], answer: Answer) -> Agent:
    def text(key: str) -> str:
        value = record.get(key)
        return value if isinstance(value, str) else ""

    def flag(key: str) -> bool | None:
        value = record.get(key)
        return value if isinstance(value, bool) else None

    name = answer.line(f"{text('first_name')} {text('last_name')}") or None
    return Agent(record["id"], _email(text("email"), answer), name, flag("active"), flag("occasional"))


def _email(text: str, answer: Answer) -> str | None:
    """Return an agent's address as it is, since it is sent to StackOne as the name of the user: none that contains a secret."""
    email = one_line(text)
    return email if 0 < len(email) <= EMAIL_LIMIT and not answer.scrubber.gives_away(email) else None


def _agent_warnings(agent: Agent) -> list[str]:
    who = agent.name_or_id
    warnings = []
    if agent.active is False:
        warnings.append(f"Agent {who} is deactivated; its API key still works, but may stop at any time.")
    if agent.occasional:
        warnings.append(
            f"Agent {who} is occasional; its API key can stop a day after its last pass (use a full-time agent)."
        )
    return warnings


def _error_of(data: Any) -> tuple[str | None, str | None]:
    """Return error code and text, from either of Freshservice's two kinds of error bodies (F56, F57)."""
    if not isinstance(data, dict):
        return None, None
    errors = data.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = data.get("code") or first.get("code")
    words = data.get("message") or data.get("description") or first.get("message")
    return (code if isinstance(code, str) else None), (words if isinstance(words, str) else None)


def _by_http_status(answer: Answer) -> KeyStatus:
    if answer.status == 401:
        return KeyStatus.KEY_REFUSED
    if answer.status == 403:
        return KeyStatus.TENANT_SUSPENDED if "suspended" in answer.excerpt.lower() else KeyStatus.ACCESS_DENIED
    if answer.status in (404, 410) or 300 <= answer.status < 400:
        return KeyStatus.DOMAIN_NOT_FOUND
    if answer.status == 429:
        return KeyStatus.RATE_LIMITED
    if answer.status >= 500 or answer.status == 408:
        return KeyStatus.UNREACHABLE
    return KeyStatus.NOT_FRESHSERVICE


def _unanswered(error: TransportError) -> KeyCheck:
    unknown_host = error.kind is TransportKind.DNS
    status = KeyStatus.DOMAIN_NOT_FOUND if unknown_host else KeyStatus.UNREACHABLE
    told = "gave no complete answer" if error.sent else "could not be reached"
    message = _MESSAGES[status] if unknown_host else f"Freshservice {told} ({error})."
    return KeyCheck(status, message, None, str(error), advice=ADVICE.get(error.kind, ""), answered=error.sent)


def _with_cause(check: KeyCheck, status: KeyStatus, evidence: str) -> KeyCheck:
    return _with_evidence(replace(check, status=status, message=_MESSAGES[status]), evidence)


def _with_evidence(check: KeyCheck, more: str) -> KeyCheck:
    return replace(check, evidence=f"{check.evidence}; {more}" if check.evidence else more)


def _same_email(found: Any, wanted: str) -> bool:
    return isinstance(found, str) and found.strip().lower() == wanted.strip().lower()
