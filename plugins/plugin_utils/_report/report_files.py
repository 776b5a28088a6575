# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds and reads the reports that are to be merged."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from .._keys.problems import Problem
from .merged import Part, part_from


def parts_in(named: Iterable[Any], written: Collection[str] = ()) -> list[Part]:
    """Return the reports in files, in folders and matching patterns. The latter leave out those that are written now.

    Raises Problem, which names each file that cannot be read, or says that there is none.
    """
    leave = {os.path.realpath(path) for path in written}
    paths = dict.fromkeys(path for name in named for path in _paths(str(name), leave))
    if not paths:
        raise Problem(f"no report was found in {', '.join(map(str, named)) or 'an empty list'}.")
    parts, problems = [], []
    for path in paths:
        try:
            parts.append(part_from(path, _content(path)))
        except Problem as problem:
            problems.append(str(problem))
    if problems:
        raise Problem(" ".join(problems))
    return parts


def _paths(name: str, written: Collection[str]) -> Iterator[str]:
    """Yield the files that a name stands for. Raises Problem if it is one that is written now."""
    path = os.path.abspath(os.path.expanduser(os.path.expandvars(name)))
    if not os.path.isdir(path) and (os.path.exists(path) or not glob.has_magic(path)):
        if os.path.realpath(path) in written:
            raise Problem(
                f"{path} is also the report that is written, so its rows would be lost. Name another file for that."
            )
        yield path
        return
    pattern = os.path.join(glob.escape(path), "*.json") if os.path.isdir(path) else path
    yield from (each for each in sorted(glob.glob(pattern)) if os.path.realpath(each) not in written)


def _content(path: str) -> Any:
    # Reading a pipe or a device may never end.
    if not os.path.exists(path):
        raise Problem(f"the file {path} does not exist.")
    if not os.path.isfile(path):
        raise Problem(f"{path} is not a file.")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise Problem(f"{path} is not a report of this collection in JSON.") from None
