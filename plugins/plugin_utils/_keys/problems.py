# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in the input of a filter: it raises one, or hands it on to the module in place of its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleFilterError

from ...module_utils._module.reading import PROBLEM, problem_in


class Problem(ValueError):
    """A fault in the input, described in one line that holds no secret."""


class RowProblem(Problem):
    """A fault in one row, which does not affect the rows around it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def handed(make: Callable[[], Any], on_problem: str) -> Any:
    """Return what is made, or the problem in its place if `on_problem` is `return`. Raises AnsibleFilterError."""
    if on_problem not in ("raise", "return"):
        raise AnsibleFilterError("on_problem must be raise or return.")
    try:
        return make()
    except Problem as problem:
        text = str(problem)
    except RecursionError:
        text = "an entry is nested too deeply, or holds itself."
    if on_problem == "return":
        return {PROBLEM: text}
    raise AnsibleFilterError(text)


def checked(value: Any) -> Any:
    """Return the value. Raises Problem if an earlier filter has handed one on."""
    problem = problem_in(value)
    if problem:
        raise Problem(problem)
    return value


@contextmanager
def of_source(name: str) -> Iterator[None]:
    """Make a Problem name the file or variable that it is in, if the name is known."""
    try:
        yield
    except Problem as problem:
        raise Problem(f"{name}: {problem}" if name else str(problem)) from None
