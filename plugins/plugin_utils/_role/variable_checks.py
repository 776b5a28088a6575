# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the role's variables, each of which yields what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._module.argspec import listed_tenant_spec
from ...module_utils._module.reading import read
from .._report.role_words import PREFIX, RESULTS, misspelt_prefixes, unknown_variables
from .extra_variables import extra_variables
from .given import FALSE, OMITTED, TRUE, UNDEFINED, Given, flat

REFERS_TO_NOTHING = "{0} refers to a variable that is not set. Set that one, or leave this one out."

NEVER_EMPTY = ("only", "plan", "stackone_project_id", "purge_scope")
"""Empty text means "not set" elsewhere. Here it is a shell variable that was not set, and the run would do more than was meant."""

LISTS_OF_PATHS = ("report", "report_files")
PATHS = (
    "tenants_file",
    "api_keys_file",
    "new_api_keys_file",
    "auth_links_file",
    "auth_links_password_file",
    "export",
    "plan",
    *LISTS_OF_PATHS,
)

KEY_FILES = ("api_keys_file", "new_api_keys_file")
KEYS = ("api_key", "admin_api_key")

OF_ONE_TENANT = {
    "state": "present",
    "domain": "",
    "origin_owner_id": "",
    "previous_origin_owner_id": "",
    "origin_owner_name": "",
    "origin_username": "",
    "account_id": "",
    "api_key": "",
    "admin_api_key": "",
    "agent_email": "",
}
"""The variables that describe one tenant, with the value that is harmless together with a list."""

OF_EACH_TENANT = (
    "label",
    "account_type",
    "shared",
    "allow_multiple",
    "integration_id",
    "provider",
    "credential_fields",
    "update_credentials",
    "profile_change",
    "verify_key",
)
"""The variables whose value counts for each tenant that does not set its own."""

LONGEST_WAIT = 31536000
"""A year, in seconds."""


def references(given: Given) -> Iterator[str]:
    """Refuse variables that refer to one that is not set, and those that limit a run and are empty.

    They would count as not set, and the run would do more than was meant.
    """
    own = set(map(str, flat(given.value("own_variables"))))
    for name, value in given.values.items():
        if name in own:
            continue
        if isinstance(value, str) and value == UNDEFINED:
            yield REFERS_TO_NOTHING.format(name)
        elif name.removeprefix(PREFIX) in NEVER_EMPTY and (_is_empty(value) or value == OMITTED):
            yield f"{name} is empty. Give it a value, or leave it out."


def _is_empty(value: Any) -> bool:
    return not value or (isinstance(value, str) and not value.strip())


def paths(given: Given) -> Iterator[str]:
    """Refuse what cannot be the path of a file, such as a number or a dictionary."""
    for name in (*PATHS, "fingerprints"):
        value = given.value(name)
        if value == OMITTED:
            yield f"{PREFIX}{name} is omit, which only an option of a module can be. Write default('') in place of default(omit)."
        elif any(isinstance(each, str) and "\0" in each for each in flat(value)):
            yield f"{PREFIX}{name} holds a NUL character, which no path can. Remove it."
        elif name != "fingerprints" and not all(isinstance(each, str) for each in _paths_in(name, value)):
            yield f"{PREFIX}{name} must be {'a path, or a list of paths' if name in LISTS_OF_PATHS else 'a path'}, as text."

    fingerprints = given.value("fingerprints")
    if not isinstance(fingerprints, (str, bool)):
        yield f"{PREFIX}fingerprints must be a path as text, auto, or false."


def _paths_in(name: str, value: Any) -> Iterator[Any]:
    """Yield each path of a variable; of a list, also what is empty, except null."""
    if name in LISTS_OF_PATHS and isinstance(value, (list, tuple)):
        for each in value:
            yield from _paths_in(name, each)
    elif value is not None:
        yield value


def event_text(given: Given) -> Iterator[str]:
    """Refuse the text of an event that is not JSON."""
    text = given.value("event")
    if isinstance(text, str) and text.removeprefix("json:").startswith("{"):
        try:
            json.loads(text.removeprefix("json:"))
        except (ValueError, RecursionError):
            yield f"{PREFIX}event, or stackone_event of the playbook heal, is not valid JSON. Pass the event as StackOne sent it."


def names(given: Given) -> Iterator[str]:
    """Refuse misspelt variables."""
    own = list(flat(given.value("own_variables")))
    if not all(isinstance(name, str) for name in own):
        yield f"{PREFIX}own_variables must be a list of names, as text."
        return
    yield from unknown_variables(given.values, own)
    yield from misspelt_prefixes(given.run.similar_names, own)


def sources(given: Given) -> Iterator[str]:
    """Refuse hosts that are no tenants, two lists of tenants, and a list as the file of its keys."""
    if "tenants" in given.run.needs:
        yield (
            "The inventory has no host in the group tenants, on which this playbook works. Name the inventory with -i. For a list of"
            " tenants, use the playbooks tenantlink.stackone.link and tenantlink.stackone.verify."
        )
    if given.run.has_list and given.run.has_file:
        yield (
            "Both freshservice_link_tenants and freshservice_link_tenants_file are set, and only one list can be processed. Remove one of"
            " them, or set freshservice_link_tenants_file to an empty text with -e."
        )
    for name in KEY_FILES:
        if given.run.files.get(f"{PREFIX}{name}") and given.path(name) == given.path("tenants_file"):
            yield f"{PREFIX}{name} is freshservice_link_tenants_file as well. Name the file with the keys."


def keys_in_one_place(given: Given) -> Iterator[str]:
    """Refuse keys together with a file of keys, which would replace them unchecked."""
    name = "new_api_keys" if given.run.rotating else "api_keys"
    if given.run.needs_keys and given.value(name) and given.value(f"{name}_file"):
        yield f"Both {PREFIX}{name} and {PREFIX}{name}_file are set. Remove one of them: only one can hold the keys."


def tenants(given: Given) -> Iterator[str]:
    """Refuse tenants that are missing."""
    if given.run.tenants_refer_to_nothing:
        yield REFERS_TO_NOTHING.format(f"{PREFIX}tenants")
    elif "list" in given.run.needs and not given.run.has_list and not given.run.has_file:
        yield "Name the tenants: -e @tenants.yml with the list freshservice_link_tenants, or -e freshservice_link_tenants_file=tenants.csv."
    elif given.value("only") and not given.run.is_list:
        yield "freshservice_link_only selects tenants of a list, and there is none. Tenants as hosts are selected with --limit."


def of_one_tenant(given: Given) -> Iterator[str]:
    """Refuse what names one tenant or its state, together with a list.

    The list would ignore it, and the run would do something else than was meant, or more.
    """
    for name, harmless in {**OF_ONE_TENANT, "domain": given.run.host}.items() if given.run.is_list else ():
        if _says(given.values.get(f"{PREFIX}{name}"), harmless):
            advice = (
                f"Set {name} for the tenants in the list that it is meant for, and leave the variable out. If this host is a tenant"
                f" itself, give the list ({_list_variable(given)}) to localhost alone, for example in host_vars/localhost.yml."
            )
            if name in KEYS:
                advice = f"Put the keys of the list into {PREFIX}{name}s, by domain, and leave this variable out."
            yield f"{PREFIX}{name} is for one tenant, and this run has a list. {advice}"


def _list_variable(given: Given) -> str:
    return f"{PREFIX}tenants" if given.run.has_list else f"{PREFIX}tenants_file"


def _says(value: Any, harmless: str) -> bool:
    return value is not None and str(value).strip() not in ("", harmless)


def plan(given: Given) -> Iterator[str]:
    """Refuse a plan, or the exit code of one, where nothing is planned."""
    detailed = str(given.value("detailed_exitcode")).lower()
    if given.value("plan") and not given.run.takes_plan:
        yield "freshservice_link_plan is for the playbooks plan, which writes the plan of a list, and link, which carries it out."
    elif detailed not in ("", *TRUE, *FALSE):
        yield "freshservice_link_detailed_exitcode must be true or false."
    elif detailed in TRUE and not given.run.previewing:
        yield "freshservice_link_detailed_exitcode is for runs over a list that change nothing: the playbooks plan and report, and --check."


def new_keys(given: Given) -> Iterator[str]:
    """Refuse a rotation without new keys."""
    if "new_keys" in given.run.needs and not given.run.has_new_keys and not given.value("new_api_keys_file"):
        yield "Name the new keys, by domain, in freshservice_link_new_api_keys or freshservice_link_new_api_keys_file."


def results(given: Given) -> Iterator[str]:
    """Refuse results that -e sets. They would be taken for those of this run, whatever it did."""
    extra = extra_variables(given.variables)
    for name in sorted(RESULTS.intersection(extra)):
        yield (
            f"{name} is a result of the role, and -e, or an extra variable of a controller, would replace that of this run. Leave it"
            " out, or pass it on with another name."
        )


def of_each_tenant(given: Given) -> Iterator[str]:
    """Refuse values for all tenants that are wrong for each. They would be blamed on the entries of the list."""
    options = listed_tenant_spec()
    # A fault may name its variable in the middle of the sentence.
    spec = {f"{PREFIX}{name}": options[name] for name in OF_EACH_TENANT}
    own = {name: given.values[name] for name in spec if name in given.values}
    _values, faults = read(own, spec)
    yield from faults


def event(given: Given) -> Iterator[str]:
    """Refuse an event of which it is unclear whom it names."""
    run = given.run
    unclear = not isinstance(run.event, Mapping) or ("accounts" in run.event and _names_itself(run.event))
    some_unnamed = len([owner for owner in run.named_owners if owner]) != len(run.named)
    if unclear or some_unnamed or (run.event and not run.named and not _asks_for_all(run.event)):
        yield (
            "Name the owner in origin_owner_id of the event (freshservice_link_event, or stackone_event of the playbook heal), or of each"
            " account in its list accounts. Without an event, all tenants without an active account are healed."
        )


def _asks_for_all(event: Mapping[str, Any]) -> bool:
    """Say whether the event is the one with which the rulebook asks for a comparison of all tenants."""
    return isinstance(event.get("accounts"), (list, tuple)) and not _names_itself(event)


def _names_itself(event: Mapping[str, Any]) -> bool:
    return bool({"origin_owner_id", "account_id"} & set(event))


def wait(given: Given) -> Iterator[str]:
    """Refuse to wait for a time that is not one."""
    if not 0 <= _number(given.value("wait", 0), -1) <= LONGEST_WAIT:
        yield f"freshservice_link_wait must be from 0 to {LONGEST_WAIT} seconds."


def wait_interval(given: Given) -> Iterator[str]:
    """Refuse to ask again without a pause."""
    if _number(given.value("wait_interval", 15), 0) < 1:
        yield "freshservice_link_wait_interval must be 1 second or more."


def _number(value: Any, otherwise: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if math.isfinite(number) else otherwise
