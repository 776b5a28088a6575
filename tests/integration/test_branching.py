# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's recipe for branching on failures, as it stands there, for each way in which a module can end."""

from __future__ import annotations

import re

import yaml

from tests.support.collection import MODULE, ROOT

BROKEN = {"urllib3": "raise RuntimeError('half installed')", "requests": "import urllib3"}

WAYS = {
    "well": ({}, {}, "none", False),
    "another key is needed": ({"domain": "initech"}, {}, "key_refused", False),
    "StackOne's key is wrong": ({"stackone_api_key": "v1.eu1.wrong"}, {}, "stackone_key_refused", True),
    "nobody listens": ({"stackone_url": "http://127.0.0.1:9", "retries": 0}, {}, "stackone_unreachable", True),
    "no domain": ({"domain": "a b"}, {}, "invalid_domain", True),
    "a missing library": ({}, {"environment": {"PYTHONPATH": "{{ broken }}"}}, "library_missing", True),
    "a missing option": ({"origin_owner_id": None}, {}, None, True),
    "a bad choice": ({"state": "presnt"}, {}, None, True),
    "a bad type": ({"retries": "many"}, {}, None, True),
    "no Python": ({}, {"vars": {"ansible_python_interpreter": "/nowhere/python"}}, "internal_error", True),
}
"""Way -> what is set otherwise in the task's options and in the task, the code where the module has one, and whether the
task fails."""


def recipe():
    """The guide's two tasks."""
    guide = (ROOT / "docs" / "failure_codes.md").read_text()
    block = re.search(r"(?s)## Branch on a failure code\n\n```yaml\n(.*?)```", guide)
    return yaml.safe_load(block.group(1))


def test_the_guides_recipe_works_however_a_module_ends(runner):
    for name, text in BROKEN.items():
        folder = runner.folder / "broken" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text)
    declared, tasks = {}, []
    for number, (way, (options, task, code, failed)) in enumerate(WAYS.items()):
        declared[str(number)] = runner.options(**options)
        if "domain" in options and options["domain"] == "initech":
            declared[str(number)]["api_key"] = runner.tenant_key("initech")
        link, ask = recipe()
        link[MODULE] = {name: f"{{{{ options['{number}']['{name}'] }}}}" for name in declared[str(number)]}
        checks = [f"link is {'' if failed else 'not '}failed"]
        if code:
            checks.append(f"link.failure.code | default('none') == '{code}'")
        tasks += [
            {**link, **task, "name": way, "delay": 0, "ignore_errors": True},
            {**ask, "name": f"{way}: ask"},
            {"name": f"{way}: check", "ansible.builtin.assert": {"that": checks}},
        ]
    run = runner.run_tasks(*tasks, secret={"options": declared, "broken": str(runner.folder / "broken")})
    assert run.code == 0, run.output[-4000:]
    assert "has no attribute" not in run.output
    assert run.output.count("RETRYING") == 3
