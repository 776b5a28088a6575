# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: what others wrote into accounts stays text."""

from __future__ import annotations

import json

from tests.integration.inventories import listing, play, requests_of, source

RUN = str(7919 * 7907)
"""What hostile texts would become if they were run as templates."""


HOSTILE = [
    *("all", "ungrouped", "localhost", "127.0.0.1", "stackone_accounts", "!customer", "&customer", "~.*", "*"),
    *("web[0:9]", "a:b", "a,b", "@/etc/hosts", "-vvv", "../../tmp/x", "My Company Ltd", " \t padded\n"),
    *("\x1b[31mred\x1b[0m", "Größe-例", "{{ 7919 * 7907 }}", "{% raw %}", "#jinja2: x", "[1, 2]", "True"),
    "2001:db8::1",
]
NAMED = {
    **{0: "all_d0", 2: "localhost_d2", 4: "stackone_accounts_d4", 5: "_customer_d5", 6: "_customer_d6"},
    **{9: "web_0_9_", 14: "_._.._tmp_x", 16: "padded", 17: "red", 18: "Größe-例", 19: "___7919___7907___"},
    **{22: "_1__2_", 23: "True"},
}
"""What some of them become, by position."""


def test_every_name_is_a_pattern_for_its_host_alone(runner):
    """Whatever owners are called, no account is lost, and no name means anything else to Ansible."""
    for index, owner in enumerate(HOSTILE):
        runner.emulator.add_account(origin_owner_id=owner, domain=f"d{index}", api_key="x", label=f"account {index}")
    inventory = source(runner)
    name_is_pattern = {
        "ansible.builtin.assert": {"that": "query('inventory_hostnames', inventory_hostname) == [inventory_hostname]"},
    }
    text = "{{ stackone_label }} is {{ inventory_hostname }}, {{ stackone_origin_owner_id }}."
    tasks = [name_is_pattern, {"ansible.builtin.debug": {"msg": text}}]
    here = {"hosts": "localhost", "tasks": [{"ansible.builtin.debug": {"msg": "here {{ stackone_id is defined }}"}}]}
    run = play(runner, inventory, {"hosts": "all", "tasks": tasks}, here)
    assert run.code == 0, run.output
    assert "here False" in run.output
    assert RUN not in run.output
    for index, name in NAMED.items():
        assert f"account {index} is {name}, " in run.output, run.output
    assert sum(f"account {index} is " in run.output for index in range(len(HOSTILE))) == len(HOSTILE)


def test_a_misspelt_status_is_named(runner):
    runner.by_hand("acme")
    told = listing(runner, source(runner, statuses=["activ"]))
    assert "statuses: no account has the status 'activ'. StackOne documents active," in told.words
    assert not told.data.get("stackone_accounts", {}).get("hosts")


def test_a_key_that_stands_in_an_account_is_in_no_variable_and_in_no_cache(runner):
    """In a name, however it is written, and in a status, which comes in lower case; the runner searches for it."""
    key = runner.emulator.stackone_api_key
    hidden = f"{key[:9]}\x1b]0;a title\x07{key[9:]}\ufff9"
    runner.emulator.add_account(origin_owner_id="1", origin_owner_name=f"Name {key}", label=key.swapcase(), status=key)
    runner.emulator.add_account(origin_owner_id="\x1b]0;a title\x07two", origin_owner_name=hidden, label="\x9b2J")
    inventory = source(runner, cache=True, cache_plugin="jsonfile", cache_connection=str(runner.folder / "cache"))
    for _fresh_and_cached in range(2):
        told = json.dumps(listing(runner, inventory).data).lower()
        assert key.lower() not in told
        assert told.count("********") == 4
        assert "title" not in told
        assert "2j" not in told


def test_texts_of_stackone_are_never_templates(runner):
    """In variables, composed variables and groups, fresh and from the cache."""
    marker = runner.folder / "was-run"
    run_it = f"lookup('ansible.builtin.pipe', 'touch {marker}')"
    header = "#jinja2:variable_start_string:'[[',variable_end_string:']]'\n"
    hostile = {
        "braces": {"label": f"A {{{{ 7919 * 7907 }}}} {{{{ {run_it} }}}}"},
        "header": {"label": f"{header}B [[ 7919 * 7907 ]] [[ {run_it} ]]"},
        "statement": {"label": f"C {{% if {run_it} %}}{{% endif %}}"},
        "list": {"label": "[1, 2]", "status": f"{{{{ {run_it} }}}}"},
    }
    for name, fields in hostile.items():
        reasons = [{"code": "x", "description": "R {{ 7919 * 7907 }}", "timestamp": "2026-11-01T08:00:00Z"}]
        runner.emulator.add_account(
            origin_owner_id=name, origin_owner_name=f"N {{{{ {run_it} }}}}", status_reasons=reasons, **fields
        )
    inventory = source(
        runner,
        cache=True,
        cache_plugin="jsonfile",
        cache_connection=str(runner.folder / "cache"),
        compose={"composed": "stackone_label", "joined": "stackone_label ~ ''", "made": "'<' ~ stackone_label ~ '>'"},
        keyed_groups=[
            {"key": "stackone_label", "prefix": "label"},
            {"key": "stackone_status", "parent_group": "by_status"},
        ],
        groups={"found": "stackone_label is search('7919 . 7907')"},
    )
    texts = "[stackone_label, composed, made, stackone_status_reasons, stackone_origin_owner_name]"
    show = {"ansible.builtin.debug": {"msg": f"{{{{ {texts} | to_json }}}} {{{{ joined }}}} {{{{ group_names }}}}"}}
    keep = {"ansible.builtin.set_fact": {"kept": "{{ stackone_label }}"}}
    again = {"ansible.builtin.debug": {"msg": "kept {{ kept }} {{ hostvars[inventory_hostname].stackone_label }}"}}
    variable = {"ansible.builtin.debug": {"var": "stackone_label"}}
    for requests in (1, 0):
        run = play(runner, inventory, {"hosts": "stackone_accounts", "tasks": [show, keep, again, variable]})
        assert run.code == 0, run.output
        assert requests_of(runner) == requests
        braces = [f"{before} {{{{ 7919 * 7907 }}}}" for before in ("A", "<A", "kept A", "R")]
        for text in (*braces, "B [[ 7919 * 7907 ]]"):
            assert text in run.output, (text, run.output)
        assert RUN not in run.output
        assert not marker.exists()
    found = listing(runner, inventory)
    assert found.code == 0, found.output
    assert found.hosts["braces"]["composed"] == found.label_of("braces") == hostile["braces"]["label"]
    assert found.hosts["list"]["composed"] == "[1, 2]"
    assert found.group("found") == {"braces", "header"}
    assert "by_status" in found.data
    assert RUN not in json.dumps(found.data)
    assert not marker.exists()


def test_texts_of_stackone_are_never_conditions(runner):
    """Ansible evaluates a text that a condition's template gives."""
    marker = runner.folder / "was-run"
    hostile = [f"lookup('ansible.builtin.pipe', 'touch {marker}')", f"'touch {marker}' | shell"]
    hostile += ["range(9)", "stackone_id"]
    for index, text in enumerate(hostile):
        runner.emulator.add_account(origin_owner_id=f"c{index}", domain=f"d{index}", api_key="x", label=text)
    inventory = source(runner, compose={"composed": "stackone_label", "joined": "stackone_label ~ ' '"})
    tasks = [
        {"ansible.builtin.debug": {"msg": "x"}, "when": f"{{{{ {name} }}}}", "ignore_errors": True}
        for name in ("stackone_label", "composed", "joined")
    ]
    tasks.append({"ansible.builtin.assert": {"that": "{{ stackone_label }}"}, "ignore_errors": True})
    run = play(runner, inventory, {"hosts": "stackone_accounts", "tasks": tasks})
    assert run.code == 0, run.output
    assert not marker.exists()


NAMES = [
    *("My Company Ltd", "O'Brien & Sons, Inc.", "Acme (UK) Ltd", "Größe – 例", "50% off: #1!", "a@b.example"),
    "C:/x; y? z",
]


def test_other_programs_read_plain_texts(runner):
    """And Ansible reads what it exported, without running any of it."""
    marker = runner.folder / "was-run"
    run_it = f"{{{{ lookup('ansible.builtin.pipe', 'touch {marker}') }}}}"
    for index, name in enumerate([*NAMES, run_it]):
        runner.emulator.add_account(
            origin_owner_id=f"c{index}", domain=f"d{index}", api_key="x", origin_owner_name=name
        )
    inventory = source(runner, compose={"again": "stackone_origin_owner_name ~ ''"})
    for show in (["--list"], ["--list", "--export"]):
        exported = runner.folder / "inventory.json"
        assert listing(runner, inventory, show=show).code == 0
        hosts = json.loads(exported.read_text())["_meta"]["hostvars"]
        for index, name in enumerate(NAMES):
            assert (hosts[f"c{index}"]["stackone_origin_owner_name"], hosts[f"c{index}"]["again"]) == (name, name)
        script = runner.folder / "inventories" / "exported.sh"
        script.write_text(f"#!/bin/sh\ncat <<'END'\n{exported.read_text()}\nEND\n")
        script.chmod(0o700)
        names = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} is {{ stackone_origin_owner_name }}."}}
        run = play(runner, script, {"hosts": "stackone_accounts", "tasks": [names]})
        assert run.code == 0, run.output
        for index, name in enumerate([*NAMES, run_it]):
            assert f"c{index} is {name}." in run.output, run.output
        script.unlink()
    assert not marker.exists()
