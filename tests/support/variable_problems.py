# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first problem of a run over a list, with the variables and the hosts of a test."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.filter.variable_problem import variable_problem

LIST = {"needs": ["list"], "is_list": True, "has_list": True, "steps": "link_list", "event": {}, "host": "localhost"}


def problem(run=(), contents=None, hosts=(), variables=None, **values):
    """Return the problem, or empty text. The names of variables are without their prefix."""
    given = {f"freshservice_link_{name}": value for name, value in values.items()}
    return variable_problem(given, {**LIST, **dict(run)}, contents, hosts, variables)
