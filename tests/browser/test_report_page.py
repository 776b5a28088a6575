# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: what it shows, how it is used, and that it is harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.report import report
from tests.browser.conftest import MADE_AT, REPORTS
from tests.browser.results import COPY_AGAIN, HOSTILE, HOSTILE_TITLE, KEY_REFUSED, mixed

OUTPUT = Path(__file__).parent / "output"
PHONE = {"width": 390, "height": 844}
AT_FIRST = 200
ROWS = "tbody tr:visible"


def names(page):
    """The tenants that are shown, in order."""
    return page.locator(f"{ROWS} b").all_text_contents()


def count(page):
    return page.locator("#count")


def search(page, text):
    page.get_by_label("Search tenants").fill(text)


def has_text(locator, text):
    """Wait until it says so."""
    from playwright.sync_api import expect

    expect(locator).to_have_text(text)


def has_names(page, expected):
    """Wait until these tenants are shown, in this order."""
    from playwright.sync_api import expect

    expect(page.locator(f"{ROWS} b")).to_have_text(expected)


def header(page, name):
    return page.get_by_role("columnheader", name=name)


def sort(page, name):
    header(page, name).get_by_role("button").click()


def legend(page, name):
    return page.locator(".legend").get_by_role("button", name=name)


# What it shows.


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
    assert page.locator("dl").inner_text().split() == [
        "tenants",
        "5",
        "changed",
        "1",
        "failed",
        "1",
        "not",
        "started",
        "3",
    ]
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
    assert page.locator(".legend li").all_text_contents() == [
        "linked 1",
        "re-linked 1",
        "updated 1",
        "unlinked 1",
        "as declared 14",
        "failed 2",
    ]
    bars = [box.bounding_box() for box in page.locator(".bar rect").all()]
    assert [box["x"] for box in bars] == sorted(box["x"] for box in bars)
    assert bars[5]["width"] == pytest.approx(2 * bars[0]["width"], rel=0.01)
    assert bars[4]["width"] == pytest.approx(14 * bars[0]["width"], rel=0.01)
    assert bars[5]["x"] + bars[5]["width"] == pytest.approx(
        page.locator("table").bounding_box()["width"] + bars[0]["x"]
    )


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
    assert (
        page.locator(".alarm p").text_content().startswith("StackOne refused the API key (HTTP 401). Make another key")
    )
    assert page.locator("table, .empty, input").count() == 0
    page = open_report("none")
    assert page.locator("table, .alarm, input").count() == 0
    assert page.locator(".empty").text_content() == "There is no tenant in this result."


# How it is used.


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


# What it is made for: many tenants, paper, and browsers without scripts.


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


# That everybody can read it.


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


# That it is harmless.


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


# How it looks.


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
