# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: how it is searched, sorted and filtered, with many tenants, on paper, and without scripts."""

from __future__ import annotations

import pytest

from tests.browser.report_page import PHONE, ROWS, count, has_text, header, names, search, sort

AT_FIRST = 200


def has_names(page, expected):
    """Wait until these tenants are shown, in this order."""
    from playwright.sync_api import expect

    expect(page.locator(f"{ROWS} b")).to_have_text(expected)


def legend(page, name):
    return page.locator(".legend").get_by_role("button", name=name)


def test_search(open_report):
    page = open_report("mixed")
    has_text(count(page), "20 tenants")
    search(page, "INITECH")
    has_text(count(page), "1 of 20 tenants matches")
    assert names(page) == ["initech"]
    for text, found in {
        "key_refused": ["globex"],
        "integrations@acme": ["acme"],
        "45320976103598426372": ["Left Behind Ltd"],
        "muller gmbh": ["mueller"],
        "service desk": ["umbrella"],
        "admin billing": ["a-very-long-subdomain-of-a-company-with-a-long-name"],
    }.items():
        search(page, text)
        has_names(page, found)
        has_text(count(page), "1 of 20 tenants matches")
    search(page, " tenant-1 ")
    has_text(count(page), "4 of 20 tenants match")
    search(page, "acme globex")
    has_text(count(page), "0 of 20 tenants match")
    assert names(page) == []
    page.get_by_role("button", name="Clear search and filter").click()
    has_text(count(page), "20 tenants")
    assert len(names(page)) == 20
    assert page.evaluate("document.activeElement.id") == "search"
    assert not page.locator("#clear").is_visible()


def test_sort(open_report):
    page = open_report("mixed")
    assert header(page, "Tenant").get_attribute("aria-sort") == "none"
    sort(page, "Tenant")
    assert header(page, "Tenant").get_attribute("aria-sort") == "ascending"
    up = names(page)
    assert up[:3] == ["a-very-long-subdomain-of-a-company-with-a-long-name", "acme", "globex"]
    assert [name for name in up if name.startswith("tenant-")] == [f"tenant-{number}" for number in range(1, 13)]
    sort(page, "Tenant")
    assert header(page, "Tenant").get_attribute("aria-sort") == "descending"
    assert names(page) == up[::-1]
    sort(page, "Agent")
    assert header(page, "Agent").get_attribute("aria-sort") == "ascending"
    assert header(page, "Tenant").get_attribute("aria-sort") == "none"


def test_what_is_empty_stays_last_whichever_way_it_is_sorted(open_report):
    page = open_report("mixed")
    without = {"globex", "a-very-long-subdomain-of-a-company-with-a-long-name", "Left Behind Ltd"}
    for _way in ("ascending", "descending"):
        sort(page, "Agent")
        assert set(names(page)[-3:]) == without
    assert names(page)[0] == "umbrella"


def test_outcomes_sort_in_the_order_of_the_legend(open_report):
    page = open_report("mixed")
    sort(page, "Outcome")
    assert names(page)[:4] == ["acme", "initech", "umbrella", "Left Behind Ltd"]
    sort(page, "Outcome")
    assert page.locator(f"{ROWS} .badge").first.text_content() == "failed"


def test_the_legend_filters(open_report):
    page = open_report("mixed")
    failed, linked = legend(page, "failed"), page.locator(".legend button").first
    assert failed.get_attribute("aria-pressed") == "false"
    failed.click()
    assert failed.get_attribute("aria-pressed") == "true"
    has_text(count(page), "2 of 20 tenants match")
    assert names(page) == ["globex", "a-very-long-subdomain-of-a-company-with-a-long-name"]
    linked.click()
    assert names(page) == ["globex", "a-very-long-subdomain-of-a-company-with-a-long-name", "acme"]
    search(page, "globex")
    has_text(count(page), "1 of 20 tenants matches")
    sort(page, "Tenant")
    assert names(page) == ["globex"]
    search(page, "")
    has_text(count(page), "3 of 20 tenants match")
    failed.click()
    assert names(page) == ["acme"]
    linked.click()
    has_text(count(page), "20 tenants")


def test_show_more(open_report):
    page = open_report("many")
    more, everything = page.locator("#more"), page.locator("#all")
    has_text(count(page), "450 tenants, 200 shown")
    assert len(names(page)) == AT_FIRST
    assert more.text_content() == "Show 200 more"
    assert everything.text_content() == "Show all 450"
    more.click()
    has_text(count(page), "450 tenants, 400 shown")
    shown = names(page)
    assert len(shown) == 400
    assert page.evaluate("document.activeElement.querySelector('b').textContent") == shown[AT_FIRST]
    assert more.text_content() == "Show 50 more"
    assert not everything.is_visible()
    more.click()
    has_text(count(page), "450 tenants")
    assert len(names(page)) == 450
    assert not more.is_visible()
    search(page, "tenant")
    has_text(count(page), "450 of 450 tenants match, 200 shown")
    everything.click()
    assert len(names(page)) == 450
    legend(page, "failed").click()
    has_text(count(page), "45 of 450 tenants match")
    assert not more.is_visible()


def test_the_keyboard_is_enough(open_report):
    page = open_report("many")

    def focused():
        return page.evaluate("document.activeElement.textContent || document.activeElement.id")

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    press("Tab")
    assert focused() == "Skip to the tenants"
    assert page.get_by_text("Skip to the tenants").bounding_box()["y"] >= 0
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "tenants"
    press("Tab")
    assert focused() == "Tenant"
    press("Enter")
    assert header(page, "Tenant").get_attribute("aria-sort") == "ascending"
    press("Space")
    assert header(page, "Tenant").get_attribute("aria-sort") == "descending"
    assert names(page)[0] == "tenant-450"
    press("Shift+Tab")
    assert focused() == "search"
    page.keyboard.type("tenant-4")
    has_text(count(page), "62 of 450 tenants match")
    press("Shift+Tab", "Space")
    assert focused() == "failed 45"
    has_text(count(page), "7 of 450 tenants match")
    press("Tab", "Tab")
    assert focused() == "Clear search and filter"
    press("Enter")
    has_text(count(page), "450 tenants, 200 shown")
    page.locator("#more").focus()
    press("Enter")
    assert focused() != "Show 200 more"
    assert len(names(page)) == 400
    press("Tab")
    assert focused() == "Show 50 more"


def test_the_number_of_tenants_is_told_to_who_cannot_see_it(open_report):
    page = open_report("mixed")
    assert page.get_by_role("status").text_content() == "20 tenants"
    legend(page, "failed").click()
    assert page.get_by_role("status").text_content() == "2 of 20 tenants match"


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_it_is_a_table_at_every_width(open_report, viewport):
    page = open_report("mixed", viewport=viewport)
    table = page.get_by_role("table", name="Tenants, those with a problem first")
    assert table.get_by_role("columnheader").count() == 6
    assert table.get_by_role("rowheader").count() == 20
    assert table.get_by_role("row").count() == 21
    globex = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="globex"))
    assert globex.get_by_role("cell").count() == 5
    # Not every screen reader sees a table in what is laid out as cards, unless it is told.
    assert page.locator("tr:visible:not([role=row])").count() == 0
    assert page.locator("tbody tr:visible > :not([role=cell], [role=rowheader])").count() == 0
    # Nothing sticks out to the side.
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_thousands_of_tenants(open_report):
    page = open_report("huge")
    has_text(count(page), "5,000 tenants, 200 shown")
    assert page.locator("tbody tr").count() == 5000
    assert laid_out(page) == AT_FIRST
    page.evaluate(
        """() => {
          window.touched = 0;
          new MutationObserver(records => { window.touched += records.length; }).observe(
            document.querySelector("tbody"), { subtree: true, childList: true, attributes: true, characterData: true });
        }"""
    )
    page.get_by_label("Search tenants").press_sequentially("tenant-49", delay=10)
    has_text(count(page), "111 of 5,000 tenants match")
    assert laid_out(page) == 111
    # At most the rows that were shown and those that are, each with its cells' roles.
    assert 0 < page.evaluate("window.touched") <= AT_FIRST + 111 * 8
    search(page, "")
    has_text(count(page), "5,000 tenants, 200 shown")
    sort(page, "Tenant")
    assert names(page) == [f"tenant-{number}" for number in range(1, AT_FIRST + 1)]
    assert laid_out(page) == AT_FIRST
    legend(page, "linked").click()
    has_text(count(page), "500 of 5,000 tenants match, 200 shown")
    assert names(page)[:3] == ["tenant-5", "tenant-15", "tenant-25"]
    page.get_by_role("button", name="Show all 500").click()
    assert laid_out(page) == 500


def laid_out(page):
    """How many rows take any room."""
    return page.evaluate("Array.from(document.querySelectorAll('tbody tr')).filter(row => row.offsetHeight).length")


def test_not_more_rows_are_laid_out_before_the_script_has_run(open_report):
    """The class alone, which is set before the rows are read, hides them."""
    page = open_report("many")
    page.evaluate(
        """() => {
          delete document.querySelector("tbody").dataset.ready;
          document.querySelectorAll("tbody tr").forEach(row => { row.hidden = false; });
        }"""
    )
    assert laid_out(page) == AT_FIRST


def test_paper_shows_all_that_match(open_report):
    page = open_report("many")
    page.evaluate(
        """() => {
          window.printed = [];
          window.addEventListener("beforeprint", () => {
            window.printed.push(Array.from(document.querySelectorAll("tbody tr")).filter(row => !row.hidden).length);
          });
        }"""
    )
    page.pdf()
    assert page.evaluate("window.printed") == [450]
    assert laid_out(page) == AT_FIRST
    legend(page, "as declared").click()
    page.pdf()
    assert page.evaluate("window.printed") == [450, 360]
    has_text(count(page), "360 of 450 tenants match, 200 shown")
    page.emulate_media(media="print")
    for control in ("#search", "#more", "#clear", ".skip"):
        assert not page.locator(control).is_visible(), control
    for kept in ("h1", ".bar", ".legend", "#count", "thead"):
        assert page.locator(kept).is_visible(), kept


def test_without_scripts_everything_is_there(open_report):
    page = open_report("many", javascript=False)
    assert page.locator(ROWS).count() == 450
    assert page.get_by_text("450 tenants").is_visible()
    for control in ("#search", "#more", "#all", "#clear"):
        assert not page.locator(control).is_visible(), control
    assert page.locator("button:enabled:visible").count() == 0
    page = open_report("many", javascript=False, viewport=PHONE)
    assert page.locator(ROWS).count() == 450
