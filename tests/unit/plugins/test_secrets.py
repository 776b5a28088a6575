# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are found in whatever way they are written, and nothing else is."""

from __future__ import annotations

import itertools
import json
import string
import sys
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone_base import error_words
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.secrets import CERTAIN_PIECE, WINDOW, Secrets
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import (
    CUT,
    MASK,
    Scrubber,
    strip_control_chars,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer
from tests.support.secret_search import FORMS, betrayed

KEY = "AcmeKey4711aBcDeFgHi"
keys = st.text(string.ascii_letters + string.digits + "+/=_-.!$&%'\"<>\\~", min_size=20, max_size=60).filter(
    lambda key: len(set(key.lower())) > 8
)
words = st.text(max_size=30)


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_each_form(form):
    written = FORMS[form](KEY)
    assert list(betrayed({"name": ["nothing", written]}, KEY)) == [written]
    assert list(betrayed({"name": ["nothing"]}, KEY)) == []


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(key=keys)
def test_no_form_of_a_key_is_readable_in_words_for_a_message(form, key):
    written = FORMS[form](key)
    assert list(betrayed(Scrubber([key]).line(written, 1000), key)) == []


WHOLE = [name for name in FORMS if "cut" not in name and "far" not in name]


@pytest.mark.parametrize("form", WHOLE)
@settings(max_examples=15)
@given(key=keys, before=words, after=words)
@example(key=KEY, before="<", after=">")
@example(key=KEY, before='<input value="', after='">')
@example(key=KEY, before="\x1b[", after="m")
@example(key="00000000000012345678", before="\x9d", after="")
@example(key="00000000000012345678", before="\x1b]", after="")
@example(key=KEY, before="&lt;", after="&gt;")
@example(key="000000\\n000000123456", before="", after="")
def test_no_form_of_a_key_leaves_in_a_result(form, key, before, after):
    text = f"{before} {FORMS[form](key)} {after}"
    left = Scrubber([key]).scrub(strip_control_chars({"list": [text], text: None, "diff": {"before": text}}))
    assert list(betrayed(left, key)) == []


SEEN = "LNPS"
"""The first letters of the categories of characters that can be seen."""


def test_no_character_that_cannot_be_seen_hides_a_key():
    """A report leaves such characters out, so that the key could be read there."""
    every = (chr(code) for code in range(sys.maxunicode + 1))
    unseen = [sign for sign in every if unicodedata.category(sign)[0] not in SEEN]
    scrubber = Scrubber([KEY])
    # All of them, but many at a time, because there are more than a hundred thousand for private use.
    for start in range(0, len(unseen), len(KEY) - 1):
        between = unseen[start : start + len(KEY) - 1]
        written = "".join(map("".join, itertools.zip_longest(KEY, between, fillvalue="")))
        assert scrubber.scrub(f"|{written}|") == f"|{MASK}|", [f"U+{ord(sign):04X}" for sign in between]


@given(text=st.text(max_size=300))
def test_a_text_without_secrets_stays_as_it_is(text):
    assert Scrubber([KEY]).scrub(text) == text


@given(before=words, after=words)
def test_what_stands_around_a_secret_stays(before, after):
    assert Scrubber([KEY]).scrub(f"{before}|{KEY}|{after}") == f"{before}|{MASK}|{after}"


@pytest.mark.parametrize("quoted", [quote, quote_plus, lambda text: json.dumps(text)[1:-1]])
def test_a_secret_with_spaces_and_other_letters(quoted):
    secret = 'Passwort für "Käse" \\ 100%41 & <x> 漢字 \U0001f3e2'
    assert Scrubber([secret]).scrub(f"a {quoted(secret)} b") == f"a {MASK} b"


def test_letters_that_are_written_apart():
    apart = " ".join(f"&#{ord(sign)}" for sign in KEY)
    assert Scrubber([KEY]).scrub(f"a: {apart}, b") == f"a: {MASK}, b"


@pytest.mark.parametrize("length", range(CERTAIN_PIECE, len(KEY)))
def test_a_long_piece_is_masked_wherever_it_stands(length):
    scrubber = Scrubber([KEY])
    assert scrubber.scrub(f"is {KEY[:length]} now") == f"is {MASK} now"
    assert scrubber.scrub(f"is {KEY[-length:]} now") == f"is {MASK} now"


@pytest.mark.parametrize("end", ["", '"}', "...", "... and more", "\u2026", ") ", "</p>"])
@pytest.mark.parametrize("length", range(WINDOW, len(KEY)))
def test_a_piece_at_a_cut_is_masked_in_words_of_others(length, end):
    scrubber = Scrubber([KEY])
    assert KEY[:length] not in scrubber.line(f"no such key: {KEY[:length]}{end}")
    assert KEY[-length:] not in scrubber.line(f"{KEY[-length:]} is no key")
    assert KEY[-length:] not in scrubber.line(f"they said ...{KEY[-length:]} is no key")


@pytest.mark.parametrize("word", ["acmekey4711", "AcmeKey4711", "AcmeKey"])
def test_a_word_of_ours_with_which_a_secret_begins_stays(word):
    result = {"domain": word, "msg": f"{word} (owner 1): linked"}
    assert Scrubber([KEY]).scrub(result) == result


@pytest.mark.parametrize("limit", range(20, 56))
def test_words_are_scrubbed_before_they_are_cut(limit):
    shown = Scrubber([KEY]).line(f"StackOne says that {KEY} is not a key of this project", limit)
    assert list(betrayed(shown, KEY)) == []
    assert KEY[:WINDOW] not in shown
    assert len(shown) == limit
    assert shown.endswith(CUT)


def test_one_of_many_secrets_is_found():
    secrets = [f"{number:05d}-secret-of-a-tenant" for number in range(20_000)]
    scrubber = Scrubber(secrets)
    assert scrubber.scrub(f"a {secrets[0]}, {secrets[-1]} b") == f"a {MASK}, {MASK} b"


def test_the_time_to_look_a_text_through_does_not_grow_with_the_number_of_secrets():
    """Counted in comparisons, not in seconds."""

    class Counted(str):
        compared = 0

        def __getitem__(self, part):
            Counted.compared += 1
            return str.__getitem__(self, part)

    secrets = Secrets()
    for number in range(5_000):
        secrets.add(f"{number:05d}{KEY}{number:05d}")
    tails = secrets._tails._first
    tails.update((piece, Counted(secret)) for piece, secret in tails.items())
    assert secrets.spans("words " * 2_000) == []
    assert Counted.compared == 0


@pytest.mark.parametrize("pattern", ["0123456789-{}", "{}-0123456789"])
def test_secrets_that_share_a_piece_are_all_found(pattern):
    """And only those that are there."""
    first, other, third = map(pattern.format, ("first", "other", "third"))
    scrubber = Scrubber([first, other])
    assert scrubber.scrub(f"a {first}, {other} b") == f"a {MASK}, {MASK} b"
    assert scrubber.holds(first)
    assert scrubber.holds(other)
    assert not scrubber.holds(third)


def test_a_text_made_to_take_long_does_not():
    """Each place of it could be a piece of a secret: what was taken for one is not looked at again."""
    secrets = Secrets()
    secrets.add("x" * 16_000)
    assert secrets.spans("x" * 15_000 + "y" + "x" * 15_000) == [(0, 15_000), (15_001, 30_001)]


def test_a_link_leaves_as_the_link_it_is_and_nowhere_else():
    link = "https://app.example/embedded?token=abcdefghijklmnop1234"
    scrubber = Scrubber(["abcdefghijklmnop1234"])
    scrubber.give_out(link)
    left = scrubber.scrub({"auth_link_url": link, "msg": link, "rows": [{"auth_link_url": f"{link}x"}]})
    masked = f"https://app.example/embedded?token={MASK}"
    assert left == {"auth_link_url": link, "msg": masked, "rows": [{"auth_link_url": f"{masked}x"}]}


@pytest.mark.parametrize("template", ["it said {} and <b>more</b>", '{{"message": "{} was <i>refused</i>"}}'])
def test_a_secret_with_a_sign_of_markup_is_found_before_markup_goes(template):
    key = "agents-key-&<9Zsecret0815"
    text = template.format(key)
    data = json.loads(text) if text.startswith("{") else None
    answer = Answer(400, {}, text, data, Scrubber([key]))
    for shown in (answer.excerpt, error_words(answer)):
        assert "was" in shown or "said" in shown
        assert "agents-key" not in shown
        assert "secret0815" not in shown


HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."


def test_only_a_whole_secret_decides():
    """Tokens of a kind begin alike: the beginning is masked where it is shown, and proves nothing."""
    one, other = (f"https://app.example/?token={HEADER}{end}" for end in ("owner-one-0815", "owner-two-4711"))
    scrubber = Scrubber([f"{HEADER}owner-one-0815"])
    assert scrubber.holds(one)
    assert scrubber.holds(quote_plus(one))
    assert not scrubber.holds(other)
    assert MASK in scrubber.scrub(other)
