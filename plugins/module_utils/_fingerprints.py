# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that tells, without asking StackOne, whether an account still stores the declared domain and key."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant

VERSION = 2


class Fingerprints:
    """For each account: when StackOne last changed it, and an HMAC of what it was sent then.

    The HMAC's key is the StackOne key with a random salt, so the file alone does not even confirm a guess. Its seal
    says whether it was made with the same StackOne key: with another one, every fingerprint would look like drift.
    Absent, stale or corrupt, the file only costs requests.
    """

    def __init__(self, path: str, stackone_api_key: str) -> None:
        self.path = path
        self.problem: str | None = None
        self._secret = stackone_api_key.encode()
        self._salt, self._known = self._read()
        self._seen: dict[str, list[str]] = {}

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """C(unchanged) or C(changed) while StackOne has not touched the account since; else C(unknown)."""
        record = self._known.get(account.id)
        if not record or record[0] != account.updated_at:
            return StoredKey.UNKNOWN
        same = hmac.compare_digest(record[1], self._fingerprint(tenant, account.id))
        return StoredKey.UNCHANGED if same else StoredKey.CHANGED

    def remember(self, tenant: Tenant, account: Account) -> None:
        """The account is known to store what is declared, unless it was not touched since it stored something else."""
        if not account.updated_at:
            return
        record = [account.updated_at, self._fingerprint(tenant, account.id)]
        known = self._known.get(account.id)
        if known and known[0] == account.updated_at and known != record:
            # What was sent may not have arrived: that is for the next run to find out.
            del self._known[account.id]
            return
        self._seen[account.id] = known if known == record else record

    def save(self, accounts: set[str]) -> None:
        """Replace the file in one step (mode 0600), without accounts that are no more. A failure is C(problem)."""
        kept = {account_id: record for account_id, record in self._known.items() if account_id in accounts}
        content = {
            "version": VERSION,
            "salt": self._salt,
            "seal": self._seal(self._salt),
            "accounts": {**kept, **self._seen},
        }
        folder, name = os.path.split(os.path.abspath(self.path))
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(json.dumps(content))
                os.replace(temporary, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            self.problem = (
                f"fingerprints could not be written to {self.path} ({error.strerror}); the next run asks again."
            )

    def _read(self) -> tuple[str, dict[str, Any]]:
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
            known = content["accounts"]
            if (
                content["version"] == VERSION
                and hmac.compare_digest(content["seal"], self._seal(content["salt"]))
                and all(map(_is_record, known.values()))
            ):
                return content["salt"], known
            self.problem = f"fingerprints in {self.path} are of another version or StackOne key; it is made anew."
        except FileNotFoundError:
            pass
        except OSError as error:
            self.problem = f"fingerprints in {self.path} could not be read ({error.strerror})."
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.problem = f"fingerprints in {self.path} are damaged; it is made anew."
        return secrets.token_hex(16), {}

    def _fingerprint(self, tenant: Tenant, account_id: str) -> str:
        chosen = tenant.credential_fields
        declared = [
            account_id,
            tenant.domain,
            tenant.api_key,
            sorted(chosen.extra.items()),
            sorted(chosen.extra_secrets.items()),
        ]
        return self._digest(self._salt + json.dumps(declared))

    def _seal(self, salt: str) -> str:
        return self._digest(f"seal {salt}")

    def _digest(self, message: str) -> str:
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


def _is_record(record: Any) -> bool:
    return isinstance(record, list) and len(record) == 2 and all(isinstance(part, str) for part in record)
