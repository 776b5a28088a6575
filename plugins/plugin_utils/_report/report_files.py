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
    """Return the reports in files, in folders and matching patterns, without those that are written now.

    Raises Problem, which names each file that cannot be read, or says that there is none.
    """
    leave = {os.path.realpath(path) for path in written}
    paths = dict.fromkeys(path for name in named for path in _paths(str(name)) if os.path.realpath(path) not in leave)
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


def _paths(name: str) -> Iterator[str]:
    path = os.path.abspath(os.path.expanduser(name))
    if os.path.isdir(path):
        yield from sorted(glob.glob(os.path.join(glob.escape(path), "*.json")))
    elif os.path.exists(path) or not glob.has_magic(path):
        yield path
    else:
        yield from sorted(glob.glob(path))


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
