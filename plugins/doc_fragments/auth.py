# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules that create auth links share."""

from __future__ import annotations


class ModuleDocFragment:
    """How an auth link is created, and how it is kept secret."""

    DOCUMENTATION = r"""
options:
  expires_in:
    description:
      - Seconds after which an auth link expires. StackOne may refuse very long times.
    type: int
    default: 432000
  relink:
    description:
      - Whether to also create a link for a customer whose account works, so that domain and key can be entered again.
    type: bool
    default: false
notes:
  - Do not print the registered variable with M(ansible.builtin.debug), do not loop over it, and do not copy a link to a file that
    others can read. With E(ANSIBLE_DEBUG), Ansible prints what a module returns before anything can hide it.
  - The module cannot run with C(async), because nothing could hide the result then.
attributes:
  async:
    support: none
    details:
      - Nothing could hide the result of a background task.
  check_mode:
    support: full
    details:
      - In check mode no connect session is opened, so no link is created.
  diff_mode:
    support: none
    details:
      - A new link is a change, but no account differs before the customer has used it.
  idempotent:
    support: partial
    details:
      - Until the customer is linked, every run creates a new link. Earlier links work until they expire.
"""
