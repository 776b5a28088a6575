# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways that tenants take through a module: what StackOne stores before, what is declared, what it stores then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from tests.emulator.sessions import PROJECT
from tests.support.module_runner import (
    ACCOUNT_INFO,
    AUTH_LINK,
    AUTH_LINKS,
    DOMAINS,
    KEY_INFO,
    KEYS_INFO,
    LINK,
    LINKS,
    OLD_KEY,
    ModuleRunner,
    Run,
)

ONE, TWO, THREE, FOUR, FIVE = DOMAINS
CONFIRM_TIMEOUT = 6


@dataclass(frozen=True)
class Flow:
    """One flow. `wanted` are the accounts that StackOne must store after a clean run, and no others.

    `creates` and `edits` say whether it links new accounts and whether it looks at or changes existing ones,
    `hidden` that StackOne shows nothing of a stored key, so that a re-link whose answer is lost stays uncertain,
    `remembers` that it keeps fingerprints, `pins` that an account is named by its id. `refusals` are the domains whose keys are not good, with the verdicts.
    """

    name: str
    module: str
    arrange: Callable[[ModuleRunner], None]
    options: Callable[[ModuleRunner], dict[str, Any]]
    wanted: Callable[[ModuleRunner], list[dict[str, Any]]]
    creates: bool = False
    edits: bool = False
    hidden: bool = False
    remembers: bool = False
    pins: bool = False
    refusals: Mapping[str, FailureCode] = field(default_factory=dict)

    @property
    def many(self) -> bool:
        """Whether it works on a list."""
        return self.module in (LINKS, KEYS_INFO, AUTH_LINKS)

    @property
    def unlinks(self) -> bool:
        """Whether it unlinks accounts."""
        return self.name.endswith("unlink") or self.name in ("bulk_siblings", "bulk_moved", "bulk_purge")

    @property
    def simulated(self) -> bool:
        """Whether histories of `tests/simulation` take the same way."""
        return self.name in _SIMULATED

    @property
    def moves(self) -> bool:
        """Whether it gives an account to another owner."""
        return "moved" in self.name

    @property
    def replaces(self) -> bool:
        """Whether it links accounts again that are unlinked only then."""
        return "replaced" in self.name

    @property
    def reads(self) -> bool:
        """Whether it changes no account."""
        return not self.module.startswith("freshservice_link")

    def ended_well(self, run: Run) -> bool:
        """Whether nothing failed, or what is refused and nothing else, each with its verdict."""
        return run.failed == bool(self.refusals) and failed_domains(run) == self.refusals


_SIMULATED = (
    *("link", "converge", "relink", "update", "unlink", "moved_owner", "replaced", "link_proven", "bulk_link"),
    *("bulk_converge", "bulk_rotate_unlink", "bulk_moved", "bulk_replaced", "bulk_purge", "bulk_remembered"),
)


def failed_domains(run: Run) -> dict[str, str]:
    """The domains that a run failed for, with the codes."""
    if "results" in run.result:
        return {row["domain"]: row["failure"]["code"] for row in run.result["results"] if "failure" in row}
    return {(failure["tenant"] or "").partition(" ")[0]: failure["code"] for failure in run.failures}


def nothing(runner: ModuleRunner) -> None:
    """No account is there."""


def have(runner: ModuleRunner, domain: str, key: str | None = None, owner: str | None = None, **fields: Any) -> None:
    """An account is there, by default as it would be after a clean run."""
    username = f"agent2@{domain}.example"
    account = {"origin_owner_id": owner or f"customer-{domain}", "domain": domain, "origin_username": username}
    runner.emulator.add_account(**{**account, "api_key": key or runner.keys[domain], "label": "Desk", **fields})


def tenant(runner: ModuleRunner, of: str, **fields: Any) -> dict[str, Any]:
    """The declaration of a tenant."""
    declared = {
        "domain": of, "api_key": runner.keys[of], "origin_owner_id": f"customer-{of}", "label": "Desk", **fields,
    }  # fmt: skip
    return {name: value for name, value in declared.items() if value is not None}


def want(runner: ModuleRunner, domain: str, **fields: Any) -> dict[str, Any]:
    """An account that must be stored."""
    owner = f"customer-{domain}"
    account = {"owner": owner, "domain": domain, "key": runner.keys[domain], "label": "Desk", "status": "active"}
    return {**account, **fields}


def shown(account: dict[str, Any]) -> dict[str, Any]:
    """A stored account in the words of `want`."""
    return {
        "owner": account["origin_owner_id"],
        "domain": account["setup_information"].get("domain"),
        "key": account["credentials"].get("apiKey"),
        "profile": account["integration_id"],
        **{name: account[name] for name in ("label", "status", "type", "origin_owner_name")},
    }


def as_wanted(stored: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    """Whether these accounts are stored, in the words that each is described with, and no others."""
    left = [shown(account) for account in stored]
    for account in wanted:
        match = next((one for one in left if account.items() <= one.items()), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _one(tenant_of: str = ONE, **fields: Any) -> Callable[[ModuleRunner], dict[str, Any]]:
    return lambda runner: {**tenant(runner, tenant_of, **fields), "confirm_timeout": CONFIRM_TIMEOUT}


def _many(*tenants: tuple[str, dict[str, Any]], **options: Any) -> Callable[[ModuleRunner], dict[str, Any]]:
    def options_of(runner: ModuleRunner) -> dict[str, Any]:
        listed = [tenant(runner, domain, **fields) for domain, fields in tenants]
        return {"tenants": listed, "concurrency": 1, "confirm_timeout": CONFIRM_TIMEOUT, **options}

    return options_of


def _listed(*domains: str) -> list[tuple[str, dict[str, Any]]]:
    return [(domain, {}) for domain in domains]


def _with(*accounts: tuple[str, dict[str, Any]], **switches: Any) -> Callable[[ModuleRunner], None]:
    def arrange(runner: ModuleRunner) -> None:
        if switches:
            runner.emulator.switch(**switches)
        for domain, fields in accounts:
            have(runner, domain, **fields)

    return arrange


def _wanted(*domains: str, **fields: Any) -> Callable[[ModuleRunner], list[dict[str, Any]]]:
    return lambda runner: [want(runner, domain, **fields) for domain in domains]


def _siblings(runner: ModuleRunner) -> None:
    runner.emulator.switch(setup_information_in_accounts=False)
    have(runner, ONE, owner="customer", key=OLD_KEY)
    have(runner, TWO, owner="customer")


def _siblings_wanted(runner: ModuleRunner) -> list[dict[str, Any]]:
    return [want(runner, ONE, owner="customer"), want(runner, TWO, owner="customer")]


def _under_another_profile(*domains: str) -> Callable[[ModuleRunner], None]:
    def arrange(runner: ModuleRunner) -> None:
        _main, other = runner.emulator.profiles()
        for domain in domains:
            have(runner, domain, integration_id=other["integration_id"])

    return arrange


def _replaced(*domains: str) -> Callable[[ModuleRunner], list[dict[str, Any]]]:
    return lambda runner: [want(runner, domain, profile=_main_profile(runner)) for domain in domains]


def _main_profile(runner: ModuleRunner) -> str:
    profile: str = runner.emulator.profiles()[0]["integration_id"]
    return profile


def _replacing(runner: ModuleRunner) -> dict[str, Any]:
    return {"integration_id": _main_profile(runner), "profile_change": "replace"}


def _another_agents_key(runner: ModuleRunner) -> None:
    runner.emulator.switch(hub_secret_tail=0)
    have(runner, ONE, key=runner.other_keys[ONE])


def _remembered(*domains: str, **switches: Any) -> Callable[[ModuleRunner], None]:
    """A run has linked these and kept its fingerprints; then the first one's key was rotated."""

    def arrange(runner: ModuleRunner) -> None:
        if switches:
            runner.emulator.switch(**switches)
        linked = runner.run(LINKS, _remembering(*domains)(runner))
        assert not linked.failed, linked.result
        runner.rotate(domains[0])

    return arrange


def _remembering(*domains: str, **fields: Any) -> Callable[[ModuleRunner], dict[str, Any]]:
    of_many = _many(*((domain, fields) for domain in domains))
    return lambda runner: {**of_many(runner), "fingerprints": str(runner.fingerprints)}


def _refused(*accounts: tuple[str, dict[str, Any]], **agents: dict[str, Any]) -> Callable[[ModuleRunner], None]:
    """The agents of these domains, or their keys, are switched off; the tenants show which."""

    def arrange(runner: ModuleRunner) -> None:
        runner.emulator.switch(expose_api_key_enabled=True)
        for domain, changes in agents.items():
            runner.emulator.set_tenant(domain, **changes)
        for domain, fields in accounts:
            have(runner, domain, **fields)

    return arrange


def _settling(runner: ModuleRunner, domain: str) -> dict[str, Any]:
    """What a refused key's cause is found out with."""
    return {"admin_api_key": runner.other_keys[domain], "agent_email": f"agent2@{domain}.example"}


def _one_key_settled(runner: ModuleRunner) -> dict[str, Any]:
    return {**_one_key(runner), **_settling(runner, ONE)}


def _keys_settled(runner: ModuleRunner) -> dict[str, Any]:
    options = _keys_only(runner)
    return {**options, "tenants": [{**entry, **_settling(runner, entry["domain"])} for entry in options["tenants"]]}


def _link_settled(runner: ModuleRunner) -> dict[str, Any]:
    return {**_one()(runner), **_settling(runner, ONE)}


def _keys_only(runner: ModuleRunner) -> dict[str, Any]:
    listed = [{"domain": domain, "api_key": runner.keys[domain]} for domain in (ONE, TWO, THREE)]
    return {"tenants": listed, "concurrency": 1, "fail_on_refused": True}


def _one_key(runner: ModuleRunner) -> dict[str, Any]:
    return {"domain": ONE, "api_key": runner.keys[ONE], "fail_on_refused": True}


def _owner(runner: ModuleRunner) -> dict[str, Any]:
    return {"origin_owner_id": f"customer-{ONE}", "label": "Desk"}


def _owners(runner: ModuleRunner) -> dict[str, Any]:
    return {"tenants": [tenant(runner, domain, api_key=None) for domain in (ONE, TWO, THREE)], "concurrency": 1}


_OLD = {"key": OLD_KEY}
_ABSENT = {"state": "absent", "api_key": None, "label": None}
_SIBLING = {"origin_owner_id": "customer", "allow_multiple": True}
_MOVED = {"previous_origin_owner_id": "former"}
_PIN = "ThePinnedAccount00001"
_PINNED = {"account_id": _PIN}
_DISABLED, _DEACTIVATED = {"api_key_enabled": False}, {"agent_active": False}

FLOWS = {
    flow.name: flow
    for flow in (
        Flow("key_info", KEY_INFO, nothing, _one_key, _wanted()),
        Flow("link", LINK, nothing, _one(account_type="test"), _wanted(ONE, type="test"), creates=True),
        Flow("converge", LINK, _with((ONE, {})), _one(), _wanted(ONE), edits=True),
        Flow("relink", LINK, _with((ONE, _OLD)), _one(), _wanted(ONE), edits=True),
        Flow("update", LINK, _with((ONE, {"label": "Old"})), _one(), _wanted(ONE), edits=True),
        Flow("keyless", LINK, _with((ONE, {"label": "Old"})), _one(api_key=None), _wanted(ONE), edits=True),
        Flow("unlink", LINK, _with((ONE, {}), (TWO, {})), _one(**_ABSENT), _wanted(TWO), edits=True),
        Flow(
            "pinned", LINK, _with((ONE, {"label": "Old", "id": _PIN})), _one(**_PINNED), _wanted(ONE), edits=True,
            pins=True,
        ),
        Flow(
            "pinned_unlink", LINK, _with((ONE, {"id": _PIN}), (TWO, {})),
            _one(**_ABSENT, **_PINNED, domain=None, origin_owner_id=None), _wanted(TWO), edits=True, pins=True,
        ),
        Flow(
            "siblings", LINK, _siblings, _one(origin_owner_id="customer", allow_multiple=True), _siblings_wanted,
            edits=True,
        ),
        Flow(
            "moved_owner", LINK, _with((ONE, {"owner": "former", "label": "Old"})), _one(**_MOVED), _wanted(ONE), edits=True,
        ),
        Flow(
            "replaced", LINK, _under_another_profile(ONE), lambda runner: _one(**_replacing(runner))(runner),
            _replaced(ONE), creates=True, edits=True,
        ),
        Flow("link_proven", LINK, nothing, _one(verify_link="call"), _wanted(ONE), creates=True),
        Flow("link_proxied", LINK, _with(connector_actions="missing"), _one(verify_link="call"), _wanted(ONE), creates=True),
        Flow(
            "of_project", LINK, _with((ONE, {"label": "Old"})), _one(stackone_project_id=PROJECT), _wanted(ONE), edits=True
        ),
        Flow(
            "relink_proven", LINK, _another_agents_key, _one(verify_link="call"), _wanted(ONE), edits=True, hidden=True
        ),
        Flow("bulk_link", LINKS, nothing, _many(*_listed(ONE, TWO, THREE)), _wanted(ONE, TWO, THREE), creates=True),
        Flow(
            "bulk_converge", LINKS, _with((ONE, {}), (TWO, {}), (THREE, {})), _many(*_listed(ONE, TWO, THREE)),
            _wanted(ONE, TWO, THREE), edits=True,
        ),
        Flow(
            "bulk_rotate_unlink", LINKS, _with((ONE, _OLD), (TWO, {}), (THREE, {"label": "Old"})),
            _many((ONE, {}), (TWO, _ABSENT), (THREE, {})), _wanted(ONE, THREE), edits=True,
        ),
        Flow(
            "bulk_siblings", LINKS, _siblings, _many((ONE, {**_ABSENT, **_SIBLING}), (TWO, _SIBLING)),
            lambda runner: [want(runner, TWO, owner="customer")], edits=True,
        ),
        Flow(
            "bulk_moved", LINKS, _with((ONE, {"owner": "former"}), (TWO, {}), (THREE, {})),
            _many((ONE, _MOVED), (TWO, {}), purge=True, purge_limit=1), _wanted(ONE, TWO), edits=True,
        ),
        Flow(
            "bulk_replaced", LINKS, _under_another_profile(ONE, TWO),
            lambda runner: _many((ONE, _replacing(runner)), (TWO, _replacing(runner)))(runner), _replaced(ONE, TWO),
            creates=True, edits=True,
        ),
        Flow(
            "bulk_purge", LINKS, _with((ONE, {}), (TWO, {}), (THREE, {})),
            _many(*_listed(ONE, FOUR), purge=True, purge_limit=2), _wanted(ONE, FOUR), creates=True, edits=True,
        ),
        Flow(
            "bulk_remembered", LINKS, _remembered(ONE, TWO, THREE), _remembering(ONE, TWO, THREE),
            _wanted(ONE, TWO, THREE), edits=True, remembers=True,
        ),
        Flow(
            "bulk_remembered_hidden", LINKS, _remembered(ONE, TWO, hub_secret_tail=0),
            _remembering(ONE, TWO, update_credentials="on_doubt"), _wanted(ONE, TWO), edits=True, hidden=True,
            remembers=True,
        ),
        Flow(
            "settled_key_info", KEY_INFO, _refused(**{ONE: _DEACTIVATED}), _one_key_settled, _wanted(),
            refusals={ONE: FailureCode.AGENT_DEACTIVATED},
        ),
        Flow(
            "settled_keys_info", KEYS_INFO, _refused(**{ONE: _DISABLED, THREE: _DEACTIVATED}), _keys_settled,
            _wanted(), refusals={ONE: FailureCode.KEY_DISABLED, THREE: FailureCode.AGENT_DEACTIVATED},
        ),
        Flow(
            "settled_link", LINK, _refused((ONE, {"label": "Old"}), **{ONE: _DISABLED}), _link_settled,
            _wanted(ONE, label="Old"), refusals={ONE: FailureCode.KEY_DISABLED},
        ),
        Flow("keys_info", KEYS_INFO, nothing, _keys_only, _wanted()),
        Flow("account_info", ACCOUNT_INFO, _with((ONE, {}), (TWO, {})), lambda runner: {}, _wanted(ONE, TWO)),
        Flow("auth_link", AUTH_LINK, nothing, _owner, _wanted(), creates=True),
        Flow("auth_links", AUTH_LINKS, _with((ONE, {})), _owners, _wanted(ONE), creates=True),
    )
}  # fmt: skip
