# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._text import (
    MASK,
    Scrubber,
    one_line,
    without_markup,
)

KEY = 'aB3/"x+9=zzTop'


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        base64.b64encode(f"{KEY}:X".encode()).decode(),
        base64.b64encode(f"{KEY}:".encode()).decode(),
        "aB3%2F%22x%2B9%3DzzTop",
        'aB3/\\"x+9=zzTop',
    ],
)
def test_every_form_of_a_secret_is_masked_everywhere(form):
    scrubbed = Scrubber([KEY]).scrub({"list": [f"before {form} after"], form: 1, "none": None})
    assert scrubbed == {"list": [f"before {MASK} after"], MASK: 1, "none": None}


def test_an_empty_secret_masks_nothing():
    assert Scrubber([None, ""]).scrub("text") == "text"


def test_no_escape_sequence_or_control_character_reaches_a_terminal():
    hostile = "a\x1b[31mred\x1b[0m\x07b\r\nc\u202ed\x1b]0;title\x07e\x9b1m"
    assert one_line(hostile) == "ared b c de 1m"


def test_lines_are_bounded():
    assert one_line("x" * 500) == "x" * 197 + "..."


def test_a_page_is_reduced_to_its_words():
    page = "<html><script>alert(1)</script><h1>Not found</h1></html>"
    assert one_line(without_markup(page)) == "Not found"
