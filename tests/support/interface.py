# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public interface of an installed collection as data: its names, with types, choices and defaults."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

COLLECTION = "tenantlink.stackone"
ENUMS = {"FailureCode": "failure code", "KeyStatus": "verdict", "Phase": "phase", "Action": "action"}
FACTS = ("type", "elements", "choices", "default", "required", "aliases", "env", "ini", "version_added")
INPUT = re.compile(r"(?<![.\w])([a-z]\w+)(?:\.\w+)* (?:is (?:not )?defined|\| default\()")
"""A variable that a playbook or a rulebook can do without, so one that users may set."""

Interface = dict[str, dict[str, Any]]
"""What it is, as "kind: name" or "kind: name: part", and what is known of it."""


@functools.cache
def interface_of(collections: Path) -> Interface:
    """Return the interface of the collection in this collections path."""
    root = collections / "ansible_collections" / "tenantlink" / "stackone"
    found: Interface = {}
    for parts in (_documented(collections), _files(root), _enums(root), _variables(root), _environment(root)):
        found.update(parts)
    return dict(sorted(found.items()))


def written(interface: Interface) -> str:
    """Return the interface as JSON with a line for each name."""
    lines = [f"{json.dumps(name)}: {json.dumps(facts, sort_keys=True)}" for name, facts in interface.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _documented(collections: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what ansible-doc says about modules, plugins and roles."""
    command = [sys.executable, "-m", "ansible", "doc", "--metadata-dump", "--no-fail-on-errors", "--json", COLLECTION]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "PYTHONPATH": str(collections)}
    dump = subprocess.run(command, check=True, capture_output=True, text=True, env=env, timeout=120).stdout
    for kind, plugins in json.loads(dump)["all"].items():
        for full_name, about in plugins.items():
            if not full_name.startswith(f"{COLLECTION}."):
                continue
            name = f"{kind}: {full_name.removeprefix(f'{COLLECTION}.')}"
            yield name, _facts(about.get("doc") or {}, ("version_added",))
            for entry_point, spec in (about.get("entry_points") or {}).items():
                yield f"{name}: {entry_point}", _facts(spec, ("version_added",))
                yield from _nested(f"{name}: {entry_point}: variable ", spec.get("options"), ("options",))
            yield from _nested(f"{name}: option ", (about.get("doc") or {}).get("options"), ("suboptions", "options"))
            yield from _nested(f"{name}: result ", about.get("return"), ("contains",), ("type", "version_added"))


def _nested(
    prefix: str, parts: Mapping[str, Any] | None, below: tuple[str, ...], facts: tuple[str, ...] = FACTS
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, about in (parts or {}).items():
        yield f"{prefix}{name}", _facts(about, facts)
        for key in below:
            yield from _nested(f"{prefix}{name}.", about.get(key), below, facts)


def _facts(about: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    facts = {name: about[name] for name in names if about.get(name) not in (None, [], "", {})}
    if facts.get("required") is False:
        del facts["required"]
    if about.get("version_added_collection", COLLECTION) != COLLECTION:
        facts.pop("version_added", None)
    for name in ("env", "ini"):
        if name in facts:
            facts[name] = [
                {key: value for key, value in each.items() if key != "version_added"} for each in facts[name]
            ]
    return facts


def _files(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield playbooks, rulebooks, event sources with their options, action groups and tags."""
    for kind, pattern in (("playbook", "playbooks/*.yml"), ("rulebook", "extensions/eda/rulebooks/*.yml")):
        yield from ((f"{kind}: {path.stem}", {}) for path in root.glob(pattern))
    for path in root.glob("extensions/eda/plugins/event_source/*.py"):
        document = yaml.safe_load(_assigned(path, "DOCUMENTATION"))
        yield f"event source: {path.stem}", _facts(document, ("version_added",))
        yield from _nested(f"event source: {path.stem}: option ", document["options"], ("suboptions",))
    runtime = yaml.safe_load((root / "meta" / "runtime.yml").read_text())
    for group, modules in runtime["action_groups"].items():
        yield f"action group: {group}", {}
        yield from ((f"action group: {group}: {name}", {}) for name in modules if isinstance(name, str))
    for path in (*root.glob("roles/*/tasks/*.yml"), *root.glob("playbooks/*.yml")):
        tags = re.findall(r"^ *tags: *\[?(.+?)\]? *$", path.read_text(), re.MULTILINE)
        yield from ((f"tag: {tag}", {}) for line in tags for tag in re.split(r", *", line))


def _assigned(path: Path, name: str) -> Any:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == name for each in node.targets
        ):
            return ast.literal_eval(node.value)
    raise ValueError(f"{path} has no {name}")


def _enums(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the words that results have as values, and the columns of a report."""
    for path in (*root.glob("plugins/module_utils/**/*.py"), *root.glob("plugins/plugin_utils/**/*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name in ENUMS:
                values = [each.value for each in node.body if isinstance(each, ast.Assign)]
                yield from ((f"{ENUMS[node.name]}: {ast.literal_eval(value)}", {}) for value in values)
            if isinstance(node, ast.ClassDef) and node.name == "Row" and path.stem.strip("_") == "rows":
                targets = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
                yield from ((f"report column: {ast.unparse(target)}", {}) for target in targets)


def _variables(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the variables of playbooks and rulebooks that are not the role's, and those that the role registers."""
    for pattern, kind, used in (
        ("playbooks/*.yml", "playbook", INPUT),
        ("extensions/eda/rulebooks/*.yml", "rulebook", re.compile(r"\{\{ (?!event\b)(\w+)")),
    ):
        for path in root.glob(pattern):
            text = path.read_text()
            names = set(used.findall(text)) - set(re.findall(r"register: (\w+)", text))
            own = {name for name in names if not name.startswith(("freshservice_", "ansible_"))}
            yield from ((f"{kind}: {path.stem}: variable {name}", {}) for name in own)
    for path in root.glob("roles/*/tasks/*.yml"):
        for name in re.findall(r"^ *register: (freshservice_link_\w+)", path.read_text(), re.MULTILINE):
            yield f"registered variable: {name}", {}


def _environment(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the environment variables that the documentation of plugins names."""
    for path in root.glob("plugins/*/*.py"):
        yield from ((f"environment variable: {name}", {}) for name in re.findall(r"E\((\w+)\)", path.read_text()))


def incompatible(before: Interface, now: Interface) -> Iterator[tuple[str, str]]:
    """Yield each name that a user of the earlier interface cannot use as before, and why."""
    for name, old in before.items():
        if name not in now:
            yield name, "it is gone"
            continue
        new = now[name]
        yield from ((name, f"its {fact} was {old[fact]}") for fact in ("type", "elements") if _narrower(old, new, fact))
        for fact in ("choices", "aliases", "env", "ini"):
            lost = [value for value in old.get(fact, []) if value not in new.get(fact, [])]
            if lost and not (fact == "choices" and new.get("type") == "raw"):
                yield name, f"its {fact} lack {lost}"
        if (old.get("default") or new.get("default")) and old.get("default") != new.get("default"):
            yield name, f"its default was {old.get('default')} and is {new.get('default')}"
        if new.get("required") and not old.get("required"):
            yield name, "it is required"
    for name in now.keys() - before.keys():
        above = name.rpartition(".")[0] or name.rpartition(": ")[0]
        if now[name].get("required") and above in before:
            yield name, "it is new and required"


def _narrower(old: Mapping[str, Any], new: Mapping[str, Any], fact: str) -> bool:
    """Say whether a type differs, unless every value is accepted now and checked later."""
    return old.get(fact) != new.get(fact) and "raw" not in (new.get(fact), new.get("type"))


def since(interface: Interface, name: str) -> str | None:
    """Return the version in which a name was added, by what its documentation or that of its plugin says."""
    parts = re.split(r"(\.|: )", name)
    for length in range(len(parts), 0, -2):
        version = interface.get("".join(parts[:length]), {}).get("version_added")
        if version:
            return str(version)
    return None
