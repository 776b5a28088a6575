# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/secret_backends.md with a store that counts its calls: all keys are fetched once a run, however many tenants there are."""

from __future__ import annotations

import json
import textwrap

import pytest
import yaml

from tests.support.secret_stores import blocks, expression, link, plays, secret, variables_of

PLUGIN = textwrap.dedent("""
    from ansible.plugins.lookup import LookupBase


    class LookupModule(LookupBase):
        def run(self, terms, variables=None, **kwargs):
            with open(terms[0] + "/calls", "a") as calls:
                calls.write("x")
            with open(terms[0] + "/secret.json") as secret:
                return [secret.read()]
""")


class Store:
    """A folder with a secret, and the number of times that it was fetched. The runner's own folder is searched for keys."""

    def __init__(self, folder, content):
        self.folder = folder
        self.path = folder / "secret.json"
        self.path.write_text(json.dumps(content))
        (folder / "calls").touch()
        (folder / "counted.py").write_text(PLUGIN)
        self.env = {"ANSIBLE_LOOKUP_PLUGINS": str(folder)}
        self.lookup = f"(lookup('counted', '{folder}') | from_json)"
        self.fetching = f"{{{{ {self.lookup} }}}}"

    @property
    def calls(self):
        return len((self.folder / "calls").read_text())


@pytest.fixture
def store(runner, tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"), secret(runner))


def linked(runner):
    return set(runner.linked().values())


@pytest.mark.parametrize("domains", [["acme"], ["acme", "globex", "hooli"]])
def test_the_keys_of_a_list_are_fetched_once(runner, store, domains):
    run = link(runner, plays(store.fetching), variables_of(runner, *domains), env=store.env)
    assert run.code == 0, run.output
    assert "unencrypted API keys" not in run.output
    assert (linked(runner), store.calls) == (set(domains), 1)


def test_a_lookup_in_the_variables_themselves_is_evaluated_again_and_again(runner, store):
    """So the guide's way is worth its two tasks."""
    lazy = {name: f"{{{{ {store.lookup}.{name} }}}}" for name in secret(runner)}
    run = link(runner, "tenantlink.stackone.link", {**variables_of(runner, "acme"), **lazy}, env=store.env)
    assert run.code == 0, run.output
    assert store.calls > 2


def test_the_keys_of_tenants_as_hosts_are_fetched_once(runner, store, inventory):
    fetch, last = plays(store.fetching)
    del fetch["tasks"][1]
    last["ansible.builtin.import_playbook"] = "tenantlink.stackone.link_by_host"
    (inventory / "group_vars" / "tenants" / "vault.yml").unlink()
    path = inventory / "group_vars" / "tenants" / "vars.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **blocks("Fetch it once")[1]}))
    run = link(runner, [fetch, last], {}, "-i", str(inventory), "--limit", "localhost,acme,globex", env=store.env)
    assert run.code == 0, run.output
    assert (linked(runner), store.calls) == ({"acme", "globex"}, 1)


def test_each_of_several_projects_fetches_its_keys_once(runner, store):
    fetch, last = plays(store.fetching)
    fetch["hosts"] = "projects"
    lists = {
        name: {"freshservice_link_tenants": variables_of(runner, name)["freshservice_link_tenants"]}
        for name in ("acme", "globex")
    }
    local = {"ansible_connection": "local", "ansible_python_interpreter": runner.python}
    hosts = runner.folder / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"projects": {"hosts": lists, "vars": local}}))
    variables = {**variables_of(runner), "freshservice_link_hosts": "projects"}
    del variables["freshservice_link_tenants"]
    run = link(runner, [fetch, last], variables, "-i", str(hosts), env=store.env)
    assert run.code == 0, run.output
    assert (linked(runner), store.calls) == ({"acme", "globex"}, 2)


@pytest.mark.parametrize(
    ("section", "variable"),
    [
        ("The environment of a pipeline", "FRESHSERVICE_KEYS"),
        ("AWX and Automation Controller", "FRESHSERVICE_KEYS_FILE"),
    ],
)
def test_the_environment_and_the_file_of_a_job(runner, store, section, variable):
    value = str(store.path) if variable.endswith("_FILE") else store.path.read_text()
    run = link(runner, plays(expression(section)), variables_of(runner, "acme"), env={variable: value})
    assert run.code == 0, run.output
    assert linked(runner) == {"acme"}


def test_a_secret_that_is_a_file_needs_no_playbook(runner, store):
    run = link(runner, "tenantlink.stackone.link", variables_of(runner, "acme"), "-e", f"@{store.path}", env={})
    assert run.code == 0, run.output
    assert linked(runner) == {"acme"}
