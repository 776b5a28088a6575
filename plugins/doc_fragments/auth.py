# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that makes auth links."""

from __future__ import annotations


class ModuleDocFragment:
    """How an auth link is made."""

    DOCUMENTATION = r"""
options:
  expires_in:
    description:
      - Seconds after which an auth link expires. StackOne may refuse very long times.
    type: int
    default: 432000
  relink:
    description:
      - Whether to make a link also for a customer whose account works, so that domain and key can be entered again.
    type: bool
    default: false
"""
