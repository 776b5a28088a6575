# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find secrets in a text, however they are encoded there. Pure."""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

SHORTEST_SECRET = 8
"""Length in characters. A shorter secret occurs by chance in ordinary messages, which masking it would garble."""

WINDOW = 6
"""Number of characters by which secrets are indexed. Shorter pieces are not recognised."""

CERTAIN_PIECE = 16
"""Number of characters of a secret that are masked anywhere in a text. Fewer could be a word."""

_STEP = CERTAIN_PIECE - WINDOW + 1
"""Number of characters between the windows of a secret: each piece that is certain contains one of them."""

_MOST_MIDDLES = 64
"""How many windows between both ends are indexed: a server can give out tokens of any length."""

Span = tuple[int, int]

_DEPTH = 3
"""How many levels of escapes are decoded: a provider's JSON may be inside StackOne's JSON, and that inside a page."""

_LIKE_NOTHING = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")
"""Letters that are blank, and what stands in place of a character that could not be decoded."""


class _SameLetters(dict[int, "str | None"]):
    """What each character counts as, by its code point, for `str.translate`: nothing if it cannot be seen, else one character.

    White space, control characters, formatting, marks that combine with the letter before, and code points without a
    character count as nothing. Letters with accents, full-width and mathematical ones count as the plain letter.
    """

    def __missing__(self, code: int) -> str | None:
        self[code] = same = _same_letter(chr(code))
        return same


def _same_letter(sign: str) -> str | None:
    if unicodedata.category(sign)[0] in "CMZ" or sign in _LIKE_NOTHING:
        return None
    parts = [part for part in unicodedata.normalize("NFKD", sign) if unicodedata.category(part)[0] != "M"]
    # One character for one, so that positions stay.
    return parts[0] if len(parts) == 1 and parts[0].isascii() else sign


_SAME_LETTERS = _SameLetters()

_WRITTEN = (
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<pair>\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|(?P<code>[\\%]u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})"
    r"|(?P<sign>\\.)"
    r"|(?P<page>&#?[0-9A-Za-z]{2,31};|&(?:amp|lt|gt|quot)|&#(?:[0-9]{2,7}|[xX][0-9A-Fa-f]{2,6}))"
)
_ESCAPES = re.compile(_WRITTEN, re.DOTALL)
TERMINAL = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
"""What a terminal carries out instead of showing it: colours and movements, titles and links, and all else that begins with ESC."""
_TAG = rf"(?P<unseen><[^<>]{{1,100}}>|{TERMINAL})"
_TAGS = re.compile(_TAG, re.DOTALL)
_ESCAPES_AND_TAGS = re.compile(rf"{_WRITTEN}|{_TAG}", re.DOTALL)
"""A tag or a colour may be in the middle of a secret. A secret may also be in the middle of a tag."""
HEXADECIMAL = re.compile(rf"(?P<hex>[0-9A-Fa-f]{{2}}(?:[ :.,-]{{0,2}}(?:0x)?[0-9A-Fa-f]{{2}}){{{CERTAIN_PIECE - 1},}})")
"""What may be the bytes of a secret, as dumps and debug pages show them."""
_BYTE = re.compile(r"(?:0x)?([0-9A-Fa-f]{2})")
_HIDING = re.compile("[<\x1b\x90-\x9f]")
_MARK = re.compile("[%\\\\&<\x1b\x90-\x9f]")
"""What each escape, tag and colour begins with."""
_ELLIPSIS = re.compile(r"\.\.\.+|\u2026")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=")


class _Index:
    """Secrets by a piece of each. Nearly every piece is of one secret, so only the others take the memory of a list."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._others: dict[str, list[str]] = {}

    def add(self, piece: str, secret: str) -> None:
        """Add a secret, which was not added before, under one of its pieces."""
        if self._first.setdefault(piece, secret) is not secret:
            self._others.setdefault(piece, []).append(secret)

    def of(self, piece: str) -> Sequence[str]:
        """Return the secrets with this piece."""
        first = self._first.get(piece)
        return () if first is None else (first, *self._others.get(piece, ()))

    def any_of(self, pieces: Iterable[str]) -> bool:
        """Return whether any secret has one of these pieces."""
        return not self._first.keys().isdisjoint(pieces)


class Secrets:
    """All secrets of a run, indexed: searching a text takes as long for one secret as for many thousands."""

    def __init__(self) -> None:
        self._spellings: dict[str, bool] = {}
        """Every spelling of every secret, and whether it is base64."""
        self._heads = _Index()
        """By the beginning, and by windows between both ends: one look for both, because nearly no text has any."""
        self._tails = _Index()

    def add(self, secret: str) -> None:
        """Add a secret of `SHORTEST_SECRET` characters or more."""
        for reading in _readings(secret):
            # When escapes in a text are decoded, a part of a secret that looks like an escape is decoded too.
            self._add(_plain(reading.text))
        self._add(_plain(secret.replace(" ", "+")))
        for encoded in map(str.lower, _in_base64(secret.encode(errors="replace"))):
            self._add(encoded, in_base64=True)

    def _add(self, spelling: str, in_base64: bool = False) -> None:
        if len(spelling) < SHORTEST_SECRET:
            return
        if spelling not in self._spellings:
            self._tails.add(spelling[-WINDOW:], spelling)
            # For those in base64, the memory would be several times as much.
            places = (0,) if in_base64 else (0, *_middles(spelling))
            for piece in dict.fromkeys(spelling[place : place + WINDOW] for place in places):
                self._heads.add(piece, spelling)
        self._spellings[spelling] = in_base64 or self._spellings.get(spelling, False)

    def spans(self, text: str, cut: bool = False) -> list[Span]:
        """Return the positions of secrets, and of pieces that are too long to be a coincidence.

        In a text that may have been `cut`, include short pieces at its ends.
        """
        if not self._spellings:
            return []
        found = [span for reading in _readings_of_others(text) for span in self._spans_of(reading, cut)]
        return list(_merged(found))

    def whole_in(self, text: str, shortest: int = 0) -> bool:
        """Return whether a text contains a whole secret, of at least `shortest` characters.

        A piece proves nothing: other secrets may share it.
        """
        return any(self._ends_in(_plain(reading.text), shortest) for reading in _readings_of_others(text))

    def _ends_in(self, plain: str, shortest: int) -> bool:
        return any(
            len(item) >= shortest and plain.endswith(item, 0, end)
            for end in range(max(WINDOW, shortest), len(plain) + 1)
            for item in self._tails.of(plain[end - WINDOW : end])
        )

    def _spans_of(self, reading: Reading, cut: bool) -> Iterator[Span]:
        plain = _plain(reading.text)
        hits = list(self._hits(plain, cut))
        if not hits:
            return
        seen = [place for place, sign in enumerate(reading.text) if _SAME_LETTERS[ord(sign)] is not None]
        for start, end in hits:
            first, last = seen[start], seen[end - 1] + 1
            if self._spellings.get(plain[start:end]):
                # In base64, the first and last characters also encode what surrounds the secret.
                first, last = _widened(reading.text, first, last)
            yield reading.origin(first, last)

    def _hits(self, plain: str, cut: bool) -> Iterator[Span]:
        windows = [plain[start : start + WINDOW] for start in range(len(plain) - WINDOW + 1)]
        if self._tails.any_of(windows):
            yield from self._by_tails(plain, windows)
            yield from self._ends_of_secrets(plain) if cut else ()
        if self._heads.any_of(windows):
            yield from self._by_heads(plain, windows)
            yield from self._by_middles(plain, windows)
            yield from self._beginnings_of_secrets(plain) if cut else ()

    def _by_tails(self, plain: str, windows: Sequence[str]) -> Iterator[Span]:
        """Find whole secrets and their long endings, from right to left."""
        end = len(plain)
        while end >= WINDOW:
            candidates = self._tails.of(windows[end - WINDOW])
            matching = [item for item in candidates if plain.endswith(item[-CERTAIN_PIECE:], 0, end)]
            length = max((_in_common(reversed(plain[:end]), reversed(item)) for item in matching), default=0)
            if length:
                yield end - length, end
            end -= length or 1

    def _by_heads(self, plain: str, windows: Sequence[str]) -> Iterator[Span]:
        """Find whole secrets and their long beginnings, from left to right."""
        start = 0
        while start < len(windows):
            candidates = self._heads.of(windows[start])
            matching = [item for item in candidates if plain.startswith(item[:CERTAIN_PIECE], start)]
            length = max((_in_common(plain[start:], item) for item in matching), default=0)
            if length:
                yield start, start + length
            start += length or 1

    def _by_middles(self, plain: str, windows: Sequence[str]) -> Iterator[Span]:
        """Find long pieces that are cut at both ends, from left to right."""
        start = 0
        while start < len(windows):
            pieces = [piece for item in self._heads.of(windows[start]) for piece in _around(plain, start, item)]
            first, end = max(pieces, key=lambda piece: piece[1] - piece[0], default=(start, start))
            if end - first >= CERTAIN_PIECE:
                yield first, end
                start = end
            else:
                start += 1

    def _beginnings_of_secrets(self, plain: str) -> Iterator[Span]:
        """Find the beginnings of secrets that are cut off."""
        for cut in [*(match.start() for match in _ELLIPSIS.finditer(plain)), len(plain)]:
            for end in dict.fromkeys((cut, _last_letter(plain, cut))):
                for start in range(max(0, end - CERTAIN_PIECE), end - WINDOW + 1):
                    candidates = self._heads.of(plain[start : start + WINDOW])
                    if any(spelling.startswith(plain[start:end]) for spelling in candidates):
                        yield start, end
                        break

    def _ends_of_secrets(self, plain: str) -> Iterator[Span]:
        """Find the endings of secrets whose beginning is cut off."""
        for cut in [0, *(match.end() for match in _ELLIPSIS.finditer(plain))]:
            for start in dict.fromkeys((cut, _first_letter(plain, cut))):
                for end in range(min(len(plain), start + CERTAIN_PIECE), start + WINDOW - 1, -1):
                    candidates = self._tails.of(plain[end - WINDOW : end])
                    if any(spelling.endswith(plain[start:end]) for spelling in candidates):
                        yield start, end
                        break


@dataclass(frozen=True)
class Reading:
    """A text at one level of decoding.

    `origins` gives the position of each character in the written text; None if the positions are the same.
    """

    text: str
    origins: Sequence[Span] | None = None

    def origin(self, start: int, end: int) -> Span:
        """Return the position in the written text of a part of this reading."""
        return (self.origins[start][0], self.origins[end - 1][1]) if self.origins else (start, end)

    def decoded(self, escapes: re.Pattern[str]) -> Reading:
        """Return the reading with these escapes decoded: those of URLs, JSON and HTML, and tags and colours."""
        text: list[str] = []
        origins: list[Span] = []
        done = 0
        for match in escapes.finditer(self.text):
            text.append(self.text[done : match.start()])
            origins += (self.origin(place, place + 1) for place in range(done, match.start()))
            for signs, start, end in _unescaped(match):
                text.append(signs)
                origins += [self.origin(start, end)] * len(signs)
            done = match.end()
        text.append(self.text[done:])
        origins += (self.origin(place, place + 1) for place in range(done, len(self.text)))
        return Reading("".join(text), origins)


def _readings(text: str) -> Iterator[Reading]:
    """Yield a text as it is written, then with each level of its escapes decoded, with its tags and without them."""
    written = Reading(text)
    yield written
    if not _MARK.search(text):
        return
    yield from _levels(written, _ESCAPES)
    if _HIDING.search(text):
        # A sign of the secret and the beginning of a tag can look like an escape.
        yield written.decoded(_TAGS)
    if _HIDING.search(text) or _ESCAPES.search(text):
        yield from _levels(written, _ESCAPES_AND_TAGS)


def _readings_of_others(text: str) -> Iterator[Reading]:
    """Yield the readings of a text that is not a secret itself: hexadecimal digits may be the bytes of one."""
    yield from _readings(text)
    if HEXADECIMAL.search(text):
        yield Reading(text).decoded(HEXADECIMAL)


def _levels(reading: Reading, escapes: re.Pattern[str]) -> Iterator[Reading]:
    for _depth in range(_DEPTH):
        if not escapes.search(reading.text):
            return
        reading = reading.decoded(escapes)
        yield reading


def _unescaped(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the characters that an escape stands for, each with its position."""
    written, start = match.group(), match.start()
    if match.lastgroup == "url":
        for sign in bytes.fromhex(written.replace("%", "")).decode(errors="surrogateescape"):
            end = start + 3 * len(sign.encode(errors="surrogateescape"))
            yield sign, start, end
            start = end
        return
    if match.lastgroup == "hex":
        for byte in _BYTE.finditer(written):
            yield chr(int(byte[1], 16)), start + byte.start(), start + byte.end()
        return
    yield _READERS[match.lastgroup or ""](written), start, match.end()


def _pair(written: str) -> str:
    halves = int(written[2:6], 16), int(written[8:12], 16)
    return chr(0x10000 + ((halves[0] - 0xD800) << 10) + (halves[1] - 0xDC00))


_READERS: dict[str, Callable[[str], str]] = {
    "pair": _pair,
    "code": lambda written: chr(int(written[2:], 16)),
    "sign": lambda written: {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(written[1], written[1]),
    "unseen": lambda written: "",
    "page": html.unescape,
}


def _plain(text: str) -> str:
    """Return a text in lower case and without invisible characters, because servers and libraries change both."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text.lower()
    return text.translate(_SAME_LETTERS).lower()


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield the base64 that a secret always contributes, whatever precedes and follows it, in both alphabets."""
    for before, cut in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(secret)) // 3 * 3 - before
        standard = base64.b64encode(bytes(before) + secret[:whole]).decode()[cut:]
        if len(standard) >= SHORTEST_SECRET:
            yield standard
            yield standard.replace("+", "-").replace("/", "_")


def _middles(spelling: str) -> Iterable[int]:
    """Return where the windows between both ends of a secret begin."""
    return range(_STEP, len(spelling) - WINDOW, _STEP)[:_MOST_MIDDLES]


def _around(plain: str, start: int, secret: str) -> Iterator[Span]:
    """Yield the pieces of a secret in a text that one of its windows is in, which begins there."""
    for place in _middles(secret):
        if plain.startswith(secret[place : place + WINDOW], start):
            before = _in_common(reversed(plain[:start]), reversed(secret[:place]))
            yield start - before, start + _in_common(plain[start:], secret[place:])


def _in_common(one: Iterable[str], other: Iterable[str]) -> int:
    """Return the length of the common prefix."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other)))


def _widened(text: str, start: int, end: int) -> Span:
    """Return the whole run of base64 characters around a part."""
    while start > 0 and text[start - 1] in _BASE64:
        start -= 1
    while end < len(text) and text[end] in _BASE64:
        end += 1
    return start, end


def _last_letter(text: str, end: int) -> int:
    while end > 0 and not text[end - 1].isalnum():
        end -= 1
    return end


def _first_letter(text: str, start: int) -> int:
    while start < len(text) and not text[start].isalnum():
        start += 1
    return start


def _merged(spans: list[Span]) -> Iterator[Span]:
    """Yield the spans in order, with overlapping ones merged."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    yield from merged
