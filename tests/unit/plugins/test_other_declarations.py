# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A purge finds the hosts of the inventory that declare tenants of their own, and no others."""

from __future__ import annotations

import json

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role.given import Given, Run
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role.other_declarations import declarations

TENANTS, TENANTS_FILE = "freshservice_link_tenants", "freshservice_link_tenants_file"
ACME, GLOBEX = [{"domain": "acme"}], [{"domain": "globex"}]
OWNER, API_KEY = "freshservice_link_origin_owner_id", "freshservice_link_api_key"


def found(tmp_path, everybody=None, extra=None, files=None, names=(), groups=None, **hosts):
    """Return the hosts that declare tenants, for a run on localhost, with Ansible's own view of an inventory."""
    inventory = {"all": {"vars": everybody or {}, "hosts": {"localhost": {}, **hosts}, "children": groups or {}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(tmp_path / "hosts.json")])
    variables = VariableManager(loader=loader, inventory=manager)
    variables._extra_vars = extra or {}
    hostvars = HostVars(manager, variables, loader)
    given = Given(files or {}, Run(host="localhost", names=names), {}, ["localhost"], hostvars)
    return {each.host: each.what.split()[1] for each in declarations(given)}


def test_a_host_with_a_list_or_of_a_tenant_is_found(tmp_path):
    hosts = {"east": {TENANTS: GLOBEX}, "west": {TENANTS_FILE: "/tenants.csv"}, "acme": {OWNER: "1"}, "web": {"a": 1}}
    assert found(tmp_path, **hosts) == {"east": "a", "west": "a", "acme": "a"}


@pytest.mark.parametrize("name", ["account_id", "previous_origin_owner_id"])
def test_an_account_or_a_former_owner_makes_a_host_a_tenant(tmp_path, name):
    assert found(tmp_path, acme={f"freshservice_link_{name}": "1"}) == {"acme": "a"}


def test_a_host_of_the_group_is_a_tenant_by_its_name_unless_it_has_a_list(tmp_path):
    groups = {"tenants": {"hosts": {"acme": {}, "east": {}}}, "others": {"hosts": {"web": {}}}}
    assert found(tmp_path, {TENANTS: ACME}, groups=groups, acme={TENANTS: []}, east={}, web={}) == {"acme": "a"}


@pytest.mark.parametrize("extra", [{TENANTS: ACME}, {TENANTS_FILE: "/acme.csv"}])
@pytest.mark.parametrize("own", [{TENANTS: GLOBEX}, {TENANTS_FILE: "/globex.csv"}])
def test_what_is_given_with_e_does_not_hide_the_list_of_a_host(tmp_path, extra, own):
    assert list(found(tmp_path, extra=extra, east=own, web={})) == ["east"]


@pytest.mark.parametrize(
    "everybody",
    [
        {TENANTS: ACME},
        {TENANTS: []},
        {TENANTS: [{"domain": "acme", "api_key": "{{ keys['acme'] }}"}], "keys": {"acme": "k"}},
        {TENANTS: "{{ mine }}", "mine": ACME},
        {TENANTS: "{{ lookup('file', inventory_dir ~ '/tenants.yml') | from_yaml }}"},
        {TENANTS_FILE: "{{ inventory_dir }}/tenants.csv"},
        {TENANTS_FILE: "{{ playbook_dir | default('.') }}/tenants.csv", "playbook_dir": "/p"},
        {TENANTS_FILE: "{{ folder }}/tenants.csv", "folder": "{{ inventory_dir }}"},
        {TENANTS_FILE: "tenants.csv", OWNER: "1"},
        {TENANTS: [{"domain": "acme", "api_key": "{{ lookup('vars', 'vault_key_acme') }}"}]},
        {
            TENANTS: "{{ all_of_them }}",
            "all_of_them": [{"domain": "acme", "api_key": "{{ lookup('some.store.key', 1) }}"}],
        },
        {TENANTS: "{{ query('fileglob', inventory_dir ~ '/tenants/*.yml') }}"},
        {TENANTS: [{"domain": "acme", "label": "{{ team | default(omit) }}"}]},
        {TENANTS: "{{ set_by_a_play }}"},
        {TENANTS: "{% for each in names %}{{ each }}{{ loop.index }}{% endfor %}", "names": ["acme"]},
        {TENANTS: "{% macro of(x) %}{{ x }}{% endmacro %}{{ of(names) }}", "names": ["acme"]},
        {TENANTS: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/vars/tenants.json') | from_json }}"},
        {OWNER: "{{ customer | default('') }}"},
    ],
)
def test_what_is_the_same_for_all_hosts_is_not_one_of_theirs(tmp_path, everybody):
    assert found(tmp_path, everybody, web0={}, web1={}) == {}
    assert found(tmp_path, everybody, extra={TENANTS: GLOBEX}, web0={}, web1={}) == {}


@pytest.mark.parametrize(
    "everybody",
    [
        {TENANTS: "{{ mine }}"},
        {TENANTS: "{{ lookup('vars', 'mine') }}"},
        {TENANTS: "{{ vars['mine'] }}"},
        {TENANTS: [{"domain": "{{ mine[0].domain }}"}]},
        {TENANTS: "{{ deeper }}", "deeper": "{{ mine }}"},
        {TENANTS_FILE: "{{ inventory_hostname }}.csv"},
        {TENANTS: "{{ mine"},
        {TENANTS: "{% set mine = mine | default([]) %}{{ mine }}"},
        {TENANTS: "{% for mine in mine %}{{ mine }}{% endfor %}"},
        {TENANTS: "{{ lookup('ansible.builtin.template', 'lists.j2') }}"},
        {TENANTS: "{{ query('some.collection.store', 'x') }}"},
        {TENANTS: "{% include 'lists.j2' %}"},
        {TENANTS_FILE: "{{ nope }}.csv", "nope": "{{ mine[0].domain }}"},
        {OWNER: "{{ mine[0].domain }}"},
        {OWNER: "{{ nope ~ mine }}"},
        {
            TENANTS: "{{ some | selectattr('api_key') | list }}",
            "some": [{"domain": "acme", "api_key": "{{ mine | default('') }}"}],
        },
        {TENANTS: "{{ some.api_key }}", "some": {"api_key": "{{ mine }}"}},
        {TENANTS: "{% set find = lookup %}{{ find('vars', 'mine') }}"},
        {TENANTS: "{{ [lookup][0]('vars', 'mine') }}"},
        {TENANTS: "{{ lookup('url', 'http://127.0.0.1:1/tenants.json') }}"},
        {TENANTS_FILE: "/{{ ansible_limit }}.csv"},
        {TENANTS_FILE: "/{{ ansible_play_hosts_all[0] }}.csv"},
        {API_KEY: "{{ mine }}"},
    ],
)
def test_a_template_for_all_hosts_that_comes_out_otherwise_for_one_is_its_list(tmp_path, everybody):
    hosts = {"localhost": {"mine": ACME}, "east": {"mine": GLOBEX}}
    assert list(found(tmp_path, everybody, **hosts)) == ["east"]


def test_what_only_the_play_sets_can_be_otherwise_for_another_host(tmp_path):
    everybody = {TENANTS: "{{ lists[project] }}", "lists": {"localhost": ACME, "east": GLOBEX}}
    assert list(found(tmp_path, everybody, names=["project"], east={})) == ["east"]
    everybody = {TENANTS: "{{ lists[project | default('localhost')] }}", "lists": {"localhost": ACME}}
    assert found(tmp_path, everybody, names=["other"], east={}) == {}


def test_a_variable_of_the_list_that_is_given_with_e_does_not_hide_that_of_a_host(tmp_path):
    hosts = {"localhost": {"mine": ACME}, "east": {"mine": GLOBEX}}
    for extra in ({"mine": ACME}, {"mine": GLOBEX}):
        assert list(found(tmp_path, {TENANTS: "{{ mine }}"}, extra=extra, **hosts)) == ["east"]
    everybody = {TENANTS: [{"domain": "acme", "label": "{{ team }}"}]}
    assert found(tmp_path, everybody, extra={"team": "IT"}, web={}) == {}


@pytest.mark.parametrize(
    "path",
    [
        ["{{ mine }}.csv"],
        {"a": "{{ mine }}"},
        7,
        "{{ nope }}.csv",
        "{{ 1 / 0 }}",
        "{{ a b }}",
        "{{ loop_a }}",
        "{{ 'x' | unknown }}",
    ],
)
def test_a_file_whose_name_cannot_be_read_is_a_list(tmp_path, path):
    loops = {"loop_a": "{{ loop_b }}", "loop_b": "{{ loop_a }}"}
    assert list(found(tmp_path, east={TENANTS_FILE: path, **loops})) == ["east"]


def test_the_path_of_one_inventory_is_no_list_for_a_host_of_another(tmp_path):
    everybody = {TENANTS_FILE: "{{ inventory_dir }}/tenants.csv"}
    hosts = {"localhost": {"inventory_dir": "/one"}, "web": {"inventory_dir": "/other"}}
    assert found(tmp_path, everybody, files={TENANTS_FILE: "/one/tenants.csv"}, **hosts) == {}


@pytest.mark.parametrize("own", [{TENANTS: ACME}, {TENANTS_FILE: "/acme.csv"}, {TENANTS: []}, {TENANTS: ""}])
def test_a_host_with_the_same_list_or_an_empty_one_declares_nothing_else(tmp_path, own):
    mine = {TENANTS: ACME, TENANTS_FILE: "/acme.csv"}
    assert found(tmp_path, localhost=mine, east=own, files={TENANTS_FILE: "/acme.csv"}) == {}
    assert found(tmp_path, localhost=mine, east={**own, TENANTS_FILE: "/globex.csv"}) == {"east": "a"}


def test_one_file_written_in_two_ways_is_one_list(tmp_path):
    hosts = {
        "localhost": {TENANTS_FILE: "/a/../acme.csv"},
        "east": {TENANTS_FILE: "{{ folder }}/acme.csv", "folder": ""},
    }
    assert found(tmp_path, files={TENANTS_FILE: "/a/../acme.csv"}, **hosts) == {}


def test_a_list_for_many_hosts_is_read_once(tmp_path, monkeypatch):
    """With ten thousand tenants and hosts, reading it for each host would take minutes."""
    from ansible_collections.tenantlink.stackone.plugins.plugin_utils._role import other_declarations

    read = []
    templates = other_declarations._templates
    monkeypatch.setattr(other_declarations, "_templates", lambda *given: [read.append(1), *templates(*given)][1:])
    everybody = {TENANTS: [{"domain": "acme", "api_key": "{{ keys }}"}], "keys": "k"}
    assert found(tmp_path, everybody, **{f"web{number}": {} for number in range(50)}) == {}
    assert len(read) < 10
