# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts from outside have a mark as variables: those that Ansible could run, and no others."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._inventory.marked import (
    is_inert,
    marked,
    trust_as_template,
)


@pytest.mark.parametrize(
    "text",
    [
        "", "customer-1", "2026-11-26T03:17:29.167Z", "My Company Ltd", "O'Brien & Sons, Inc.", 'The "Best"', "Acme (UK) Ltd",
        "Größe – 例 ™", "50% off", "No. #1", "a@b.example", "https://x.example/y?z=1&a=b", "-1", "True", "A > B < C = D ~ E ^ $ !",
        "********", "Name ********", "9********9",
    ],
)  # fmt: skip
def test_plain_texts(text):
    assert is_inert(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}", "{% raw %}", "{# c #}", "x {", "}", "#jinja2: variable_start_string:'[['", "# x", "[1, 2]", "[[ x ]]",
        "lookup('pipe', 'id')", "lookup ('pipe', 'id')", "range(9)", "x(y) or z", "lookup('pi", "pe', 'id')", "(", ")", "a | b", "9**9**9", "9**9",
        "a\\b", "a\nb", "a\x00b",
    ],
)  # fmt: skip
def test_what_could_be_run(text):
    assert not is_inert(text)


# Before ansible-core 2.19 a template that gives True gives a boolean, with a mark and without.
TEXTS = st.text(st.sampled_from("ab1_ '\"(){}[]%#|~.,*+-/\\:=<>&!\n") | st.characters(), max_size=12).filter(
    lambda text: text not in ("True", "False")
)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_texts_stay_what_they_are_alone_and_beside_others(one, other):
    templar = Templar(DataLoader(), variables=marked({"one": one, "list": [other]}))
    assert templar.template(trust_as_template("{{ one }}")) == one
    assert templar.template(trust_as_template("{{ list }}")) == [other]
    if is_inert(one) and is_inert(other):
        assert is_inert(f"{one}, {other}")


def test_what_is_not_text_stays():
    assert marked({"a": [None, 1, True, {"b": 2.5}]}) == {"a": [None, 1, True, {"b": 2.5}]}
