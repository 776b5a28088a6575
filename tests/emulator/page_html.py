# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of an auth link as HTML: no scripts, nothing from elsewhere, every text escaped."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from typing import Any

from .message import Answer

_STYLE = """
body { margin: 0; background: #f3f4f6; color: #1f2937; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; margin: 2rem auto; padding: 1.5rem 2rem 2rem; background: #fff; border: 1px solid #d1d5db; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
h2 { margin: 0; font-size: 1rem; }
label { display: block; margin-top: 1.25rem; font-weight: 600; }
.hint, .test { margin: 0; color: #4b5563; font-size: .875rem; }
.wrong { margin: 0; color: #b91c1c; font-weight: 600; }
.problem { margin-top: 1rem; padding: .75rem 1rem; border: 2px solid #b91c1c; }
.problem p { margin: 0; overflow-wrap: anywhere; }
input, select, textarea { box-sizing: border-box; width: 100%; padding: .5rem; border: 1px solid #6b7280; font: inherit; }
[aria-invalid] { border: 2px solid #b91c1c; }
button { margin-top: 1.5rem; padding: .6rem 1.5rem; border: 0; background: #1d4ed8; color: #fff; font: inherit; }
:focus-visible { outline: 3px solid #1d4ed8; outline-offset: 2px; }
dt { margin-top: .5rem; font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = [
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]
_TEST = "A page of the emulator, for rehearsals. Enter no real API key here."


@dataclass
class Field:
    """One field of the form: the connector's definition, the value to show, a hint, and what is wrong with it."""

    key: str
    definition: dict[str, Any]
    secret: bool
    value: str = ""
    hint: str = ""
    problem: str = ""
    stored: bool = False

    @property
    def label(self) -> str:
        """Its name for people."""
        return str(self.definition.get("label") or self.key)

    @property
    def required(self) -> bool:
        """Whether it must have a value; a stored one is kept."""
        return bool(self.definition.get("required")) and not self.stored


@dataclass
class FormPage:
    """What the form shows."""

    owner: str
    connector: str
    token: str
    fields: list[Field]
    editing: bool = False
    problem: str = ""
    """What went wrong, if that is not about one field."""
    details: list[str] = field(default_factory=list)
    """More about it: what Freshservice answered."""

    @property
    def failed(self) -> bool:
        """Whether the page is shown again because of a problem."""
        return bool(self.problem or any(field.problem for field in self.fields))


def form(page: FormPage, status: int = 200) -> Answer:
    """Return the page with the form. The first wrong field has the focus, or the problem, or the first field."""
    wrong = next((one for one in page.fields if one.problem), None)
    focused = wrong or (None if page.problem else next((one for one in page.fields if not _fixed(one)), None))
    verb = "Reconnect" if page.editing else "Connect"
    heading = f"{verb} {page.connector}"
    parts = [f"<h1>{escape(heading)}</h1>", f"<p>for {escape(page.owner)}</p>"]
    if page.failed:
        problem = page.problem or f"{page.connector} was not connected. Correct the field that is marked."
        details = "".join(f"<p>{escape(detail)}</p>" for detail in page.details)
        focus = "" if focused else " autofocus"
        parts.append(
            f'<div class="problem" role="alert" tabindex="-1"{focus}><h2>{escape(problem)}</h2>{details}</div>'
        )
    parts.append('<form method="post" action="integrations" autocomplete="off" novalidate>')
    parts.append(f'<input type="hidden" name="token" value="{escape(page.token)}">')
    parts += [_field(one, one is focused) for one in page.fields]
    parts.append('<button type="submit">Connect</button></form>')
    return _page(f"Error: {heading}" if page.failed else heading, parts, status)


def notice(heading: str, text: str, status: int, facts: dict[str, str] | None = None) -> Answer:
    """Return a page that says something and asks for nothing."""
    parts = [f"<h1>{escape(heading)}</h1>", f"<p>{escape(text)}</p>"]
    if facts:
        rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
        parts.append(f"<dl>{''.join(rows)}</dl>")
    return _page(heading, parts, status)


def _page(title: str, parts: list[str], status: int) -> Answer:
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f'<body><main><p class="test">{_TEST}</p>\n' + "\n".join(parts) + "\n</main></body></html>\n"
    )
    return Answer(status, page.encode(), "text/html; charset=utf-8", list(_HEADERS))


def _fixed(one: Field) -> bool:
    return bool(one.definition.get("readOnly"))


def _field(one: Field, focused: bool) -> str:
    """Return a field with its label; hint and problem are tied to it."""
    name = escape(f"value.{one.key}")
    notes = []
    if one.hint:
        notes.append(("hint", one.hint))
    if one.problem:
        notes.append(("wrong", one.problem))
    attributes = [f'id="{name}"', f'name="{name}"']
    if notes:
        attributes.append(f'aria-describedby="{" ".join(f"{kind}.{name}" for kind, _text in notes)}"')
    attributes += [word for word, given in (
        ("required", one.required), ("readonly", _fixed(one)), ('aria-invalid="true"', one.problem), ("autofocus", focused)
    ) if given]  # fmt: skip
    told = "".join(f'<p class="{kind}" id="{kind}.{name}">{escape(text)}</p>' for kind, text in notes)
    return f'<label for="{name}">{escape(one.label)}</label>{told}{_control(one, " ".join(attributes))}'


def _control(one: Field, attributes: str) -> str:
    kind, value = one.definition.get("type"), escape(one.value)
    if kind == "select" and not one.secret:
        options = "".join(_option(option, one.value) for option in one.definition.get("options") or [])
        return f"<select {attributes}>{options}</select>"
    if kind == "text_area" and not one.secret:
        return f"<textarea {attributes}>{value}</textarea>"
    placeholder = escape(str(one.definition.get("placeholder") or ""))
    if one.secret:
        return f'<input type="password" autocomplete="off" placeholder="{placeholder}" {attributes}>'
    return f'<input type="text" autocapitalize="none" spellcheck="false" placeholder="{placeholder}" value="{value}" {attributes}>'


def _option(option: dict[str, Any], chosen: str) -> str:
    value = str(option.get("value", ""))
    selected = " selected" if value == chosen else ""
    return f'<option value="{escape(value)}"{selected}>{escape(str(option.get("label", value)))}</option>'
