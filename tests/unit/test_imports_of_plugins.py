# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of plugins/ import downwards only, as CONTRIBUTING.md says."""

from __future__ import annotations

import pytest

from tests.support.collection import ROOT
from tests.support.imports_of_plugins import (
    between_packages,
    cycle,
    imports_of_plugins,
    layers,
    loaded_imports_of_plugins,
    reached,
    within,
)

ALLOWED = {
    "_core": set(),
    "_http": {"_core"},
    "_clients": {"_http", "_core"},
    "_link": {"_clients", "_http", "_core"},
    "_module": {"_clients", "_http", "_core"},
    "_list": {"_link", "_module", "_clients", "_http", "_core"},
}
CONTROLLER_ALLOWED = {
    "_keys": set(),
    "_report": {"_keys"},
    "_inventory": {"_keys"},
    "_export": {"_keys", "_report"},
    "_role": {"_keys", "_report"},
    "_action": set(),
    "_events": set(),
}
FOR_ONE_TENANT = ("account_info", "auth_link", "freshservice_key_info", "freshservice_link")
MODULE_UTILS, PLUGIN_UTILS = "plugins.module_utils", "plugins.plugin_utils"


@pytest.fixture(scope="module")
def imports():
    return imports_of_plugins(ROOT)


def wrong(arrows, allowed):
    assert set(arrows) == set(allowed), "every file is in a package, and every package is listed here"
    return {f"{name} -> {each}" for name, imported in arrows.items() for each in imported - allowed[name]}


@pytest.mark.parametrize(("package", "allowed"), [(MODULE_UTILS, ALLOWED), (PLUGIN_UTILS, CONTROLLER_ALLOWED)])
def test_packages_import_only_from_below(imports, package, allowed):
    assert wrong(between_packages(within(imports, package)), allowed) == set()


@pytest.mark.parametrize("package", [MODULE_UTILS, PLUGIN_UTILS])
def test_no_files_import_each_other_in_a_circle(imports, package):
    assert cycle(within(imports, package)) == []


def test_what_modules_use_imports_nothing_of_the_controller(imports):
    upward = [
        name
        for name in imports
        if name.startswith(MODULE_UTILS) and any(not each.startswith(MODULE_UTILS) for each in imports[name])
    ]
    assert upward == []


@pytest.mark.parametrize("module", FOR_ONE_TENANT)
def test_a_module_for_one_tenant_ships_nothing_for_lists(imports, module):
    shipped = reached(imports, f"plugins.modules.{module}")
    assert [name for name in shipped if name.startswith(f"{MODULE_UTILS}._list.")] == []


@pytest.mark.parametrize("module", ["account_info", "freshservice_key_info"])
def test_a_module_that_links_nothing_ships_no_linker(imports, module):
    shipped = reached(imports, f"plugins.modules.{module}")
    assert [name for name in shipped if name.startswith(f"{MODULE_UTILS}._link.")] == []


@pytest.mark.parametrize("module", ["auth_links", "freshservice_keys_info"])
def test_a_list_that_links_nothing_ships_no_linker(imports, module):
    shipped = reached(imports, f"plugins.modules.{module}")
    assert not {f"{MODULE_UTILS}.{name}" for name in ("_link.linker", "_list.links", "_list.purge")} & shipped


FILTERS = [f"plugins.filter.{path.stem}" for path in sorted((ROOT / "plugins" / "filter").glob("*.py"))]


@pytest.mark.parametrize("plugin", [*FILTERS, "plugins.action.report_files"])
def test_what_every_run_loads_imports_the_services_only_when_it_is_used(plugin):
    """In each process that uses one filter, Ansible loads all that come before it in the alphabet."""
    loaded = reached(loaded_imports_of_plugins(ROOT), plugin)
    dear = tuple(f"{MODULE_UTILS}.{package}." for package in ("_http", "_clients", "_link", "_list"))
    assert [name for name in loaded if name.startswith(dear)] == []


CHECKS_AND_REPORTS = (
    "_role.problem",
    "_report.document",
    "_report.ending",
    "_report.handed_on",
    "_report.terminal_table",
)


@pytest.mark.parametrize("used", CHECKS_AND_REPORTS)
def test_checks_and_reports_load_the_words_of_a_result_without_the_clients_that_find_them(used):
    """Each task that uses them loads them again, in a process of its own, and Ansible compiles them from their source."""
    loaded = reached(loaded_imports_of_plugins(ROOT), f"{PLUGIN_UTILS}.{used}")
    assert [name for name in loaded if name.startswith(f"{MODULE_UTILS}._http.")] == []


@pytest.mark.parametrize("package", ["_clients", "_link"])
def test_who_reads_answers_needs_no_library_that_sends(package):
    """So that the controller, which shows accounts and writes reports, does not load it for each run."""
    imports = loaded_imports_of_plugins(ROOT)
    files = [name for name in imports if name.startswith(f"{MODULE_UTILS}.{package}.")]
    sends = {
        f"{MODULE_UTILS}._http.{name}" for name in ("causes", "certificates", "connections", "prepared", "session")
    }
    assert {name: found for name in files if (found := reached(imports, name) & sends)} == {}


def test_a_wrong_arrow_is_found():
    assert wrong({**ALLOWED, "_core": {"_link"}}, ALLOWED) == {"_core -> _link"}
    assert layers(ALLOWED)[0] == ["_core"]
