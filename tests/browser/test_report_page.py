# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.report import report
from tests.browser.conftest import MADE_AT, REPORTS
from tests.browser.report_page import PHONE, names
from tests.browser.results import COPY_AGAIN, KEY_REFUSED, mixed

OUTPUT = Path(__file__).parent / "output"


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "huge"])
def test_a_page_stands_alone(open_report, name):
    page = open_report(name)
    assert page.locator("h1").text_content()
    search_field = page.get_by_label("Search tenants")
    assert search_field.is_visible() == (page.locator("tbody tr").count() > 0)
    assert len(open_report.requests) == 1


def test_everything_of_the_document_is_on_the_page(open_report):
    document = report(mixed(), title="Customers in production", made_at=MADE_AT)
    assert len(document["rows"]) == 20
    page = open_report("mixed")
    for row in document["rows"]:
        name = row["domain"] or row["origin_owner_name"]
        cells = page.locator("tbody tr", has=page.get_by_text(name, exact=True))
        text = " ".join(cells.text_content().split())
        # What only counts is in the totals.
        for value in (value for name, value in row.items() if name != "changed"):
            for part in value if isinstance(value, list) else [value]:
                assert part in text or part.replace("_", " ") in text, part
    assert page.title() == page.locator("h1").text_content() == "Customers in production"
    assert page.locator("time").text_content() == "2026-11-24, 21:55 UTC"
    assert page.locator("dl").inner_text().split() == ["tenants", "20", "changed", "4", "failed", "2"]
    assert page.locator(".asked").text_content() == (
        "19 requests to Freshservice, 12 to StackOne; waited 3 s for StackOne's quota."
    )
    assert page.locator(".alarm").count() == 0


def test_problems_come_first_with_what_to_do(open_report):
    page = open_report("mixed")
    assert names(page)[:3] == ["globex", "a-very-long-subdomain-of-a-company-with-a-long-name", "acme"]
    first = page.locator("tbody tr").first
    assert first.locator(".problem").text_content() == f"{KEY_REFUSED} key_refused"
    assert first.locator(".remedy").text_content() == f"What to do {COPY_AGAIN}"


def test_what_many_tenants_need_is_said_once(open_report):
    page = open_report("many")
    assert page.get_by_text(COPY_AGAIN).count() == 1
    assert page.locator(".remedies li").all_text_contents() == [f"{COPY_AGAIN}45 tenants key_refused"]
    assert page.locator("tbody tr").first.locator(".remedy").text_content() == "What to do see 1 above"
    assert open_report("mixed").locator(".remedies").count() == 0


def test_who_had_no_turn_comes_last_and_has_not_failed(open_report):
    page = open_report("ended early")
    figures = page.locator("dl").inner_text().split()
    assert figures == ["tenants", "5", "changed", "1", "failed", "1", "not", "started", "3"]
    assert names(page) == ["globex", "acme", "waiting-1", "waiting-2", "waiting-3"]


def test_ids_and_addresses_are_not_broken_into_letters(open_report):
    """On a usual notebook, with ids and addresses of usual length."""
    page = open_report("mixed", viewport={"width": 1280, "height": 900})
    lines = page.evaluate(
        """() => Array.from(document.querySelectorAll("td small.id, tbody td:nth-child(5)"), cell => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return new Set(Array.from(range.getClientRects(), box => Math.round(box.top))).size;
        })"""
    )
    assert len(lines) > 20
    assert max(lines) <= 2


def test_the_bar_has_a_part_for_each_outcome_in_the_order_of_the_legend(open_report):
    page = open_report("mixed")
    legend = page.locator(".legend li").all_text_contents()
    assert legend == ["linked 1", "re-linked 1", "updated 1", "unlinked 1", "as declared 14", "failed 2"]
    bars = [box.bounding_box() for box in page.locator(".bar rect").all()]
    assert [box["x"] for box in bars] == sorted(box["x"] for box in bars)
    assert bars[5]["width"] == pytest.approx(2 * bars[0]["width"], rel=0.01)
    assert bars[4]["width"] == pytest.approx(14 * bars[0]["width"], rel=0.01)
    whole = page.locator("table").bounding_box()["width"]
    assert bars[5]["x"] + bars[5]["width"] == pytest.approx(whole + bars[0]["x"])


def test_a_few_of_very_many_are_still_seen_in_the_bar(open_report):
    page = open_report("many")
    assert min(box.bounding_box()["width"] for box in page.locator(".bar rect").all()) >= 5


@pytest.mark.parametrize(
    "name, figures, columns",
    [
        ("check", ["tenants", "20", "would", "change", "4", "failed", "2"], ["Tenant", "Outcome", "Account", "Key", "Agent", "Details"]),
        ("one", ["tenant", "1", "changed", "1", "failed", "0"], ["Tenant", "Outcome", "Account", "Key", "Agent"]),
        ("accounts", ["tenants", "10", "not", "active", "3"], ["Tenant", "Status", "Account", "Details"]),
        ("keys", ["tenants", "7", "not", "valid", "2"], ["Tenant", "Outcome", "Key", "Agent", "Details"]),
    ],
)  # fmt: skip
def test_a_page_has_the_columns_that_its_tenants_fill(open_report, name, figures, columns):
    page = open_report(name)
    assert page.locator("dl").inner_text().split() == figures
    assert page.locator("thead th").all_text_contents() == columns
    assert page.locator("thead th").count() == page.locator("tbody tr").first.locator("th, td").count()
    assert (page.locator(".check").count() == 1) == (name == "check")


def test_a_run_with_a_problem_says_so_before_anything_else(open_report):
    page = open_report("stopped")
    assert page.locator(".alarm p").text_content() == (
        "5 of 10 accounts are not in the list, but purge_limit allows 1."
        " Check that the list is complete; if it is, raise purge_limit."
    )
    assert page.locator("tbody tr").count() == 20
    page = open_report("not begun")
    said = page.locator(".alarm p").text_content()
    assert said.startswith("StackOne refused the API key (HTTP 401). Make another key")
    assert page.locator("table, .empty, input").count() == 0
    page = open_report("none")
    assert page.locator("table, .alarm, input").count() == 0
    assert page.locator(".empty").text_content() == "There is no tenant in this result."


@pytest.mark.parametrize(
    "name, options",
    [
        ("desktop-light", {}),
        ("desktop-dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "device_scale_factor": 2}),
        ("print", {"viewport": {"width": 1047, "height": 740}}),
    ],
)
def test_screenshots(open_report, name, options):
    page = open_report("mixed", **options)
    OUTPUT.mkdir(exist_ok=True)
    if name == "print":
        page.emulate_media(media="print")
        page.pdf(path=OUTPUT / "print.pdf", prefer_css_page_size=True)
        assert (OUTPUT / "print.pdf").read_bytes().startswith(b"%PDF")
    page.screenshot(path=OUTPUT / f"{name}.png", full_page=name != "phone")
    assert (OUTPUT / f"{name}.png").read_bytes().startswith(b"\x89PNG")
