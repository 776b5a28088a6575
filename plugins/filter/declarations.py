# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the accounts that StackOne has. declarations.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def declarations(
    accounts: Any,
    path: Any = "tenants.yml",
    origin_owner_ids: Any = None,
    labels: Any = None,
    statuses: Any = None,
    default_profile: Any = None,
    secrets: Any = (),
) -> dict[str, Any]:
    """Return the declared tenants, the accounts that were left out, the files to write, and lines that sum them up."""
    from ..module_utils._core.text import Scrubber
    from ..module_utils._list.entries import secrets_of
    from ..plugin_utils._export.declarations import declarations_of, without_account, without_secrets
    from ..plugin_utils._export.files import FORMS, export_of
    from ..plugin_utils._keys.readable_values import readable

    if not isinstance(accounts, Sequence) or not all(isinstance(each, Mapping) for each in accounts):
        raise AnsibleFilterError("declarations: accounts must be the list that account_info returns.")
    scrubber = Scrubber(secrets_of(readable(secrets), secret=True))
    accounts = without_secrets(accounts, scrubber)
    form = str(path).rpartition(".")[2]
    if form not in FORMS:
        raise AnsibleFilterError(f"declarations: the path must end in .{', .'.join(FORMS)}.")
    wanted = {"origin_owner_id": origin_owner_ids, "label": labels, "status": statuses}
    chosen = {name: [str(value) for value in _listed(name, values)] for name, values in wanted.items()}
    export = export_of(str(path), form, declarations_of(accounts, default_profile or None).only(chosen))
    return {
        "tenants": export.found.tenants,
        "left_out": [each.as_dict() for each in export.found.left_out],
        "files": [{"path": each, "text": text} for each, text in export.files.items()],
        "lines": [*export.lines, *map(scrubber.scrub, without_account(accounts, chosen))],
    }


def _listed(name: str, values: Any) -> Sequence[Any]:
    """Return a list; a single text, such as `-e` and a survey give it, is the only item."""
    if isinstance(values, str):
        return [values] if values else []
    if values is None or isinstance(values, Sequence):
        return values or []
    raise AnsibleFilterError(f"declarations: each {name} that is wanted must be in a list.")


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"declarations": declarations}
