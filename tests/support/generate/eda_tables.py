# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/eda_reference.md, from the event sources and the rulebook.

antsibull-docs does not render plugins of Event-Driven Ansible.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from tests.support.collection import ROOT

PAGE = ROOT / "docs" / "eda_reference.md"
EDA = ROOT / "extensions" / "eda"
RULEBOOK = EDA / "rulebooks" / "heal_links.yml"

OPTIONS = "| option | type | default | meaning |\n| --- | --- | --- | --- |\n"
VARIABLES = "| variable | option | default | meaning |\n| --- | --- | --- | --- |\n"

_MARKUP = re.compile(r"[CEOV]\(([^)]*)\)")
_VARIABLE = re.compile(r"{{ (\w+) \| default\((.*)\) }}")


def options_of(source: str) -> dict[str, dict[str, Any]]:
    """Return the documented options of an event source, by name."""
    module = ast.parse((EDA / "plugins" / "event_source" / f"{source}.py").read_text())
    (text,) = [
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION"
    ]
    options: dict[str, dict[str, Any]] = yaml.safe_load(text)["options"]
    return options


def variables() -> dict[str, tuple[str, str]]:
    """Return the variables of the rulebook: the option of the source that each sets, and its default there."""
    (rulebook,) = yaml.safe_load(RULEBOOK.read_text())
    (source,) = [value for name, value in rulebook["sources"][0].items() if name != "name"]
    found = {}
    for option, template in source.items():
        name, default = _VARIABLE.fullmatch(template).groups()  # type: ignore[union-attr]
        found[name] = (option, default.strip("'").replace("none", ""))
    return found


def eda_tables() -> dict[str, str]:
    """Return the text of each block of the page by its name, with an empty line before and after it."""
    webhooks, accounts = options_of("account_webhooks"), options_of("broken_accounts")
    both = {name: about for name, about in webhooks.items() if name in accounts}
    made = {
        "eda_rulebook": _variables({**accounts, **both}),
        "eda_broken_accounts": _options(_without(accounts, both)),
        "eda_account_webhooks": _options(_without(webhooks, both)),
        "eda_webhooks": _options(both),
    }
    return {name: f"\n{table}\n" for name, table in made.items()}


def _without(options: Mapping[str, Any], others: Iterable[str]) -> dict[str, Any]:
    return {name: about for name, about in options.items() if name not in others}


def _options(options: Mapping[str, Mapping[str, Any]]) -> str:
    rows = (
        f"| `{name}` | {about['type']} | {_default(about)} | {_meaning(about)} |\n" for name, about in options.items()
    )
    return OPTIONS + "".join(rows)


def _variables(options: Mapping[str, Mapping[str, Any]]) -> str:
    rows = (
        f"| `{name}` | `{option}` | {f'`{default}`' if default else _default(options[option])} | {_meaning(options[option])} |\n"
        for name, (option, default) in variables().items()
    )
    return VARIABLES + "".join(rows)


def _default(about: Mapping[str, Any]) -> str:
    if about.get("required"):
        return "required"
    default = about.get("default", "")
    return f"`{str(default).lower() if isinstance(default, bool) else default}`" if default != "" else ""


def _meaning(about: Mapping[str, Any]) -> str:
    text = about["description"]
    return _MARKUP.sub(r"`\1`", " ".join(text) if isinstance(text, list) else text)
