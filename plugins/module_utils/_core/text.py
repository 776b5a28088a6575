# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that may leave the house: valid Unicode without secrets and control characters, of bounded length."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, Callable
from urllib.parse import quote

from .secrets import SHORTEST_SECRET, Secrets

MASK = "********"
CUT = "..."
EXCERPT_LIMIT = 200

READ_LIMIT = 16_000
"""Characters of somebody else's text in which words for a message are looked for."""

LINK_KEY = "auth_link_url"

RESULT_KEYS = frozenset(
    {
        "access_denied", "account", "account_id", "account_ids", "account_mismatch", "account_not_active",
        "account_not_found", "account_status", "account_type", "accounts", "action", "actions", "active", "after",
        "agent", "agent_change", "agent_deactivated", "ambiguous_account", "answer", "api_key", "attempts",
        "auth_link_url", "auth_links", "before", "candidates", "change_not_kept", "changed", "changes", "code",
        "configured", "connector_profile_missing", "create", "create_uncertain", "created_at",
        "credentials_refused", "declared", "delete", "details", "diff", "doing", "domain",
        "domain_linked_elsewhere", "domain_not_found", "duplicate_account", "duplicate_of", "duplicate_tenant",
        "duplicates_refused", "duplicates_resolved", "email", "evidence", "expires_at", "failed", "failure",
        "failures", "field_ambiguous", "field_unfilled", "fields", "fingerprints", "freshservice", "http_status",
        "hub_unavailable", "id", "internal_error", "invalid_argument", "invalid_domain", "key_check", "key_disabled", "key_refused",
        "label", "library_missing", "link_mismatch", "link_not_verified", "linked", "message", "moved", "moved_from", "msg", "name",
        "names", "none", "not_freshservice", "not_started", "occasional", "origin_owner_id", "origin_owner_name",
        "origin_username", "owner", "owners", "phase", "positions", "profile_drift", "provider", "purge_refused", "purged", "purpose",
        "quota_seconds", "rate_limited", "relink", "remediation", "requests", "resolved", "results", "retriable",
        "session_refused", "stackone", "stackone_forbidden", "stackone_key_refused", "stackone_rate_limited",
        "stackone_rejected", "stackone_unavailable", "stackone_unreachable", "status", "status_reasons", "statuses",
        "still_linked", "stopped", "stored_key", "summary", "tenant", "tenant_suspended", "tenants",
        "tenants_failed", "type", "uncertain", "unexpected_answer", "unreachable", "update", "updated_at", "valid",
        "verdict", "verdicts", "verified", "warnings", "where",
    }
)  # fmt: skip
"""The words that results use as keys. They tell nothing of a secret that happens to be the same word."""

_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<[^>]*>")
_HALF = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


class Scrubber:
    """The way out for every text: knows every secret of a run, in every form it can take, and masks them.

    Threads share it.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets = Secrets()
        self._given_out: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: str | None) -> None:
        """Learn more secrets. Those that are too short to be masked are ignored; no such key is taken."""
        for secret in secrets:
            if secret and len(secret) >= SHORTEST_SECRET:
                for spelling in {secret, valid_unicode(secret)}:
                    self._secrets.add(spelling)

    def give_out(self, link: str) -> None:
        """Let an auth link, which is a secret as well, leave as what it is: the value of C(auth_link_url)."""
        self._given_out.add(link)

    def scrub(self, value: Any) -> Any:
        """Return the same string, list or dict with every secret masked, in keys that are not ours as well.

        This comes last: whatever is changed in a text after it may bring a secret to light.
        """
        if isinstance(value, str):
            return self._masked(value)
        if isinstance(value, dict):
            return {self._key(key): self._item(key, item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.scrub(item) for item in value]
        return value

    def holds(self, text: str) -> bool:
        """Return whether a text holds a whole secret. Decisions rest on this: what is masked may only look like a piece
        of one, as the beginning that all tokens of a kind have in common does."""
        return self._secrets.whole_in(text)

    def line(self, text: str, limit: int = EXCERPT_LIMIT) -> str:
        """Return somebody else's words for use in a message: on one line, scrubbed as they read then, and only then cut.

        They may end or begin inside a secret, where their author has cut them.
        """
        plain = self._masked(one_line(text[:READ_LIMIT]), cut=True)
        return plain if len(plain) <= limit else plain[: limit - len(CUT)] + CUT

    def _key(self, key: Any) -> Any:
        return key if key in RESULT_KEYS else self.scrub(key)

    def _item(self, key: Any, item: Any) -> Any:
        return item if key == LINK_KEY and item in self._given_out else self.scrub(item)

    def _masked(self, text: str, cut: bool = False) -> str:
        for start, end in reversed(self._secrets.spans(text, cut)):
            text = text[:start] + MASK + text[end:]
        return text


NO_SECRETS = Scrubber()
"""For whoever sends none. Nothing is ever added to it."""


def secret_forms(secret: str) -> set[str]:
    """The secret as it is, as Basic credentials of both services (F11, S3), in a URL and in JSON.

    These are for C(AnsibleModule.no_log_values), with which Ansible masks what no Scrubber sees.
    """
    whole = valid_unicode(secret)
    encoded = {base64.b64encode(f"{whole}{rest}".encode()).decode() for rest in ("", ":X", ":", f":{whole}")}
    return {secret, whole, quote(whole, safe=""), json.dumps(secret)[1:-1]} | encoded


def forms_of(secrets: Iterable[str]) -> set[str]:
    """The forms of all these secrets, but of those that are too short to be masked."""
    return set().union(*(secret_forms(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET))


def one_line(text: str) -> str:
    """Printable text on one line: no escape sequences for the terminal, no control or direction characters.

    It is as long as it was: only C(Scrubber.line) cuts, because a secret that is cut is not recognised any more.
    """
    plain = _UNPRINTABLE.sub(" ", _ESCAPE_SEQUENCE.sub("", valid_unicode(text)))
    return " ".join(plain.split())


def strip_control_chars(value: Any) -> Any:
    """Return the same string, list or dict as valid Unicode and without what a terminal could take for a command.

    Of the control characters only line ends and tabs stay.
    """
    return _each_text(value, lambda text: text if text.isprintable() else _without_commands(text))


def _without_commands(text: str) -> str:
    return _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", valid_unicode(text)))


def valid_unicode(value: Any) -> Any:
    """Return the same string, list or dict with U+FFFD in place of each half of a surrogate pair.

    JSON can spell such halves, but they cannot be written as UTF-8, and Ansible refuses a whole result for one of them.
    """
    return _each_text(value, lambda text: text if text.isascii() else _HALF.sub("\ufffd", text))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_each_text(key, change): _each_text(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(item, change) for item in value]
    return value


def without_markup(text: str) -> str:
    """The words of an HTML page."""
    return _MARKUP.sub(" ", text)
