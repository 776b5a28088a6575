# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of a request whose answer was lost, or came from something in between: what it did is looked up, or unknown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from .._clients.hub import Submission
from .._core.clock import Stopped
from .._core.failure import Failed, FailureCode, Phase

UNSEEN = "and shows no new account"
CHECK_PROXIES = "Check stackone_url, and that no proxy or login page answers in its place."


@contextmanager
def unless_shown(error: Failed, what: str) -> Iterator[None]:
    """Look whether a request whose answer was lost was carried out. If that cannot be seen either, the failure says so."""
    try:
        yield
    except (Failed, Stopped):
        raise uncertain(error, what) from None


def unless_under_way(error: Failed, what: str) -> Failed:
    """Return the failure of a request that has not been carried out so far. StackOne may still do so if it was only too slow."""
    return uncertain(error, what) if error.failure.hung else error


def uncertain(error: Failed, what: str) -> Failed:
    """Return the failure with the addition that nobody knows whether its request was carried out, in the words of `what`."""
    failure = error.failure
    message = f"{failure.message} It is not known whether {what}."
    error.failure = replace(failure, message=message, details={**failure.details, "uncertain": True}, retriable=True)
    return error


def sent_again(lost: Submission) -> str:
    """Return the warning about a request to link that is sent a second time."""
    return (
        f"The request to link it got no clear answer ({lost.words}) and no account appeared, so it was sent again. If StackOne"
        " still carries out the first one, the tenant has two accounts, and the next run names both."
    )


def not_made(lost: Submission, seen: str = UNSEEN) -> Failed:
    """Return the failure of a request to link of which no account has appeared."""
    refusal = lost.refusal
    if refusal is None:
        return create_uncertain(lost, seen)
    known = refusal.failure.details.get("uncertain")
    return refusal if known else uncertain(refusal, "an account was made nevertheless")


def create_uncertain(submission: Submission, seen: str = UNSEEN) -> Failed:
    """Return the failure of a request to link that got no clear answer; `seen` says what a look at StackOne showed."""
    again = "Run again later: an account that appears meanwhile is adopted, not linked a second time."
    return Failed(
        FailureCode.CREATE_UNCERTAIN,
        f"StackOne gave no clear answer to the request to link it, {seen} ({submission.words}).",
        f"{again} {CHECK_PROXIES}" if submission.foreign else again,
        http_status=submission.http_status,
        retriable=True,
        details={"uncertain": True},
        phase=Phase.APPLY,
    )
