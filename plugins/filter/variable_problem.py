# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what is wrong with the role's variables. variable_problem.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def variable_problem(
    values: Mapping[str, Any],
    run: Mapping[str, Any] | None = None,
    contents: Mapping[str, Sequence[str]] | None = None,
    hosts: Iterable[str] = (),
    variables: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the first problem, or empty text."""
    from ..plugin_utils._role.given import OMITTED, Given, Run
    from ..plugin_utils._role.problem import CHECKS, EARLY_CHECKS, LATE_CHECKS, first_problem

    if run is None:
        return first_problem(Given(values), EARLY_CHECKS)
    values = {name: "" if isinstance(value, str) and value == OMITTED else value for name, value in values.items()}
    # Without an inventory, Ansible's hostvars are empty, and yet hold what -e sets.
    of_hosts = {} if variables is None else variables
    given = Given(values, Run(**run), contents or {}, list(hosts), of_hosts)
    return first_problem(given, CHECKS if given.run.uses is None else LATE_CHECKS)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"variable_problem": variable_problem}
