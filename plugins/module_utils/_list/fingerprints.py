# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that shows, without a request to StackOne, whether an account still stores the declared domain and key."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import Any

from .._clients.account import Account
from .._core.failure import require
from .._core.files import NotAFile, alone_in, read_file, replace_file
from .._core.tenant import ANY_FIELDS, Tenant
from .._link.actions import StoredKey

VERSION = 2

AUTO = "auto"
"""In place of a path: the user's own file for this StackOne."""


def own_path(stackone_url: str, stackone_api_key: str) -> str | None:
    """Return the file in the user's cache folder for one StackOne URL and key; `None` if the user has no such folder.

    The name distinguishes projects and must not help anybody to try out keys: computing the digest of one takes a tenth
    of a second, and most of it is cut off.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    base = base if os.path.isabs(base) else os.path.expanduser("~/.cache")
    if not os.path.isabs(base):
        return None
    url = stackone_url.rstrip("/").lower()
    digest = hashlib.pbkdf2_hmac("sha256", stackone_api_key.encode(), url.encode(), 200_000).hex()[:8]
    return os.path.join(base, "tenantlink.stackone", f"fingerprints-{digest}.json")


@dataclass
class Kept:
    """The content of a file: its salt, and for each account its time of change and the fingerprint.

    `profiles` are the accounts' connector profiles at that time, for tenants that declare one, or fields of its form.
    """

    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    accounts: dict[str, list[str]] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)


class Fingerprints:
    """For each account, the time of StackOne's last change, and an HMAC of the values that it was sent then.

    The HMAC's key is the StackOne key with a random salt, so the file alone does not even confirm a guess. Its seal shows
    whether it was made with the same StackOne key: with another one, every fingerprint would look like drift. If the file
    is absent or stale, it only costs requests. A file of another kind is not touched.
    """

    def __init__(self, path: str, stackone_api_key: str) -> None:
        self.path = path
        self.problem: str | None = None
        self._secret = stackone_api_key.encode()
        self._writable = True
        self._read_last: tuple[bytes, Kept] | None = None
        self._before = self._read()
        self._seen: dict[str, tuple[Tenant, Account]] = {}
        self._profiles: dict[str, str] = {}

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """Return `unchanged` or `changed` while StackOne has not touched the account since; else `unknown`."""
        record = self._before.accounts.get(account.id)
        if not record or record[0] != account.updated_at:
            return StoredKey.UNKNOWN
        same = hmac.compare_digest(record[1], self._fingerprint(self._before.salt, tenant, account.id))
        return StoredKey.UNCHANGED if same else StoredKey.CHANGED

    def profile(self, account: Account) -> str | None:
        """Return the account's connector profile, if it was seen and StackOne has not touched the account since."""
        record = self._before.accounts.get(account.id)
        return self._before.profiles.get(account.id) if record and record[0] == account.updated_at else None

    def remember(self, tenant: Tenant, account: Account, profile: str | None = None) -> None:
        """Note that the account stores what is declared, unless it was not touched since it stored something else.

        `profile` is its connector profile, if it is known.
        """
        if account.updated_at:
            self._seen[account.id] = tenant, account
            if profile and (tenant.integration_id or tenant.credential_fields != ANY_FIELDS):
                self._profiles[account.id] = profile

    def save(self, accounts: set[str] | None) -> None:
        """Replace the file in one step (mode 0600), without accounts that are gone. A failure becomes the `problem`.

        `accounts` are the ids of all existing accounts, or `None` if not all were listed: then nothing is left out.
        If another run has written the file meanwhile, its entries are kept.
        """
        if not self._writable:
            return
        folder = os.path.dirname(os.path.realpath(self.path))
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with alone_in(folder):
                replace_file(self.path, self._content(self._merged(self._present(), accounts)))
        except _FOREIGN:
            self._leave_alone()
        except OSError as error:
            self.problem = f"fingerprints could not be written to {self.path} ({error.strerror}); the next run asks StackOne again."

    def _merged(self, present: Kept, accounts: set[str] | None) -> Kept:
        gone = set() if accounts is None else self._before.accounts.keys() - accounts
        kept = {account_id: record for account_id, record in present.accounts.items() if account_id not in gone}
        for account_id, (tenant, account) in self._seen.items():
            record = [require(account.updated_at), self._fingerprint(present.salt, tenant, account_id)]
            known = kept.get(account_id)
            otherwise = known and known[0] == record[0] and known != record
            if otherwise or self.recall(tenant, account) is StoredKey.CHANGED:
                # The request may not have arrived: the next run has to find that out.
                kept.pop(account_id, None)
            elif known != record:
                kept[account_id] = record
        former = {account_id: name for account_id, name in present.profiles.items() if account_id not in self._seen}
        profiles = {account_id: name for account_id, name in {**former, **self._profiles}.items() if account_id in kept}
        return Kept(present.salt, kept, profiles)

    def _content(self, kept: Kept) -> str:
        content = {"version": VERSION, "salt": kept.salt, "seal": self._seal(kept.salt), "accounts": kept.accounts}
        return json.dumps({**content, "profiles": kept.profiles} if kept.profiles else content)

    def _read(self) -> Kept:
        """Return what the file holds; nothing if it cannot be used, and then why in `problem`."""
        try:
            kept = self._parsed(read_file(self.path))
            if kept:
                return kept
            self.problem = (
                f"fingerprints in {self.path} belong to another version or StackOne key; a new file is created."
            )
        except FileNotFoundError:
            pass
        except NotAFile as error:
            self._writable = False
            self.problem = f"no fingerprints are kept in {self.path}: {error.strerror}."
        except OSError as error:
            self.problem = f"fingerprints in {self.path} could not be read ({error.strerror})."
        except _FOREIGN:
            self._leave_alone()
        return Kept()

    def _leave_alone(self) -> None:
        """Never overwrite a file that somebody keeps for another purpose, such as the target of a link."""
        self._writable = False
        self.problem = f"{self.path} is not a file of fingerprints, so it is left unchanged and no fingerprints are kept. Delete it, or name another file."

    def _present(self) -> Kept:
        """Return what the file holds by now. Raises one of `_FOREIGN`."""
        try:
            return self._parsed(read_file(self.path)) or Kept()
        except OSError:
            return Kept()

    def _parsed(self, text: str) -> Kept | None:
        """Return what a file of this version and StackOne key says. Raises one of `_FOREIGN`.

        A run reads the file twice, and mostly nobody has changed it meanwhile: then its content is not held twice.
        """
        if not text.strip():
            return Kept()
        digest = hashlib.sha256(text.encode()).digest()
        if self._read_last and self._read_last[0] == digest:
            return self._read_last[1]
        content = json.loads(text)
        kept = Kept(content["salt"], content["accounts"], content.get("profiles", {}))
        sealed = content["version"] == VERSION and hmac.compare_digest(content["seal"], self._seal(kept.salt))
        sound = all(map(_is_record, kept.accounts.values())) and all(
            isinstance(each, str) for each in kept.profiles.values()
        )
        if not (sealed and sound):
            return None
        self._read_last = digest, kept
        return kept

    def _fingerprint(self, salt: str, tenant: Tenant, account_id: str) -> str:
        chosen = tenant.credential_fields
        declared = [
            account_id,
            tenant.domain,
            tenant.api_key,
            sorted(chosen.extra.items()),
            sorted(chosen.extra_secrets.items()),
        ]
        return self._digest(salt + json.dumps(declared))

    def _seal(self, salt: str) -> str:
        return self._digest(f"seal {salt}")

    def _digest(self, message: str) -> str:
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


_FOREIGN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _is_record(record: Any) -> bool:
    return isinstance(record, list) and len(record) == 2 and all(isinstance(part, str) for part in record)
