# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out which domain and key an existing account stores, without changing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from .._clients.account import ARCHIVED, Account
from .._clients.factory import Clients
from .._clients.freshservice import Agent
from .._clients.hub import AccountView, Form
from .._clients.hub_form import check_named, stored_domain
from .._clients.profiles import ProfileDrift
from .._clients.stackone import ConnectSession
from .._core.failure import Failed, FailureCode
from .._core.slots import SLOTS
from .._core.tenant import ANY_FIELDS, Tenant, UpdateCredentials
from .actions import StoredKey
from .plan import Stored, compare_stored, stored_drift
from .verify import Answerer, verify

_NO_FORM = (FailureCode.HUB_UNAVAILABLE, FailureCode.CONNECTOR_PROFILE_MISSING)
"""The failures of a form that this StackOne does not show, which only matters if something is to be sent."""


class CredentialCache(Protocol):
    """Remembers what an earlier run knew about the key that an account stores."""

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """Return whether the account still stores what is declared; `unknown` if nothing is remembered."""

    def profile(self, account: Account) -> str | None:
        """Return the connector profile that the account is linked under, `None` if it is not remembered."""


class NoCache:
    """A cache that remembers nothing."""

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """Return `unknown`."""
        return StoredKey.UNKNOWN

    def profile(self, account: Account) -> str | None:
        """Return `None`."""
        return None


@dataclass(frozen=True, **SLOTS)
class Inspection:
    """What an account stores, and how that was seen: through a session and its view, or by an agent's answer."""

    stored: Stored
    session: ConnectSession | None = None
    view: AccountView | None = None
    profile: str | None = None
    """The account's connector profile, if it was seen or is remembered."""
    agent: Agent | None = None
    hub_missing: bool = False
    verified: bool | None = None
    """Whether a call through the account was answered by the declared key's agent; `None` if no call was made."""


class Inspector:
    """Inspects existing accounts. Each method raises Failed, and what the clients raise."""

    def __init__(self, clients: Clients, cache: CredentialCache | None = None) -> None:
        self._clients = clients
        self._cache = cache or NoCache()

    def inspect(self, tenant: Tenant, account: Account) -> Inspection:
        """Return what the account stores: as remembered, otherwise as the Hub's edit view shows it.

        The view is also read to see the connector profile if it is needed, which `check_fields` explains, and not remembered.
        """
        listed = stored_domain(tenant, account.setup_information)
        comparing = tenant.update_credentials in (UpdateCredentials.ON_DRIFT, UpdateCredentials.ON_DOUBT)
        known = Stored(listed)
        remembered = StoredKey.UNKNOWN
        if tenant.keyless or not comparing:
            comparing = False
        else:
            remembered = self._cache.recall(tenant, account)
        if remembered is StoredKey.UNCHANGED:
            known, comparing = Stored(listed or tenant.domain, remembered), False
        needed = tenant.integration_id or _names_fields(tenant)
        profile = self._cache.profile(account) if needed else None
        if not comparing and (profile or not needed):
            return Inspection(known, profile=profile)
        seen = self._view(tenant, account)
        if seen is None:
            return Inspection(known, hub_missing=comparing)
        session, view = seen
        if not comparing:
            return Inspection(known, session, view, view.integration_id)
        stored = compare_stored(tenant, view)
        if remembered is StoredKey.CHANGED and stored.key is not StoredKey.CHANGED and not stored.others:
            # Nothing visible differs, yet something else was sent when the account last changed.
            stored = replace(stored, key=StoredKey.CHANGED)
        return Inspection(replace(stored, domain=stored.domain or listed), session, view, view.integration_id)

    def check_fields(self, tenant: Tenant, account: Account, seen: Inspection, moved: ProfileDrift | None) -> None:
        """Raise Failed(field_unfilled) if the form lacks a field that the tenant declares, even if nothing is to be sent.

        The form is that of the declared profile if the account's has `moved` from it, else of the account's own. It is read
        once in a run.
        """
        if tenant.keyless or tenant.credential_fields == ANY_FIELDS or not (seen.profile or seen.view):
            return
        try:
            form = self._form(tenant, account, seen, moved)
        except Failed as error:
            if error.failure.code in _NO_FORM:
                return
            raise
        check_named(form.fields, tenant.credential_fields)

    def _form(self, tenant: Tenant, account: Account, seen: Inspection, moved: ProfileDrift | None) -> Form:
        hub = self._clients.hub

        def opened() -> tuple[ConnectSession, AccountView]:
            if seen.session and seen.view:
                return seen.session, seen.view
            session = self._clients.stackone.edit_session(account, tenant.integration_id)
            return session, hub.view(session, account.id)

        if moved:
            return hub.form(lambda: opened()[0], tenant.provider, moved.declared)
        return hub.edit_form(opened, tenant.provider, seen.profile, tenant.integration_id)

    def shows(self, account: Account) -> bool:
        """Return whether StackOne still shows an account that was unlinked."""
        found = self._clients.stackone.account(account.id)
        return found is not None and found.status != ARCHIVED

    def lists(self, account: Account) -> bool:
        """Return whether StackOne lists an account that it does not know by its id."""
        listed = self._clients.stackone.accounts(account.provider, account.origin_owner_id)
        return any(each.id == account.id and each.status != ARCHIVED for each in listed)

    def profile(self, tenant: Tenant, account: Account) -> str | None:
        """Return the connector profile under which the Hub's edit view shows an account."""
        session = self._clients.stackone.edit_session(account, tenant.integration_id)
        return self._clients.hub.view(session, account.id).integration_id

    def domain(self, tenant: Tenant, account: Account) -> str | None:
        """Return the domain that an account stores now; `None` if it is gone, or if nothing shows it."""
        current = self._clients.stackone.account(account.id)
        if current is None:
            return None
        listed = stored_domain(tenant, current.setup_information)
        seen = None if listed else self._view(tenant, current)
        return stored_domain(tenant, seen[1].setup_information) if seen else listed

    def prove(self, tenant: Tenant, account: Account, agent: Agent, seen: Inspection) -> Inspection:
        """Add what a call through the account proves about the stored key, unless the key is to be sent again anyway.

        `agent` is the declared key's.
        """
        resent = tenant.update_credentials is UpdateCredentials.ALWAYS or stored_drift(tenant, seen.stored)
        if resent or not account.active:
            return seen
        result = verify(self._clients.stackone, account, agent)
        verified = result.answerer is Answerer.SAME
        key = StoredKey.UNCHANGED if verified else StoredKey.CHANGED
        return replace(seen, stored=replace(seen.stored, key=key), agent=result.agent, verified=verified)

    def _view(self, tenant: Tenant, account: Account) -> tuple[ConnectSession, AccountView] | None:
        """Return a session and what the Hub shows of an account; `None` if this StackOne has no Hub."""
        hub = self._clients.hub
        try:
            if hub.missing:
                return None
            session = self._clients.stackone.edit_session(account, tenant.integration_id)
            return session, hub.view(session, account.id)
        except Failed as error:
            if error.failure.code is FailureCode.HUB_UNAVAILABLE:
                return None
            raise


def _names_fields(tenant: Tenant) -> bool:
    """Return whether a tenant declares fields for credentials that a run would send if they differed."""
    sends = not tenant.keyless and tenant.update_credentials is not UpdateCredentials.ON_CREATE
    return sends and tenant.credential_fields != ANY_FIELDS
