# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a report into files, each in the form that its ending names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from ...module_utils._core.files import replace_file
from .._keys.problems import Problem
from .document import as_document
from .forms import FORMS, About, Form, form_of, full_reports, holds_another

LONGEST_NAME = 255
"""Bytes (NAME_MAX of Linux and macOS)."""


def write_files(document: Any, paths: Iterable[str], playbook: str, host: str, skip_unusable: bool) -> Iterator[str]:
    """Write each file and yield its path. Raise Problem after the last, unless what is not a path of a report is skipped."""
    whole = as_document(document)
    places = [os.path.realpath(os.path.expanduser(os.path.expandvars(path))) for path in paths]
    about = About(playbook, host, full_reports(places))
    problems = []
    for path, form in list(_usable(places, skip_unusable)):
        try:
            _write_one(path, form, form.text(whole, about))
            yield path
        except Problem as problem:
            problems.append(str(problem))
    # The others are written first: what a monitoring system reads may not stay as an earlier run left it.
    if problems:
        raise Problem(" ".join(problems))


def _usable(paths: Iterable[str], skip: bool) -> Iterator[tuple[str, Form]]:
    """Yield the paths that can be written, with the forms. Raise Problem if one cannot, unless such paths are skipped."""
    for path in paths:
        try:
            yield path, _form_for(path)
        except Problem:
            if not skip:
                raise


def _form_for(path: str) -> Form:
    """Return the form of a report that can be written there. Raise Problem."""
    form = form_of(path)
    if form is None:
        raise Problem(f"paths: {path} ends in none of {', '.join(FORMS)}, which say what to write.")
    if not os.path.isdir(os.path.dirname(path)):
        raise Problem(f"paths: the folder of {path} does not exist.")
    if len(os.fsencode(os.path.basename(path))) > LONGEST_NAME:
        raise Problem(f"paths: the name of {path} is too long for a file.")
    if holds_another(path):
        raise Problem(
            f"paths: {path} holds something else than a report, and would be replaced. Name another file, or remove it."
        )
    return form


def _write_one(path: str, form: Form, text: str) -> None:
    try:
        replace_file(path, text, form.mode)
    except OSError as error:
        raise Problem(f"paths: {path} cannot be written ({error.strerror}).") from None
