# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make text safe to show: valid Unicode without secrets and control characters, of bounded length."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, Callable
from urllib.parse import quote

from .secrets import CERTAIN_PIECE, SHORTEST_SECRET, TERMINAL, Secrets

MASK = "********"
CUT = "..."
EXCERPT_LIMIT = 200

READ_LIMIT = 16_000
"""How many characters of an external text are read to find words for a message."""

LINK_KEY = "auth_link_url"

RESULT_KEYS = frozenset(
    {
        "access_denied", "account", "account_claimed", "account_id", "account_ids", "account_mismatch", "account_not_active",
        "account_not_found", "account_status", "account_type", "accounts", "action", "actions", "active",
        "after", "agent", "agent_change", "agent_deactivated", "ambiguous_account", "answer", "api_key",
        "attempts", "auth_link_url", "auth_links", "before", "candidates", "change_not_kept", "changed",
        "changes", "check_mode", "code", "configured", "connector_profile_missing", "create", "create_uncertain",
        "created_at", "credentials_refused", "declared", "default_profile", "delete", "details", "diff",
        "doing", "domain", "domain_linked_elsewhere", "domain_not_found", "duplicate_account", "duplicate_of",
        "duplicate_tenant", "duplicates_refused", "duplicates_resolved", "email", "evidence", "expires_at",
        "failed", "failure", "failures", "field_ambiguous", "field_unfilled", "fields", "fingerprints",
        "freshservice", "http_status", "hub_unavailable", "id", "integration_id", "internal_error",
        "invalid_argument", "invalid_domain", "key", "key_check", "key_disabled", "key_missing", "key_refused",
        "label", "library_missing", "link_mismatch", "link_not_verified", "linked", "message", "moved",
        "moved_from", "msg", "name", "names", "new_account", "none", "not_declared", "not_freshservice",
        "not_started", "occasional", "origin_owner_id", "origin_owner_name", "origin_username", "owner",
        "owners", "phase", "plan", "plan_stale", "positions", "profile_differs", "profile_drift", "project_id",
        "project_mismatch", "provider", "purge_refused", "purged", "purpose", "quota_seconds", "rate_limited",
        "reasons", "relink", "remediation", "replaced", "requests", "resolved", "results", "retriable",
        "session_refused", "shared", "stackone", "stackone_forbidden", "stackone_key_refused",
        "stackone_rate_limited", "stackone_rejected", "stackone_unavailable", "stackone_unreachable", "status",
        "status_reasons", "statuses", "still_linked", "stopped", "stored_key", "summary", "tenant",
        "tenant_suspended", "tenants", "tenants_failed", "type", "uncertain", "unexpected_answer",
        "unprintable", "unreachable", "update", "updated_at", "valid", "verdict", "verdicts", "verified",
        "warnings", "where",
    }
)  # fmt: skip
"""The words that results use as keys. They reveal nothing about a secret that happens to be the same word."""

_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<[^>]*>")
_HALF = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ESCAPE_SEQUENCE = re.compile(TERMINAL)


class Scrubber:
    """Mask every secret of a run, in every form it can take, in all text that is shown.

    It is shared by all threads.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets = Secrets()
        self._given_out: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: str | None) -> None:
        """Add secrets. Those that are too short to be masked are ignored; keys of that length are not accepted."""
        for secret in secrets:
            if secret and len(secret) >= SHORTEST_SECRET:
                for spelling in dict.fromkeys((secret, valid_unicode(secret))):
                    self._secrets.add(spelling)

    def give_out(self, link: str) -> None:
        """Allow an auth link, which is a secret too, to be shown as the value of `auth_link_url`."""
        self._given_out.add(link)

    def scrub(self, value: Any) -> Any:
        """Return the same string, list or dict with every secret masked, including in keys that are not ours.

        Call this last: any later change to a text may reveal a secret.
        """
        if isinstance(value, str):
            return self._masked(value)
        if isinstance(value, dict):
            return {self._key(key): self._item(key, item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.scrub(item) for item in value]
        return value

    def holds(self, text: str, shortest: int = 0) -> bool:
        """Return whether a text contains a whole secret, of at least `shortest` characters.

        Use this for decisions: masked text may only look like a piece of a secret, for example the prefix that all
        tokens of a kind share.
        """
        return self._secrets.whole_in(text, shortest)

    def gives_away(self, text: str | None) -> bool:
        """Return whether a text that others will see contains a secret. A short secret can be a word, which may be there."""
        return text is not None and len(text) >= CERTAIN_PIECE and self.holds(text, CERTAIN_PIECE)

    def line(self, text: str, limit: int = EXCERPT_LIMIT) -> str:
        """Return external text for a message: first on one line, then scrubbed, and only then cut.

        The text may begin or end inside a secret, because its author may have cut it.
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
"""The scrubber of code without secrets. Nothing is ever added to it."""


def secret_forms(secret: str) -> set[str]:
    """Return the secret itself, as Basic credentials of both services (F11, S3), in a URL and in JSON.

    They are for `AnsibleModule.no_log_values`, with which Ansible masks text that does not pass a Scrubber.
    """
    whole = valid_unicode(secret)
    encoded = {base64.b64encode(f"{whole}{rest}".encode()).decode() for rest in ("", ":X", ":", f":{whole}")}
    return {secret, whole, quote(whole, safe=""), json.dumps(secret)[1:-1]} | encoded


def forms_of(secrets: Iterable[str]) -> set[str]:
    """Return the forms of all secrets that are long enough to be masked."""
    return set().union(*(secret_forms(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET))


def one_line(text: str) -> str:
    """Return printable text on one line, without terminal escape sequences, control and direction characters.

    The text is not cut: only `Scrubber.line` cuts, because a secret that is cut is not recognised.
    """
    plain = _UNPRINTABLE.sub(" ", _ESCAPE_SEQUENCE.sub("", valid_unicode(text)))
    return " ".join(plain.split())


def strip_control_chars(value: Any) -> Any:
    """Return the same string, list or dict as valid Unicode and without what a terminal could execute.

    Of the control characters, only line feeds and tabs are kept.
    """
    return _each_text(value, lambda text: text if text.isprintable() else _without_commands(text))


def _without_commands(text: str) -> str:
    return _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", valid_unicode(text)))


def valid_unicode(value: Any) -> Any:
    """Return the same string, list or dict with U+FFFD in place of each lone surrogate.

    JSON can contain lone surrogates, but UTF-8 cannot, and Ansible refuses a whole result because of a single one.
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
    """Return the words of an HTML page."""
    return _MARKUP.sub(" ", text)
