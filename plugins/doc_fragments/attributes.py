# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of the modules."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes documentation."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
  action:
    description: Has an action plugin, which runs on the controller and starts the module from there.
  async:
    description: Can run in the background with C(async).
    support: full
  action_group:
    description: >-
      In C(module_defaults), C(group/tenantlink.stackone.all) sets the connection options of every module (O(timeout), O(retries),
      O(proxy), O(validate_certs), O(ca_path), O(client_cert), O(client_key)). C(group/tenantlink.stackone.stackone) also accepts
      C(stackone_api_key), C(stackone_url) and C(requests_per_minute), for the modules that call StackOne.
      C(group/tenantlink.stackone.freshservice) also accepts C(freshservice_url), for the modules that call Freshservice.
    support: full
"""

    GUARDED = r"""
options: {}
attributes:
  action:
    support: full
    details:
      - The action plugin ends the module together with its task or with C(ansible-playbook). The module does all other work.
"""

    WATCHED = r"""
options: {}
attributes:
  action:
    support: full
    details:
      - The action plugin shows progress, and ends the module together with its task or with C(ansible-playbook). The module does all
        other work.
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
    details:
      - This module only reads.
"""
