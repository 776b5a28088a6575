# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of a YAML file in words, without its content: any value could be a key in the wrong place. Pure."""

from __future__ import annotations

from typing import Any

import yaml

TWICE = "an option is given twice"


class GivenTwice(yaml.constructor.ConstructorError):
    """An option that a dictionary holds for the second time."""

    def __init__(self, mark: Any) -> None:
        super().__init__(None, None, TWICE, mark)


def fault_of(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return the line of a text, and the fault that is there."""
    mark = error.problem_mark
    if error.context_mark and error.context and "quoted scalar" in error.context:
        # An open quote is noticed at the end of the file, and made where the text begins.
        mark = error.context_mark
    # A missing end is noticed behind the last line.
    line = f"line {min(mark.line + 1, len(text.splitlines()))}: " if mark else ""
    return f"{line}{_words(error)}"


def _words(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, GivenTwice):
        return f"{TWICE}. Remove one of them."
    if isinstance(error, (yaml.scanner.ScannerError, yaml.parser.ParserError)):
        # What these say is about signs and structure. What others say can quote a value.
        return (
            f"this is not YAML: {error.problem}. Check the indentation and the quotes; a value that holds a colon, a quote or"
            " a brace is put in quotes."
        )
    if "tag" in (error.problem or ""):
        return (
            "this is not plain YAML. A file of tenants holds no tags, such as !vault; keys go into api_keys, and"
            " ansible-vault encrypts a whole file."
        )
    if "document" in (error.problem or ""):
        return "a second document begins. Write one list of tenants."
    return "this is not plain YAML. Put a value that begins with a brace, a bracket, * or & in quotes."
