# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a plan: what a run would do, for people to review and for a later run to carry out exactly."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from .._clients.account import Account
from .._core.failure import Failed, FailureCode, Phase
from .._core.files import read_file, replace_file
from .._core.tenant import Tenant, invalid_argument
from .._link.plan import Plan

KIND = "tenantlink.stackone.plan"
VERSION = 1

OBSERVED = (
    *("status", "origin_owner_id", "origin_owner_name", "origin_username", "label", "type", "shared", "updated_at"),
)
"""The values that an account must still show for its plan to be carried out."""


@dataclass(frozen=True)
class Step:
    """The plan for one tenant, or for one account that no tenant stands for.

    `account` is the observed account if anything is to be done to it, `new_account` the one to create. `declared` is the
    fingerprint of the declaration with its key; it is `None` for accounts without one. `failure` is why nothing can be
    planned.
    """

    domain: str | None
    origin_owner_id: str | None
    account_id: str | None = None
    actions: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    account: Mapping[str, Any] | None = None
    new_account: Mapping[str, Any] | None = None
    declared: str | None = None
    duplicate_of: str | None = None
    failure: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Return what a message calls it."""
        owner = f"owner {self.origin_owner_id}" if self.origin_owner_id else f"account {self.account_id}"
        return f"{self.domain} ({owner})" if self.domain else owner

    def as_dict(self) -> dict[str, Any]:
        """Return the step as the file holds it."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        always = {"domain", "origin_owner_id", "account_id", "actions", "declared"}
        kept = {name: value for name, value in values.items() if name in always or value not in (None, (), {})}
        return {**kept, **{name: list(kept[name]) for name in ("actions", "reasons") if name in kept}}


def planned(account: Account | None, plan: Plan) -> dict[str, Any]:
    """Return the parts of a step that a plan decides."""
    if not plan.actions:
        return {}
    return {
        "account_id": account.id if account else None,
        "actions": tuple(action.value for action in plan.actions),
        "changes": plan.differences,
        "reasons": plan.reasons,
        "account": observed(account) if account else None,
        "new_account": None if plan.before else dict(plan.after) or None,
    }


def observed(account: Account) -> dict[str, Any]:
    """Return what counts of an account that is to be changed."""
    return {name: value for name in OBSERVED if (value := getattr(account, name)) is not None}


@dataclass(frozen=True)
class SavedPlan:
    """A plan: its steps for the tenants of the list, for duplicates of their accounts, and for accounts to purge."""

    created_at: str
    stackone_url: str
    salt: str
    tenants: Sequence[Step]
    duplicates: Sequence[Step] = ()
    purged: Sequence[Step] = ()


class PlanFile:
    """Reads and writes plans. The HMACs' key is the StackOne key, so only who has it can make or change a plan.

    A plan holds no key. The fingerprint of a declaration covers its key, and its salt is random: without the StackOne key the
    file does not even confirm a guess.
    """

    def __init__(self, path: str, stackone_api_key: str, stackone_url: str) -> None:
        self.path = path
        self._secret = stackone_api_key.encode()
        self._url = stackone_url.rstrip("/")

    def fingerprint(self, salt: str, tenant: Tenant) -> str:
        """Return the fingerprint of a declaration. Options that are not set do not count, so new ones change nothing."""
        unset = {each.name: each.default for each in fields(Tenant) if each.default is not MISSING}
        declared = {name: value for name, value in asdict(tenant).items() if value != _plain(unset.get(name, MISSING))}
        return self._digest(salt + json.dumps(declared, sort_keys=True))

    def new(self, created_at: str) -> SavedPlan:
        """Return an empty plan."""
        return SavedPlan(created_at, self._url, secrets.token_hex(16), ())

    def clear(self) -> None:
        """Remove an older plan, so that it is never taken for the one that could not be made. Raises Failed."""
        try:
            content = json.loads(read_file(self.path) or "null")
            if content and (not isinstance(content, dict) or content.get("kind") != KIND):
                raise ValueError
            os.unlink(self.path)
        except FileNotFoundError:
            if not os.path.isdir(os.path.dirname(os.path.realpath(self.path))):
                raise invalid_argument(f"the folder for the plan {self.path} does not exist.", "Create it.") from None
        except OSError as error:
            raise invalid_argument(f"the plan cannot be written to {self.path} ({error.strerror}).") from None
        except ValueError:
            raise invalid_argument(
                f"{self.path} is not a plan, so it is left unchanged.", "Delete it, or name another file for the plan."
            ) from None

    def write(self, plan: SavedPlan) -> None:
        """Write a plan, with mode 0600. Raises Failed."""
        content: dict[str, Any] = {
            "kind": KIND,
            "version": VERSION,
            "created_at": plan.created_at,
            "stackone_url": plan.stackone_url,
            "salt": plan.salt,
            **{part: [step.as_dict() for step in getattr(plan, part)] for part in _PARTS},
        }
        content["seal"] = self._seal(content)
        try:
            replace_file(self.path, json.dumps(content, indent=1) + "\n")
        except OSError as error:
            raise invalid_argument(f"the plan could not be written to {self.path} ({error.strerror}).") from None

    def read(self) -> SavedPlan:
        """Return the plan. Raises Failed (invalid_argument; plan_stale if it was not made like this run)."""
        try:
            content = json.loads(read_file(self.path), object_pairs_hook=_object)
            kind, version, seal = content["kind"], content["version"], str(content.pop("seal"))
        except OSError as error:
            raise invalid_argument(f"the plan {self.path} cannot be read ({error.strerror}).", MAKE_IT) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise invalid_argument(f"{self.path} is not a plan.", MAKE_IT) from None
        if (kind, version) != (KIND, VERSION):
            raise invalid_argument(f"{self.path} is not a plan of version {VERSION}.", MAKE_IT)
        if not hmac.compare_digest(seal.encode(errors="replace"), self._seal(content).encode()):
            raise stale(f"the plan {self.path} was made with another StackOne key, or was changed since.")
        if content["stackone_url"] != self._url:
            raise stale(f"the plan {self.path} was made for {content['stackone_url']}, not for {self._url}.")
        steps = {part: [step_in(each) for each in content[part]] for part in _PARTS}
        return SavedPlan(content["created_at"], content["stackone_url"], content["salt"], **steps)

    def _seal(self, content: Mapping[str, Any]) -> str:
        return self._digest("plan" + json.dumps(content, sort_keys=True))

    def _digest(self, message: str) -> str:
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


MAKE_IT = "Make it with the playbook tenantlink.stackone.plan."
AGAIN = "Make a new plan, and review it."

_PARTS = ("tenants", "duplicates", "purged")


def stale(message: str, remediation: str = AGAIN, **rest: Any) -> Failed:
    """Return the failure of a plan, or a part of it, that changes since have outdated."""
    return Failed(FailureCode.PLAN_STALE, message, remediation, **{"phase": Phase.ARGUMENTS, **rest})


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raise ValueError if it has a name twice, of which other programs may read the other one."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError
    return content


def step_in(content: Mapping[str, Any]) -> Step:
    """Return a step from what `Step.as_dict` returned."""
    texts = {name: tuple(content.get(name, ())) for name in ("actions", "reasons")}
    return Step(**{**content, **texts})


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
