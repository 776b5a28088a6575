# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests look for secrets: as they are sent, and in whatever form a server gives them back. Shares no code with the client."""

from __future__ import annotations

import base64
import functools
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

TELLING = 12
"""Characters of a secret in a row that are as good as all of it: nothing else has that many in common with one."""


def forms(secret: str) -> set[str]:
    """Return a secret as it is, in a URL, and as Basic credentials with each password that is used with it."""
    pairs = (f"{secret}:X", f"{secret}:", f"{secret}:{secret}", secret)
    return {secret, quote(secret, safe=""), *map(_base64, pairs)}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _every(template: str) -> Callable[[str], str]:
    return lambda secret: "".join(template.format(ord(sign), sign) for sign in secret)


def _inside(strange: str) -> Callable[[str], str]:
    """Write something in the middle that is taken out, or that nobody sees."""
    return lambda secret: f"{secret[:7]}{strange}{secret[7:]}"


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "upper case": str.upper,
    "swapped case": str.swapcase,
    "in a URL": _every("%{0:02x}"),
    "in a URL, twice": _every("%25{0:02X}"),
    "in JSON": _every("\\u{0:04x}"),
    "in JSON in JSON": _every("\\\\u{0:04X}"),
    "in a page": _every("&#{0};"),
    "in a page, in hexadecimal": _every("&#x{0:X};"),
    "in a page, without semicolons": _every("&#{0}"),
    "in a page, in hexadecimal, without semicolons": _every("&#x{0:02X}"),
    "in an old URL": _every("%u{0:04x}"),
    "in a URL in a page": _every("&#37;{0:02x}"),
    "base64": _base64,
    "base64 in lower case": lambda secret: _base64(secret).lower(),
    "base64 in swapped case": lambda secret: _base64(secret).swapcase(),
    "base64 without padding": lambda secret: _base64(secret).rstrip("="),
    "Basic credentials": lambda secret: _base64(f"{secret}:X"),
    "base64 as a password": lambda secret: _base64(f"user:{secret}"),
    "base64 of a text": lambda secret: _base64(f"a{secret}bc"),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "in hexadecimal": lambda secret: secret.encode().hex(),
    "in hexadecimal in upper case": lambda secret: secret.encode().hex().upper(),
    "in hexadecimal, as a dump": lambda secret: secret.encode().hex(" "),
    "in hexadecimal, as a fingerprint": lambda secret: secret.encode().hex(":").upper(),
    "in hexadecimal, as a list": lambda secret: ", ".join(f"0x{byte:02x}" for byte in secret.encode()),
    "in hexadecimal of UTF-16": lambda secret: secret.encode("utf-16-le").hex(),
    "with a zero byte": _inside("\x00"),
    "with a line end": _inside("\r\n"),
    "with a colour": _inside("\x1b[31m"),
    "with a title": _inside("\x1b]0;a title\x07"),
    "with a title that is not closed": _inside("\x1b]0;\x1b\\"),
    "with a link": _inside("\x1b]8;;https://example.com\x1b\\"),
    "with a colour in one sign": _inside("\x9b1m"),
    "with a character set": _inside("\x1b(B"),
    "with a tag": _inside("<b>"),
    "with nothing": _inside("\u200b"),
    "with a hyphen": _inside("\u00ad"),
    "with a joiner": _inside("\u034f"),
    "with an accent": _inside("\u0301"),
    "with a variation": _inside("\ufe0f"),
    "with a tag character": _inside("\U000e0041"),
    "with a filler": _inside("\u3164"),
    "with a blank": _inside("\u2800"),
    "with a wide space": _inside("\u3000"),
    "with a note between lines": _inside("\ufff9"),
    "with a mark of another script": _inside("\u0e31"),
    "with a sign for private use": _inside("\ue000"),
    "in full width": lambda secret: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in secret),
    "in bold": lambda secret: "".join(chr(0x1D400 + ord(sign) - 65) if "A" <= sign <= "Z" else sign for sign in secret),
    "cut at the end": lambda secret: f"words {secret[:-2]}",
    "cut at the end, and told": lambda secret: f"words {secret[:-2]}... and more",
    "cut at the start": lambda secret: f"{secret[2:]} words",
    "cut at both ends": lambda secret: f"words {secret[2:-2]} words",
    "cut at both ends, by one sign": lambda secret: f"words {secret[1:-1]} words",
    "far behind": lambda secret: "x " * 90 + secret,
    "far behind, without a gap": lambda secret: "x" * 180 + secret,
    "very far behind": lambda secret: "x" * 3985 + secret,
    "even farther behind": lambda secret: "x" * 15985 + secret,
    "behind a page": lambda secret: "<i>" * 1326 + secret,
}


def betrayed(value: Any, secret: str) -> Iterator[str]:
    """Yield the texts in which a secret can be read, or a telling piece of it, in whatever way."""
    texts = list(_texts(value))
    pieces = _pieces(secret)
    # All at once first: most hold none, and text by text it would take most of the time of thousands of tests.
    everything = "\n".join(map(_letters, texts))
    if any(piece in everything for piece in pieces):
        yield from (text for text in texts if any(piece in _letters(text) for piece in pieces))


@functools.lru_cache(maxsize=1000)
def _pieces(secret: str) -> frozenset[str]:
    plain = secret.lower()
    coded = [_base64("\0" * before + secret).lower()[4:-4] for before in range(3)]
    return frozenset(text[at : at + TELLING] for text in (plain, *coded) for at in range(len(text) - TELLING + 1))


@functools.lru_cache(maxsize=10_000)
def _letters(text: str) -> str:
    """Return the letters of each reading of a text, a line for each."""
    plain = (unicodedata.normalize("NFKC", reading).lower() for reading in _readings(text))
    return "\n".join(re.sub(r"[^a-z0-9+/._-]", "", reading) for reading in plain)


def _readings(text: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = {text, re.sub(r"\x1b\].*?(\x07|\x1b\\)|\x1b\(B|\[?\d*m|<[^>]*>", "", text)}
    while waiting:
        reading = waiting.pop()
        seen.add(reading)
        yield reading
        undone = {
            unquote(reading),
            html.unescape(reading),
            re.sub(r"(?:\\+|%)u([0-9a-fA-F]{4})", _sign, reading),
            re.sub(r"(?:(?:0x)?[0-9a-fA-F]{2}[ :,.-]{0,2}){8,}", _bytes, reading),
        }
        waiting |= undone - seen


def _bytes(match: re.Match[str]) -> str:
    return bytes.fromhex(re.sub(r"0x|[^0-9a-fA-F]", "", match.group())).replace(b"\0", b"").decode("latin-1")


def _sign(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
