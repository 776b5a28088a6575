# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import re

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.masked import masked
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import (
    MASK,
    RESULT_KEYS,
    SHORTEST_SECRET,
    Scrubber,
    one_line,
    secret_forms,
    strip_control_chars,
    valid_unicode,
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


@pytest.mark.parametrize("key", ["FsKeyAbcdefgh12345678"[:length] for length in range(8, 22)])
@pytest.mark.parametrize("password", [None, "X", "", "anything else"])
@pytest.mark.parametrize("filling", ["=", "", "&#x3D;", "%3D", "\\u003d"])
def test_a_key_in_base64_is_masked_however_it_is_filled_up(key, password, filling):
    text = key if password is None else f"{key}:{password}"
    form = base64.b64encode(text.encode()).decode().replace("=", filling)
    scrubbed = Scrubber([key]).scrub(f"before {form} after")
    # What base64 writes of the first bytes is masked at least; the rest tells two characters at most.
    assert base64.b64encode(key.encode()[: len(key) // 3 * 3]).decode() not in scrubbed


def test_a_secret_in_a_page_is_masked():
    for form in ("pa&amp;ss&lt;wo&gt;&quot;rd&#x27;12", "pa&amp;ss&lt;wo&gt;\"rd'12"):
        assert Scrubber(["pa&ss<wo>\"rd'12"]).scrub(form) == MASK


def test_an_empty_secret_masks_nothing():
    assert Scrubber([None, ""]).scrub("text") == "text"


def test_no_escape_sequence_or_control_character_reaches_a_terminal():
    hostile = "a\x1b[31mred\x1b[0m\x07b\r\nc\u202ed\x1b]0;title\x07e\x9b1m"
    assert one_line(hostile) == "ared b c de"


def test_lines_are_bounded():
    assert Scrubber().line("x" * 500) == "x" * 197 + "..."


def test_a_page_is_reduced_to_its_words():
    page = "<html><script>alert(1)</script><h1>Not found</h1></html>"
    assert one_line(without_markup(page)) == "Not found"


HALVES = ["\ud800", "\udfff", "a\udbffb", "\udc00\ud800"]


@pytest.mark.parametrize("text", HALVES)
@pytest.mark.parametrize("clean", [strip_control_chars, valid_unicode, one_line])
def test_half_a_character_is_replaced(clean, text):
    assert clean(text).encode().decode() == re.sub("[\ud800-\udfff]", "\ufffd", text)


def test_half_a_character_is_replaced_wherever_it_is_and_whole_ones_stay():
    value = {"\ud800": ["\udfff", {"a": ("\ud800",)}], "\U0001f3e2 \ufffd \u0105": 1, "none": None}
    clean = {"\ufffd": ["\ufffd", {"a": ["\ufffd"]}], "\U0001f3e2 \ufffd \u0105": 1, "none": None}
    assert strip_control_chars(value) == valid_unicode(value) == clean


def test_a_secret_with_half_a_character_is_masked_before_and_after_it_is_replaced():
    secret = "a longer \ud800secret"
    assert {secret, "a longer \ufffdsecret"} <= secret_forms(secret)
    assert Scrubber([secret]).scrub([secret, valid_unicode(secret)]) == [MASK, MASK]


def test_secrets_that_are_too_short_mask_nothing():
    assert Scrubber(["x" * (SHORTEST_SECRET - 1)]).scrub("x" * 7) == "x" * 7
    assert Scrubber(["x" * SHORTEST_SECRET]).scrub("x" * 8) == MASK


def test_words_of_results_are_keys_whatever_the_secret_and_others_are_masked():
    secret = "retriable"
    found = Scrubber([secret]).scrub({secret: secret, "details": {f"{secret}_by_server": 1}})
    assert found == {secret: MASK, "details": {f"{MASK}_by_server": 1}}
    assert secret in RESULT_KEYS


def test_the_filter_that_masks_a_result():
    secret = "sEcReT0fACustomer99x"
    result = {"accounts": [{"label": f"key {secret}", "status": "active", "shared": True}]}
    told = masked(result, ["", {"acme": secret, "other": {"x": [secret]}}])
    assert secret not in str(told)
    assert (told["accounts"][0]["status"], told["accounts"][0]["shared"]) == ("active", True)
    assert masked(result) == result
