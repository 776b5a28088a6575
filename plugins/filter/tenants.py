# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the list of tenants. tenants.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from ..module_utils._core.text import valid_unicode
from ..module_utils._core.written import marked, not_text, unset
from ..module_utils._module.reading import OTHER_KEYS, WHICH_ACCOUNT
from ..plugin_utils._keys.keyring import Keyring, keyring_from, names_of, unvault
from ..plugin_utils._keys.problems import Problem, checked, handed, of_source
from ..plugin_utils._keys.selected import names_from, only_named
from ..plugin_utils._keys.shared_names import refuse_shared_names
from ..plugin_utils._keys.showable import listed as named
from ..plugin_utils._keys.tenant_list import ALIASES, entries_of, is_ignored

SECRET = ("api_key", "admin_api_key", "credential_fields")

MOST_VALUES = 1_000
"""How many values an entry may hold. A few anchors of YAML that refer to each other stand for billions."""


def tenants(
    source: Any,
    api_keys: Any = None,
    admin_api_keys: Any = None,
    defaults: Any = None,
    keyed_only: bool = False,
    ignore_columns: Any = None,
    on_problem: str = "raise",
    source_name: str = "",
    keys_name: str = "api_keys",
    only: Any = None,
    only_name: str = "only",
    declared: Any = None,
    without_keys: bool = False,
    mask_other_keys: bool = False,
) -> Any:
    """Return the list that `freshservice_links` accepts."""

    def made() -> list[Any]:
        common = _common({} if unset(defaults) else defaults)
        ignored = _texts([] if unset(ignore_columns) else ignore_columns)
        listed = _listed(unvault(checked(source)), ignored, source_name)
        all_declared = listed if unset(declared) else checked(declared)
        keys, admin_keys = ({} if unset(given) else checked(given) for given in (api_keys, admin_api_keys))
        domains = _domains(all_declared) if keys or admin_keys else ()
        keyring = keyring_from(keys, keys_name, keyed_only, domains)
        keyrings = {"api_key": keyring, "admin_api_key": keyring_from(admin_keys, "admin_api_keys", declared=domains)}
        for option, name in zip(keyrings, (keys_name, "admin_api_keys")):
            refuse_shared_names(all_declared, keyrings[option], option, name)
        if keyed_only:
            listed = _keyed(listed, common, keyring, keys_name)
        if only is not None and only != "":
            among = f"with a key in {keys_name}" if keyed_only else "of the list"
            with of_source(only_name):
                listed = only_named(listed, names_from(only), common.get("domain"), among)
        joined = [_tenant(own, common, keyrings) for own in listed]
        joined += _other_keys(joined, all_declared, keyrings) if mask_other_keys else []
        return [_without_keys(tenant) for tenant in joined] if without_keys else joined

    return handed(made, on_problem)


def _listed(source: Any, ignored: Collection[str], source_name: str) -> list[Any]:
    """Return the options that each entry sets. Raise `Problem`, which names the source."""
    with of_source(source_name):
        entries = entries_of(source, ignored)
        return [_settings(entry, f"entry {position}", ignored) for position, entry in enumerate(entries, 1)]


def _domains(listed: Iterable[Any]) -> set[str]:
    """Return the domains of the present tenants, as bare labels."""
    present = (own for own in listed if isinstance(own, Mapping) and own.get("state") != "absent")
    return {domain for domain, _owner in map(names_of, present) if domain}


def _tenant(own: Any, common: dict[str, Any], keyrings: Mapping[str, Keyring]) -> Any:
    """Return a tenant's options. Its own come first, then the dictionaries of keys, then the defaults."""
    if not isinstance(own, dict):
        return own
    merged = {**_plain(common), **own}
    for option, keyring in keyrings.items():
        key = keyring.find(merged.get("domain"), merged.get("origin_owner_id"))
        if option not in own and key is not None:
            merged[option] = key
    return merged


def _keyed(listed: list[Any], common: dict[str, Any], keyring: Keyring, keys_name: str) -> list[dict[str, Any]]:
    """Return the tenants that the keyring has a key for, without their own keys. Raise `Problem` if a key has no tenant."""
    kept, used, other_names = [], set(), {}
    for position, own in enumerate(listed, 1):
        if not isinstance(own, dict) or own.get("state") == "absent":
            continue
        name, *others = keyring.names(own.get("domain", common.get("domain")), own.get("origin_owner_id")) or [None]
        if name is not None:
            used.add(name)
            other_names.update(dict.fromkeys(others, name))
            kept.append({"position": position, **{option: own[option] for option in own if option != "api_key"}})
    present = [own for own in listed if isinstance(own, dict) and own.get("state") != "absent"]
    tenants_named = {str(own[name]) for own in present for name in ("domain", "origin_owner_id") if own.get(name)}
    _refuse_two_keys({other: name for other, name in other_names.items() if other not in used}, keyring, keys_name)
    unused = keyring.besides(used | set(other_names), tenants_named)
    if unused:
        which = "belongs" if len(unused) == 1 else "belong"
        raise Problem(
            f"{keys_name}: {named(unused)} {which} to no tenant that the list declares as present. Nothing was changed."
        )
    return kept


def _without_keys(tenant: Any) -> Any:
    """Return a tenant's options but those that hold keys. The module refuses everything but dictionaries."""
    if not isinstance(tenant, dict):
        return tenant
    return {option: value for option, value in tenant.items() if option not in SECRET}


def _other_keys(joined: Iterable[Any], declared: Iterable[Any], keyrings: Mapping[str, Keyring]) -> list[Any]:
    """Return an item with the keys that were given and that no joined tenant uses; none if there are no such keys."""
    from ..module_utils._list.entries import secrets_of

    used = set(chain.from_iterable(map(secrets_of, joined)))
    keys = {option: list(keyring.keys.values()) for option, keyring in keyrings.items()}
    others = sorted(set(chain.from_iterable(map(secrets_of, [*declared, keys]))) - used)
    return [{OTHER_KEYS: others}] if others else []


def _refuse_two_keys(other_names: Mapping[str, str], keyring: Keyring, keys_name: str) -> None:
    """Raise `Problem` if a tenant has one key under its domain, and another one under its owner."""
    for other, name in other_names.items():
        if keyring.keys[other] != keyring.keys[name]:
            places = " and ".join(str(place) for place in sorted((keyring.positions[name], keyring.positions[other])))
            raise Problem(
                f"{keys_name}: entries {places} are for one tenant, and have different keys. Remove one of them."
            )


def _common(defaults: Any) -> dict[str, Any]:
    if not isinstance(defaults, Mapping):
        raise Problem("defaults is not a dictionary. Write options and values, such as 'account_type: test'.")
    common: dict[str, Any] = _settings(defaults, "defaults", ())
    return common


def _texts(names: Any) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable) or any(map(not_text, names)):
        raise Problem("ignore_columns must be a list of the names of columns.")
    return list(map(str, names))


def _settings(entry: Any, where: str, ignored: Collection[str]) -> Any:
    """Return a new dictionary of the options that are set, without aliases. The module itself refuses other entries."""
    if _holds_more(entry, MOST_VALUES):
        raise Problem(f"{where} holds more than {MOST_VALUES:,} values; its YAML anchors may refer to each other.")
    if not isinstance(entry, Mapping):
        return _plain(entry)
    named = ((name, _plain(value)) for name, value in entry.items() if not is_ignored(name, ignored))
    # A CSV has a cell for each option. Elsewhere, an empty value is written on purpose or by mistake: the module decides.
    kept = WHICH_ACCOUNT if "line" not in entry else ()
    given = {name: value for name, value in named if not unset(value) or name in kept}
    # The module refuses an option that is given under two of its names.
    settings = {name if ALIASES.get(name) in given else ALIASES.get(name, name): value for name, value in given.items()}
    if settings != valid_unicode(settings):
        raise Problem(f"{where} holds half a character, which is not valid Unicode.")
    return settings


def _holds_more(value: Any, most: int) -> bool:
    """Return whether there are more values in a value than `most`. It may hold itself."""
    seen, rest = 0, [value]
    while rest and seen <= most:
        inner = rest.pop()
        if isinstance(inner, (Mapping, list, tuple)):
            seen += len(inner)
            rest.extend(inner.values() if isinstance(inner, Mapping) else inner)
    return seen > most


def _plain(value: Any) -> Any:
    """Return the value, or a new container, so that changing the result later does not change the input."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return marked(unvault(value))


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"tenants": tenants}
