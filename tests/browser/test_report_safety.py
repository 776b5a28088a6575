# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: everybody can read it, and what others wrote stays text."""

from __future__ import annotations

import pytest

from tests.browser.report_page import PHONE, ROWS, count, has_text, names, search, sort
from tests.browser.results import HOSTILE, HOSTILE_TITLE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["stopped", "check", "accounts", "keys", "none", "not begun", "hostile"])
def test_axe_finds_nothing(open_report, name, viewport, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_report(name, viewport=viewport, color_scheme=scheme)
    if page.locator(".legend").count():
        page.locator(".legend button").first.click()
        page.locator(".legend button").last.click()
        sort(page, "Tenant")
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_parts_of_the_bar_stand_out(open_report, scheme):
    """Three to one against what is behind them, as graphics need it; axe looks at text alone."""
    page = open_report("mixed", color_scheme=scheme)
    tones = page.evaluate(
        """() => Array.from(document.querySelectorAll(".swatch"), each => getComputedStyle(each).backgroundColor)"""
    )
    behind = page.evaluate(
        """() => ["body", ".legend button"].map(each => getComputedStyle(document.querySelector(each)).backgroundColor)"""
    )
    assert len(set(tones)) == 6
    for tone in tones:
        for ground in behind:
            assert contrast(tone, ground) >= 3, (tone, ground)


def contrast(one, other):
    """As WCAG defines it."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_customers_write_stays_text(open_report):
    page = open_report("hostile")
    assert page.title() == page.locator("h1").text_content() == HOSTILE_TITLE
    assert page.locator("tbody tr").count() == len(HOSTILE)
    assert sorted(names(page)) == sorted(HOSTILE)
    for text, row in zip(HOSTILE, page.locator("tbody tr").all()):
        assert row.locator("small").all_text_contents() == [text] * 2
        assert row.locator("td").nth(3).text_content() == text
        assert row.locator(".change").text_content() == f"{text}: {text} → {text} x"
        assert row.locator(".note").text_content() == f"Note {text}"
        assert row.locator(".remedy").text_content() == f"What to do {text}"
        assert row.locator("code").text_content() == text
    assert "{{ 7*7 }}" in page.locator(".alarm").text_content()
    search(page, "<script>window")
    has_text(count(page), "2 of 9 tenants match")
    sort(page, "Details")
    page.locator(ROWS).first.hover()
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.locator("script").count() == 2
    assert page.locator("style").count() == 1
    assert page.locator("img, iframe, object, embed, link, base, form, a:not(.skip)").count() == 0
    assert page.locator("svg").count() == 1
    allowed = (
        "class id lang charset http-equiv content name datetime for type autocomplete spellcheck role hidden href scope"
    )
    allowed += " aria-labelledby aria-hidden aria-pressed aria-sort data-outcome data-ready tabindex disabled"
    allowed += " viewBox preserveAspectRatio x width height"
    used = page.evaluate(
        """() => [...new Set(Array.from(document.querySelectorAll("*")).flatMap(each => each.getAttributeNames()))]"""
    )
    assert set(used) <= set(allowed.split())


def test_whatever_got_into_the_page_could_neither_run_nor_load_anything(open_report):
    page = open_report("mixed")
    refused = []
    page.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend",
            "<img src='http://127.0.0.1:9/spy.png' onerror='window.hacked = 2'><p id='styled' style='color: rgb(1, 2, 3)'>x</p>"
            + "<style>#styled { margin-top: 77px }</style>");
        }"""
    )
    has_text(page.locator("#styled"), "x")
    assert page.evaluate("typeof window.hacked") == "undefined"
    style = page.evaluate(
        "(({ color, marginTop }) => [color, marginTop])(getComputedStyle(document.querySelector('#styled')))"
    )
    assert style[0] != "rgb(1, 2, 3)"
    assert style[1] != "77px"
    assert refused == [("http://127.0.0.1:9/spy.png", "csp")]
    assert [line for line in open_report.complaints if "Content Security Policy" not in line] == []
    assert len(open_report.complaints) >= 4
    open_report.complaints.clear()
    open_report.requests.pop()
