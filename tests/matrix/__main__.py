# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests on every supported ansible-core that this machine's Pythons allow: `make matrix`.

--smoke          only what differs between versions, in half a minute for each
--corners        only the oldest version on its oldest Python with the oldest libraries, and the newest on its newest
--core 2.16      only this version (may be repeated)
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.ansible_versions import (
    ROOT,
    SUPPORTED,
    Cell,
    Version,
    cell_environment,
    cells,
    corners,
    environment,
    pythons,
    text,
)

FULL = ("tests/unit/plugins", "tests/modules", "tests/integration")
SMOKE = (
    "tests/unit/plugins/test_tenants_filter.py",
    "tests/unit/plugins/test_keys_of_tenants.py",
    "tests/unit/plugins/test_vaulted_api_keys_filter.py",
    "tests/unit/plugins/test_report_document.py",
    "tests/unit/plugins/test_report_kinds.py",
    "tests/unit/plugins/test_report_texts.py",
    "tests/unit/plugins/test_marked.py",
    "tests/unit/plugins/test_declarations.py",
    "tests/unit/plugins/test_variable_problem.py",
    "tests/integration/test_export.py",
    "tests/integration/test_inventory_texts.py::test_other_programs_read_plain_texts",
    "tests/integration/test_inventory_texts.py::test_texts_of_stackone_are_never_conditions",
    "tests/integration/test_vault_keys.py::test_first_again_more_and_rotated",
    "tests/integration/test_inventory.py::test_accounts_are_hosts",
    "tests/integration/test_inventory_failures.py::test_failures_are_one_line_each",
    "tests/integration/test_inventory_texts.py::test_texts_of_stackone_are_never_templates",
    "tests/integration/test_inventory.py::test_the_key_comes_in_every_way",
    "tests/integration/test_what_people_write.py::test_a_survey_where_nobody_answered",
    "tests/integration/test_role_refusals.py::test_what_is_wrong_with_a_file_is_told_in_one_line[another vault]",
    "tests/integration/test_projects.py::test_a_variable_of_one_project_that_cannot_be_right_does_not_stop_the_others[report.html-5]",
    "tests/integration/test_playbooks.py::test_inline_vaulted_keys",
    "tests/integration/test_playbooks.py::test_link_by_host",
    "tests/integration/test_playbooks.py::test_two_hosts_for_one_account_are_refused_before_anything_is_done",
    "tests/integration/test_lost_parent.py::test_the_module_ends_with_its_run[end_by_killing_the_playbook]",
    "tests/integration/test_lost_parent.py::test_a_task_timeout_ends_the_module[task]",
    "tests/integration/test_lost_parent.py::test_a_job_in_the_background_outlives_its_run",
    "tests/integration/test_inventory.py::test_no_customer_is_called_what_a_group_is[keyed]",
    "tests/integration/test_inventory_cache.py::test_nobody_else_reads_the_cache",
    "tests/integration/test_handed_on.py::test_what_customers_are_called_is_a_template_in_no_later_job",
    "tests/integration/test_handed_on.py::test_hosts_hand_on_one_result_for_all[linear]",
    "tests/integration/test_cancelled_jobs.py::test_a_cancelled_job_sends_nothing_more",
    "tests/integration/test_playbooks.py::test_a_module_that_dies_is_never_green[link_by_host]",
    "tests/integration/test_playbooks.py::test_nothing_leaks_under_ansible_runner",
    "tests/integration/test_auth_links.py::test_links_are_hidden_wherever_ansible_shows_results[tenantlink.stackone.auth_links]",
    "tests/integration/test_life_playbooks.py::test_the_report_of_a_run",
    "tests/integration/test_reports_for_pipelines.py::test_a_preview_and_a_run",
    "tests/integration/test_reports_for_pipelines.py::test_a_reader_never_sees_half_a_file",
    "tests/integration/test_reports_for_pipelines.py::test_a_refused_report_does_not_hide_the_others",
    "tests/integration/test_link_playbook.py::test_a_list_of_tenants",
    "tests/integration/test_projects.py::test_a_wrong_key_of_one_project_does_not_stop_the_other",
    "tests/integration/test_projects.py::test_a_file_for_two_projects_is_refused_before_anything_is_done",
    "tests/integration/test_projects.py::test_a_list_for_everybody_is_purged_beside_hosts_without_one",
    "tests/integration/test_projects.py::test_lists_in_variables_of_the_play_are_not_purged_either[free]",
    "tests/integration/test_masked_keys.py",
    "tests/integration/test_handed_on.py::test_a_play_with_a_list_and_a_tenant_as_a_host[5]",
    "tests/integration/test_secret_backends.py::test_each_of_several_projects_fetches_its_keys_once",
    "tests/integration/test_plan_playbook.py",
    "tests/integration/test_moved_owner.py",
)
MODULE_SIDE = (
    "tests/integration/test_link.py::test_first_link",
    "tests/integration/test_links.py::test_first_link_then_nothing_to_do",
    "tests/integration/test_keys_info.py::test_every_verdict_is_returned",
    "tests/integration/test_auth_links.py::test_many_owners",
    "tests/integration/test_account_info.py::test_what_is_shown",
)


@dataclass
class Outcome:
    """How a cell ended."""

    cell: Cell
    passed: int
    failed: int
    seconds: float
    code: int

    @property
    def said(self) -> str:
        """As the table has it."""
        return f"{self.passed} passed" if self.code == 0 else f"FAILED: {self.failed} of {self.passed + self.failed}"


def run(cell: Cell, found: dict[Version, Path], tests: Sequence[str], jobs: int) -> Outcome:
    """Run the tests in one cell."""
    interpreter = cell_environment(cell, found[cell.python])
    variables = {**os.environ}
    if cell.module_python:
        modules = environment(found[cell.module_python], f"modules-{text(cell.module_python)}", "requests>=2.32.3")
        variables["TENANTLINK_MODULE_PYTHON"] = str(modules)
    started = time.monotonic()
    command = [interpreter, "-m", "pytest", "-q", "-n", str(jobs), "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:], flush=True)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Outcome(cell, counts.get("passed", 0), failed, time.monotonic() - started, done.returncode)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each version of ansible-core, a column for each Python: tests passed, or what failed."""
    columns = sorted({outcome.cell.column for outcome in outcomes}, key=lambda column: (len(column), column))
    lines = [["ansible-core", *columns]]
    for core in dict.fromkeys(outcome.cell.core for outcome in outcomes):
        said = {outcome.cell.column: outcome.said for outcome in outcomes if outcome.cell.core == core}
        lines.append([core, *(said.get(column, "") for column in columns)])
    widths = [max(len(line[position]) for line in lines) for position in range(len(columns) + 1)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def main() -> int:
    """Run the matrix; the exit code says whether every cell passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="only what differs between versions")
    parser.add_argument(
        "--corners", action="store_true", help="only the oldest on the oldest, the newest on the newest"
    )
    parser.add_argument("--core", action="append", choices=[*SUPPORTED], help="only this version; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time")
    arguments = parser.parse_args()
    found = pythons()
    every = cells(found, arguments.core or SUPPORTED)
    outcomes = []
    for cell in corners(every) if arguments.corners else every:
        tests = MODULE_SIDE if cell.module_python else SMOKE if arguments.smoke else FULL
        outcome = run(cell, found, tests, arguments.jobs)
        outcomes.append(outcome)
        verdict = "passed" if outcome.code == 0 else "FAILED"
        print(
            f"{verdict}: {cell.name}: {outcome.passed} passed, {outcome.failed} failed, {outcome.seconds:.0f} s",
            flush=True,
        )
    print(f"\n{table(outcomes)}\n")
    missing = [core for core in SUPPORTED if not cells(found, [core])]
    if missing:
        print(f"Not possible with the Pythons here ({', '.join(map(text, sorted(found)))}): {', '.join(missing)}")
    bad = [outcome.cell.name for outcome in outcomes if outcome.code]
    print(f"MATRIX {'FAILED: ' + '; '.join(bad) if bad or not outcomes else 'PASSED'}: {len(outcomes)} cells.")
    return 1 if bad or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
