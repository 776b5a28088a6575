# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that may leave the house: valid Unicode without secrets and control characters, of bounded length."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Callable
from urllib.parse import quote

MASK = "********"
CUT = "..."
EXCERPT_LIMIT = 200

SHORTEST_SECRET = 8
"""Characters. What is shorter occurs by chance in messages and in words of ours: masking it would destroy them."""

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
        "label", "link_mismatch", "link_not_verified", "linked", "message", "moved", "moved_from", "msg", "name", "names", "none",
        "not_freshservice", "not_started", "occasional", "origin_owner_id", "origin_owner_name",
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
    """Knows every secret of a run in every form it can take on the wire, and masks them."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str | None) -> None:
        """Learn more secrets. Those that are too short to be masked are ignored; no such key is taken."""
        self._secrets += (secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET)

    @property
    def forms(self) -> set[str]:
        """All forms, for C(AnsibleModule.no_log_values). Made anew each time: a run of many tenants has many."""
        return set().union(*map(secret_forms, self._secrets))

    def scrub(self, value: Any) -> Any:
        """Return the same string, list or dict with every secret masked, in keys that are not ours as well."""
        return _masked(value, sorted(self.forms, key=len, reverse=True))


def _masked(value: Any, forms: Sequence[str]) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, MASK)
        return _without_beginnings(value, forms) if CUT in value else value
    if isinstance(value, dict):
        return {key if key in RESULT_KEYS else _masked(key, forms): _masked(item, forms) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, forms) for item in value]
    return value


def _without_beginnings(text: str, forms: Sequence[str]) -> str:
    """A text that was cut to its limit may end in the beginning of a secret."""
    parts = text.split(CUT)
    for index, part in enumerate(parts[:-1]):
        lengths = (len(form) - by for form in forms for by in range(1, len(form) - 3) if part.endswith(form[:-by]))
        longest = max(lengths, default=0)
        if longest:
            parts[index] = part[:-longest] + MASK
    return CUT.join(parts)


def secret_forms(secret: str) -> set[str]:
    """The secret as it is, as Basic credentials of both services (F11, S3), in a URL and in JSON."""
    whole = valid_unicode(secret)
    texts = (whole, *(f"{whole}:{password}" for password in ("X", "", whole)))
    encoded = {base64.b64encode(text.encode()).decode() for text in texts}
    # Without what fills up the last group, which is left out or written otherwise at times; and what all begin with.
    encoded |= {text.rstrip("=") for text in encoded} | {base64.b64encode(_whole_groups(whole)).decode()}
    escaped = {html.escape(whole), html.escape(whole, quote=False)}
    return {secret, whole, quote(whole, safe=""), json.dumps(secret)[1:-1]} | encoded | escaped


def _whole_groups(text: str) -> bytes:
    """Return the bytes of a text that base64 writes the same way whatever follows."""
    data = text.encode()
    return data[: len(data) - len(data) % 3]


def one_line(text: str, limit: int = EXCERPT_LIMIT) -> str:
    """Printable text on one line: no escape sequences for the terminal, no control or direction characters."""
    plain = _UNPRINTABLE.sub(" ", _ESCAPE_SEQUENCE.sub("", valid_unicode(text)))
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - len(CUT)] + CUT


def harmless(value: Any) -> Any:
    """Return the same string, list or dict as valid Unicode and without what a terminal could take for a command.

    Of the control characters only line ends and tabs stay.
    """
    return _each_text(value, lambda text: text if text.isprintable() else _CONTROL.sub("", valid_unicode(text)))


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
