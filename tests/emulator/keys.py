# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and ids: the same in every run, yet they look real (F35, S2, S34)."""

from __future__ import annotations

import hmac
import string

_SEED = b"tenantlink.stackone emulator"
_ALNUM = string.ascii_letters + string.digits
_NANOID = _ALNUM + "_-"


def _text(alphabet: str, length: int, *names: object) -> str:
    digest = hmac.digest(_SEED, "/".join(map(str, names)).encode(), "sha512")
    number = int.from_bytes(digest, "big")
    letters = []
    for _count in range(length):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def freshservice_key(domain: str, agent: int, generation: int) -> str:
    """An agent's API key; every reset of the key is a new generation."""
    return _text(_ALNUM, 20, "freshservice", domain, agent, generation)


def stackone_key(name: str) -> str:
    """A StackOne project key in the form `v1.{region}.{secret}` (S2)."""
    return "v1.eu1." + _text(_ALNUM, 48, "stackone", name)


def number(digits: int, *names: object) -> int:
    """A number with exactly that many digits."""
    return int("2" + _text(string.digits, digits - 1, "number", *names))


def opaque_id(*names: object) -> str:
    """An opaque id, as connector profiles have."""
    return _text(_ALNUM, 24, "opaque", *names)


def account_id(serial: int) -> str:
    """Account ids come in two forms: a 20-digit numeral, or 21 letters with `_` and `-` (S34)."""
    if serial % 2:
        return str(number(20, "account", serial))
    text = _text(_NANOID, 21, "account", serial)
    return f"{text[:6]}_{text[7:13]}-{text[14:]}"
