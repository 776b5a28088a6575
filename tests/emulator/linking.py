# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linking and re-linking: form values in, an account with tested credentials out (H9-H20, S51)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import moments
from .accounts import Account, failed
from .connector import Profile, form_of
from .message import Answer, Refusal
from .provider import call_provider
from .refusals import ProviderRefusal, passed_on, refusal_of
from .sessions import Session
from .stackone_errors import error, invalid
from .world import World

_REFUSED = "The credentials were refused by the provider"
_TEST_PATHS = {"agents_me": "/agents/me", "agents": "/agents?per_page=1"}
_LONGEST_PROVIDER_WAIT = 10
"""Seconds of a provider's Retry-After that StackOne waits at most (S82b)."""


@dataclass(slots=True)
class Verdict:
    """What the provider made of the credentials."""

    refusal: ProviderRefusal | None = None

    @property
    def good(self) -> bool:
        """Whether the credentials passed the test."""
        return self.refusal is None


def existing_account(world: World, session: Session) -> Account | None:
    """The account that a session would edit: the named one, else the one of the triple (S51)."""
    if session.account_id:
        return world.accounts.by_id.get(session.account_id)
    if session.multiple:
        return None
    provider = session.provider or "freshservice"
    return world.accounts.triple(session.origin_owner_id, session.origin_owner_name, provider.lower())


async def link(world: World, session: Session, profile: Profile, values: dict[str, str]) -> Account:
    """Create an account, or update the one of the same triple as switched (H19)."""
    _check(world, values)
    if world.switches.hub_existing_triple == "update":
        existing = existing_account(world, session)
        if existing is not None:
            await relink(world, session, existing, profile, values)
            return existing
    setup, secrets = form_of(world.switches).split(values)
    if world.switches.hub_test == "async":
        account = _store(world, _new_account(world, session, profile, setup, secrets))
        account.status = "inactive"
        world.run_later(_settle(world, account, {}))
        return account
    verdict = await _test_unless_used(world, session, setup, secrets)
    account = _new_account(world, session, profile, setup, secrets)
    if verdict.good:
        return _store(world, account)
    if world.switches.hub_failed_create_leaves_account:
        world.accounts.change(_store(world, account), failed("invalid_credentials", _REFUSED))
    raise Refusal(_refusal(world, verdict))


async def relink(world: World, session: Session, account: Account, profile: Profile, values: dict[str, str]) -> None:
    """Store changed values, tested or not as switched; what is left out stays (H10, H18)."""
    setup, secrets = form_of(world.switches).split(values)
    setup, secrets = account.setup_information | setup, account.credentials | secrets
    _check(world, setup | secrets | values)
    stored = {"setup_information": setup, "credentials": secrets, "integration_id": profile.integration_id}
    if world.switches.hub_patch_retest and world.switches.hub_test == "async":
        old = {name: getattr(account, name) for name in stored}
        world.accounts.change(account, stored)
        world.run_later(_settle(world, account, old))
        return
    retest = world.switches.hub_patch_retest
    verdict = await _test_unless_used(world, session, setup, secrets) if retest else Verdict()
    if account.id not in world.accounts.by_id:
        # Somebody has unlinked it during the test.
        raise Refusal(error(404, "Account not found"))
    if verdict.good:
        world.accounts.change(account, {**stored, "status": "active", "status_reasons": []})
        world.follow_profile(account)
        return
    if not world.switches.hub_patch_failure_keeps_old:
        world.accounts.change(account, {**stored, **failed("invalid_credentials", _REFUSED)})
    raise Refusal(_refusal(world, verdict))


async def _settle(world: World, account: Account, old: dict[str, Any]) -> None:
    """The asynchronous test: the account turns active or to error some time after the answer (H16)."""
    await moments.clock.sleep(world.switches.hub_async_delay_ms / 1000)
    verdict = await _test(world, account.setup_information, account.credentials)
    if account.id not in world.accounts.by_id:
        return
    if verdict.good:
        world.accounts.change(account, {"status": "active", "status_reasons": []})
        return
    kept = old if world.switches.hub_patch_failure_keeps_old else {}
    world.accounts.change(account, {**kept, **failed("invalid_credentials", _REFUSED)})


def _check(world: World, values: dict[str, str]) -> None:
    """Required fields, options, patterns, and unknown fields as switched (H7)."""
    form = form_of(world.switches)
    problems = form.problems(values)
    if world.switches.hub_unknown_field == "rejected":
        known = {field["key"] for field in form.fields}
        problems += [f"{name} is not a field of this connector" for name in values if name not in known]
    if problems:
        raise Refusal(invalid(problems))


def _new_account(
    world: World, session: Session, profile: Profile, setup: dict[str, str], secrets: dict[str, str]
) -> Account:
    return Account(
        id=world.accounts.new_id(),
        provider=profile.provider,
        integration_id=profile.integration_id,
        origin_owner_id=session.origin_owner_id,
        origin_owner_name=session.origin_owner_name,
        origin_username=session.origin_username,
        setup_information=setup,
        credentials=secrets,
        label=session.label,
        type=session.type,
        shared=session.shared,
        metadata=session.metadata,
    )


def _store(world: World, account: Account) -> Account:
    return world.accounts.add(account, world.switches.eventual_listing_ms)


def token_refused(world: World) -> Refusal:
    """Return the refusal of a token that is missing, unknown, expired or used up (H12, S56)."""
    return Refusal(error(world.switches.hub_token_refused_status, "Invalid or expired session token"))


async def _test_unless_used(world: World, session: Session, setup: dict[str, str], secrets: dict[str, str]) -> Verdict:
    """Test the credentials. Raises Refusal if another request has used up the token during the test (S56).

    Nothing may be awaited from here until the token is marked as used.
    """
    verdict = await _test(world, setup, secrets)
    if session.used:
        raise token_refused(world)
    return verdict


async def _test(world: World, setup: dict[str, str], secrets: dict[str, str]) -> Verdict:
    """Call the provider with the credentials, as the connector's test action does (F33, H16, H20)."""
    path = _TEST_PATHS[world.switches.hub_test_action]
    reply = await call_provider(world, setup, secrets, "GET", path, "/api/v2")
    for _count in range(world.switches.hub_provider_retries):
        if reply is None or reply.status != 429:
            break
        await moments.clock.sleep(provider_pause(reply.header("Retry-After")))
        reply = await call_provider(world, setup, secrets, "GET", path, "/api/v2")
    if reply is not None and reply.status == 200 and isinstance(reply.json(), dict):
        return Verdict()
    return Verdict(refusal_of(reply, f"/api/v2{path}"))


def provider_pause(retry_after: str | None) -> int:
    """The seconds that a test waits for a provider over its limit: what it asks for, up to a bound (S82b)."""
    return min(int(retry_after), _LONGEST_PROVIDER_WAIT) if retry_after and retry_after.isdigit() else 1


def _refusal(world: World, verdict: Verdict) -> Answer:
    """A refused test, with the switched status and in the switched form (H13, H17)."""
    refusal = verdict.refusal or refusal_of(None, "")
    return passed_on(world.switches, world.switches.hub_refused_status, _REFUSED, refusal)
