# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do all the work of `report_files`, on the controller. plugins/modules/report_files.py documents it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._core.files import replace_file
from ..module_utils._core.tenant import invalid_argument
from ..plugin_utils._keys.problems import Problem
from ..plugin_utils._report.document import as_document
from ..plugin_utils._report.forms import FORMS, About, Form, form_of, full_reports

SPEC = {
    "document": {"type": "dict", "required": True},
    "paths": {"type": "list", "elements": "str", "required": True},
    "playbook": {"type": "str", "default": ""},
    "host": {"type": "str", "default": "localhost"},
    "skip_unusable": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Write one document into several files. A template would make the document again for each of them."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the files that were written, in check mode as well: a report changes nothing that is declared."""
        result = super().run(tmp, task_vars)
        try:
            _checked, options = self.validate_argument_spec(SPEC)
            written = list(_write(options))
        except (AnsibleActionFail, Problem) as problem:
            failure = invalid_argument(str(problem)).failure
            return {**result, "failed": True, "changed": False, "msg": failure.line, "failure": failure.as_dict()}
        return {**result, "changed": False, "paths": written}


def _write(options: Mapping[str, Any]) -> Iterator[str]:
    """Write each file and yield its path. Raise Problem."""
    document = as_document(options["document"])
    paths = [os.path.realpath(os.path.expanduser(path)) for path in options["paths"]]
    about = About(options["playbook"], options["host"], full_reports(paths))
    for path, form in list(_usable(paths, options["skip_unusable"])):
        _write_one(path, form, form.text(document, about))
        yield path


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
    return form


def _write_one(path: str, form: Form, text: str) -> None:
    try:
        replace_file(path, text, form.mode)
    except OSError as error:
        raise Problem(f"paths: {path} cannot be written ({error.strerror}).") from None
