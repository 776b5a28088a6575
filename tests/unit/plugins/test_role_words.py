# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's words in messages, its variables, and the results of hosts."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report import role_words as _role_words
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.hosts_ended import host_results
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.role_words import (
    in_role_words,
    misspelt_prefixes,
    unknown_variables,
)
from tests.support.role import entry_points


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("origin_owner_id and purge_limit", "origin_owner_id and freshservice_link_purge_limit"),
        ("timeout must be more than 0", "freshservice_link_timeout must be more than 0"),
        ("/my/api_keys.csv: api_keys", "/my/api_keys.csv: freshservice_link_api_keys"),
        *(("set tenants[].verify_link, or freshservice_link_report",) * 2, ("state must be present",) * 2),
        *(("No answer within the timeout.",) * 2, ("api_keys/new.csv",) * 2),
    ],
)
def test_the_roles_words(text, words):
    assert in_role_words(text, of_list=True) == words


def test_every_variable_of_the_role_is_known():
    """The specs are searched as text; YAML says whether all were found."""
    assert _role_words.variables() == {name for spec in entry_points().values() for name in spec}
    assert unknown_variables([*_role_words.variables(), "freshservice_link_result", "something_else"]) == []


def test_what_each_tenant_of_a_list_can_set_is_no_variable_of_the_run():
    document = yaml.safe_load((_role_words._SPECS).read_text())
    assert {f"freshservice_link_{name}" for name in _role_words.OF_A_TENANT} <= set(
        document["argument_specs"]["main"]["options"]
    )


@pytest.mark.parametrize(
    ("name", "meant_one"),
    [("purg", "purge"), ("tennants", "tenants"), ("Report", "report"), ("stackone_key", "stackone_api_key")],
)
def test_a_misspelt_variable(name, meant_one):
    (sentence,) = unknown_variables([f"freshservice_link_{name}"])
    assert f"did you mean freshservice_link_{meant_one}?" in sentence


@pytest.mark.parametrize(
    "name",
    [
        *("freshservice_links_purge", "freshservce_link_purge", "Freshservice_link_purge", "FRESHSERVICE_LINK_PURGE"),
        *("freshservice_linkpurge", "freshservice_Link_purge", "freshservicelink_purge"),
        "feshservice_link_purge",
        "freshservice-link-purge",
    ],
)
def test_a_misspelt_prefix(name):
    (sentence,) = misspelt_prefixes([name])
    assert sentence.startswith(f"{name} is not read: did you mean freshservice_link_purge? ")
    assert list(misspelt_prefixes([name], [name])) == []


def test_what_resembles_a_variable_is_ones_own():
    own = [
        "freshservice_api_keys",
        "freshservice_label",
        "freshservice_link",
        "freshservice_links",
        "freshservice_tenants",
    ]
    own += [
        *("eu_freshservice_link_purge", "vault_freshservice_link_previous_origin_owner_id"),
        "freshservice_link_purge",
        "freshservice_linked",
        "freshservice_links_result",
        "friends",
        "freshservice_domain",
    ]
    assert list(misspelt_prefixes(own)) == []


def test_a_variable_of_ones_own():
    (sentence,) = unknown_variables(["freshservice_link_zzz"])
    assert "did you mean" not in sentence
    assert unknown_variables(["freshservice_link_zzz"], ["freshservice_link_zzz"]) == []


def test_every_host_has_a_result():
    result, begun = (
        {"freshservice_link_result": {"actions": []}},
        {"__freshservice_link_begun": {"entry_point": "link"}},
    )
    variables = {"done": {**result, **begun}, "at work": begun, "later": {}, "lost": begun}
    gathered = host_results(list(variables), {"done", "at work", "later"}, variables)
    assert [entry["host"] for entry in gathered["results"]] == list(variables)
    assert [entry.get("started") for entry in gathered["results"]] == [None, False, False, None]
    assert gathered["results"][3]["result"]["failed"]
    assert gathered["complete"] is False
    variables["at work"] = {**result, **begun}
    assert host_results(list(variables), {"done", "at work", "later"}, variables)["complete"] is True


def test_a_result_of_another_entry_point_is_not_one_of_this_run():
    verified = {"freshservice_link_result": {"key": "valid"}, "__freshservice_link_begun": {"entry_point": "verify"}}
    linked = {"freshservice_link_result": {"actions": []}, "__freshservice_link_begun": {"entry_point": "link"}}
    variables = {"done": linked, "later": verified, "lost": verified}
    gathered = host_results(list(variables), {"done", "later"}, variables, entry_point="link")
    assert gathered["complete"] is True
    assert [entry.get("started") for entry in gathered["results"]] == [None, False, None]
    assert gathered["results"][2]["result"]["failed"]
    assert all(entry["result"] for entry in host_results(list(variables), [], variables)["results"])


def test_a_result_of_another_host_is_not_its_own():
    """With `run_once`, Ansible gives all hosts the facts and results of one."""
    begun = {"entry_point": "link", "host": "done"}
    shared = {"freshservice_link_result": {"actions": []}, "__freshservice_link_begun": begun}
    gathered = host_results(
        ["done", "other", "lost"], {"done", "other"}, dict.fromkeys(("done", "other", "lost"), shared)
    )
    assert gathered["complete"] is True
    assert [entry.get("started") for entry in gathered["results"]] == [None, False, None]
    assert gathered["results"][2]["result"]["failed"]


def test_a_host_that_is_ahead_keeps_its_result_of_the_entry_point_before():
    before = {"entry_point": "verify", "result": {"key": "valid"}}
    ahead = {"__freshservice_link_begun": {"entry_point": "link", "host": "a", "before": before}}
    for more in ({}, {"freshservice_link_result": {"actions": []}}):
        variables = {"a": {**ahead, **more}}
        verified = host_results(["a"], ["a"], variables, near="a", entry_point="verify")
        assert verified == {"complete": True, "results": [{"host": "a", "result": {"key": "valid"}}]}
        linked = host_results(["a"], ["a"], variables, entry_point="link")
        assert linked["results"][0]["result"] == more.get("freshservice_link_result", {})
    # One that has failed since is not ahead of a later run of the same entry point.
    assert host_results(["a"], [], variables, entry_point="verify")["results"][0]["result"]["failed"]


class Counted(dict):
    """Variables of hosts, which take time to read."""

    read = 0

    def __getitem__(self, name):
        self.read += 1
        return super().__getitem__(name)


def test_a_host_that_asks_while_others_are_at_work_reads_few_variables():
    """Where hosts run ahead, each asks: otherwise a thousand would read a million."""
    hosts = [f"h{number}" for number in range(1000)]
    done = {"freshservice_link_result": {"actions": []}, "__freshservice_link_begun": {"entry_point": "link"}}
    variables = Counted({host: done if number < 500 else {} for number, host in enumerate(hosts)})
    variables["h503"] = {"__freshservice_link_begun": {"entry_point": "link"}}
    assert host_results(hosts, hosts, variables, near="h499") == {"complete": False, "results": []}
    assert variables.read < 20
    # One that has failed is not at work.
    gathered = host_results(hosts, set(hosts) - {"h503"}, variables, near="h499")
    assert (gathered["complete"], len(gathered["results"])) == (True, 1000)
