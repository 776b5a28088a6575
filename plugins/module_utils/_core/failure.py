# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures: a code that a program can branch on, with a message and a fix that a person can act on."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeVar

from .slots import SLOTS


class Phase(str, Enum):
    """The step in the processing of a tenant at which a failure happened."""

    ARGUMENTS = "arguments"
    KEY_CHECK = "key_check"
    OBSERVE = "observe"
    APPLY = "apply"
    CONFIRM = "confirm"


class FailureCode(str, Enum):
    """The machine-readable reason for a failure. Failures of a key check use the values of `KeyStatus`."""

    LIBRARY_MISSING = "library_missing"
    INVALID_ARGUMENT = "invalid_argument"
    INVALID_DOMAIN = "invalid_domain"
    KEY_MISSING = "key_missing"
    KEY_REFUSED = "key_refused"
    KEY_DISABLED = "key_disabled"
    AGENT_DEACTIVATED = "agent_deactivated"
    ACCESS_DENIED = "access_denied"
    DOMAIN_NOT_FOUND = "domain_not_found"
    TENANT_SUSPENDED = "tenant_suspended"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    NOT_FRESHSERVICE = "not_freshservice"
    STACKONE_KEY_REFUSED = "stackone_key_refused"
    STACKONE_FORBIDDEN = "stackone_forbidden"
    PROJECT_MISMATCH = "project_mismatch"
    STACKONE_RATE_LIMITED = "stackone_rate_limited"
    STACKONE_UNREACHABLE = "stackone_unreachable"
    STACKONE_UNAVAILABLE = "stackone_unavailable"
    STACKONE_REJECTED = "stackone_rejected"
    UNEXPECTED_ANSWER = "unexpected_answer"
    HUB_UNAVAILABLE = "hub_unavailable"
    SESSION_REFUSED = "session_refused"
    CONNECTOR_PROFILE_MISSING = "connector_profile_missing"
    FIELD_AMBIGUOUS = "field_ambiguous"
    FIELD_UNFILLED = "field_unfilled"
    CREDENTIALS_REFUSED = "credentials_refused"
    AMBIGUOUS_ACCOUNT = "ambiguous_account"
    ACCOUNT_NOT_FOUND = "account_not_found"
    ACCOUNT_MISMATCH = "account_mismatch"
    ACCOUNT_CLAIMED = "account_claimed"
    ACCOUNT_NOT_ACTIVE = "account_not_active"
    LINK_MISMATCH = "link_mismatch"
    LINK_NOT_VERIFIED = "link_not_verified"
    CREATE_UNCERTAIN = "create_uncertain"
    DUPLICATE_ACCOUNT = "duplicate_account"
    DUPLICATES_REFUSED = "duplicates_refused"
    DOMAIN_LINKED_ELSEWHERE = "domain_linked_elsewhere"
    PROFILE_DIFFERS = "profile_differs"
    CHANGE_NOT_KEPT = "change_not_kept"
    DUPLICATE_TENANT = "duplicate_tenant"
    TENANTS_FAILED = "tenants_failed"
    PURGE_REFUSED = "purge_refused"
    PLAN_STALE = "plan_stale"
    STOPPED = "stopped"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, **SLOTS)
class Failure:
    """One failure: `message` says what is wrong, and `remediation` how to fix it.

    `hung` is true if StackOne itself did not answer in time.
    """

    code: FailureCode
    message: str
    remediation: str = ""
    http_status: int | None = None
    retriable: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    phase: Phase | None = None
    tenant: str | None = None
    hung: bool = False

    @property
    def started(self) -> bool:
        """Return whether work on the tenant had started before the run was stopped."""
        return self.details.get(STARTED) is not False

    @property
    def line(self) -> str:
        """Return the failure as one line: which tenant, what is wrong, and what to do next."""
        subject = f"{self.tenant}: " if self.tenant else ""
        advice = f" {self.remediation}" if self.remediation else ""
        return f"{subject}{self.message}{advice}"

    def as_dict(self) -> dict[str, Any]:
        """Return the `failure` of a module's result."""
        return {
            "code": self.code.value,
            "message": self.message,
            "phase": self.phase.value if self.phase else None,
            "tenant": self.tenant,
            "http_status": self.http_status,
            "details": self.details,
            "remediation": self.remediation,
            "retriable": self.retriable,
        }


STARTED = "started"
"""The detail that is false in the failure of a tenant that was never started."""

RUN_AGAIN = "Run again; work that is already done is not repeated."


class Failed(Exception):
    """Carry a `Failure` from the code that detects it to the code that reports it."""

    def __init__(self, code: FailureCode, message: str, remediation: str = "", **rest: Any) -> None:
        self.failure = Failure(code, message, remediation, **rest)
        super().__init__(message)

    def located(self, phase: Phase, tenant: str) -> Failure:
        """Return the failure with phase and tenant filled in, unless they are set already."""
        return replace(self.failure, phase=self.failure.phase or phase, tenant=self.failure.tenant or tenant)


@contextmanager
def during(phase: Phase) -> Iterator[None]:
    """Set the phase of failures that are raised in this context, unless it is set already."""
    try:
        yield
    except Failed as error:
        error.failure = replace(error.failure, phase=error.failure.phase or phase)
        raise


def not_started(stopped: str | None) -> Failed:
    """Return the failure of a tenant that was never started; `stopped` says why the run was stopped."""
    message = f"the run ended {stopped or 'early'}; this tenant was not started."
    return Failed(FailureCode.STOPPED, message, RUN_AGAIN, retriable=True, details={STARTED: False})


def interrupted(stopped: str | None, uncertain: bool = False) -> Failed:
    """Return the failure of a tenant that was in progress when the run was stopped; `stopped` says why."""
    unknown = " The result of its last request is unknown." if uncertain else ""
    message = f"the run was stopped ({stopped or 'early'}) before this tenant was done.{unknown}"
    return Failed(
        FailureCode.STOPPED, message, RUN_AGAIN, retriable=True, details={"uncertain": True} if uncertain else {}
    )


def cut_off() -> Failed:
    """Return the failure of a request that changes something and was in progress when the run was stopped."""
    message = "the run was stopped before StackOne's answer was complete."
    return Failed(FailureCode.STOPPED, message, RUN_AGAIN, retriable=True)


def defect(error: Exception) -> Failed:
    """Return the failure for a bug of ours: where it happened, but not the exception's text, which could hold a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {os.path.basename(frame.filename)}, line {frame.lineno}"
    return Failed(
        FailureCode.INTERNAL_ERROR,
        f"this module has a bug ({place}).",
        "Report it with this line. It is unknown what was done to this tenant, so check its account in StackOne.",
        details={"where": place},
    )


Value = TypeVar("Value")


def require(value: Value | None) -> Value:
    """Return the value. Raise AssertionError if it is None, which would be a bug of ours."""
    if value is None:
        raise AssertionError("a value that must be there is not")
    return value
