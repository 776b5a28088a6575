# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what is wrong with a run of the role, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from . import file_checks, host_checks, variable_checks
from .given import Given

Check = Callable[[Given], Iterator[str]]

EARLY_CHECKS: Sequence[Check] = (variable_checks.references, variable_checks.paths, variable_checks.event_text)
"""Those without which the role could not evaluate what the others need."""

CHECKS: Sequence[Check] = (
    variable_checks.names,
    variable_checks.results,
    variable_checks.sources,
    variable_checks.keys_in_one_place,
    variable_checks.tenants,
    variable_checks.of_one_tenant,
    file_checks.auth_links_file,
    file_checks.reports_beside_files,
    variable_checks.of_each_tenant,
    host_checks.lists_among_tenants,
    host_checks.purges_of_other_hosts,
    variable_checks.plan,
    variable_checks.new_keys,
    variable_checks.event,
    variable_checks.wait,
    variable_checks.wait_interval,
    file_checks.read_files,
    file_checks.report,
    file_checks.export,
    file_checks.report_forms,
    file_checks.long_names,
    file_checks.report_places,
    # The last one, because these files can be large.
    file_checks.merged_reports,
)

LATE_CHECKS: Sequence[Check] = (host_checks.files_of_other_hosts,)
"""Those for which each host of the play must have been checked by itself."""


def first_problem(given: Given, checks: Sequence[Check]) -> str:
    """Return what the first check finds that finds something, or empty text."""
    return next(filter(None, (" ".join(check(given)) for check in checks)), "")
