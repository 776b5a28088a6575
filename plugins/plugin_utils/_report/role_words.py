# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the role's variables: which exist, which are misspelt, and a module's message in terms of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

PREFIX = "freshservice_link_"
RESULTS = frozenset(f"{PREFIX}{name}" for name in ("result", "accounts", "waited", "document", "export_written"))
"""The variables that the role itself sets."""

OF_PLAYBOOKS = frozenset({f"{PREFIX}hosts"})
"""The variables that only the playbooks read."""

HANDED_ON = frozenset(f"{PREFIX}{name}" for name in ("summary", "failed_tenants", "reports"))
"""The variables that a controller passes from one job to the next, always together. Alone, `reports` is a slip for `report`."""

OF_A_TENANT = frozenset(
    {
        *(
            "domain",
            "api_key",
            "admin_api_key",
            "agent_email",
            "state",
            "origin_owner_id",
            "previous_origin_owner_id",
            "origin_owner_name",
        ),
        *(
            "origin_username",
            "label",
            "account_type",
            "shared",
            "account_id",
            "allow_multiple",
            "integration_id",
            "profile_change",
            "provider",
        ),
        *("credential_fields", "update_credentials", "verify_key"),
    }
)
"""The options that each entry of a list can set under their own names."""

KEY_MISSING = (
    "StackOne's API key is missing. Set freshservice_link_stackone_api_key in a file that is encrypted with ansible-vault, and pass"
    " it with -e @vault.yml --ask-vault-pass, or set the environment variable STACKONE_API_KEY."
)

CLOSE = 0.75
CLOSE_PREFIX = 0.93
"""A name that does not begin with the prefix is somebody's own, unless nearly every letter is the same."""

_SPECS = Path(__file__).resolve().parents[3] / "roles" / "freshservice_link" / "meta" / "argument_specs.yml"
_VARIABLE = re.compile(rf"^ +({PREFIX}\w+):", re.MULTILINE)
_DEMAND = re.compile(r"([a-z]+) must be\b")


@lru_cache(maxsize=1)
def variables() -> frozenset[str]:
    """Return every variable that an entry point of the role accepts."""
    # Every host of a play asks, so the file is searched, which takes a hundredth of the time of parsing it.
    return frozenset(_VARIABLE.findall(_SPECS.read_text(encoding="utf-8")))


def unknown_variables(names: Iterable[str], own: Iterable[str] = ()) -> list[str]:
    """Return one sentence for each name that looks like a variable of the role and is not one."""
    given = set(names)
    known = variables() | RESULTS | OF_PLAYBOOKS
    unknown = sorted({name for name in given if name.startswith(PREFIX)} - known - set(own))
    if given >= HANDED_ON:
        unknown = [name for name in unknown if name not in HANDED_ON]
    return [_unknown(name, known) for name in unknown]


def misspelt_prefixes(names: Iterable[str], own: Iterable[str] = ()) -> Iterator[str]:
    """Yield one sentence for each name that would be a variable of the role if its prefix were not misspelt."""
    known = variables() - RESULTS
    for name in sorted(set(names) - set(own)):
        if PREFIX in name:
            continue
        close = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=CLOSE_PREFIX)
        if close:
            yield f"{name} is not read: did you mean {close[0]}? If it is your own, list it in {PREFIX}own_variables."


def _unknown(name: str, known: frozenset[str]) -> str:
    options = sorted(each.removeprefix(PREFIX) for each in known - RESULTS)
    close = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), options, n=1, cutoff=CLOSE)
    question = f": did you mean {PREFIX}{close[0]}?" if close else "."
    return f"The role has no variable {name}{question} If it is your own, list it in {PREFIX}own_variables."


def in_role_words(line: str, of_list: bool) -> str:
    """Return a module's line with the role's variables in place of the module's options.

    An entry of a list sets its options under their own names; only options of the whole run are variables.
    Names without an underscore are plain words as well, so they are only replaced if they begin the line and a demand.
    Files and folders of such a name are left alone.
    """
    word = _DEMAND.match(line)
    if word and f"{PREFIX}{word[1]}" in variables() and not (of_list and word[1] in OF_A_TENANT):
        return f"{PREFIX}{line}"
    return _options(of_list).sub(rf"{PREFIX}\1", line)


@lru_cache(maxsize=2)
def _options(of_list: bool) -> re.Pattern[str]:
    options = {name.removeprefix(PREFIX) for name in variables()} - (OF_A_TENANT if of_list else set())
    names = sorted(name for name in options if "_" in name)
    return re.compile(rf"(?<![\w.\[/~-])({'|'.join(names)})\b(?![./-]\w)")
