# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PlaybookRunner of the integration tests with modules run in this process: a twentieth of the cost, and the same results."""

from __future__ import annotations

import json
from typing import Any

from tests.modules.returns import documented, paths_in, shapes_in, undocumented
from tests.support.clocks import RealTime
from tests.support.collection import MODULE
from tests.support.module_runner import ModuleRunner
from tests.support.playbook_runner import PlaybookRunner, Run


class InProcessRunner(PlaybookRunner):
    """Runs the modules' own main() as Ansible would; there is no playbook, and no environment."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.modules = ModuleRunner(self.emulator, RealTime)
        self.returned: set[tuple[str, str]] = set()
        self.shapes: set[tuple[str, str, frozenset[str]]] = set()

    def play(self, *tasks: dict[str, Any], module: str = MODULE, env: dict[str, str] | None = None) -> Run:
        """Run the module once for each mapping of options; `check: True` in it means check mode."""
        assert env is None, "only a process of its own has an environment of its own"
        results = [self._result(module.rpartition(".")[2], dict(options)) for options in tasks]
        text = "\n".join(json.dumps(shown(result), ensure_ascii=False) for result in results)
        run = Run(0, text, [json.loads(json.dumps(result)) for result in results])
        self.runs += 1
        (self.folder / f"output-{self.runs}.txt").write_text(text)
        self.assert_no_secret()
        return run

    def _result(self, module: str, options: dict[str, Any]) -> dict[str, Any]:
        check = options.pop("check", False)
        run = self.modules.enter(module, options, check)
        warnings = {"warnings": run.warnings} if run.warnings else {}
        result = {**run.result, **warnings, "failed": run.failed}
        assert undocumented(module, result) == []
        self.returned.update((module, path) for path in paths_in(result, documented(module)))
        self.shapes.update((module, *shape) for shape in shapes_in(result, documented(module)))
        return result


def shown(value: Any) -> Any:
    """A result without the auth links, which the action plugins keep from everybody but the registered variable."""
    if isinstance(value, dict):
        return {name: shown(inner) for name, inner in value.items() if name != "auth_link_url"}
    return [shown(inner) for inner in value] if isinstance(value, list) else value
