# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the files that the role's variables name, each of which yields what is wrong.

They are made before anything is done, because a run of an hour must not end without its report.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .._keys.problems import Problem
from .._report.forms import holds_another
from .given import Given, flat, full

EXPORT_FORMS = (".yml", ".yaml", ".csv", ".json")
LONGEST_NAME = 200
"""Bytes. A name can have 255 on most file systems, of which those of backups and temporary files take a part."""
REPORT_FORMS = (".html", ".csv", ".json", ".md", ".xml", ".prom")
AUTH_LINKS_BEGIN = re.compile(
    r"\ufeff?(\s*$|origin_owner_id,origin_owner_name,domain,purpose,auth_link_url|[$]ANSIBLE_VAULT;)"
)
"""How a file begins that auth links may replace: earlier ones, and encrypted ones that this run cannot decrypt.

Of the latter, a backup is kept.
"""


def read_files(given: Given) -> Iterator[str]:
    """Refuse files that cannot be read. Reading a pipe or a device may never end, so only regular files are read."""
    for variable, path in given.run.files.items():
        whole = full(path)
        if not path or given.contents.get(path):
            continue
        if os.path.isdir(whole):
            yield f"{variable}: {whole} is a folder, not a file."
        elif _is_endless(whole):
            yield f"{variable}: {whole} is a pipe or a device, not a file."
        elif os.path.exists(whole):
            yield (
                f"{variable}: {whole} cannot be read. Check who may read it and, if it is encrypted, that the right vault password was"
                " given, for example with --ask-vault-pass."
            )
        else:
            yield f"{variable}: {whole} does not exist. Check its path."
    for variable, path in given.run.kept.items():
        if path and path not in given.run.files.values() and _is_endless(full(path)):
            yield f"{variable}: {full(path)} is a pipe or a device, not a file."


def _is_endless(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def auth_links_file(given: Given) -> Iterator[str]:
    """Refuse a file of auth links that cannot be written, or that holds something else."""
    if "auth_links_file" not in given.run.needs:
        return
    path, name = given.path("auth_links_file"), "freshservice_link_auth_links_file"
    also = [variable for variable, kept in given.run.kept.items() if kept and full(kept) == path]
    if not path or not os.path.isdir(os.path.dirname(path)):
        yield f"Name the file for the auth links in {name}. Its folder must exist."
    elif also:
        yield f"{name}: {path} is {also[0]} as well. Name another file for the auth links."
    elif os.path.lexists(path) and not os.path.isfile(path):
        yield f"{name}: {path} is {_other_than_a_file(path)}, not a file. Name a file for the auth links."
    elif os.path.isfile(path) and not AUTH_LINKS_BEGIN.match("".join(given.contents.get(path, ()))):
        yield f"{name}: {path} holds something else than auth links, and would be replaced. Name another file, or remove it."


def _other_than_a_file(path: str) -> str:
    if os.path.isdir(path):
        return "a folder"
    return "a symbolic link to itself" if os.path.islink(path) else "a device or a pipe"


def export(given: Given) -> Iterator[str]:
    """Refuse a file to export to that has no known form, or no folder."""
    path = given.path("export")
    if "export" not in given.run.needs:
        return
    if not path.endswith(EXPORT_FORMS) or not os.path.isdir(os.path.dirname(path)) or os.path.isdir(path):
        yield (
            "Name the file to export to in freshservice_link_export, for example tenants.yml. It must end in .yml, .yaml, .csv or"
            " .json, and its folder must exist."
        )
    elif os.path.lexists(path) and not os.path.isfile(path):
        yield f"freshservice_link_export: {path} is {_other_than_a_file(path)}, not a file. Name another file."


def report(given: Given) -> Iterator[str]:
    """Refuse a run for a report that has none, or a merge without reports."""
    if "report_files" in given.run.needs and not given.value("report_files"):
        yield "Name the reports to merge in freshservice_link_report_files, for example /reports/*.json."
    elif "report" in given.run.needs and not given.reports:
        yield "Name the report in freshservice_link_report, for example report.html."


def reports_beside_files(given: Given) -> Iterator[str]:
    """Refuse reports that would replace a file which the run reads or writes."""
    for variable, path in {
        **given.run.kept,
        "freshservice_link_auth_links_file": given.path("auth_links_file"),
    }.items():
        if path and full(path) in given.reports:
            yield f"freshservice_link_report: {full(path)} is {variable} as well. Name another file for the report."


def report_forms(given: Given) -> Iterator[str]:
    """Refuse reports of a form that does not exist."""
    for path, name in zip(given.reports, map(str, given.report_names)):
        if any(part.strip().endswith(REPORT_FORMS) for part in name.split(",")[:-1]):
            yield f'freshservice_link_report {name} is one path. Write several as a list: -e \'{{"freshservice_link_report": ["a.html", "b.csv"]}}\'.'
        elif not path.endswith(REPORT_FORMS):
            leads = f"leads to {path}, which " if name.endswith(REPORT_FORMS) else ""
            yield f"freshservice_link_report {name} {leads}must end in .html, .csv, .json, .md, .xml or .prom."


def report_places(given: Given) -> Iterator[str]:
    """Refuse reports that cannot be written, or that would replace something else."""
    for path, name in zip(given.reports, given.report_names):
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            yield f"freshservice_link_report {name}: the folder {folder} does not exist. Create it, or name another."
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield f"freshservice_link_report {name}: nothing can be written into the folder {folder}. Allow it, or name another."
        elif os.path.lexists(path) and not os.path.isfile(path):
            yield f"freshservice_link_report: {path} is {_other_than_a_file(path)}, not a file. Name another file."
        elif holds_another(path):
            yield f"freshservice_link_report: {path} holds something else than a report, and would be replaced. Name another file, or remove it."


def long_names(given: Given) -> Iterator[str]:
    """Refuse names of files that are to be written and are too long, at the end of the run."""
    written = [("report", path) for path in given.reports]
    written += [(name, given.path(name)) for name in ("plan", "auth_links_file", "export")]
    for name, path in written:
        size = len(os.path.basename(path).encode(errors="replace"))
        if size > LONGEST_NAME:
            shown = os.path.basename(path)[:40]
            yield f"freshservice_link_{name}: the name of the file {shown}... has {size} bytes. Name one with at most {LONGEST_NAME}."


def merged_reports(given: Given) -> Iterator[str]:
    """Refuse reports to merge that cannot be read, or that do not belong together."""
    files = list(flat(given.value("report_files")))
    if "report_files" in given.run.needs and files:
        from .._report.merged import merged
        from .._report.report_files import parts_in

        try:
            merged(parts_in(files, given.reports), "")
        except Problem as problem:
            yield f"freshservice_link_report_files: {problem}"
