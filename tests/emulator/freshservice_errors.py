# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Freshservice says no (F40-F57)."""

from __future__ import annotations

from .limits import retry_after
from .message import Answer, dropped, html_answer, json_answer, redirect_answer
from .switches import Switches
from .tenants import Tenant, TenantState

_ELSEWHERE = "https://login.freshworks.example/"


def error(switches: Switches, status: int, code: str | None, message: str) -> Answer:
    """An error body in the switched family: flat, or an `errors` list (F57)."""
    body = {"code": code, "message": message} if code else {"message": message}
    return json_answer({"errors": [body]} if switches.error_family == "errors" else body, status)


def unauthorized(switches: Switches) -> Answer:
    """Wrong key, no key, switched-off key, agent gone: one answer for all (F40, F19, F53)."""
    message = "You have to be logged in to perform this action."
    return error(switches, 401, "invalid_credentials", message)


def access_denied(switches: Switches) -> Answer:
    """The key's agent lacks the privilege (F41)."""
    return error(switches, 403, "access_denied", "You are not authorized to perform this action.")


def locked_out(switches: Switches) -> Answer:
    """Too many failed logins (F21, F53a)."""
    return error(switches, 403, "password_lockout", "Too many failed attempts. Try again later.")


def validation_failed(field: str, message: str) -> Answer:
    """A bad parameter (F42, F54)."""
    problem = {"field": field, "message": message, "code": "invalid_value"}
    return json_answer({"description": "Validation failed", "errors": [problem]}, 400)


def absent() -> Answer:
    """No such record: a 404 without a body to parse (F45)."""
    return Answer(404, b"")


def method_not_allowed(method: str) -> Answer:
    """A known path, another method (F48): always the list family."""
    problem = {"code": "method_not_allowed", "message": f"{method} method is not allowed."}
    return json_answer({"errors": [problem]}, 405)


def not_acceptable() -> Answer:
    """A caller that takes no JSON (F48): always the list family."""
    problem = {"code": "not_acceptable", "message": "The API answers with application/json only."}
    return json_answer({"errors": [problem]}, 406)


def rate_limited(switches: Switches, tenant: Tenant, wait: float) -> Answer:
    """The tenant's minute is used up (F47, F61)."""
    message = "The API rate limit allotted for your Freshservice domain has been exhausted"
    answer = error(switches, 429, None, message)
    value = retry_after(switches.freshservice_retry_after, wait)
    if value is not None:
        answer.headers.append(("Retry-After", value))
    add_limit_headers(answer, switches, tenant)
    return answer


def add_limit_headers(answer: Answer, switches: Switches, tenant: Tenant) -> None:
    """The three headers, in the documented or in the title-cased spelling (F61)."""
    total, remaining, used = _HEADERS[switches.ratelimit_header_case]
    answer.headers += ((total, str(tenant.limit)), (remaining, str(tenant.remaining)), (used, "1"))


_HEADERS = {
    "documented": ("X-RateLimit-Total", "X-RateLimit-Remaining", "X-RateLimit-Used-CurrentRequest"),
    "title": ("X-Ratelimit-Total", "X-Ratelimit-Remaining", "X-Ratelimit-Used-Currentrequest"),
}


def unknown_tenant(switches: Switches) -> Answer:
    """Nobody has that subdomain: the page's words are known, its status is not (F8)."""
    form = switches.unknown_tenant
    if form == "refused":
        return dropped()
    if form == "redirect":
        return redirect_answer(_ELSEWHERE + "signup")
    if form == "json_404":
        return json_answer({"code": "not_found", "message": "The requested page does not exist."}, 404)
    page, _underscore, status = form.rpartition("_")
    return claim_page(int(status)) if page == "claim_page" else html_answer("Page not found", int(status))


def claim_page(status: int) -> Answer:
    """The page of a subdomain that nobody has claimed, by its known words (F8)."""
    text = (
        "<h1>Oops! The host you asked for could not be found.</h1>"
        "<p>Maybe this is still fresh! You can claim it now at "
        f'<a href="{_ELSEWHERE}signup">{_ELSEWHERE}signup</a>.</p>'
    )
    return html_answer("Host not found", status, text)


def refused_by_state(switches: Switches, tenant: Tenant) -> Answer | None:
    """The answer of a tenant that answers nothing properly (F49-F52), None when it does."""
    state = tenant.state
    if state is TenantState.SUSPENDED:
        return _suspended(switches)
    if state is TenantState.MAINTENANCE:
        return html_answer("Down for maintenance", 503)
    if state is TenantState.IP_REFUSED:
        if switches.ip_refused_answer == "html_403":
            return html_answer("Your IP address is not allowed", 403)
        return access_denied(switches)
    if state is TenantState.HTML_200:
        return html_answer("Welcome to the help desk", 200)
    if state is TenantState.SERVER_ERROR:
        if switches.server_error_answer == "html":
            return html_answer("Something went wrong", 500)
        return error(switches, 500, "internal_error", "We're sorry, but something went wrong.")
    return None


def _suspended(switches: Switches) -> Answer:
    if switches.suspended_answer == "redirect":
        return redirect_answer(_ELSEWHERE + "suspended")
    if switches.suspended_answer == "html_403":
        return html_answer("This account is suspended", 403)
    return error(switches, 403, "account_suspended", "Your account has been suspended.")
