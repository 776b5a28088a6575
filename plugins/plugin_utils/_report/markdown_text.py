# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from customers and services inside Markdown, as GitHub and GitLab read it. Pure.

Both turn `@name`, `#1`, `!1`, addresses and more into links, and some of these notify people, even if the characters are
escaped. They leave code alone. So everything that is not a plain word becomes code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import groupby

from .rows import to_line

LONGEST = 400
"""How many characters of a text are shown."""
CUT = "..."

_PLAIN_WORD = re.compile(r"""[("']*(?:[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d{1,6})[)"'.,;:?!]*""")
_END_OF_SENTENCE = re.compile(r"[.,;:?!]*$")
_BACKTICKS = re.compile("`+")


def code(value: object, longest: int = LONGEST) -> str:
    """Return a text as code. It ends with the first run of backticks of a length that the text does not have."""
    text = _shortened(value, longest)
    if not text:
        return ""
    lengths = {len(run) for run in _BACKTICKS.findall(text)}
    fence = "`" * next(length for length in range(1, len(text) + 2) if length not in lengths)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def prose(value: object, longest: int = LONGEST) -> str:
    """Return a sentence whose plain words are readable, and whose other words are code."""
    return " ".join(_pieces(_shortened(value, longest)))


def in_html(value: object) -> str:
    """Return a text for an element of HTML: as it is if its words are plain, otherwise as code."""
    text = _shortened(value, LONGEST)
    if all(map(_PLAIN_WORD.fullmatch, text.split())):
        return html.escape(text, quote=False)
    return f"<code>{html.escape(text, quote=False)}</code>"


def _pieces(text: str) -> Iterator[str]:
    for plain, words in groupby(text.split(), lambda word: bool(_PLAIN_WORD.fullmatch(word))):
        together = " ".join(words)
        end = len(together) if plain else _END_OF_SENTENCE.search(together).start()
        yield f"{together if plain else code(together[:end])}{together[end:]}"


def _shortened(value: object, longest: int) -> str:
    text = to_line(value)
    return text if len(text) <= longest else f"{text[:longest].rstrip()}{CUT}"
